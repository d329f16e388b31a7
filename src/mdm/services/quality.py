"""How good the running system is, estimated from what stewards answered.

Nobody labels the truth in production. What can be known of it comes from a control sample that
stewards judge blind (`mdm.services.control_sample`), weighed by the inverse probability of each
pair to be drawn (`mdm.domain.stratified` names the method), and from their other decisions.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mdm.domain.judgement import Verdict
from mdm.domain.stratified import (
    Interval,
    Stratum,
    best_shown,
    estimated_precision,
    estimated_recall,
    judgements_needed,
    share_limits,
)
from mdm.ports import ReadSession
from mdm.services.control_sample import Sample, latest_sample
from mdm.services.lists import as_int
from mdm.services.review_queue import Pair, content_hash_of

LINKED = "linked"
AIM = 0.999
Groups = Callable[[Sequence[Pair]], Mapping[Pair, frozenset[str]]]

# Of a pair's answers since the sample the last that stands; one that was taken back counts not.
_ANSWERS = """
SELECT q.record_l, q.record_r, q.stratum, q.content_hash, q.held_verdict, j.verdict,
       j.content_hash_l, j.content_hash_r
FROM quality_pair q LEFT JOIN judgement j
  ON j.record_l = q.record_l AND j.record_r = q.record_r AND j.state <> 'undone'
 AND j.at >= :at
WHERE q.sample_id = :sample ORDER BY q.record_l, q.record_r, j.judgement_id
"""
_DECISIONS = """
SELECT v.kind, j.verdict, COUNT(*) AS n FROM review_item v
JOIN judgement j ON j.judgement_id = v.judgement_id AND j.state <> 'undone'
WHERE v.state = 'decided' AND v.kind <> 'control' GROUP BY v.kind, j.verdict ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """A sampled pair with its answer; None where it waits, or the records changed since."""

    pair: Pair
    stratum: str
    verdict: Verdict | None


def read_quality(session: ReadSession, groups: Groups) -> dict[str, object]:
    """Precision and recall of the running system, with intervals.

    Args:
        session: A snapshot.
        groups: Gives the sources and subgroups of pairs.

    Returns:
        `sample` (None where none was drawn), `precision` of automatic links and `recall` among
        candidate pairs (estimate, low, high; None where nothing was judged), `pessimistic` (the
        precision if every *unsure* were a wrong link), `strata`, `groups`, `shows` (what so many
        judgements can show), `decisions` (stewards' other answers by kind).
    """
    sample = latest_sample(session)
    decisions = _decisions(session)
    if sample is None:
        return {
            "sample": None, "precision": None, "pessimistic": None, "recall": None, "strata": [],
            "groups": [], "shows": _shows(0), "decisions": decisions,
        }  # fmt: skip
    judged = _answers(session, sample)
    every = _strata(sample, judged)
    found, missed = _sides(sample, every)
    links = [one for one in judged if _side(sample, one.stratum) == LINKED]
    return {
        "sample": {
            "sample_id": sample.sample_id,
            "at": sample.at,
            "model_version": sample.model_version,
            "drawn": len(judged),
            "judged": sum(one.judged for one in every.values()),
            "unsure": sum(one.verdict is Verdict.UNSURE for one in judged),
            "waiting": sum(one.verdict is None for one in judged),
        },
        "precision": _told(estimated_precision(found)),
        "pessimistic": _told(_pessimistic(sample, judged)),
        "recall": _told(estimated_recall([*found, _by_stewards(sample)], missed)),
        "strata": [_stratum(one, every[str(one["name"])]) for one in sample.strata],
        "groups": _by_group(sample, judged, groups),
        "shows": _shows(sum(one.verdict in _ANSWERED for one in links)),
        "decisions": decisions,
    }


_ANSWERED = frozenset({Verdict.SAME, Verdict.DIFFERENT})


def _answers(session: ReadSession, sample: Sample) -> list[Judged]:
    found: dict[Pair, Judged] = {}
    for row in session.rows(_ANSWERS, {"at": sample.at, "sample": sample.sample_id}):
        pair = as_int(row["record_l"]), as_int(row["record_r"])
        verdict = None
        if row["verdict"] is not None:
            seen = content_hash_of(str(row["content_hash_l"]), str(row["content_hash_r"]))
            verdict = Verdict(str(row["verdict"])) if seen == row["content_hash"] else None
        elif row["held_verdict"] is not None:
            verdict = Verdict(str(row["held_verdict"]))
        found[pair] = Judged(pair, str(row["stratum"]), verdict)
    return list(found.values())


