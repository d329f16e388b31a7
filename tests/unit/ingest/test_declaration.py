"""What a declaration may say, and that every error in it is told at once."""

from pathlib import Path

import pytest

from mdm.domain.canonical import CANONICAL
from mdm.errors import SourceDeclarationError
from mdm.ingest.declaration import (
    Sector,
    canonical_declaration,
    load_declaration,
    parse_declaration,
)
from mdm.ingest.layout import bundled_layouts, load_layout
from support.ingest import HEAD, LEGAL, declared

SAMPLES = Path(__file__).parents[3] / "data" / "samples" / "sources"


@pytest.mark.parametrize("sector", list(Sector))
def test_the_canonical_declaration_states_its_defaults(sector: Sector) -> None:
    declaration = parse_declaration(canonical_declaration("saude", sector))

    assert declaration.retention_days > 0
    assert declaration.legal_basis.text
    assert declaration.purposes
    assert set(declaration.read_as.mapping) == set(CANONICAL)


def test_a_name_that_is_no_slug_and_an_unknown_sector_are_told_together() -> None:
    with pytest.raises(SourceDeclarationError) as caught:
        canonical_declaration('saúde"\nx = 1', "army")

    assert "name" in caught.value.message
    assert "sector" in caught.value.message


def test_all_errors_are_told_at_once() -> None:
    text = (
        'name = "Bad Name"\nsector = "army"\nlayout = "canonical"\ntrust = 101\ncolour = 1\n'
        'authoritative = ["shoe_size"]\n[mapping]\nshoe = "x"\n'
    )
    with pytest.raises(SourceDeclarationError) as caught:
        parse_declaration(text)

    for word in ("name", "sector", "trust", "colour", "authoritative", "legal_basis", "owner"):
        assert word in caught.value.message


def test_errors_of_fit_are_told_at_once() -> None:
    rest = (
        'never_store = ["salario"]\nscope = "Salario"\n'
        '[mapping]\nshoe = "x"\nfull_name = "SALARIO"\n[code_maps.hat]\n1 = "2"'
    )
    with pytest.raises(SourceDeclarationError) as caught:
        declared("delimited", rest)

    for word in ("local_id is missing", "shoe", "hat", "mapping.full_name", "scope"):
        assert word in caught.value.message


@pytest.mark.parametrize(
    "text", ["name = ", 'name = "x"\nname = "y"', "[[[", "layout = 1979-05-27T25:00:00"]
)
def test_text_that_is_no_toml_is_refused(text: str) -> None:
    with pytest.raises(SourceDeclarationError):
        parse_declaration(text)


def test_an_unknown_layout_names_the_known_ones() -> None:
    with pytest.raises(SourceDeclarationError, match="canonical"):
        declared("tape")


def test_a_layout_without_version_is_its_newest() -> None:
    assert load_layout("cadunico") == load_layout("cadunico-v7")
    assert load_layout("educacenso").name.startswith("educacenso-")


@pytest.mark.parametrize("name", bundled_layouts())
def test_every_bundled_layout_maps_the_key_and_a_name(name: str) -> None:
    layout = load_layout(name)

    assert layout.name == name
    assert {"local_id", "full_name", "birth_date"} <= set(layout.mapping)


@pytest.mark.parametrize("name", ["saude", "cadunico", "educacao"])
def test_the_sample_sources_are_valid(name: str) -> None:
    assert load_declaration(SAMPLES / f"{name}.toml").name == name


def test_a_layout_may_be_a_file_beside_the_declaration(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(
        'name = "ours"\nkind = "delimited"\n[mapping]\nlocal_id = "id"\nfull_name = "nome"\n'
    )
    path = tmp_path / "source.toml"
    path.write_text(f'{HEAD}layout = "ours.toml"\n{LEGAL}')

    assert load_declaration(path).read_as.mapping["full_name"] == "nome"


def test_errors_of_a_layout_file_are_told_at_once() -> None:
    layout = (
        'name = "l"\nkind = "fixed-width"\n[records.a]\ntype = "1"\nrole = "joined"\n'
        '[records.a.fields]\nx = 3\ny = [0, 2]\n[mapping]\nlocal_id = "a.z"\n'
    )
    with pytest.raises(SourceDeclarationError) as caught:
        declared("l.toml", layout_text=layout)

    for word in ("role person", "record_type", "a.x", "a.y", "needs `on`", "a.z"):
        assert word in caught.value.message


def test_a_missing_declaration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceDeclarationError):
        load_declaration(tmp_path / "none.toml")


def test_errors_of_form_and_of_fit_are_told_in_one_round() -> None:
    rest = '[mapping]\nlocal_id = {value = "1", column = "a"}\nshoe = "x"\nfull_name = 7\n'
    with pytest.raises(SourceDeclarationError) as caught:
        declared("delimited", f'trust = 101\nscope = ""\nnever_store = ["a"]\n{rest}sex = "A"\n')

    for word in ("trust", "scope", "mapping.local_id", "mapping.full_name", "shoe", "mapping.sex"):
        assert word in caught.value.message
    assert "local_id is missing" not in caught.value.message
