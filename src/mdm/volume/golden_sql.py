"""The statements that make golden records set-wise, written from the policy."""

from collections.abc import Iterator, Sequence

from mdm.domain.golden_record import (
    DIGEST_COLUMNS,
    EVERY_VALUE,
    GOLDEN_COLUMNS,
    ONLY_RECORD,
    STORED_LISTED,
    STORED_SINGLE,
    Attribute,
    DeceasedStatus,
)
from mdm.domain.record_facts import DEATH_TOLERANCE
from mdm.survivorship.build import INDEPENDENT_SOURCES, LATER_ACTIVITY, ONE_SOURCE
from mdm.survivorship.order import LEAST_MISSPELT, MOST_EDITS
from mdm.survivorship.policy import Group, Outcome, Policy, Rule
from mdm.volume import golden_order as order
from mdm.volume.golden_columns import (
    ACTIVE_ON,
    CURRENT_AT,
    FOLDED,
    LIST_COLUMNS,
    SINGLE_COLUMNS,
    list_json,
)
from mdm.volume.golden_members import DEFAULT_TRUST, GoldenInputs, member_select

# The father is chosen after the mother: a father who repeats the golden mother is no offer.
_FIRST = tuple(attribute for attribute in STORED_SINGLE if attribute is not Attribute.FATHER)
_FATHER = (Attribute.FATHER,)
_KNOWN = """to_json(list_sort(list_distinct(list(source))))::VARCHAR AS sources,
    count(*) AS record_count, """
# Patterns of names of which each word of `short` begins one, with no word between, or some.
_BEGINNINGS = r"replace(regexp_escape(short), '\ ', '[^ ]* ')"
_BEGINNINGS_APART = r"replace(regexp_escape(short), '\ ', '[^ ]* (?:[^ ]+ )*')"
# The twin of `mdm.survivorship.order.kin_spell_out`.
_KIN = f"""INSERT INTO golden_spelled
    WITH named AS MATERIALIZED (
      SELECT municipal_id, record_id, name, name_text, mother_text, father_text FROM golden_offer
      SEMI JOIN (SELECT municipal_id FROM golden_offer GROUP BY municipal_id
                 HAVING min(name_text) <> max(name_text)) USING (municipal_id)),
    parent AS (
      SELECT municipal_id, string_split(mother_text, ' ') AS words FROM named
        WHERE mother_text IS NOT NULL AND name IS NOT NULL
      UNION ALL SELECT municipal_id, string_split(father_text, ' ') FROM named
        WHERE father_text IS NOT NULL AND name IS NOT NULL),
    kin AS (SELECT municipal_id, list_distinct(flatten(list(words[2:]))) AS kin
            FROM parent GROUP BY ALL),
    pair AS (SELECT other.record_id AS short_id, long.record_id AS long_id, kin,
                    string_split(long.name_text, ' ') AS words,
                    string_split(other.name_text, ' ') AS others
             FROM named other JOIN named long
               ON other.municipal_id = long.municipal_id AND other.name_text <> long.name_text
             JOIN kin ON kin.municipal_id = long.municipal_id),
    seen AS (SELECT *, list_filter(words, lambda x: NOT list_contains(others, x)) AS missing,
                    list_filter(others, lambda x: NOT list_contains(words, x)) AS wrong FROM pair)
    SELECT 'name', short_id, long_id FROM seen
    WHERE len(missing) > 0 AND list_has_all(kin, missing)
      AND CASE WHEN len(wrong) = 0 THEN len(others) < len(words)
               ELSE len(missing) = 1 AND len(wrong) = 1 AND len(words) = len(others)
                AND list_position(words, missing[1]) = list_position(others, wrong[1])
                AND NOT list_contains(kin, wrong[1]) AND length(wrong[1]) >= {LEAST_MISSPELT}
                AND damerau_levenshtein(missing[1], wrong[1]) <= {MOST_EDITS} END"""
_OFFERS_OF_FATHERS = """(SELECT o.* EXCLUDE (father_key),
        CASE WHEN o.father_key IS DISTINCT FROM w.mother_key THEN o.father_key END AS father_key
    FROM golden_offer o JOIN golden_win w USING (municipal_id))"""


