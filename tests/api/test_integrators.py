"""Every command of docs/integrators.md is given as it stands, to a service over the sample city."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mdm.bootstrap import Application, open_application
from mdm.bootstrap.demo import run_demo
from mdm.domain.events import Ambiguous
from mdm.errors import MdmError
from mdm_api.app import create_app
from mdm_api.problems import status_of
from support.running import running
from support.service import asked
from support.small_registry import SmallRegistry

pytestmark = pytest.mark.extended
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "integrators.md").read_text("utf-8")
BLOCK = re.compile(r"^```sh\n(.*?)^```$(?:\n\n^```json\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
END = "----"
Answers = list[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Given:
    """What the page takes for granted: a service, and IDs of each kind."""

    folder: Path
    variables: dict[str, str]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    folder = tmp_path_factory.mktemp("integrator")
    (folder / "data").symlink_to(ROOT / "data")
    run_demo(ROOT / "data" / "samples", folder / "demo", lambda _step, _share: None)
    application = open_application(folder / "demo")
    variables = _ids(application)
    with asked(create_app(application)) as client, running(client.app) as address:  # type: ignore[arg-type]
        yield Given(folder, {**variables, "REGISTRY": address})
    application.store.close()


def _ids(application: Application) -> dict[str, str]:
    """A citizen that is merged into another, and one whose ID is ambiguous."""
    with application.store.reading() as session:
        rows = session.rows(
            "SELECT m.municipal_id, m.record_id, r.local_id FROM membership m "
            "JOIN record r ON r.record_id = m.record_id WHERE r.source = 'saude' "
            "AND m.link_status = 'alone' ORDER BY m.record_id LIMIT 3"
        )
    kept, merged, unclear = rows
    registry = SmallRegistry(application.store)
    registry.merge(int(str(merged["record_id"])), str(merged["municipal_id"]),
                   str(kept["municipal_id"]))  # fmt: skip
    registry.apply(Ambiguous(str(unclear["municipal_id"]), "2099-01-01"))
    return {
        "MERGED": str(merged["municipal_id"]),
        "KEPT": str(kept["municipal_id"]),
        "AMBIGUOUS": str(unclear["municipal_id"]),
        "AMBIGUOUS_KEY": str(unclear["local_id"]),
    }


@pytest.fixture(scope="module")
def answers(given: Given) -> Answers:
    """What each block of the page prints, and what the page says that it prints."""
    blocks = BLOCK.findall(PAGE)
    script = "".join(f"{body}\necho; echo {END}\n" for body, _ in blocks)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=given.folder,
        env={"PATH": path, "HOME": str(given.folder), **given.variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.split(f"{END}\n")[:-1]
    assert len(said) == len(blocks)
    return list(zip(said, [shown for _, shown in blocks], strict=True))


def lines(answers: Answers, word: str) -> list[dict[str, object]]:
    """The JSON lines that the blocks with a word in their address print."""
    blocks = [body for body, _ in BLOCK.findall(PAGE)]
    places = [n for n, body in enumerate(blocks) if word in body]
    return [
        json.loads(line)
        for n in places
        for line in re.sub(r"\}\{", "}\n{", answers[n][0]).splitlines()
        if line.startswith("{")
    ]


def test_what_the_page_shows_is_what_is_answered(answers: Answers) -> None:
    shown = [(json.loads(said), json.loads(str(example))) for said, example in answers if example]

    assert len(shown) >= 1
    for said, example in shown:
        assert list(said) == list(example)
        assert {name: type(said[name]) for name in said} == {
            name: type(example[name]) for name in example
        }


def test_one_record_is_found_by_address_by_post_and_as_of_today(answers: Answers) -> None:
    (by_path,) = lines(answers, "cut -d")
    (by_post,) = lines(answers, "crosswalk/lookup")
    (then,) = lines(answers, "as_of")

    assert by_path == by_post
    assert (by_path["status"], by_path["link_status"]) != (None, None)
    assert then["municipal_id"] == by_path["municipal_id"]


@pytest.mark.usefixtures("answers")
def test_thousands_are_answered_at_once_and_exported_alike(given: Given) -> None:
    asked_for = json.loads((given.folder / "batch.json").read_text("utf-8"))["items"]
    items = json.loads((given.folder / "answers.json").read_text("utf-8"))["items"]
    with (given.folder / "crosswalk.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["local_id"]: row for row in csv.DictReader(file)}
    stream = (given.folder / "crosswalk.ndjson").read_text("utf-8").splitlines()

    assert len(items) == len(asked_for) > 5000
    found = {one["entry"]["local_id"]: one["entry"] for one in items if one["code"] == 200}
    assert {key: row["municipal_id"] for key, row in rows.items()} == {
        key: entry["municipal_id"] for key, entry in found.items()
        if entry["municipal_id"] is not None
    }  # fmt: skip
    assert {json.loads(line)["local_id"] for line in stream} == set(rows)


def test_a_merged_id_names_the_citizen_it_is_now(answers: Answers, given: Given) -> None:
    (told,) = lines(answers, "citizens/$MERGED")

    assert told["requested_id"] == given.variables["MERGED"]
    assert told["municipal_id"] == given.variables["KEPT"]


def test_an_ambiguous_id_needs_the_record(answers: Answers, given: Given) -> None:
    refused, named = lines(answers, "citizens/$AMBIGUOUS")

    assert (refused["status"], refused["code"]) == (409, "ambiguous_id")
    assert named["municipal_id"] == given.variables["AMBIGUOUS"]


def test_every_refusal_that_the_page_lists_has_that_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", PAGE, re.MULTILINE)
    known = {kind.code: status_of(kind("")) for kind in refusal_classes()} | {
        "invalid_request": 422
    }

    listed = {code: int(status) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    assert {code: known.get(code) for code in listed} == listed
    assert {400, 401, 403, 404, 409, 410, 422, 429, 503} == set(listed.values())


def refusal_classes(base: type[MdmError] = MdmError) -> Iterator[type[MdmError]]:
    yield base
    for inner in base.__subclasses__():
        yield from refusal_classes(inner)


def test_the_page_says_what_an_automatic_link_is_not_good_for() -> None:
    assert "No benefit may be granted or refused on an automatic link alone." in PAGE
