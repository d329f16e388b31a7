"""Standard records to the columns that comparisons and blocking read.

The columns are functions of one standard record, of what is decided about its identifiers and
phones, and of tables frozen in the model: given-name tokens and term frequencies. Their twin for
one record is `mdm.linkage.prepare_one`; a test holds both to the same columns.

What is only ever compared for equality (a column made by `_key`) stands here as DuckDB's 64-bit
hash of the twin's text: records are scanned and joined at a fraction of the width. Two texts that
differ share a hash once in 2^64 comparisons.
"""

from collections.abc import Sequence

import duckdb

from mdm.duck import count_rows
from mdm.linkage.person_model import GIVEN_BY_SURNAME


def _key(value: str) -> str:
    """A text that is only ever compared for equality, as 64 bits; NULL where it is missing."""
    return f"CASE WHEN {value} IS NOT NULL THEN hash({value}) END"


def _columns(columns: dict[str, str]) -> str:
    return ", ".join(f"{value} AS {name}" for name, value in columns.items())


def _frequency(column: str, value: str) -> str:
    """A value's frequency in the model.

    A value that fewer than ten people held at training takes the model's floor, stored under the
    empty value: rare, but never rarer than what was not seen.
    """
    floor = f"(SELECT tf FROM model_tf WHERE column_name = '{column}' AND value = '')"
    return f"CASE WHEN {value} IS NOT NULL THEN coalesce(tf_{column}.tf, {floor}) END"


def _join_frequency(column: str, value: str) -> str:
    tf = f"tf_{column}"
    return f" LEFT JOIN model_tf {tf} ON {tf}.column_name = '{column}' AND {tf}.value = n.{value}"


# The twin of `mdm.linkage.model.frequency` for this column.
_GIVEN = _frequency("given", "given")
_MOST_GIVEN = f"(SELECT tf FROM model_tf WHERE column_name = '{GIVEN_BY_SURNAME}' AND value = '')"
_GIVEN_BY_SURNAME = (
    f"CASE WHEN tf_{GIVEN_BY_SURNAME}.tf IS NULL THEN {_GIVEN} "
    f"ELSE greatest({_GIVEN}, least({_GIVEN} * tf_{GIVEN_BY_SURNAME}.tf, {_MOST_GIVEN})) END"
)

# People go by one or two given names; a second token is one only if tokens like it open names.
# An initial after the first token is a token that is missing, not one that conflicts.
_TOKENS = """
SELECT name, name_phonetic, t, p, g,
       array_to_string(t[1:g], ' ') AS given,
       nullif(array_to_string(t[g + 1:], ' '), '') AS surname,
       CASE WHEN len(t) > g THEN t[-1] END AS surname_last
FROM (SELECT name, name_phonetic, t, p,
             CASE WHEN len(t) >= 3 AND t[2] IN (SELECT token FROM model_given_token)
                  THEN 2 ELSE 1 END AS g
FROM (SELECT name, name_phonetic,
             list_select(tokens, kept) AS t, list_select(str_split(name_phonetic, ' '), kept) AS p
      FROM (SELECT name, name_phonetic, str_split(name, ' ') AS tokens,
                   list_filter(range(1, len(tokens) + 1),
                               lambda i: i = 1 OR length(tokens[i]) > 1) AS kept
            FROM (SELECT DISTINCT {name} AS name, {name}_phonetic AS name_phonetic
                  FROM {{records}} WHERE {name} IS NOT NULL))))
"""