def member_table(
    membership_columns: Sequence[str], inputs: GoldenInputs, municipal_ids: str | None
) -> str:
    """Table `golden_member`: the records that the common golden record may be built from."""
    chosen = "" if municipal_ids is None else f"SEMI JOIN {municipal_ids} USING (municipal_id)"
    return f"""CREATE TEMP TABLE golden_member AS
        SELECT b.municipal_id, b.record_id, b.state <> 'present' AS withdrawn, b.load_order,
               b.not_theirs
        FROM ({member_select(membership_columns, inputs)}) b {chosen}
        JOIN {inputs.standard} s ON s.record_id = b.record_id
        WHERE b.state IN ('present', 'withdrawn', 'superseded')
          AND NOT b.restricted AND NOT coalesce(s.restricted, false)"""


def statements(inputs: GoldenInputs, policy: Policy) -> Iterator[str]:
    """Everything between `golden_member` and `final_rows`, in order."""
    yield """CREATE TEMP TABLE golden_single AS
        SELECT any_value(record_id) AS record_id FROM golden_member
        GROUP BY municipal_id HAVING count(*) = 1"""
    yield _offers(inputs)
    yield _dead()
    yield from _winners("golden_offer", "golden_win", _FIRST, policy)
    yield """CREATE TEMP TABLE golden_entry (municipal_id VARCHAR, attribute VARCHAR, k VARCHAR,
        rank INTEGER, place BIGINT, withdrawn BOOLEAN, entry VARCHAR)"""
    for attribute in STORED_LISTED:
        yield _entries(inputs, attribute)
    yield """DELETE FROM golden_entry e WHERE e.withdrawn AND EXISTS (
        SELECT 1 FROM golden_entry p WHERE p.municipal_id = e.municipal_id
        AND p.attribute = e.attribute AND NOT p.withdrawn)"""
    yield _lists()
    yield from _winners(_OFFERS_OF_FATHERS, "golden_father", _FATHER, policy)


def _offers(inputs: GoldenInputs) -> str:
    """Table `golden_offer`: what each record of a citizen of several records offers."""
    singles = ", ".join(
        f"{column.value} AS {attribute}"
        + ("" if column.plain else f", {column.key} AS {attribute}_key")
        for attribute, column in SINGLE_COLUMNS.items()
    )
    folded = ", ".join(f"s.{column} AS {attribute}_text" for attribute, column in FOLDED.items())
    return f"""CREATE TEMP TABLE golden_offer AS
        SELECT m.municipal_id, m.record_id::BIGINT AS record_id, s.source, m.withdrawn,
               coalesce(o.trust, {DEFAULT_TRUST}) AS trust,
               coalesce(o.authoritative, []) AS authoritative,
               {SINGLE_COLUMNS[Attribute.CPF].key} IS NOT NULL AS own_cpf,
               s.name IS NULL AS newborn, {ACTIVE_ON} AS active_on,
               coalesce(s.birth_date_default, false) AS birth_date_default,
               dense_rank() OVER (PARTITION BY m.municipal_id
                   ORDER BY {CURRENT_AT} DESC NULLS LAST, m.load_order DESC) - 1 AS recency,
               {singles}, {folded}
        FROM golden_member m ANTI JOIN golden_single g USING (record_id)
        JOIN {inputs.standard} s USING (record_id)
        LEFT JOIN {inputs.sources} o ON o.name = s.source"""


def _winners(
    offers: str, result: str, attributes: Sequence[Attribute], policy: Policy
) -> Iterator[str]:
    """Table `result`: for each citizen and attribute the value, its key, its place, its rule."""
    yield "CREATE OR REPLACE TEMP TABLE golden_short (attribute VARCHAR, record_id BIGINT)"
    yield (
        "CREATE OR REPLACE TEMP TABLE golden_spelled"
        " (attribute VARCHAR, short_id BIGINT, long_id BIGINT)"
    )
    for attribute in attributes:
        if order.uses(attribute, policy, Rule.SPELLED_OUT):
            yield from _shorts(offers, attribute, policy)
    yield _places(offers, attributes, policy)
    known = _KNOWN if attributes is _FIRST else ""
    chosen = ", ".join(
        f"arg_min({column}, p.{a}_place) FILTER ({_key(a)} IS NOT NULL) AS {column}"
        for a in attributes
        for column in dict.fromkeys((str(a), _key(a)))
    )
    places = ", ".join(
        f"min(p.{a}_place) FILTER ({_key(a)} IS NOT NULL) AS {a}_place" for a in attributes
    )
    rivals = ", ".join(
        f"min(p.{a}_place) FILTER (o.{_key(a)} <> w.{_key(a)}) AS {a}_rival" for a in attributes
    )
    rules = ", ".join(
        f"CASE WHEN r.{a}_rival IS NULL THEN '{Outcome.ONLY_VALUE}' ELSE "
        f"{order.deciding(a, policy, f'w.{a}_place', f'r.{a}_rival')} END AS {a}_rule"
        for a in attributes
    )
    yield f"""CREATE TEMP TABLE {result} AS
        WITH w AS MATERIALIZED (
            SELECT municipal_id, {known}{chosen}, {places}
            FROM {offers} o JOIN golden_place p USING (record_id) GROUP BY municipal_id),
        r AS (
            SELECT o.municipal_id, {rivals}
            FROM {offers} o JOIN golden_place p USING (record_id)
            JOIN w ON w.municipal_id = o.municipal_id GROUP BY o.municipal_id)
        SELECT w.*, {rules} FROM w JOIN r USING (municipal_id)"""


