"""A share of the children goes by a relative's CPF, half of them wherever they are known."""

from collections import defaultdict
from dataclasses import replace
from datetime import date

import pytest

from mdm.synth.city import generate
from mdm.synth.rates import CityRates
from support.synth_city import FILES, Row, read_csv

SHARE = 0.3
LAST_DAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Row, Row]]]:
    """Person -> the records with their truth."""
    folder = tmp_path_factory.mktemp("city")
    generate(folder, 2500, 8, rates=replace(CityRates(), borrowing_children=SHARE), layouts=False)
    truth = {(r["source"], r["local_id"]): r for r in read_csv(folder / "truth.csv")}
    found: dict[str, list[tuple[Row, Row]]] = defaultdict(list)
    for source, name in FILES.items():
        for row in read_csv(folder / "canonical" / f"{name}.csv"):
            one = truth[source, row["local_id"]]
            found[one["person_id"]].append((row, one))
    return found


def _age(truth: Row) -> float:
    return (LAST_DAY - date.fromisoformat(truth["true_birth_date"])).days / 365.25


def test_the_share_of_children_bears_a_cpf_that_is_a_relatives(
    records: dict[str, list[tuple[Row, Row]]],
) -> None:
    owners = {t["true_cpf"]: t for rows in records.values() for _, t in rows if t["true_cpf"]}
    children = [rows for rows in records.values() if _age(rows[0][1]) < 16]
    borrowing = [rows for rows in children if any(t["cpf_is_relatives"] == "1" for _, t in rows)]

    assert len(borrowing) / len(children) == pytest.approx(SHARE, abs=0.06)
    for rows in borrowing:
        for row, truth in rows:
            if truth["cpf_is_relatives"] == "1":
                owner = owners.get(row["cpf"])
                assert owner is None or _age(owner) > _age(truth)
    grown = [rows for rows in records.values() if _age(rows[0][1]) >= 16]
    assert not any(t["cpf_is_relatives"] == "1" for rows in grown for _, t in rows)


def test_half_of_them_in_every_record_and_half_in_one_source(
    records: dict[str, list[tuple[Row, Row]]],
) -> None:
    everywhere, sources = [], []
    for rows in records.values():
        known = {t["source"] for _, t in rows}
        bearing = {t["source"] for _, t in rows if t["cpf_is_relatives"] == "1"}
        if len(known) > 1 and len(bearing) > 0:
            everywhere.append(bearing == known)
            sources.append(len(bearing))

    assert sum(everywhere) / len(everywhere) == pytest.approx(0.5, abs=0.15)
    assert all(n == 1 for n, every in zip(sources, everywhere, strict=True) if not every)
