"""A city with its restricted records and the same without: the same bytes to who may not see them.

Held as they are: municipal IDs come from their founder's key (`support.hidden_city`). Taken out:
session secrets and request IDs, which are drawn for every request.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.finding import opened_finder
from mdm.bootstrap.stewarding import golden_rules
from mdm.domain.access import Role
from mdm.errors import MdmError
from mdm.linkage.explain import unpack_pattern
from mdm.linkage.person_model import COMPARISONS
from mdm.services.exports import (
    ExportRequest,
    export_crosswalk,
    export_golden,
    export_issues,
    export_pairs,
    export_review,
)
from mdm.services.follow_changes import Following, follow_changes
from mdm.services.life import life_of
from mdm.services.resolve import Question, resolve
from mdm.services.review_queue import list_questions
from mdm.services.search_citizens import Search, search_citizens
from mdm.services.show_citizen import Look, show_citizen
from mdm_api.app import create_app
from support.api_city import City
from support.databases import SteppingClock
from support.hidden_city import HIDDEN, SECTORS, STEPS, built, founded_id, go_on
from support.intake import silent
from support.service import asked
from support.small_registry import SmallRegistry

pytestmark = pytest.mark.extended
API = "/api/v1"
KEYS = sorted(
    {(source, row["local_id"]) for part in (STEPS, HIDDEN) for step in part
     for source, rows in step for row in rows}
)  # fmt: skip
OPEN_KEYS = {(source, row["local_id"]) for step in STEPS for source, rows in step for row in rows}
IDS = [founded_id(*key) for key in KEYS]
PEOPLE = {
    (row["full_name"], row.get("birth_date", ""), row.get("cpf", ""))
    for part in (STEPS, HIDDEN) for step in part for _, rows in step for row in rows
}  # fmt: skip
NOW = datetime(2026, 1, 3, tzinfo=UTC)
MOMENTS = ("2026-01-01",)
READERS: tuple[tuple[Role, str, str], ...] = (
    (Role.CASEWORKER, "health", "care"),
    (Role.CASEWORKER, "social", "record_update"),
    (Role.STEWARD, "health", "stewardship"),
    (Role.STEWARD, "social", "record_update"),
    (Role.SUPERVISOR, "social", "stewardship"),
    (Role.DATA_OWNER, "social", "stewardship"),
    (Role.DATA_PROTECTION_OFFICER, "health", "care"),
)
"""People of no right to restricted records, for the purpose stated."""
PAGED = {(Role.CASEWORKER, "health"), (Role.STEWARD, "health")}
_DRAWN = re.compile(r'(csrf[^>]*?value="|"request_id":"|X-CSRF-Token[^A-Za-z0-9]+)[\w-]+')
Answers = dict[str, str]


def in_peace(city: City) -> None:
    """Nobody is stopped for having missed too often, and no session ends."""
    clock = city.application.clock
    assert isinstance(clock, SteppingClock)
    clock.now = NOW
    with city.client.app.state.serving.beside.writing() as session:  # type: ignore[attr-defined]
        session.execute("DELETE FROM looked")


def requests() -> Iterator[tuple[str, str, object]]:
    """All that can be asked of the API: method, address, body."""
    for municipal_id in IDS:
        yield "GET", f"/citizens/{municipal_id}", None
        yield "GET", f"/citizens/{municipal_id}?as_of={MOMENTS[0]}", None
    for source, local_id in KEYS:
        yield "GET", f"/crosswalk/{source}/{local_id}", None
        yield "GET", f"/crosswalk/{source}/{local_id}?as_of={MOMENTS[0]}", None
    for body in searches():
        yield "POST", "/citizens/search", body
    items = [{"key": f"{n}", "source": s, "local_id": k} for n, (s, k) in enumerate(KEYS)]
    for source in SECTORS:
        ours = [item for item in items if item["source"] == source]
        yield "POST", "/crosswalk/batch", {"items": ours}
    for path in ("/crosswalk/export?format=csv", "/crosswalk/export?format=ndjson",
                 "/changes?limit=10000", "/changes?limit=3", "/reviews?limit=100"):  # fmt: skip
        yield "GET", path, None
    for number in range(1, 12):
        yield "GET", f"/reviews/{number}", None


def searches() -> Iterator[dict[str, object]]:
    for source, local_id in KEYS:
        key = {"kind": "local_id", "value": local_id, "source": source}
        yield {"identifier": key, "dormant": True}
    for name, born, cpf in sorted(PEOPLE):
        if born:
            yield {"name": name, "birth_date": born, "dormant": True}
        if cpf:
            yield {"identifier": {"kind": "cpf", "value": re.sub(r"\D", "", cpf)}}


def api_answers(city: City, headers: dict[str, str]) -> Answers:
    found: Answers = {}
    for method, path, body in requests():
        answer = city.client.request(method, API + path, json=body, headers=headers)
        etag = answer.headers.get("etag", "")
        cursor = answer.headers.get("feed-cursor", "")
        text = f"{answer.status_code} {etag} {cursor} {answer.text}"
        found[f"{method} {path} {json.dumps(body)}"] = _DRAWN.sub(r"\1", text)
        in_peace(city)
    return found


def page_answers(city: City, headers: dict[str, str], purpose: str) -> Answers:
    found: Answers = {}
    csrf = headers["X-CSRF-Token"]
    sent = {"Cookie": headers["Cookie"]}

    def got(path: str, **form: str) -> None:
        data = {"csrf_token": csrf, **form}
        post = partial(city.client.post, data=data) if form else city.client.get
        answer = post(path, headers=sent)
        text = _DRAWN.sub(r"\1", answer.text.replace(csrf, ""))
        found[f"{path} {form}"] = f"{answer.status_code} {answer.headers.get('location')} {text}"
        in_peace(city)

    for name, born, _ in sorted(PEOPLE):
        day = "/".join(reversed(born.split("-")))
        got("/buscar", text=name, birth=day, purpose=purpose)
    for municipal_id in IDS:
        got(f"/cidadaos/{municipal_id}/finalidade", purpose=purpose)
        got(f"/cidadaos/{municipal_id}")
        got(f"/cidadaos/{municipal_id}/historia")
    got("/revisao")
    for number in range(1, 12):
        got(f"/revisao/{number}")
    return found


def command_answers(application: Application, folder: Path) -> Answers:
    """What commands tell who does not ask for restricted records."""
    store, clock, rules = application.store, application.clock, golden_rules(application)
    found: Answers = {}

    def told(label: str, work: Callable[[], object]) -> None:
        try:
            found[label] = json.dumps(work(), default=str)
        except MdmError as error:
            found[label] = f"{error.code} {error}"

    header = application.header("test")
    for municipal_id in IDS:
        look = Look(municipal_id=municipal_id)
        told(f"show {municipal_id}", partial(show_citizen, store, clock, rules, header, look))
        told(f"history {municipal_id}", partial(life_of, store, clock, municipal_id))
        for moment in (None, *MOMENTS):
            asked_of = Question(source="municipal", local_id=municipal_id, as_of=moment)
            told(f"{municipal_id} {moment}", partial(resolve, store, clock, header, asked_of))
    for source, local_id in sorted(OPEN_KEYS):
        for moment in (None, *MOMENTS):
            asked_of = Question(source=source, local_id=local_id, as_of=moment)
            told(f"{source} {local_id} {moment}", partial(resolve, store, clock, header, asked_of))
    finder = partial(opened_finder, application, silent)
    for name, _, cpf in sorted(PEOPLE):
        for text in filter(None, (name, cpf)):
            search = Search(text=text, dormant=True)
            told(f"search {text}", partial(search_citizens, store, finder, clock, header, search))
    told("changes", partial(follow_changes, store, clock, header, Following(limit=10_000)))
    with store.reading() as session:
        told("review", partial(list_questions, session))
    request = partial(ExportRequest, store=store, header=header)
    names = tuple(comparison.name for comparison in COMPARISONS)
    exports: dict[str, Callable[[ExportRequest], object]] = {
        "crosswalk": export_crosswalk,
        "golden": export_golden,
        "review": export_review,
        "pairs": partial(export_pairs, comparisons=names, unpack=unpack_pattern),
        **{f"issues {source}": partial(export_issues, source=source) for source in SECTORS},
    }
    for kind, export in exports.items():
        path = folder / f"{kind}.csv"
        path.unlink(missing_ok=True)
        export(request(path=path))
        found[f"export {kind}"] = path.read_text("utf-8")
    return found


def everything(application: Application, city: City, folder: Path) -> Answers:
    found: Answers = {}
    for role, sector, purpose in READERS:
        headers = city.person(role, sector, purpose)
        who = f"{role} {sector} {purpose}"
        found |= {f"{who} {k}": v for k, v in api_answers(city, headers).items()}
        if (role, sector) in PAGED:
            found |= {f"{who} {k}": v for k, v in page_answers(city, headers, purpose).items()}
    for source in SECTORS:
        headers = city.system((source,))
        found |= {f"system {source} {k}": v for k, v in api_answers(city, headers).items()}
    return found | command_answers(application, folder)


def with_the_right(city: City) -> str:
    """What the data-protection officer reads for a court."""
    headers = city.person(Role.DATA_PROTECTION_OFFICER, "health", "court_order", "officer")
    return "".join(
        city.client.get(f"{API}/citizens/{municipal_id}", headers=headers).text
        for municipal_id in IDS
    )


def told_by(folder: Path, patch: pytest.MonkeyPatch, *, hidden: bool) -> tuple[Answers, str]:
    """All answers after the second round; those of before are asked as of then."""
    folder.mkdir()
    with built(folder / "home", patch, hidden=hidden) as application:
        go_on(application, folder / "home", 1, hidden=hidden)
        with asked(create_app(application)) as client:
            city = City(application, client, SmallRegistry(application.store), {}, {}, {})
            in_peace(city)
            return everything(application, city, folder), with_the_right(city)


def test_who_may_not_see_restricted_records_gets_the_same_bytes_with_and_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_them, seen = told_by(tmp_path / "with", monkeypatch, hidden=True)
    without, _ = told_by(tmp_path / "without", monkeypatch, hidden=False)

    assert {k: (with_them[k], text) for k, text in without.items() if with_them[k] != text} == {}
    assert with_them.keys() == without.keys()
    assert all(f'"local_id":"h{n}"' in seen for n in (1, 3, 4, 5, 6, 7, 8, 9))
    assert sum(text.startswith("200 ") for text in without.values()) > 300
