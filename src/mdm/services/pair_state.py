"""How two records stand to each other in the registry: one citizen, a question, or apart."""

from dataclasses import dataclass

from mdm.errors import NotFoundError, UsageError
from mdm.ports import ReadSession
from mdm.services.keys import Key, record_number
from mdm.services.lists import as_int, as_text

_STATE = """
SELECT ml.municipal_id AS id_l, mr.municipal_id AS id_r, s.match_weight, s.plan_id, p.counts,
       j.verdict
FROM record l JOIN record r ON r.record_id = :r
LEFT JOIN membership ml ON ml.record_id = l.record_id
LEFT JOIN membership mr ON mr.record_id = r.record_id
LEFT JOIN scored_pair s ON s.record_l = l.record_id AND s.record_r = r.record_id
LEFT JOIN plan p ON p.plan_id = s.plan_id
LEFT JOIN judgement j ON j.record_l = l.record_id AND j.record_r = r.record_id
  AND j.state = 'active'
WHERE l.record_id = :l
"""
_ASKED = """
SELECT COUNT(*) FROM review_item v
JOIN membership ml ON ml.record_id = v.record_l JOIN membership mr ON mr.record_id = v.record_r
WHERE v.state IN ('open', 'claimed') AND v.record_l <> v.record_r
  AND ((ml.municipal_id = :one AND mr.municipal_id = :other)
       OR (ml.municipal_id = :other AND mr.municipal_id = :one))
"""
_RESTRICTED = "SELECT restricted FROM record WHERE record_id = :r"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairState:
    """What the registry holds of a pair.

    Attributes:
        pair: The two records, the smaller number first.
        outcome: `linked`: one citizen; `review`: a steward is asked about the two citizens;
            `apart`.
        match_weight: As stored by the last plan that scored it; None where it is not stored.
        counts: The counts of that plan, as JSON.
        verdict: What a steward said of the very pair, if anything stands.
    """

    pair: tuple[int, int]
    outcome: str
    match_weight: float | None
    counts: str | None
    verdict: str | None


def pair_state(session: ReadSession, keys: tuple[Key, Key], *, restricted: bool) -> PairState:
    """How two records stand to each other.

    Args:
        session: A snapshot.
        keys: Source and local ID of both.
        restricted: Whether restricted records may be asked about.

    Raises:
        UnknownSourceError, NotFoundError: See `record_number`; a restricted record is not there
            for who may not know of it.
        UsageError: Both keys name one record.
    """
    numbers = [record_number(session, *key) for key in keys]
    for number, (source, _) in zip(numbers, keys, strict=True):
        if not restricted and as_int(session.value(_RESTRICTED, {"r": number})):
            raise NotFoundError("the source has no such record", where=source)
    left, right = sorted(numbers)
    if left == right:
        raise UsageError("two records are needed: both keys name one")
    row = session.row(_STATE, {"l": left, "r": right})
    if row is None:
        raise AssertionError("both records were found")
    one, other = as_text(row["id_l"]), as_text(row["id_r"])
    outcome = "apart"
    if one is not None and one == other:
        outcome = "linked"
    elif session.number(_ASKED, {"one": one, "other": other}) > 0:
        outcome = "review"
    weight = row["match_weight"]
    return PairState(
        pair=(left, right),
        outcome=outcome,
        match_weight=None if weight is None else float(str(weight)),
        counts=as_text(row["counts"]),
        verdict=as_text(row["verdict"]),
    )
