"""The table of the year: what must hold, what was measured."""

from collections import Counter
from typing import Any

from rich.table import Table

WORKING_DAYS = 252
CITY = 1_332_570


def rows(found: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """What, must, measured, and whether it holds."""
    return [*_ids(found), *_sources(found), *_values(found), *_work(found)]


def _ids(found: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    kept, months = found["kept"], found["months"][1:]
    share = kept["kept"] / kept["people"]
    causes: Counter[str] = sum((Counter(m["changes"]["silent"]) for m in months), Counter())
    silent = causes.total()
    back = sum(m["changes"]["given_back"] for m in months)
    taken = sum(m["changes"]["owner_changed"] for m in months)
    changed = sum(m["changes"]["changed"] for m in months)
    unknown = sum(m["changes"]["causes"].get("none", 0) for m in months)
    return [
        (
            "people alive all year who keep their ID",
            "≥ 99.95 %",
            f"{100 * share:.3f} % ({kept['people'] - kept['kept']} of {kept['people']:,} lose it)",
            share >= 0.9995,
        ),
        (
            "IDs that became another person's without event or flag",
            "0",
            f"{silent} (of {taken} that changed owner, {back} of them back): {dict(causes)}",
            silent == 0,
        ),
        ("changed IDs without a listed cause", "0", f"{unknown} of {changed}", unknown == 0),
    ]


def _sources(found: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    loads = [load for month in found["months"] for load in month["loads"]]
    spoilt = [load for load in loads if load["expected"] == "held"]
    count = sum(load["came"] == "held" for load in spoilt)
    gone = sum(int(load["withdrawn"]) for load in spoilt)
    also = sum(load["expected"] == "applied" and load["came"] == "accepted" for load in loads)
    rekeyed = next(month["rekeyed"] for month in found["months"] if "rekeyed" in month)
    share = rekeyed["changed"] / max(1, rekeyed["records"])
    return [
        (
            "truncated file and wrong scope: held, withdrawn",
            "2, 0",
            f"{count}, {gone} (true deliveries held as well: {also})",
            count == len(spoilt) == 2 and gone == 0,
        ),
        (
            "records of the re-keyed source under another ID",
            "≤ 0.5 %",
            f"{100 * share:.2f} % ({rekeyed['changed']} of {rekeyed['records']:,})",
            share <= 0.005,
        ),
    ]


def _values(found: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    end, fresh = found["end"], found["fresh"]
    result = []
    for name in ("precision", "recall"):
        ours, theirs = end["pairs"][name], fresh["pairs"][name]
        result.append(
            (
                f"{name} against a fresh build",
                "≥ -0.001",
                f"{ours:.4f} against {theirs:.4f} ({ours - theirs:+.4f})",
                ours - theirs >= -0.001,
            )
        )
    for name, title, must in (
        ("birth_date", "birth date", 0.995),
        ("cpf", "own CPF where known", 0.998),
        ("name", "civil name", 0.99),
    ):
        right = end["golden"][name]["right"]
        was = fresh["golden"][name]["right"]
        result.append(
            (
                f"golden {title} right",
                f"≥ {100 * must:.1f} %",
                f"{100 * right:.2f} % (fresh build {100 * was:.2f} %)",
                right >= must,
            )
        )
    result += _addresses(end["address"])
    deaths = end["deaths"]
    result.append(
        (
            "living people deceased through a wrong link",
            "0",
            f"{deaths['confirmed_by_link']} ({deaths['reported_by_link']} reported, unconfirmed)",
            deaths["confirmed_by_link"] == 0,
        )
    )
    return result


def _addresses(found: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    sources = {name: one for name, one in found.items() if name != "all"}
    told = ", ".join(
        f"{name} {100 * one['source_right']:.1f} / golden {100 * one['golden_right']:.1f} %"
        for name, one in sources.items()
    )
    same = all(one["golden_right"] >= one["source_right"] for one in sources.values())
    return [("address: each source / golden, same people", "golden ≥ source", told, same)]


def _work(found: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    months = found["months"]
    asked = sum(month["asked"] for month in months[1:])
    day = asked / WORKING_DAYS * CITY / found["people"]
    full, delta = found["full_link"]["link"], found["delta_link"]["link"]
    share = delta / full
    return [
        (
            "questions a working day, scaled to 1.33 million",
            "≤ 30",
            f"{day:.1f} ({asked} in the year, {months[0]['asked']} at the start)",
            day <= 30,
        ),
        (
            "link of a 1 % delta, of a full link (processor seconds)",
            "≤ 0.1",
            f"{share:.3f} ({delta:.1f} of {full:.1f} s, {found['delta_records']:,} records)",
            share <= 0.1,
        ),
        (
            "growth over twelve snapshots of no change",
            "≤ 15 %",
            f"{100 * found['growth']:.2f} %",
            found["growth"] <= 0.15,
        ),
    ]


def table(found: dict[str, Any]) -> Table:
    """Rows of the table, in the order of the issue."""
    made = Table(title=f"A year, {found['people']:,} people, seed {found['seed']}")
    for name in ("what", "must", "measured", ""):
        made.add_column(name)
    for what, must, was, holds in rows(found):
        made.add_row(what, must, was, "yes" if holds else "NO")
    return made