_NAME = {
    "given1": "t[1]",
    "given1_start": _key("t[1][1:2]"),
    "given1_end": _key("t[1][-2:]"),
    "given1_key": _key("p[1]"),
    "given1_usual": "CASE WHEN t[1] IN (SELECT token FROM model_given_token) THEN 1 END",
    "given2_key": _key("CASE WHEN g = 2 THEN p[2] END"),
    "given": "given",
    "tf_given": _GIVEN,
    f"tf_{GIVEN_BY_SURNAME}": _GIVEN_BY_SURNAME,
    "given_key": _key("array_to_string(p[1:g], ' ')"),
    "name_set_key": _key("array_to_string(list_sort(p), ' ')"),
    "surname": "surname",
    "tf_surname": _frequency("surname", "surname"),
    "surname_key": _key("nullif(array_to_string(p[g + 1:], ' '), '')"),
    **{f"surname{n}_key": _key(f"p[g + {n}]") for n in (1, 2, 3, 4)},
    "surname_start": _key("surname[1:2]"),
    "surname_last": "surname_last",
    "surname_last_start": _key("surname_last[1:2]"),
    "surname_last_end": _key("surname_last[-2:]"),
    "surname_last_key": _key("CASE WHEN len(p) > g THEN p[-1] END"),
}
_MOTHER = {
    "tf_mother": _frequency("mother", "name"),
    "mother_given": "given",
    **{f"mother_surname{n}": f"t[g + {n}]" for n in (1, 2, 3)},
    "mother_key": _key("name_phonetic"),
    "mother_given1_key": _key("p[1]"),
    "mother_last_key": _key("p[-1]"),
    "mother_given_key": _key("array_to_string(p[1:g], ' ')"),
    **{f"mother_surname{n}_key": _key(f"p[g + {n}]") for n in (1, 2, 3)},
}
_BIRTH = {
    "birth": "strftime(birth_date, '%Y%m%d')",
    "birth_swapped": "CASE WHEN day(birth_date) <= 12 AND day(birth_date) <> month(birth_date)"
    " THEN strftime(birth_date, '%Y%d%m') END",
    "birth_day_month": _key("strftime(birth_date, '%m%d')"),
    "birth_year_month": _key("strftime(birth_date, '%Y%m')"),
    "birth_year": "year(birth_date)",
}
# Of a birth date that is none the digits as typed stand in its place.
_TYPED = {
    "birth": "birth_mistyped",
    "birth_swapped": None,
    "birth_day_month": _key("birth_mistyped[5:]"),
    "birth_year_month": _key("birth_mistyped[1:6]"),
    "birth_year": "birth_mistyped[1:4]::BIGINT",
}
_BIRTH_OR_TYPED = {
    name: f"b.{name}" if typed is None else f"coalesce(b.{name}, {typed})"
    for name, typed in _TYPED.items()
}
# What is the same for equal names and dates is made once for each.
_DISTINCT = {
    "split_name": f"SELECT name, {_columns(_NAME)} FROM ({_TOKENS.format(name='name')}) n"
    f"{_join_frequency('given', 'given')}{_join_frequency('surname', 'surname')}"
    f"{_join_frequency(GIVEN_BY_SURNAME, 'surname')}",
    "split_mother": f"SELECT name, {_columns(_MOTHER)} FROM ({_TOKENS.format(name='mother')}) n"
    f"{_join_frequency('mother', 'name')}",
    "split_birth": f"SELECT birth_date, {_columns(_BIRTH)} FROM"
    " (SELECT DISTINCT birth_date FROM {records} WHERE birth_date IS NOT NULL)",
}

_REST = ("mother_given", "mother_surname1", "mother_surname2", "mother_surname3")
_STARRED = ", ".join(
    f"CASE WHEN m.mother_surname{n}_key IN (n.surname1_key, n.surname2_key, n.surname3_key, "
    f"n.surname4_key) THEN '*' ELSE m.mother_surname{n} END"
    for n in (1, 2, 3)
)
# The mother's name with a star for each surname that her child bears.
_MOTHER_REST = f"CASE WHEN r.mother IS NOT NULL THEN concat_ws(' ', m.mother_given, {_STARRED}) END"

_OF_RECORD = {
    "social1": "nullif(split_part(social_name, ' ', 1), '')",
    "mother_rest": _MOTHER_REST,
    "suffix": "suffix",
    "mother": "mother",
    "father": "father",
    "father_given1": _key("split_part(father, ' ', 1)"),
    "father_last": _key("split_part(father, ' ', -1)"),
    "birth_exact": "CASE WHEN NOT birth_date_default THEN 1 END",
    "sex": "sex",
    "cpf": "cpf",
    "cpf_head": _key("cpf[1:5]"),
    "cpf_tail": _key("cpf[6:]"),
    "cns": "list_transform(cns, lambda number: hash(number))",
    "nis": "nis",
    "nis_head": _key("nis[1:5]"),
    "nis_tail": _key("nis[6:]"),
    "birth_certificate": "birth_certificate",
    "certificate_head": _key("birth_certificate[1:16]"),
    "certificate_tail": _key("birth_certificate[17:]"),
    "dnv": _key("dnv"),
    "inep_id": _key("inep_id"),
    "rg": _key("rg"),
    "phones": "list_transform(phones, lambda number: hash(number))",
    "email": _key("email"),
    "street": _key("street"),
    "street_text": "street",
    "dwelling": _key("CASE WHEN NOT is_crowded THEN street || ' ' || street_number END"),
    "street_number": _key("street_number"),
    "postal_code": _key("postal_code"),
    "district": _key("district"),
    "household": _key("(source || ':' || household_id)"),
    "twin_mark": "CASE WHEN twin_order IS NOT NULL THEN 'M'"
    " WHEN name_kind = 'newborn' THEN 'U' END",
}

