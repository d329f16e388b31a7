"""The commands of lookup, stewardship and exports, as scripts give them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mdm.cli.app import main
from mdm.storage.engine import open_engine
from mdm.storage.store import Store
from support.contract import assert_conforms
from support.intake import person, write_people

CPF = "529.982.247-25"
PEOPLE = [
    person("1", "João da Silva", cpf=CPF, birth_date="1980-02-03", mother_name="Ana da Silva",
           nickname="Jão", phone="51999998888"),
    person("2", "Joao da Silva", cpf=CPF, birth_date="1980-02-03", mother_name="Ana da Silva"),
    person("3", "Thiago Souza Lima", birth_date="1990-05-06", mother_name="Rosa Lima",
           social_name="Tamara Souza Lima"),
    person("4", "Carla Nunes", birth_date="31/02/1990"),
    person("5", "Joana Protegida", birth_date="1991-01-01", restricted="1"),
]  # fmt: skip
Run = Callable[..., tuple[int, dict[str, object]]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with `--json`; gives exit status and object."""

    def command(*words: str) -> tuple[int, dict[str, object]]:
        capsys.readouterr()
        status = main(["--home", str(tmp_path / "home"), "--json", *words])
        printed = capsys.readouterr().out
        assert printed.count("\n") == 1
        return status, json.loads(printed)

    return command


@pytest.fixture
def linked(run: Run, tmp_path: Path) -> Run:
    """The same on a registry whose people are linked."""
    done("init", run("init"))
    done(
        "source add", run("source", "add", "clinic", "--layout", "canonical", "--sector", "health")
    )
    done("load", run("load", "clinic", str(write_people(tmp_path / "a.csv", PEOPLE))))
    done("link", run("link", "--apply", "--accept-model"))
    return run


def done(command: str, outcome: tuple[int, dict[str, object]]) -> dict[str, object]:
    status, result = outcome
    assert status == 0, result
    assert_conforms(command, result)
    return result


def refused(code: str, outcome: tuple[int, dict[str, object]], status: int = 1) -> None:
    assert outcome[0] == status, outcome
    assert_conforms("error", outcome[1])
    error = outcome[1]["error"]
    assert isinstance(error, dict)
    assert error["code"] == code


def home_of(run: Run, local_id: str) -> str:
    return str(done("resolve", run("resolve", "clinic", local_id))["municipal_id"])


def names(outcome: tuple[int, dict[str, object]]) -> list[tuple[object, object]]:
    citizens = done("search", outcome)["citizens"]
    assert isinstance(citizens, list)
    return [(citizen["name"], citizen["matched"]) for citizen in citizens]


def test_lookup_commands_keep_the_contract(linked: Run, tmp_path: Path) -> None:
    home = home_of(linked, "1")
    assert home_of(linked, "2") == home
    assert done("resolve", linked("resolve", "municipal", home.lower()))["municipal_id"] == home
    refused("not_found", linked("resolve", "clinic", "99"))
    refused("not_found", linked("resolve", "clinic", "1", "--as-of", "2001-01-01"))
    refused("unknown_source", linked("resolve", "school", "1"))
    refused("invalid_municipal_id", linked("resolve", "municipal", "ABC"))
    refused("usage", linked("resolve", "clinic", "1", "--as-of", "yesterday"), 2)

    shown = done("show", linked("show", home))
    assert [m["local_id"] for m in _rows(shown["members"])] == ["1", "2"]

    feed = done("changes", linked("changes", "--source", "clinic"))
    assert {one["change"] for one in _rows(feed["changes"])} == {"linked", "golden_changed"}
    done("changes", linked("changes", "--after", str(feed["cursor"]), "--for", "triagem"))
    refused("usage", linked("changes", "--after", "yesterday"), 2)
    assert len(_rows(done("history", linked("history", home))["events"])) == 2
    refused("invalid_municipal_id", linked("history", "0A0A0A0A0A"))
    assert isinstance(shown["weakest_link"], dict)
    refused("invalid_municipal_id", linked("show", "ABC"))
    refused("usage", linked("show", home, "--reveal"), 2)

    for kind, rows in (("crosswalk", 4), ("golden", 3), ("review", 0), ("pairs", 1)):
        result = done("export", linked("export", kind, str(tmp_path / "x.csv")))
        assert (result["export"], result["rows"]) == (kind, rows)
    assert (
        done("export", linked("export", "issues", "clinic", str(tmp_path / "i.csv")))["rows"] == 1
    )
    refused("usage", linked("export", "golden", str(tmp_path / "x.xlsx")), 2)
    refused("unknown_source", linked("export", "issues", "school", str(tmp_path / "x.csv")))


