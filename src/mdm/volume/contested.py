"""Which components a rule may touch, found set-wise, and the facts to decide them with.

The conditions here are wider than the guards (`mdm.clustering.guards`), never narrower: what is
not found here holds no guard, so a component that is not contested is a cluster as it stands.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import duckdb
import pyarrow as pa

from mdm.clustering.guards import SHORTEST_MISTYPED
from mdm.domain.record_facts import DEATH_TOLERANCE, RecordFacts, documents
from mdm.domain.scored_pair import ScoredPair
from mdm.duck import count_rows
from mdm.volume.reopened import WHOLE, Scope

_COLUMNS = {
    "record_id": "s.record_id",
    "source": "s.source",
    "household": (
        "CASE WHEN s.household_id IS NOT NULL THEN s.source || '|' || s.household_id END"
    ),
    "class": (
        "CASE WHEN s.class_code IS NOT NULL"
        " THEN s.source || '|' || coalesce(s.unit_code, '') || '|' || s.class_code END"
    ),
    "own_cpf": "CASE WHEN NOT coalesce(o.cpf, false) THEN s.cpf END",
    "own_cpf_by": "w.stewards",
    "cns": "CASE WHEN NOT coalesce(o.cns, false) THEN s.cns END",
    "nis": "CASE WHEN NOT coalesce(o.nis, false) THEN s.nis END",
    "birth_certificate": "s.birth_certificate",
    "dnv": "s.dnv",
    "inep_id": "s.inep_id",
    "name": "s.name",
    "social_name": "s.social_name",
    "name_phonetic": "s.name_phonetic",
    "suffix": "s.suffix",
    "name_kind": "s.name_kind",
    "twin_order": "s.twin_order",
    "mother": "s.mother",
    "birth_date": "s.birth_date",
    "deceased_on": "s.deceased_on",
    "last_contact_on": "s.last_contact_on",
    "restricted": "h.record_id IS NOT NULL",
    "superseded_by": "g.into_id",
    "active": "coalesce(r.state, 'pending') IN ('pending', 'present')",
}
"""What guards read of a record, in the order of `_facts`."""
_TELLING = (
    "record_id", "household", "class", "own_cpf", "name", "name_phonetic", "twin_order",
    "birth_date", "deceased_on", "last_contact_on", "superseded_by", "active",
)  # fmt: skip
"""What tells whether a rule may touch a component: of all records with others, so no more."""


def _facts_sql(names: Iterable[str], scope: Scope, components: str) -> str:
    """SQL: `component` and some of `_COLUMNS`, of the records of some components."""
    columns = ", ".join(f"{_COLUMNS[name]} AS {name}" for name in names)
    return f"""
        SELECT c.component, {columns}
        FROM standard s
        JOIN {scope.component} c USING (record_id)
        SEMI JOIN ({components}) USING (component)
        LEFT JOIN hidden h USING (record_id)
        LEFT JOIN not_own o USING (record_id)
        LEFT JOIN own_cpf_by w USING (record_id)
        LEFT JOIN source_merge g USING (record_id)
        LEFT JOIN record_state r USING (record_id)"""


def of_several(scope: Scope) -> str:
    """SQL: the components of several records."""
    return f"SELECT component FROM {scope.component} GROUP BY component HAVING count(*) > 1"


def _may_conflict(place: int) -> str:
    """SQL: whether tokens of two names at a place may be none of one name.

    Equal, an initial, one edit apart or of one sound they are one token, but for the endings of
    his and her names, which differ in the last letter (`mdm.clustering.guards.is_gendered`).
    """
    one, other = (f"split_part({side}.name, ' ', {place})" for side in "lr")
    sound, echo = (f"split_part({side}.name_phonetic, ' ', {place})" for side in "lr")
    return f"""({one} <> {other}
        AND NOT (least(length({one}), length({other})) = 1 AND {one}[1] = {other}[1])
        AND NOT ({one}[-1] = {other}[-1] AND (
          coalesce({sound} = {echo} AND {sound} <> '', false)
          OR (least(length({one}), length({other})) >= {SHORTEST_MISTYPED}
              AND damerau_levenshtein({one}, {other}) <= 1))))"""


GIVEN_NAMES_MAY_CONFLICT = f"""({_may_conflict(1)} OR ({_may_conflict(2)}
  AND split_part(l.name, ' ', 3) <> '' AND split_part(r.name, ' ', 3) <> ''
  -- A second token that stands elsewhere in the other name is no conflict.
  AND NOT contains(r.name || ' ', ' ' || split_part(l.name, ' ', 2) || ' ')
  AND NOT contains(l.name || ' ', ' ' || split_part(r.name, ' ', 2) || ' ')))"""
"""SQL over `l` and `r`: true wherever `mdm.clustering.guards.is_given_name_conflict` is."""

_CONTESTED = f"""
CREATE OR REPLACE TABLE {{contested}} AS
WITH pair AS (
  SELECT DISTINCT l.component FROM telling_fact l JOIN telling_fact r
    ON l.component = r.component AND l.record_id < r.record_id
   AND l.birth_date = r.birth_date
   AND ({GIVEN_NAMES_MAY_CONFLICT} OR l.twin_order <> r.twin_order)),
