"""Standard records to the columns that comparisons and blocking read.

The columns are functions of one standard record, of what is decided about its identifiers and
phones, and of tables frozen in the model: given-name tokens and term frequencies. Their twin for
one record is `mdm.linkage.prepare_one`; a test holds both to the same columns.
"""

import duckdb

from mdm.duck import count_rows

# People go by one or two given names; a second token is one only if tokens like it open names.
# An initial after the first token is a token that is missing, not one that conflicts.
_SPLIT = """
CREATE OR REPLACE TEMP TABLE {out} AS
SELECT name, name_phonetic, t, p, g,
       array_to_string(t[1:g], ' ') AS given,
       nullif(array_to_string(t[g + 1:], ' '), '') AS surname
FROM (SELECT name, name_phonetic, t, p,
             CASE WHEN len(t) >= 3 AND t[2] IN (SELECT token FROM model_given_token)
                  THEN 2 ELSE 1 END AS g
FROM (SELECT name, name_phonetic,
             list_select(tokens, kept) AS t, list_select(str_split(name_phonetic, ' '), kept) AS p
      FROM (SELECT name, name_phonetic, str_split(name, ' ') AS tokens,
                   list_filter(range(1, len(tokens) + 1),
                               lambda i: i = 1 OR length(tokens[i]) > 1) AS kept
            FROM (SELECT DISTINCT {name} AS name, {key} AS name_phonetic
                  FROM standard WHERE {name} IS NOT NULL))))
"""

_PREPARED = """
CREATE OR REPLACE TEMP TABLE link_record AS
SELECT *,
  cpf[1:5] AS cpf_head, cpf[6:] AS cpf_tail, nis[1:5] AS nis_head, nis[6:] AS nis_tail
FROM (SELECT
  {unique_id} AS unique_id,
  s.source,
  n.t[1] AS given1, n.t[1][1:2] AS given1_start, n.t[1][-2:] AS given1_end,
  n.p[1] AS given1_key,
  CASE WHEN n.g = 2 THEN n.p[2] END AS given2_key,
  n.given, {given} AS tf_given,
  array_to_string(n.p[1:n.g], ' ') AS given_key,
  n.surname, {surname} AS tf_surname,
  nullif(array_to_string(n.p[n.g + 1:], ' '), '') AS surname_key,
  n.p[n.g + 1] AS surname1_key, n.p[n.g + 2] AS surname2_key,
  n.p[n.g + 3] AS surname3_key, n.p[n.g + 4] AS surname4_key,
  CASE WHEN len(n.t) > n.g THEN n.t[-1] END AS surname_last,
  CASE WHEN len(n.t) > n.g THEN n.t[-1][1:2] END AS surname_last_start,
  CASE WHEN len(n.t) > n.g THEN n.t[-1][-2:] END AS surname_last_end,
  CASE WHEN len(n.p) > n.g THEN n.p[-1] END AS surname_last_key,
  s.suffix,
  s.mother, {mother} AS tf_mother, s.mother_phonetic AS mother_key,
  m.p[1] AS mother_given1_key, m.p[-1] AS mother_last_key,
  array_to_string(m.p[1:m.g], ' ') AS mother_given_key,
  m.p[m.g + 1] AS mother_surname1_key, m.p[m.g + 2] AS mother_surname2_key,
  m.p[m.g + 3] AS mother_surname3_key,
  s.father, split_part(s.father, ' ', 1) AS father_given1,
  split_part(s.father, ' ', -1) AS father_last,
  strftime(s.birth_date, '%Y%m%d') AS birth,
  CASE WHEN NOT s.birth_date_default THEN 1 END AS birth_exact,
  CASE WHEN day(s.birth_date) <= 12 AND day(s.birth_date) <> month(s.birth_date)
       THEN strftime(s.birth_date, '%Y%d%m') END AS birth_swapped,
  strftime(s.birth_date, '%m%d') AS birth_day_month,
  strftime(s.birth_date, '%Y%m') AS birth_year_month,
  year(s.birth_date) AS birth_year,
  s.sex,
  CASE WHEN NOT coalesce(d.cpf, false) THEN s.cpf END AS cpf,
  CASE WHEN len(s.cns) > 0 AND NOT coalesce(d.cns, false) THEN s.cns END AS cns,
  CASE WHEN NOT coalesce(d.nis, false) THEN s.nis END AS nis,
  s.birth_certificate,
  s.birth_certificate[1:16] AS certificate_head, s.birth_certificate[17:] AS certificate_tail,
  s.dnv, s.inep_id, s.rg, s.voter_id,
  f.phones,
  CASE WHEN len(s.emails) > 0 THEN s.emails[1] END AS email,
  s.street,
  CASE WHEN s.street_number IS NOT NULL THEN s.street || ' ' || s.street_number END AS dwelling,
  s.postal_code, s.district,
  CASE WHEN s.household_id IS NOT NULL THEN s.source || ':' || s.household_id END AS household,
  s.name_kind,
  CASE WHEN s.twin_order IS NOT NULL THEN 'M' WHEN s.name_kind = 'newborn' THEN 'U' END
    AS twin_mark
FROM standard s
LEFT JOIN split_name n ON n.name = s.name
LEFT JOIN split_mother m ON m.name = s.mother
LEFT JOIN not_own d ON d.record_id = s.record_id
LEFT JOIN usable_phone f ON f.record_id = s.record_id
LEFT JOIN model_tf tf_g ON tf_g.column_name = 'given' AND tf_g.value = n.given
LEFT JOIN model_tf tf_s ON tf_s.column_name = 'surname' AND tf_s.value = n.surname
LEFT JOIN model_tf tf_m ON tf_m.column_name = 'mother' AND tf_m.value = s.mother)
"""