_PREPARED = f"""
CREATE OR REPLACE TEMP TABLE link_record AS
WITH made AS (
SELECT unique_id, source, n.* EXCLUDE (name), m.* EXCLUDE (name),
  {_columns(_BIRTH_OR_TYPED)},
  {_columns(_OF_RECORD)}
FROM (SELECT s.* EXCLUDE (cpf, cns, nis, phones, emails), {{unique_id}} AS unique_id,
        CASE WHEN NOT coalesce(d.cpf, false) THEN s.cpf END AS cpf,
        CASE WHEN len(s.cns) > 0 AND NOT coalesce(d.cns, false) THEN s.cns END AS cns,
        CASE WHEN NOT coalesce(d.nis, false) THEN s.nis END AS nis,
        CASE WHEN f.record_id IS NOT NULL THEN f.phones
             WHEN len(s.phones) > 0 THEN s.phones END AS phones,
        CASE WHEN len(s.emails) > 0 THEN s.emails[1] END AS email,
        c.street IS NOT NULL AS is_crowded
      FROM {{records}} s
      LEFT JOIN not_own d ON d.record_id = s.record_id
      LEFT JOIN usable_phone f ON f.record_id = s.record_id
      LEFT JOIN crowded_dwelling c
        ON c.street = s.street AND c.street_number = s.street_number) r
LEFT JOIN split_name n ON n.name = r.name
LEFT JOIN split_mother m ON m.name = r.mother
LEFT JOIN split_birth b ON b.birth_date = r.birth_date)
SELECT made.* EXCLUDE ({", ".join(_REST)}),
  coalesce({_frequency("mother_rest", "made.mother_rest")}, made.tf_mother) AS tf_mother_rest
FROM made LEFT JOIN model_tf tf_mother_rest
  ON tf_mother_rest.column_name = 'mother_rest' AND tf_mother_rest.value = made.mother_rest
"""

BY_RECORD = "s.record_id"
BY_CONTENT = "row_number() OVER (ORDER BY s.source, s.local_id)"
"""Numbers that do not depend on the order in which records were loaded: for training."""

# A phone of many people (a health unit, a school, a filler) says nothing about one of them.
PHONE_SHARED_BY_AT_MOST = 12

_HELD_PHONES = """
CREATE OR REPLACE TEMP TABLE held_phone AS
WITH held AS (SELECT record_id, unnest(phones) AS phone, coalesce(restricted, false) AS hidden
              FROM standard WHERE len(phones) > 0)
FROM held SEMI JOIN ({among}) USING (phone)
"""
_MANY_HOLD = f"SELECT phone FROM held GROUP BY phone HAVING count(*) > {PHONE_SHARED_BY_AT_MOST}"
_CROWD_PHONES = f"""
CREATE OR REPLACE TEMP TABLE crowd_phone AS
SELECT phone FROM held_phone WHERE NOT hidden GROUP BY phone
HAVING count(DISTINCT record_id) > {PHONE_SHARED_BY_AT_MOST}
"""
# Records with such a phone, and the phones that they have besides.
_USABLE_PHONES = """
CREATE OR REPLACE TEMP TABLE usable_phone AS
SELECT record_id, list(phone) FILTER (phone NOT IN (FROM crowd_phone)) AS phones
FROM (SELECT record_id, unnest(phones) AS phone FROM standard SEMI JOIN (
        SELECT record_id FROM held_phone SEMI JOIN crowd_phone USING (phone)) USING (record_id))
GROUP BY record_id
"""

# A dwelling is a street and a number, without a flat's: more records than three registers have of
# two large families are those of a tower, a shelter or a home for the aged.
DWELLING_SHARED_BY_AT_MOST = 24

