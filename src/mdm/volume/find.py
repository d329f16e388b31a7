"""Find records by name or number in the cache of standard records."""

from collections.abc import Sequence

import duckdb

# How a name was found, best first.
_BY_NAME = """
WITH asked AS (SELECT $tokens::VARCHAR[] AS tokens, $keys::VARCHAR[] AS keys),
hit AS (
  SELECT s.record_id,
    CASE WHEN list_has_all(string_split(s.name, ' '), tokens) THEN 'name'
         WHEN list_has_all(string_split(s.social_name, ' '), tokens) THEN 'social_name'
         WHEN list_has_all(string_split(s.nickname, ' '), tokens) THEN 'nickname'
         WHEN list_has_all(string_split(s.name_phonetic, ' '), keys) THEN 'sounds_like'
    END AS matched, len(string_split(s.name, ' ')) AS tokens
  FROM standard s, asked)
SELECT h.record_id, h.matched FROM hit h JOIN record_state r USING (record_id)
WHERE h.matched IS NOT NULL AND NOT r.restricted
ORDER BY list_position(['name', 'social_name', 'nickname', 'sounds_like'], h.matched),
         h.tokens, h.record_id
LIMIT $limit
"""
_BY_NUMBER = """
SELECT s.record_id,
  CASE WHEN s.cpf = $digits THEN 'cpf' WHEN s.nis = $digits THEN 'nis' ELSE 'cns' END AS matched
FROM standard s JOIN record_state r USING (record_id)
LEFT JOIN not_own o USING (record_id)
WHERE NOT r.restricted AND (
  (s.cpf = $digits AND NOT coalesce(o.cpf, false))
  OR (s.nis = $digits AND NOT coalesce(o.nis, false))
  OR (list_contains(s.cns, $digits) AND NOT coalesce(o.cns, false)))
ORDER BY s.record_id LIMIT $limit
"""
_NO_OWNERSHIP = (
    "CREATE TABLE IF NOT EXISTS not_own (record_id BIGINT, cpf BOOLEAN, cns BOOLEAN, nis BOOLEAN)"
)


def find_by_name(
    con: duckdb.DuckDBPyConnection, tokens: Sequence[str], keys: Sequence[str], limit: int
) -> list[tuple[int, str]]:
    """Records whose name holds all the tokens, or sounds as if it did; with how it was found.

    Args:
        con: Holds `standard` and `record_state`, level with the registry.
        tokens: Folded tokens.
        keys: Their phonetic keys.
        limit: At most so many, best first.
    """
    asked = {"tokens": list(tokens), "keys": list(keys), "limit": limit}
    return _rows(con.execute(_BY_NAME, asked))


def find_by_number(
    con: duckdb.DuckDBPyConnection, digits: str, limit: int
) -> list[tuple[int, str]]:
    """Records whose own CPF, NIS or CNS it is; with which of them it is."""
    con.execute(_NO_OWNERSHIP)
    return _rows(con.execute(_BY_NUMBER, {"digits": digits, "limit": limit}))


def _rows(cursor: duckdb.DuckDBPyConnection) -> list[tuple[int, str]]:
    return [(int(record_id), str(matched)) for record_id, matched in cursor.fetchall()]