family AS (SELECT DISTINCT component FROM telling_fact WHERE active AND household IS NOT NULL
           GROUP BY component, household HAVING count(*) > 1),
class AS (SELECT DISTINCT component FROM telling_fact WHERE active AND class IS NOT NULL
          GROUP BY component, class HAVING count(*) > 1),
other AS (SELECT component FROM telling_fact GROUP BY component
          HAVING count(DISTINCT own_cpf) > 1
              OR max(last_contact_on) FILTER (deceased_on IS NULL)
                 > min(deceased_on) + {DEATH_TOLERANCE.days})
SELECT component FROM pair UNION SELECT component FROM family UNION SELECT component FROM class
UNION SELECT component FROM other
UNION SELECT DISTINCT component FROM telling_fact WHERE superseded_by IS NOT NULL
UNION SELECT DISTINCT component FROM telling_fact SEMI JOIN judged USING (record_id)
"""


def find_contested(
    con: duckdb.DuckDBPyConnection, judged: Sequence[int], scope: Scope = WHOLE
) -> int:
    """Write `contested(component)`; returns the number of contested components.

    Args:
        con: Holds `standard`, `component`, `not_own`, `own_cpf_by`, `record_state`, `source_merge`,
            `hidden` (the restricted records).
        judged: Records that stand in any judgement.
        scope: The components to look at, and where to write.
    """
    con.register("judged_rows", pa.table({"record_id": pa.array(judged, pa.int64())}))
    con.execute("CREATE OR REPLACE TEMP TABLE judged AS SELECT * FROM judged_rows")
    con.unregister("judged_rows")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE telling_fact AS "
        + _facts_sql(_TELLING, scope, of_several(scope))
    )
    con.execute(_CONTESTED.format(contested=scope.contested))
    con.execute("DROP TABLE telling_fact")
    return count_rows(con, scope.contested)


def contested_components(
    con: duckdb.DuckDBPyConnection, review: float, scope: Scope = WHOLE
) -> Iterator[tuple[list[RecordFacts], list[ScoredPair]]]:
    """The facts and scored pairs of each contested component, in the order of components."""
    facts = con.execute(
        _facts_sql(_COLUMNS, scope, f"FROM {scope.contested}") + " ORDER BY 1, 2"
    ).fetchall()
    pairs = con.execute(
        f"""
        SELECT l.component, s.record_l, s.record_r, s.match_weight, s.pattern
        FROM scored s JOIN {scope.component} l ON l.record_id = s.record_l
        JOIN {scope.component} r ON r.record_id = s.record_r
        JOIN {scope.contested} c ON c.component = l.component
        WHERE l.component = r.component AND s.match_weight >= {review}
        ORDER BY 1, 2, 3
        """
    ).fetchall()
    by_component = {
        component: [ScoredPair(*row[1:]) for row in rows]
        for component, rows in groupby(pairs, key=lambda row: row[0])
    }
    for component, rows in groupby(facts, key=lambda row: row[0]):
        yield [_facts(row[1:]) for row in rows], by_component.get(component, [])


def _facts(row: Sequence[Any]) -> RecordFacts:
    (record_id, source, household, class_key, own_cpf, own_by, cns, nis, certificate, dnv, inep_id,
     name, social, phonetic, suffix, kind, twin_order, mother, birth_date, deceased_on,
     last_contact, restricted, into_id, active) = row  # fmt: skip
    return RecordFacts(
        record_id=record_id,
        source=source,
        household_key=household,
        class_key=class_key,
        own_cpf=own_cpf,
        own_cpf_by=frozenset(own_by or ()),
        documents=documents(
            cns=cns or (), nis=nis, birth_certificate=certificate, dnv=dnv, inep_id=inep_id
        ),
        name=_tokens(name),
        social=_tokens(social),
        name_phonetic=_tokens(phonetic),
        suffix=suffix,
        name_kind=kind,
        twin_order=twin_order,
        mother=_tokens(mother),
        birth_date=birth_date,
        deceased_on=deceased_on,
        last_activity=last_contact,
        restricted=restricted,
        superseded_by=into_id,
        active=active,
    )


def _tokens(text: object) -> tuple[str, ...]:
    return tuple(text.split()) if isinstance(text, str) else ()