_CROWDED_DWELLINGS = f"""
CREATE OR REPLACE TEMP TABLE crowded_dwelling AS
SELECT street, street_number FROM standard {{among}}
WHERE street IS NOT NULL AND street_number IS NOT NULL AND NOT coalesce(restricted, false)
GROUP BY ALL HAVING count(*) > {DWELLING_SHARED_BY_AT_MOST}
"""


_USABLE_OF = """
SELECT phone FROM (SELECT record_id, unnest(phones) AS phone,
                          coalesce(restricted, false) AS hidden
                   FROM standard WHERE list_has_any(phones, $phones))
WHERE list_contains($phones, phone)
GROUP BY phone HAVING count(DISTINCT record_id) FILTER (NOT hidden) <= $most
"""


def usable_phones(con: duckdb.DuckDBPyConnection, phones: Sequence[str]) -> frozenset[str]:
    """Of some phones those that few enough records share; the twin of `usable_phone` for a pair."""
    given: dict[str, object] = {"phones": list(phones), "most": PHONE_SHARED_BY_AT_MOST}
    return frozenset(row[0] for row in con.execute(_USABLE_OF, given).fetchall())


_CROWD_OF = f"""
SELECT count(*) > {DWELLING_SHARED_BY_AT_MOST} FROM standard
WHERE street = $street AND street_number = $number AND NOT coalesce(restricted, false)
"""


def is_crowded_dwelling(con: duckdb.DuckDBPyConnection, street: str, number: str) -> bool:
    """Whether a dwelling holds too many records to speak for one; the twin of the batch's table."""
    found = con.execute(_CROWD_OF, {"street": street, "number": number}).fetchall()
    return bool(found[0][0])


def find_shared(
    con: duckdb.DuckDBPyConnection, *, phones: str | None = None, dwellings: str | None = None
) -> None:
    """Write what too many records share, as temporary tables, from `standard`.

    `crowd_phone(phone)`; `usable_phone(record_id, phones)`: only records with a phone of many
    people stand there, with the phones that they have besides;
    `crowded_dwelling(street, street_number)`; and `held_phone(record_id, phone, hidden)`: who holds
    the phones that were looked at.

    Args:
        con: Holds `standard`.
        phones: Table `(phone)` of those that may be of many people; None for all.
        dwellings: Table `(street, street_number)` of those that may be crowded; None for all.
    """
    con.execute(_HELD_PHONES.format(among=_MANY_HOLD if phones is None else f"FROM {phones}"))
    con.execute(_CROWD_PHONES)
    con.execute(_USABLE_PHONES)
    only = "" if dwellings is None else f"SEMI JOIN {dwellings} USING (street, street_number)"
    con.execute(_CROWDED_DWELLINGS.format(among=only))


def drop_shared(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what `find_shared` wrote."""
    for table in ("usable_phone", "crowded_dwelling", "crowd_phone", "held_phone"):
        con.execute(f"DROP TABLE IF EXISTS {table}")


ORDINARY = "(SELECT * FROM standard WHERE NOT coalesce(restricted, false))"
"""The records that a model may learn from, in place of `standard`."""

_HIDDEN = """
CREATE OR REPLACE TEMP TABLE hidden_record AS SELECT unique_id::BIGINT AS unique_id
FROM (SELECT s.restricted, {unique_id} AS unique_id FROM {records} s) WHERE restricted
"""


def prepare_records(
    con: duckdb.DuckDBPyConnection, *, unique_id: str = BY_RECORD, records: str | None = None
) -> int:
    """Write the temporary table `link_record` from `standard`, `not_own` and the model's tables.

    And `hidden_record(unique_id)`: those of them that are restricted.

    Args:
        con: Holds `standard`, `not_own(record_id, cpf, cns, nis)` (true: the value is not this
            person's), `model_given_token(token)` and `model_tf(column_name, value, tf)`.
        unique_id: SQL of the number that names a record in pairs.
        records: A part of `standard` to prepare (a table, or `ORDINARY`), once
            `find_shared` was called; None for all.

    Returns:
        The number of rows.
    """
    if records is None:
        find_shared(con)
    given = "standard" if records is None else records
    for name, sql in _DISTINCT.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql.format(records=given)}")
    con.execute(_PREPARED.format(unique_id=unique_id, records=given))
    con.execute(_HIDDEN.format(unique_id=unique_id, records=given))
    for name in _DISTINCT:
        con.execute(f"DROP TABLE {name}")
    return count_rows(con, "link_record")