def _key(attribute: Attribute) -> str:
    """Column of `golden_offer` by which values are called the same."""
    return str(attribute) if SINGLE_COLUMNS[attribute].plain else f"{attribute}_key"


def _shorts(offers: str, attribute: Attribute, policy: Policy) -> Iterator[str]:
    """Adds to `golden_short` the records whose name another one spells out (`golden_spelled`)."""
    a = attribute
    higher = order.prefix(a, policy, Rule.SPELLED_OUT)
    yield f"""INSERT INTO golden_spelled
        WITH offer AS (SELECT municipal_id, record_id, {a}_text AS text, recency,
                              len(string_split({a}_text, ' ')) AS words,
                              length({a}) >= {policy.truncated_from} AS cut
                       FROM {offers} WHERE {_key(a)} IS NOT NULL AND {a}_text IS NOT NULL),
        pair AS (SELECT short.record_id AS short_id, long.record_id AS long_id,
                        short.text AS short, long.text AS full, short.words, long.words AS of_words,
                        short.cut, short.words > 1 AND long.recency <= short.recency AS later
                 FROM offer short JOIN offer long ON short.municipal_id = long.municipal_id
                  AND length(short.text) < length(long.text)
                  AND left(short.text, 1) = left(long.text, 1)
                 WHERE short.words <= long.words)
        SELECT '{a}', short_id, long_id FROM pair
        WHERE (cut OR later) AND starts_with("full", short)
           OR words = of_words AND regexp_full_match("full", {_BEGINNINGS} || '[^ ]*')
           OR later AND words < of_words
              AND regexp_full_match("full", {_BEGINNINGS_APART} || '[^ ]*')"""
    if a is Attribute.NAME:
        yield _KIN
    yield f"""INSERT INTO golden_short
        WITH offer AS (SELECT record_id, {higher} AS higher
                       FROM {offers})
        SELECT DISTINCT '{a}', short_id FROM golden_spelled
        JOIN offer short ON short.record_id = short_id JOIN offer long ON long.record_id = long_id
        WHERE attribute = '{a}' AND short.higher = long.higher"""


def _places(offers: str, attributes: Sequence[Attribute], policy: Policy) -> str:
    """Table `golden_place`: the place of each record for each attribute; lists with the first."""
    lists = STORED_LISTED if attributes is _FIRST else ()
    columns = [f"{order.place(a, policy)} AS {a}_place" for a in (*attributes, *lists)]
    joins = []
    for a in attributes:
        if order.uses(a, policy, Rule.SPELLED_OUT):
            joins.append(f"""LEFT JOIN (SELECT record_id AS {a}_id, true AS {a}_short
                FROM golden_short WHERE attribute = '{a}') ON {a}_id = record_id""")
        if order.uses(a, policy, Rule.CONFIRMED):
            joins.append(f"""LEFT JOIN (SELECT municipal_id AS {a}_citizen, {_key(a)} AS {a}_said,
                    withdrawn AS {a}_withdrawn, count(DISTINCT source) AS {a}_sources
                FROM {offers} WHERE {_key(a)} IS NOT NULL GROUP BY ALL)
                ON {a}_citizen = municipal_id AND {a}_said = {_key(a)}
                AND {a}_withdrawn = withdrawn""")
    return f"""CREATE OR REPLACE TEMP TABLE golden_place AS
        SELECT record_id, {", ".join(columns)} FROM {offers} {" ".join(joins)}"""


