"""Whatever happens to the bytes of a file: a load with balanced counts, or a named refusal."""

from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdm.errors import MdmError
from mdm.ingest.declaration import SourceDeclaration, load_declaration
from mdm.ingest.stage import stage_files
from mdm.ingest.tables import stage_folder
from support.ingest import TODAY, canonical, database, file_of, rows

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "layouts"
SOURCES = ROOT / "data" / "samples" / "sources"
CANONICAL = (
    "local_id,full_name,birth_date,cpf,phone,street\n"
    + "".join(
        f'{n},José Lima {n},2001-02-{n % 28 + 1:02},529.982.247-25,51999998888,"Rua ""A"", {n}"\n'
        for n in range(1, 26)
    )
).encode()
CASES: dict[str, tuple[SourceDeclaration, bytes]] = {
    "canonical": (canonical(), CANONICAL),
    "pec": (load_declaration(SOURCES / "saude.toml"), (GOLDEN / "pec.csv").read_bytes()),
    "cadunico": (
        load_declaration(SOURCES / "cadunico.toml"),
        (GOLDEN / "cadunico.txt").read_bytes(),
    ),
    "educacenso": (
        load_declaration(SOURCES / "educacao.toml"),
        (GOLDEN / "educacenso.txt").read_bytes(),
    ),
}

EVERY = {"canonical": 2, "pec": 7, "cadunico": 29, "educacenso": 5}
"""How many bytes are between two cuts: several in each line, at other places of it each time."""


def balanced_or_refused(
    con: duckdb.DuckDBPyConnection, declaration: SourceDeclaration, path: Path, content: bytes
) -> bool:
    """Whether it was loaded; fails on anything but balanced counts or a refusal."""
    path.write_bytes(content)
    try:
        load = stage_files(con, declaration, [path], today=TODAY)
    except MdmError:
        assert rows(con, "SELECT table_name FROM duckdb_tables()") == []
        assert not stage_folder(con).exists()
        return False
    ((records, persons),) = rows(con, "SELECT count(*), count(DISTINCT local_id) FROM stage_record")
    assert records == persons
    assert rows(con, "SELECT count(*) FROM stage_quarantine") == [(load.quarantined,)]
    assert load.read == load.quarantined + int(str(records))
    return True


damage = st.one_of(
    st.tuples(st.just("cut"), st.integers(0, 4000), st.just(b"")),
    st.tuples(st.just("put"), st.integers(0, 4000), st.binary(min_size=1, max_size=6)),
    st.tuples(
        st.just("put"),
        st.integers(0, 4000),
        st.sampled_from(
            [b'"', b"\n", b"\r", b",", b";", b"|", b"\r\n", b'""', b"\0", b" ", b"\xe9"]
        ),
    ),
    st.tuples(st.just("over"), st.integers(0, 4000), st.binary(min_size=1, max_size=3)),
    st.tuples(st.just("drop"), st.integers(0, 4000), st.binary(max_size=200)),
    st.tuples(st.just("twice"), st.integers(0, 4000), st.binary(max_size=200)),
)


def damaged(content: bytes, kind: str, at: int, what: bytes) -> bytes:
    at %= len(content) + 1
    if kind == "cut":
        return content[:at]
    if kind == "put":
        return content[:at] + what + content[at:]
    if kind == "over":
        return content[:at] + what + content[at + len(what) :]
    if kind == "drop":
        return content[:at] + content[at + len(what) :]
    return content[: at + len(what)] + content[at:]


@pytest.mark.parametrize("case", CASES)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(damage, min_size=1, max_size=3))
def test_damaged_bytes_give_balanced_counts_or_a_refusal(
    tmp_path: Path, case: str, changes: list[tuple[str, int, bytes]]
) -> None:
    declaration, content = CASES[case]
    for kind, at, what in changes:
        content = damaged(content, kind, at, what)

    balanced_or_refused(database(tmp_path), declaration, tmp_path / "f", content)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_file_cut_anywhere_gives_balanced_counts_or_a_refusal(tmp_path: Path, case: str) -> None:
    declaration, content = CASES[case]
    if case == "canonical":  # its lines are alike
        content = b"".join(content.splitlines(keepends=True)[:4])
    con = database(tmp_path)
    ends = range(0, len(content), EVERY[case])
    loaded = [
        end for end in ends if balanced_or_refused(con, declaration, tmp_path / "f", content[:end])
    ]

    if case in {"cadunico", "educacenso"}:
        # The trailer tells: a cut file never passes for a whole one.
        assert all(not content[end:].strip(b" |\n") for end in loaded)
    else:
        # Only a cut that leaves the last line all its fields is not seen.
        assert len(loaded) < len(ends) / 2


def test_the_undamaged_files_load(tmp_path: Path) -> None:
    for declaration, content in CASES.values():
        path = file_of(tmp_path, b"", "f")
        assert balanced_or_refused(database(tmp_path), declaration, path, content)