def test_a_pair_is_explained_in_bits_words_and_a_drawing(linked: Run, tmp_path: Path) -> None:
    drawing = tmp_path / "pair.svg"
    ends = ("clinic", "1", "clinic", "2")
    told = done("explain pair", linked("explain", "pair", *ends, "--svg", str(drawing)))
    parts = [float(str(told["prior"])), float(str(told["relatives"]))]
    for said in _rows(told["contributions"]):
        parts += [float(str(said["bits"])), float(str(said["frequency_bits"]))]

    assert told["outcome"] == "linked"
    assert told["match_weight"] == told["stored_weight"]
    assert sum(parts) == pytest.approx(told["match_weight"], abs=1e-5)
    assert "phone" in _words(told["missing"])
    assert _words(told["sentences"])[0].startswith("O sistema une os dois registros porque o CPF")
    assert drawing.read_text("utf-8").startswith("<svg")
    assert not any(text in json.dumps(told) for text in ("52998224725", "Jo", "1980", "Ana"))

    apart = done("explain pair", linked("explain", "pair", "clinic", "1", "clinic", "3"))
    assert (apart["outcome"], apart["stored_weight"]) == ("apart", None)
    assert "given" in _words(apart["conflicts"])
    refused("usage", linked("explain", "pair", "clinic", "1", "clinic", "1"), 2)
    refused("not_found", linked("explain", "pair", "clinic", "1", "clinic", "5"))
    hidden = linked("explain", "pair", "clinic", "1", "clinic", "5", "--restricted")
    assert done("explain pair", hidden)["outcome"] == "apart"


def test_a_citizen_is_explained_by_the_path_that_holds_them(linked: Run) -> None:
    told = done("explain citizen", linked("explain", "citizen", home_of(linked, "1")))
    (link,) = _rows(told["path"])
    alone = done("explain citizen", linked("explain", "citizen", home_of(linked, "3")))

    assert (link["local_id_l"], link["local_id_r"]) == ("1", "2")
    assert (link["weakest"], link["bridge"], link["basis"]) == (True, True, "automatic")
    assert _words(told["sentences"])[1].endswith("sem ele o cidadão se dividiria em dois.")
    assert alone["path"] == []
    refused("invalid_municipal_id", linked("explain", "citizen", "ABC"))


def _words(value: object) -> list[str]:
    assert isinstance(value, list)
    return [str(item) for item in value]


