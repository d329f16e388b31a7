"""Which components a rule may touch, found set-wise, and the facts to decide them with.

The conditions here are wider than the guards (`mdm.clustering.guards`), never narrower: what is
not found here holds no guard, so a component that is not contested is a cluster as it stands.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import duckdb
import pyarrow as pa

from mdm.clustering.guards import SHORTEST_MISTYPED
from mdm.domain.record_facts import DEATH_TOLERANCE, RecordFacts, documents
from mdm.domain.scored_pair import ScoredPair
from mdm.duck import count_rows
from mdm.volume.reopened import WHOLE, Scope

# Columns that guards read, one row a record.
_FACTS = """
CREATE OR REPLACE TABLE {fact} AS
SELECT s.record_id, c.component, s.source,
       CASE WHEN s.household_id IS NOT NULL THEN s.source || '|' || s.household_id END AS household,
       CASE WHEN s.class_code IS NOT NULL
            THEN s.source || '|' || coalesce(s.unit_code, '') || '|' || s.class_code END AS class,
       CASE WHEN NOT coalesce(o.cpf, false) THEN s.cpf END AS own_cpf,
       w.stewards AS own_cpf_by,
       CASE WHEN NOT coalesce(o.cns, false) THEN s.cns END AS cns,
       CASE WHEN NOT coalesce(o.nis, false) THEN s.nis END AS nis,
       s.birth_certificate, s.dnv, s.inep_id,
       s.name, s.social_name, s.name_phonetic, s.suffix, s.name_kind, s.twin_order, s.mother,
       s.birth_date, s.deceased_on, s.last_contact_on,
       h.record_id IS NOT NULL AS restricted,
       g.into_id AS superseded_by,
       coalesce(r.state, 'pending') IN ('pending', 'present') AS active
FROM standard s
JOIN {component} c USING (record_id)
SEMI JOIN (SELECT component FROM {component} GROUP BY 1 HAVING count(*) > 1) USING (component)
LEFT JOIN hidden h USING (record_id)
LEFT JOIN not_own o USING (record_id)
LEFT JOIN own_cpf_by w USING (record_id)
LEFT JOIN source_merge g USING (record_id)
LEFT JOIN record_state r USING (record_id)
"""


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
  SELECT DISTINCT l.component FROM {{fact}} l JOIN {{fact}} r
    ON l.component = r.component AND l.record_id < r.record_id
   AND l.birth_date = r.birth_date
   AND ({GIVEN_NAMES_MAY_CONFLICT} OR l.twin_order <> r.twin_order)),
family AS (SELECT DISTINCT component FROM {{fact}} WHERE active AND household IS NOT NULL
           GROUP BY component, household HAVING count(*) > 1),
class AS (SELECT DISTINCT component FROM {{fact}} WHERE active AND class IS NOT NULL
          GROUP BY component, class HAVING count(*) > 1),
other AS (SELECT component FROM {{fact}} GROUP BY component
          HAVING count(DISTINCT own_cpf) > 1
              OR max(last_contact_on) FILTER (deceased_on IS NULL)
                 > min(deceased_on) + {DEATH_TOLERANCE.days})
SELECT component FROM pair UNION SELECT component FROM family UNION SELECT component FROM class
UNION SELECT component FROM other
UNION SELECT DISTINCT component FROM {{fact}} WHERE superseded_by IS NOT NULL
UNION SELECT DISTINCT component FROM {{fact}} SEMI JOIN judged USING (record_id)
"""


def find_contested(
    con: duckdb.DuckDBPyConnection, judged: Sequence[int], scope: Scope = WHOLE
) -> int:
    """Write `fact` and `contested(component)`; returns the number of contested components.

    Args:
        con: Holds `standard`, `component`, `not_own`, `own_cpf_by`, `record_state`, `source_merge`,
            `hidden` (the restricted records).
        judged: Records that stand in any judgement.
        scope: The components to look at, and where to write.
    """
    con.register("judged_rows", pa.table({"record_id": pa.array(judged, pa.int64())}))
    con.execute("CREATE OR REPLACE TEMP TABLE judged AS SELECT * FROM judged_rows")
    con.unregister("judged_rows")
    names = {"component": scope.component, "fact": scope.fact, "contested": scope.contested}
    write_facts(con, scope)
    con.execute(_CONTESTED.format(**names))
    return count_rows(con, scope.contested)


def write_facts(con: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """Write what guards read of the records of each component of several; see `find_contested`."""
    con.execute(_FACTS.format(component=scope.component, fact=scope.fact))


def contested_components(
    con: duckdb.DuckDBPyConnection, review: float, scope: Scope = WHOLE
) -> Iterator[tuple[list[RecordFacts], list[ScoredPair]]]:
    """The facts and scored pairs of each contested component, in the order of components."""
    facts = con.execute(
        f"""
        SELECT component, f.record_id, f.source, f.household, f.class, f.own_cpf, f.own_cpf_by,
               f.cns, f.nis, f.birth_certificate, f.dnv, f.inep_id,
               f.name, f.social_name, f.name_phonetic, f.suffix, f.name_kind, f.twin_order,
               f.mother, f.birth_date, f.deceased_on, f.last_contact_on, f.restricted,
               f.superseded_by, f.active
        FROM {scope.contested} c JOIN {scope.fact} f USING (component)
        ORDER BY component, f.record_id
        """
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