# A value that fewer than ten people held at training takes the model's floor, stored under the
# empty value: rare, but never rarer than what was not seen.
_FREQUENCY = (
    "CASE WHEN {value} IS NOT NULL THEN coalesce({tf}.tf, (SELECT tf FROM model_tf "
    "WHERE column_name = '{column}' AND value = '')) END"
)
_FREQUENCIES = {
    "given": _FREQUENCY.format(value="n.given", tf="tf_g", column="given"),
    "surname": _FREQUENCY.format(value="n.surname", tf="tf_s", column="surname"),
    "mother": _FREQUENCY.format(value="s.mother", tf="tf_m", column="mother"),
}
BY_RECORD = "s.record_id"
BY_CONTENT = "row_number() OVER (ORDER BY s.source, s.local_id)"
"""Numbers that do not depend on the order in which records were loaded: for training."""

# A phone of many people (a health unit, a school, a filler) says nothing about one of them.
PHONE_SHARED_BY_AT_MOST = 12

_USABLE_PHONES = f"""
CREATE OR REPLACE TEMP TABLE usable_phone AS
WITH held AS (SELECT record_id, unnest(phones) AS phone FROM standard WHERE len(phones) > 0),
     rare AS (SELECT phone FROM held GROUP BY phone
              HAVING count(DISTINCT record_id) <= {PHONE_SHARED_BY_AT_MOST})
SELECT record_id, list_sort(list(phone)) AS phones
FROM held SEMI JOIN rare USING (phone) GROUP BY record_id
"""


def prepare_records(con: duckdb.DuckDBPyConnection, *, unique_id: str = BY_RECORD) -> int:
    """Write the temporary table `link_record` from `standard`, `not_own` and the model's tables.

    Args:
        con: Holds `standard`, `not_own(record_id, cpf, cns, nis)` (true: the value is not this
            person's), `model_given_token(token)` and `model_tf(column_name, value, tf)`.
        unique_id: SQL of the number that names a record in pairs.

    Returns:
        The number of rows.
    """
    con.execute(_SPLIT.format(out="split_name", name="name", key="name_phonetic"))
    con.execute(_SPLIT.format(out="split_mother", name="mother", key="mother_phonetic"))
    con.execute(_USABLE_PHONES)
    con.execute(_PREPARED.format(unique_id=unique_id, **_FREQUENCIES))
    for name in ("split_name", "split_mother", "usable_phone"):
        con.execute(f"DROP TABLE {name}")
    return count_rows(con, "link_record")