def _rows(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value


def test_documents_are_masked_until_they_are_revealed_for_a_purpose(
    linked: Run, tmp_path: Path
) -> None:
    home = home_of(linked, "1")
    masked = done("show", linked("show", home))
    whole = done("show", linked("show", home, "--reveal", "--purpose", "audit of duplicates"))

    assert "•••.•••.247-••" in json.dumps(masked, ensure_ascii=False)
    assert "52998224725" not in json.dumps(masked)
    assert "52998224725" in json.dumps(whole)
    store = Store(f"sqlite:///{tmp_path / 'home' / 'registry.db'}")
    with store.reading() as session:
        (row,) = session.rows("SELECT purpose, cause FROM ledger_tx WHERE kind = 'reveal'")
    store.close()
    assert row == {"purpose": "audit of duplicates", "cause": f"municipal_id {home}"}


def test_search_finds_citizens_by_what_people_know_of_them(linked: Run) -> None:
    joao, tamara = "João da Silva", "Thiago Souza Lima"
    for text, found in (
        ("joao silva", [(joao, "name")]),
        ("JÃO", [(joao, "nickname")]),
        ("tamara lima", [(tamara, "social_name")]),
        ("Tiago Sousa", [(tamara, "sounds_like")]),
        (CPF, [(joao, "cpf")]),
        ("52998224725", [(joao, "cpf")]),
        ("3", [(tamara, "local_id")]),
        ("Joana Protegida", []),
        ("5", []),
        ("999.999.999-99", []),
        ("123", []),
    ):
        assert names(linked("search", text)) == found, text


def test_search_finds_a_citizen_by_any_of_its_ids(linked: Run) -> None:
    home = home_of(linked, "3")
    written = f"{home[:5]}-{home[5:]}".lower()

    assert names(linked("search", written)) == [("Thiago Souza Lima", "municipal_id")]


def test_a_restricted_citizen_shows_only_to_who_asks_for_restricted_records(linked: Run) -> None:
    home = home_of(linked, "5")
    refused("not_found", linked("show", home))

    shown = done("show", linked("show", home, "--restricted"))
    golden = shown["golden"]
    assert isinstance(golden, dict)
    assert golden["name"]["value"] == "Joana Protegida"


def test_the_common_golden_record_is_built_without_restricted_records(
    linked: Run, tmp_path: Path
) -> None:
    written = tmp_path / "golden.csv"
    done("export", linked("export", "golden", str(written)))

    assert "Protegida" not in written.read_text("utf-8")


def test_stewardship_commands_keep_the_contract(linked: Run, tmp_path: Path) -> None:
    pair = ("clinic", "3", "clinic", "4")
    said = ("--as", "ines", "--reason", "seen the papers")
    judged = done("judge", linked("judge", "same", *pair, *said))
    assert (judged["merged"], judged["state"]) == (1, "active")
    assert home_of(linked, "3") == home_of(linked, "4")
    refused("judgement_conflict", linked("judge", "different", *pair, *said))
    done("judge undo", linked("judge", "undo", str(judged["judgement_id"])))
    assert home_of(linked, "3") != home_of(linked, "4")
    refused("not_found", linked("judge", "undo", "77"))
    refused("usage", linked("judge", "same", *pair), 2)
    done("judge", linked("judge", "unsure", *pair, *said))
    done("judge", linked("judge", "different", "clinic", "1", "clinic", "2", *said))
    done("review list", linked("review", "list"))

    answers = tmp_path / "answers.csv"
    header = "source_l,local_id_l,source_r,local_id_r,verdict,reason\n"
    answers.write_text(header + "clinic,3,clinic,4,different,seen\n", "utf-8")
    result = done("review import", linked("review", "import", str(answers), "--as", "rui"))
    assert result["taken"] == 1
    answers.write_text(header + "clinic,3,clinic,9,same,seen\n", "utf-8")
    refused("review_file", linked("review", "import", str(answers), "--as", "rui"))
    done("verify", linked("verify"))


def test_the_commands_about_numbers_keep_the_contract(linked: Run) -> None:
    said = ("--as", "ines", "--reason", "seen the papers")
    judge = ("judge", "identifier")
    for local_id in ("1", "2"):
        answer = done("judge identifier", linked(*judge, "own", "clinic", local_id, "cpf", *said))
    assert (answer["judgement_id"], answer["verdict"]) == (2, "own")
    refused("judgement_conflict", linked(*judge, "not-theirs", "clinic", "1", "cpf", *said))
    refused("not_found", linked(*judge, "own", "clinic", "4", "nis", *said))
    refused("usage", linked(*judge, "own", "clinic", "1", "rg", *said), 2)
    refused("usage", linked(*judge, "perhaps", "clinic", "1", "cpf", *said), 2)
    assert len(_rows(done("judge list", linked("judge", "list"))["items"])) == 2
    done("judge undo", linked("judge", "undo", "2"))
    assert len(_rows(done("judge list", linked("judge", "list"))["items"])) == 1
    done("verify", linked("verify"))


def test_the_commands_of_set_values_keep_the_contract(linked: Run) -> None:
    home = home_of(linked, "4")
    said = ("--as", "ines", "--reason", "seen the papers")
    put = done("golden set", linked("golden", "set", home, "birth_date", "1990-02-28", *said))
    assert (put["override_id"], put["municipal_id"], put["state"]) == (1, home, "active")
    golden = done("show", linked("show", home))["golden"]
    assert isinstance(golden, dict)
    assert (golden["birth_date"]["value"], golden["birth_date"]["rule"]) == (
        "1990-02-28", "steward",
    )  # fmt: skip
    refused("golden_value", linked("golden", "set", home, "birth_date", "31/02/1990", *said))
    refused("golden_attribute", linked("golden", "set", home, "phones", "51999998888", *said))
    refused("not_found", linked("golden", "set", home_of(linked, "5"), "sex", "F", *said))
    refused("usage", linked("golden", "set", home, "sex", "F"), 2)
    items = _rows(done("golden list", linked("golden", "list", home))["items"])
    assert [(item["local_id"], item["state"]) for item in items] == [("4", "active")]
    done("verify", linked("verify"))
    done("golden undo", linked("golden", "undo", "1", "--as", "ines"))
    refused("override_state", linked("golden", "undo", "1"))
    refused("not_found", linked("golden", "undo", "77"))
    assert len(_rows(done("golden list", linked("golden", "list"))["items"])) == 1
    done("verify", linked("verify"))


def test_verify_names_a_declaration_that_is_none_any_more(linked: Run, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'home' / 'registry.db'}")
    with engine.execution_options(mdm_writes=True).begin() as connection:
        connection.exec_driver_sql("UPDATE source SET declaration = declaration || '{'")
    engine.dispose()

    status, result = linked("verify")

    assert status == 1
    assert_conforms("verify", result)
    checks = result["checks"]
    assert isinstance(checks, list)
    assert "source name=clinic: declaration" in {check["first"] for check in checks}


def test_a_steward_says_on_the_command_line_who_keeps_a_split_citizens_id(linked: Run) -> None:
    home = home_of(linked, "1")
    words = ("judge", "different", "clinic", "1", "clinic", "2", "--as", "ines", "--reason", "seen")
    judged = done("judge", linked(*words, "--keep", "clinic", "2"))

    assert home_of(linked, "2") == home
    assert home_of(linked, "1") != home

    done("judge undo", linked("judge", "undo", str(judged["judgement_id"])))
    done("judge", linked(*words, "--keep-none"))
    refused("id_tombstone", linked("resolve", "municipal", home))
    assert done("verify", linked("verify"))["ok"] is True


def test_what_cannot_be_written_is_refused_before_the_work(linked: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    below = str(tmp_path / "file" / "out")

    refused("usage", linked("train", "--out", below), status=2)
    refused("usage", linked("report", "1", "--out", below), status=2)
    refused("usage", linked("report", "1", "--out", str(tmp_path)), status=2)
    refused("usage", linked("synth", "city", below), status=2)
    refused("usage", linked("synth", "city", str(tmp_path / "file")), status=2)


@pytest.mark.parametrize("text", ["", "  "])
def test_a_search_for_nothing_is_refused(linked: Run, text: str) -> None:
    refused("usage", linked("search", text), status=2)


def test_a_citizen_is_sealed_and_the_seal_is_taken_off_by_command(linked: Run) -> None:
    home = home_of(linked, "3")
    words = ("seal", "clinic", "3", "--reason", "adoption", "--as", "ines")
    dry = done("seal", linked(*words, "--second", "rita", "--dry-run"))
    assert (dry["seal_id"], dry["records"], dry["municipal_id"]) == (None, 1, home)
    refused("seal", linked(*words, "--second", "ines"))
    refused("usage", linked(*words, "--second", "rita", "--anew", "clinic"), 2)
    refused("seal", linked(*words, "--second", "rita", "--anew", "clinic:1"))
    refused("usage", linked("seal", "clinic", "3", "--reason", "none", "--second", "rita"), 2)
    told = done("seal", linked(*words, "--second", "rita"))
    assert (told["seal_id"], told["dry_run"], told["reason"]) == (1, False, "adoption")

    refused("not_found", linked("resolve", "clinic", "3"))
    for asked in (("resolve", "municipal", home), ("show", home), ("history", home)):
        refused("not_found", linked(*asked))
    refused("not_found", linked("show", home, "--restricted"))
    listed = done("source list", linked("source", "list"))["sources"]
    assert isinstance(listed, list)
    assert listed[0]["present"] == 4
    off = done("unseal", linked("unseal", "municipal", home, "--second", "rita", "--as", "ines"))
    assert off == {"seal_id": 1, "municipal_id": home, "records": 1}
    assert home_of(linked, "3") == home


def test_a_record_is_erased_and_retention_runs_by_command(linked: Run) -> None:
    home = home_of(linked, "3")
    told = done("erase", linked("erase", "clinic", "3", "--reason", "court_order", "--as", "rita"))

    assert (told["erased"], told["erased_citizens"]) == (1, [home])
    refused("id_erased", linked("resolve", "municipal", home))
    refused("id_erased", linked("show", home))
    refused("not_found", linked("resolve", "clinic", "3"))
    refused("not_found", linked("erase", "clinic", "99", "--reason", "court_order"))
    refused("usage", linked("erase", "clinic", "1", "--reason", "no_such_reason"), 2)
    listed = done("source list", linked("source", "list"))["sources"]
    assert isinstance(listed, list)
    assert (listed[0]["present"], listed[0]["erased"]) == (4, 1)
    for words in (("--dry-run",), ("--accept-erasures", "9", "--as", "rita")):
        assert done("retention run", linked("retention", "run", *words))["erased"] == 0
