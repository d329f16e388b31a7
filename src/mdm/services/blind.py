"""What a steward is not told of a pair that is judged blind.

A control sample asks about pairs whatever the machine made of them. So that the answer is the
steward's own, nothing may show what that was: neither the weight, nor the evidence, nor whose
records the two are. While a sample waits, one in five of the ordinary questions between the
thresholds is asked in the same way: who sees a pair without a weight does not know which it is.
"""

from mdm.ports import ReadSession

CONTROL = "control"
"""Kind of the questions of a control sample; it leaves as `SHOWN_AS`."""
SHOWN_AS = "between_thresholds"
_ONE_IN = 5
_NUMBER = "(v.record_l * 31 + v.record_r)"
# Whole division: a per cent sign would be taken for a parameter where rows are copied out.

IS_BLIND = f"""
CASE WHEN v.kind = '{CONTROL}' THEN 1
     WHEN EXISTS (SELECT 1 FROM review_item c WHERE c.kind = '{CONTROL}'
                  AND c.state IN ('open', 'claimed')
                  AND c.record_l = v.record_l AND c.record_r = v.record_r) THEN 1
     WHEN v.state IN ('open', 'claimed') AND v.reason = '{SHOWN_AS}'
          AND {_NUMBER} / {_ONE_IN} * {_ONE_IN} = {_NUMBER}
          AND EXISTS (SELECT 1 FROM review_item c WHERE c.kind = '{CONTROL}'
                      AND c.state IN ('open', 'claimed')) THEN 1
     ELSE 0 END
"""
"""SQL of whether a question (`v`: a waiting row of `review_item`) is asked blind."""

_SAID = (
    "CASE WHEN {blind} = 1 THEN (SELECT coalesce({social_name}, {full_name}, "
    "{given_name} || coalesce(' ' || {family_name}, '')) FROM record_version w "
    "WHERE w.record_id = {end}.record_id AND w.version = {end}.version) END"
)


def shown_kind(kind: str) -> str:
    """The kind of a question as it leaves."""
    return SHOWN_AS if kind == CONTROL else kind


def shown_weight(name: str) -> str:
    """SQL of a column of a question that a blind one does not show."""
    return f"CASE WHEN {IS_BLIND} = 1 THEN NULL ELSE v.{name} END"


def blind_columns(session: ReadSession) -> dict[str, str]:
    """SQL of whether a question is `blind`, and of the names that its records give then.

    The golden names of two records of one citizen are one: that would tell.
    """
    columns = ("social_name", "full_name", "given_name", "family_name")
    names = {column: session.payload_sql("w", column) for column in columns}
    said = {f"said_{end}": _SAID.format(blind=IS_BLIND, end=end, **names) for end in "lr"}
    return {"blind": IS_BLIND, **said}