def _entries(inputs: GoldenInputs, attribute: Attribute) -> str:
    """Adds the entries of one list attribute to `golden_entry`."""
    column = LIST_COLUMNS[attribute]
    entry = f"{{'k': k::VARCHAR, 'rank': {column.rank}, 'entry': ({column.entry})::VARCHAR}}"
    return f"""INSERT INTO golden_entry
        SELECT municipal_id, '{attribute}', e.k, e.rank, place, withdrawn, e.entry FROM (
            SELECT m.municipal_id, p.{attribute}_place AS place, m.withdrawn,
                   unnest([{entry} FOR k IN {column.keys}]) AS e
            FROM golden_place p JOIN golden_member m USING (record_id)
            JOIN {inputs.standard} s USING (record_id))"""


def _lists() -> str:
    """Table `golden_list`: each list attribute as JSON, best entry first, and its records."""
    columns = ", ".join(
        f"max(entries) FILTER (attribute = '{a}') AS {a}, "
        f"max(records) FILTER (attribute = '{a}') AS {a}_records"
        for a in STORED_LISTED
    )
    # Collect, then sort the few lists of several entries: an ordered aggregate sorts them all.
    return f"""CREATE TEMP TABLE golden_list AS
        WITH best AS (
            SELECT municipal_id, attribute, k, min(place) AS place,
                   arg_min(entry, place) AS entry, any_value(rank) AS rank
            FROM golden_entry GROUP BY municipal_id, attribute, k),
        listed AS (
            SELECT municipal_id, attribute,
                   list({{'rank': rank, 'place': place, 'k': k, 'entry': entry}}) AS found
            FROM best GROUP BY municipal_id, attribute),
        sorted AS (
            SELECT municipal_id, attribute,
                   CASE WHEN len(found) > 1 THEN list_sort(found) ELSE found END AS found
            FROM listed),
        joined AS (
            SELECT municipal_id, attribute,
                   '[' || array_to_string([e.entry FOR e IN found], ',') || ']' AS entries,
                   '[' || array_to_string([e.place & {order.RECORD_MASK} FOR e IN found], ',')
                   || ']' AS records
            FROM sorted)
        SELECT municipal_id, {columns} FROM joined GROUP BY municipal_id"""


def _dead() -> str:
    """Table `golden_dead`: citizens of several records with a reported death, and why golden."""
    return f"""CREATE TEMP TABLE golden_dead AS
        WITH report AS (
            SELECT *, withdrawn = bool_and(withdrawn) OVER (PARTITION BY municipal_id) AS heard
            FROM golden_offer WHERE deceased_on IS NOT NULL),
        alive AS (
            SELECT municipal_id, max(active_on) AS active_on FROM golden_offer
            SEMI JOIN report USING (municipal_id)
            WHERE deceased_on IS NULL AND NOT withdrawn GROUP BY municipal_id)
        SELECT r.municipal_id, list_sort(list(record_id)) AS reporters,
               CASE WHEN any_value(a.active_on)
                         > max(deceased_on) FILTER (heard) + {DEATH_TOLERANCE.days}
                    THEN '{LATER_ACTIVITY}'
                    WHEN bool_or(heard AND list_contains(authoritative, '{Group.DECEASED}'))
                    THEN '{Rule.AUTHORITATIVE}'
                    WHEN count(DISTINCT source) FILTER (heard) >= {INDEPENDENT_SOURCES}
                    THEN '{Rule.CONFIRMED}' ELSE '{ONE_SOURCE}' END AS rule
        FROM report r LEFT JOIN alive a USING (municipal_id) GROUP BY r.municipal_id"""


def final_rows(inputs: GoldenInputs) -> str:
    """All rows with their digest, in the columns of `GOLDEN_COLUMNS`.

    By ID: the registry's table is ordered by it, and rows out of order are scattered over it.
    """
    digest = ", ".join(f"coalesce({column}::VARCHAR, '')" for column in DIGEST_COLUMNS)
    columns = ", ".join(
        f"md5(concat_ws(chr(31), {digest})) AS content_digest" if c == "content_digest" else c
        for c in GOLDEN_COLUMNS
    )
    rows = f"{_single_rows(inputs)} UNION ALL {_multiple_rows()}"
    return f"SELECT {columns} FROM ({rows}) ORDER BY municipal_id"


