"""Which files are refused as a whole, by which name, and that nothing stays of them."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from mdm.errors import (
    FileArchiveError,
    FileEmptyError,
    FileEncodingError,
    FileIsDirectoryError,
    FileLayoutError,
    FileMissingError,
    FileRefusedError,
    FileTruncatedError,
    UsageError,
)
from mdm.ingest.stage import stage_files
from support.ingest import TODAY, canonical, database, declared, file_of, records, stage

HEADER = "local_id,full_name,birth_date\n"
GOOD = HEADER + "1,João Lima,2001-02-03\n2,Ana Souza,2002-03-04\n"
LATIN = '[options]\nencoding = "latin-1"\n[mapping]\nlocal_id = "local_id"\nfull_name = "full_name"'


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"), io.BytesIO())
    return out.getvalue()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", GOOD)
    return out.getvalue()


REFUSED: dict[str, tuple[bytes, type[FileRefusedError]]] = {
    "empty": (b"", FileEmptyError),
    "header alone": (HEADER.encode(), FileEmptyError),
    "blank lines": (HEADER.encode() + b"\n\n \n", FileEmptyError),
    "zip": (_zip(), FileArchiveError),
    "gzip": (gzip.compress(GOOD.encode()), FileArchiveError),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(40), FileArchiveError),
    "tar": (_tar(), FileArchiveError),
    "latin-1": (GOOD.encode("latin-1"), FileEncodingError),
    "mixed": (GOOD.encode() + b"3,Jos\xe9,2000-01-01\n", FileEncodingError),
    "UTF-16": (GOOD.encode("utf-16"), FileEncodingError),
    "UTF-16 without mark": (GOOD.encode("utf-16-le"), FileEncodingError),
    "NUL": (GOOD.encode() + b"3,A\0B,2000-01-01\n", FileEncodingError),
    "half a character": (GOOD.encode() + "3,José".encode()[:-1], FileEncodingError),
    "no key in the header": (b"id,full_name\n1,Ana\n", FileLayoutError),
    "key alone": (b"local_id\n1\n", FileLayoutError),
    "lines that end in CR alone": (GOOD.replace("\n", "\r").encode(), FileLayoutError),
    "other delimiter": (GOOD.replace(",", ";").encode(), FileLayoutError),
    "column twice": (b"local_id,full_name,full_name\n1,a,b\n", FileLayoutError),
    "open quote in the header": (b'local_id,"full_name\n1,Ana\n', FileLayoutError),
    "no line fits": (HEADER.encode() + b"1,Ana\n2,Rui\n", FileLayoutError),
    "endless line": (HEADER.encode() + b"1," + b"A" * 2_100_000 + b",\n", FileLayoutError),
    "last line cut": (GOOD.encode() + b"3,Rui", FileTruncatedError),
    "cut inside quotes": (GOOD.encode() + b'3,"Rui', FileTruncatedError),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_cannot_be_read_as_a_whole_is_refused_by_name(
    tmp_path: Path, what: str
) -> None:
    content, refusal = REFUSED[what]
    con = database(tmp_path)
    with pytest.raises(FileRefusedError) as caught:
        stage_files(con, canonical(), [file_of(tmp_path, content)], today=TODAY)

    assert type(caught.value) is refusal
    assert caught.value.where == "file.csv"
    assert con.execute("SHOW TABLES").fetchall() == []


def test_one_bad_file_refuses_the_delivery(tmp_path: Path) -> None:
    con = database(tmp_path)
    files = [file_of(tmp_path, GOOD, "a.csv"), file_of(tmp_path, b"x,y\n1,2\n", "b.csv")]
    with pytest.raises(FileLayoutError) as caught:
        stage_files(con, canonical(), files, today=TODAY)

    assert caught.value.where == "b.csv"
    assert con.execute("SHOW TABLES").fetchall() == []


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError):
        stage(canonical(), tmp_path / "nothing.csv")
    with pytest.raises(FileIsDirectoryError):
        stage(canonical(), tmp_path)
    with pytest.raises(UsageError):
        stage_files(database(tmp_path), canonical(), [], today=TODAY)


def test_a_refusal_tells_the_line_and_no_personal_value(tmp_path: Path) -> None:
    with pytest.raises(FileEncodingError) as caught:
        stage(canonical(), file_of(tmp_path, GOOD.encode() + b"3,JOS\xc9 SECRETO,2000-01-01\n"))

    assert "line 4" in caught.value.message
    assert "SECRETO" not in caught.value.message


def test_a_bad_byte_far_into_the_file_has_its_line_told(tmp_path: Path) -> None:
    rows = "".join(f"{n},José da Silva,2000-01-01\n" for n in range(90_000))
    content = (HEADER + rows).encode() + b"x,\xff,\n"
    with pytest.raises(FileEncodingError) as caught:
        stage(canonical(), file_of(tmp_path, content))

    assert "line 90002" in caught.value.message


def test_utf8_is_refused_where_the_layout_says_latin_1(tmp_path: Path) -> None:
    with pytest.raises(FileEncodingError, match="UTF-8"):
        stage(declared("delimited", LATIN), file_of(tmp_path, GOOD + "3,Zoé,\n"))


def test_latin_1_with_parts_in_utf8_is_refused_as_mixed(tmp_path: Path) -> None:
    content = GOOD.encode("latin-1") + "3,Zoé Brandão,\n4,Inês,\n".encode()
    with pytest.raises(FileEncodingError, match="mixed"):
        stage(declared("delimited", LATIN), file_of(tmp_path, content))


def test_a_doubly_encoded_name_is_a_bad_value_not_a_bad_file(tmp_path: Path) -> None:
    rows = "".join(f"{n},JOSÉ {n},\n" for n in range(3, 60))
    content = (GOOD + rows).encode("latin-1") + "99,João,\n".encode()
    con, load = stage(declared("delimited", LATIN), file_of(tmp_path, content))

    assert load.read == 60
    assert records(con, ["name"])["99"] == "JOAO"


def test_windows_characters_of_a_latin_1_file_are_read(tmp_path: Path) -> None:
    content = b"local_id,full_name\n1,ANA D\x92AVILA\n2,JOS\xc9 LIMA\n"
    con, _ = stage(declared("delimited", LATIN), file_of(tmp_path, content))

    assert records(con, ["name_shown"]) == {"1": "ANA D’AVILA", "2": "JOSÉ LIMA"}


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "open"])
def test_byte_order_mark_and_line_ends_do_not_matter(
    tmp_path: Path, mark: bytes, end: bytes, *, last: bool
) -> None:
    content = mark + GOOD.encode().replace(b"\n", end)
    _, load = stage(canonical(), file_of(tmp_path, content if last else content[: -len(end)]))
    _, plain = stage(canonical(), file_of(tmp_path, GOOD, "plain.csv"))

    assert (load.read, load.content_digest) == (2, plain.content_digest)


def test_line_ends_may_be_mixed(tmp_path: Path) -> None:
    content = b"local_id,full_name\r\n1,Ana Lima\n2,Rui\rDias\r\n"
    con, _ = stage(canonical(), file_of(tmp_path, content))

    assert records(con, ["name"]) == {"1": "ANA LIMA", "2": "RUI DIAS"}


def test_a_declaration_may_require_a_final_line_end(tmp_path: Path) -> None:
    rest = '[options]\nfinal_newline = "required"'
    with pytest.raises(FileTruncatedError):
        stage(declared("canonical", rest), file_of(tmp_path, GOOD[:-1]))


def test_a_file_name_with_pattern_characters_is_only_a_name(tmp_path: Path) -> None:
    _, load = stage(canonical(), file_of(tmp_path, GOOD, "a*[b]?.csv"))

    assert load.files[0].name == "a*[b]?.csv"
