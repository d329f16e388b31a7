"""Numbers decided alone after a delta are decided as all are."""

import random

import duckdb
import pytest

from mdm.domain.identifier_judgement import IdentifierJudgement, identifier_hash
from mdm.domain.ownership import Ownership
from mdm.linkage.delta import find_touched_numbers
from mdm.linkage.ownership import decide_ownership, is_ownership_kept, keep_ownership
from support.linkage_city import city

_TABLES = ("ownership", "not_own", "own_cpf_by")
_KEEP = (
    "CREATE OR REPLACE TABLE kept_content AS SELECT record_id, hash(content_hash) AS content,"
    " cpf, guardian_cpf, cns, nis FROM standard"
)
_CPF = ("24681357928", "52998224725", "11144477735", None, None)
_NIS = ("12068910251", "12056412547", None, None)
_CNS: tuple[list[str], ...] = ([], [], ["7" * 15], ["8" * 15], ["7" * 15, "8" * 15])
_NAMES = ("MARIA SILVA", "JOAO SOUZA", "ANA SOUZA", "MARIA LIMA", None)
_BORN = ("1985-04-09", "2015-02-01", "2012-05-06", "1950-01-05", None)


def drawn(con: duckdb.DuckDBPyConnection, rng: random.Random, record_id: int) -> None:
    """Another content of a record, in a crowd where few numbers go round."""
    values = {
        "cpf": rng.choice(_CPF), "guardian_cpf": rng.choice(_CPF), "nis": rng.choice(_NIS),
        "cns": rng.choice(_CNS), "name": rng.choice(_NAMES), "mother": rng.choice(_NAMES),
        "guardian": rng.choice(_NAMES), "birth_date": rng.choice(_BORN),
        "restricted": rng.random() < 0.15, "content_hash": f"{rng.random()}",
    }  # fmt: skip
    columns = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, 2))
    con.execute(
        f"UPDATE standard SET {columns} WHERE record_id = $1", [record_id, *values.values()]
    )


def judged(rng: random.Random, records: list[int]) -> list[IdentifierJudgement]:
    return [
        IdentifierJudgement(
            n,
            rng.choice(records),
            "cpf",
            identifier_hash("cpf", rng.choice(_CPF[:3])),
            rng.choice((Ownership.OWN, Ownership.NOT_THEIRS)),
            rng.choice(("ana", "bruno")),
        )
        for n in range(rng.randint(0, 3))
    ]


def written(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    return {t: con.execute(f"FROM {t} ORDER BY ALL").fetchall() for t in _TABLES}


@pytest.mark.parametrize("seed", range(3))
def test_touched_numbers_are_decided_as_all_are(seed: int) -> None:
    rng = random.Random(seed)
    with city(100, seed) as con:
        records = [r for (r,) in con.execute("SELECT record_id FROM standard").fetchall()]
        for record_id in records:
            drawn(con, rng, record_id)
        decide_ownership(con)
        keep_ownership(con, ())
        for _ in range(6):
            con.execute(_KEEP)
            for record_id in rng.sample(records, 3):
                drawn(con, rng, record_id)
            con.execute("DELETE FROM standard WHERE record_id = $1", [rng.choice(records)])
            said = judged(rng, records)
            assert is_ownership_kept(con)
            decide_ownership(con, said, touched=find_touched_numbers(con))
            found = written(con)
            decide_ownership(con, said)
            assert not is_ownership_kept(con)
            assert found == written(con)
            keep_ownership(con, said)