def _single_rows(inputs: GoldenInputs) -> str:
    value = {a: column.value for a, column in SINGLE_COLUMNS.items()}
    value[Attribute.FATHER] = (
        f"CASE WHEN s.father IS DISTINCT FROM s.mother THEN {value[Attribute.FATHER]} END"
    )
    confirmed = f"list_contains(o.authoritative, '{Group.DECEASED}')"
    value[Attribute.DECEASED_ON] = f"CASE WHEN {confirmed} THEN s.deceased_on END"
    rule = f"CASE WHEN {confirmed} THEN '{Rule.AUTHORITATIVE}' ELSE '{ONE_SOURCE}' END"
    cells: dict[str, str] = {str(a): sql for a, sql in value.items()}
    cells["name_key"] = "s.name"
    cells |= {str(a): list_json(LIST_COLUMNS[a]) for a in STORED_LISTED}
    cells["municipal_id"] = "m.municipal_id"
    cells["deceased_status"] = f"CASE WHEN s.deceased_on IS NOT NULL THEN {_status(rule)} END"
    cells["sources"] = "to_json([s.source])::VARCHAR"
    cells["record_count"] = "1::BIGINT"
    cells["lineage"] = (
        f"""'{{"*":[' || m.record_id || ',"{ONLY_RECORD}"]' || CASE WHEN s.deceased_on IS NULL """
        f"""THEN '' ELSE ',"deceased_status":[[' || m.record_id || '],"' || {rule} || '"]' END """
        """|| '}'"""
    )
    return f"""SELECT {_cells(cells)}
        FROM golden_single JOIN golden_member m USING (record_id)
        JOIN {inputs.standard} s USING (record_id)
        LEFT JOIN {inputs.sources} o ON o.name = s.source"""


def _multiple_rows() -> str:
    cells = {str(a): f"w.{a}" for a in STORED_SINGLE} | {str(a): f"l.{a}" for a in STORED_LISTED}
    cells["name_key"] = "nullif(split_part(w.name_key, '/', 1), '')"
    cells["father"] = "f.father"
    cells["municipal_id"] = "w.municipal_id"
    doubted = f"'{ONE_SOURCE}', '{LATER_ACTIVITY}'"
    cells["deceased_on"] = f"CASE WHEN d.rule NOT IN ({doubted}) THEN w.deceased_on END"
    cells["deceased_status"] = f"CASE WHEN d.rule IS NOT NULL THEN {_status('d.rule')} END"
    cells["sources"] = "w.sources"
    cells["record_count"] = "w.record_count"
    cells["lineage"] = _lineage(cells)
    return f"""SELECT {_cells(cells)}
        FROM golden_win w JOIN golden_father f USING (municipal_id)
        LEFT JOIN golden_list l USING (municipal_id)
        LEFT JOIN golden_dead d USING (municipal_id)"""


def _lineage(cells: dict[str, str]) -> str:
    parts = []
    for a in STORED_SINGLE:
        table = "f" if a is Attribute.FATHER else "w"
        record = f"({table}.{a}_place & {order.RECORD_MASK})"
        entry = f"""'"{a}":[' || {record} || ',"' || {table}.{a}_rule || '"]'"""
        parts.append(f"CASE WHEN {cells[a]} IS NOT NULL THEN {entry} END")
    parts += [f"""'"{a}":[' || l.{a}_records || ',"{EVERY_VALUE}"]'""" for a in STORED_LISTED]
    parts.append(
        """'"deceased_status":[' || to_json(d.reporters)::VARCHAR || ',"' || d.rule || '"]'"""
    )
    return f"'{{' || concat_ws(',', {', '.join(parts)}) || '}}'"


def _status(rule: str) -> str:
    return (
        f"CASE {rule} WHEN '{ONE_SOURCE}' THEN '{DeceasedStatus.REPORTED}' "
        f"WHEN '{LATER_ACTIVITY}' THEN '{DeceasedStatus.CONTRADICTED}' "
        f"ELSE '{DeceasedStatus.CONFIRMED}' END"
    )


def _cells(cells: dict[str, str]) -> str:
    # UNION ALL goes by position: both halves are written in the order of the columns.
    return ", ".join(f"{cells[c]} AS {c}" for c in GOLDEN_COLUMNS if c != "content_digest")