def _side(sample: Sample, name: str) -> str:
    return next(str(one["side"]) for one in sample.strata if one["name"] == name)


def _strata(
    sample: Sample, judged: Iterable[Judged], *, wrong: Verdict | None = None
) -> dict[str, Stratum]:
    """Every stratum with its answers; `wrong`: a verdict that counts as *different*."""
    counted = Counter((one.stratum, one.verdict) for one in judged)
    strata = {}
    for one in sample.strata:
        name = str(one["name"])
        same, other = counted[name, Verdict.SAME], counted[name, Verdict.DIFFERENT]
        if wrong is not None:
            other += counted[name, wrong]
        population = float(str(one["population"]))
        strata[name] = Stratum(
            population=max(population, same + other), judged=same + other, same=same
        )
    return strata


def _sides(sample: Sample, strata: Mapping[str, Stratum]) -> tuple[list[Stratum], list[Stratum]]:
    found = [strata[str(one["name"])] for one in sample.strata if one["side"] == LINKED]
    missed = [strata[str(one["name"])] for one in sample.strata if one["side"] != LINKED]
    return found, missed


def _by_stewards(sample: Sample) -> Stratum:
    """Links that stewards made: right, as far as anybody can tell."""
    number = sample.by_stewards
    return Stratum(population=number, judged=number, same=number)


def _pessimistic(sample: Sample, judged: Sequence[Judged]) -> Interval | None:
    return estimated_precision(_sides(sample, _strata(sample, judged, wrong=Verdict.UNSURE))[0])


def _by_group(sample: Sample, judged: Sequence[Judged], groups: Groups) -> list[dict[str, object]]:
    """Precision and recall within groups of pairs: domain estimates.

    How many pairs of a stratum belong to a group is estimated by their share among those judged.
    """
    answered = [one for one in judged if one.verdict in _ANSWERED]
    member = groups([one.pair for one in answered])
    every = _strata(sample, answered)
    result: list[dict[str, object]] = []
    for name in sorted({name for names in member.values() for name in names}):
        ours = [one for one in answered if name in member.get(one.pair, frozenset())]
        strata = _strata(sample, ours)
        scaled = {
            key: Stratum(
                population=every[key].population * one.judged / every[key].judged,
                judged=one.judged,
                same=one.same,
            )
            for key, one in strata.items()
            if one.judged > 0
        }
        found = [scaled[str(s["name"])] for s in sample.strata
                 if s["side"] == LINKED and s["name"] in scaled]  # fmt: skip
        missed = [scaled[str(s["name"])] for s in sample.strata
                  if s["side"] != LINKED and s["name"] in scaled]  # fmt: skip
        result.append(
            {
                "group": name,
                "judged": len(ours),
                "precision": _told(estimated_precision(found)),
                "recall": _told(estimated_recall(found, missed)),
            }
        )
    return result


def _stratum(told: Mapping[str, object], stratum: Stratum) -> dict[str, object]:
    low, high = share_limits(stratum.same, stratum.judged)
    return {
        **told,
        "judged": stratum.judged,
        "same": stratum.same,
        "low": round(low, 6),
        "high": round(high, 6),
    }


def _shows(judged: int) -> dict[str, object]:
    """What so many judgements on links, drawn from all alike and without an error, would show."""
    return {
        "judged_links": judged,
        "at_best": round(best_shown(judged), 6),
        "aim": AIM,
        "needed": judgements_needed(AIM),
    }


def _decisions(session: ReadSession) -> list[dict[str, object]]:
    """Stewards' answers to ordinary questions by kind; limits of the share of *same*."""
    counted: dict[str, Counter[str]] = {}
    for row in session.rows(_DECISIONS):
        counted.setdefault(str(row["kind"]), Counter())[str(row["verdict"])] = as_int(row["n"])
    result: list[dict[str, object]] = []
    for kind, answers in counted.items():
        same, different = answers[Verdict.SAME.value], answers[Verdict.DIFFERENT.value]
        low, high = share_limits(same, same + different)
        result.append(
            {
                "kind": kind,
                "same": same,
                "different": different,
                "unsure": answers[Verdict.UNSURE.value],
                "low": round(low, 6),
                "high": round(high, 6),
            }
        )
    return result


def _told(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    names = ("estimate", "low", "high")
    return {name: round(getattr(interval, name), 6) for name in names}
