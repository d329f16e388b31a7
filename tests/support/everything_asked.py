"""Everything that can be asked of a served city: of API, pages, exports and commands.

Taken out of the answers: session secrets and request IDs, which are drawn for every request.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

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
from support.api_city import City
from support.databases import SteppingClock
from support.hidden_city import SECTORS, Delivery, founded_id
from support.intake import silent

API = "/api/v1"
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
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Subjects:
    """Whom a city is asked about.

    Attributes:
        keys: Source and local ID of every record that either city may hold.
        open_keys: Those that commands ask for, which answer to whoever knows the key.
        people: (name, birth date, CPF) that is searched for.
    """

    keys: Sequence[Key]
    open_keys: Sequence[Key]
    people: Sequence[tuple[str, str, str]]

    @property
    def ids(self) -> list[str]:
        """The municipal IDs that the records would found."""
        return [founded_id(*key) for key in self.keys]


def subjects(
    openly: Sequence[Sequence[Delivery]], hidden: Sequence[Sequence[Delivery]]
) -> Subjects:
    """Of what is delivered openly, and of what only one of the two cities holds."""
    known = {(s, row["local_id"]) for step in openly for s, rows in step for row in rows}
    secret = {(s, row["local_id"]) for step in hidden for s, rows in step for row in rows}
    people = {
        (row["full_name"], row.get("birth_date", ""), row.get("cpf", ""))
        for part in (openly, hidden) for step in part for _, rows in step for row in rows
    }  # fmt: skip
    return Subjects(sorted(known | secret), sorted(known), sorted(people))


def in_peace(city: City) -> None:
    """Nobody is stopped for having missed too often, and no session ends."""
    clock = city.application.clock
    assert isinstance(clock, SteppingClock)
    clock.now = NOW
    with city.client.app.state.serving.beside.writing() as session:  # type: ignore[attr-defined]
        session.execute("DELETE FROM looked")


def requests(about: Subjects) -> Iterator[tuple[str, str, object]]:
    """All that can be asked of the API: method, address, body."""
    for municipal_id in about.ids:
        yield "GET", f"/citizens/{municipal_id}", None
        yield "GET", f"/citizens/{municipal_id}?as_of={MOMENTS[0]}", None
    for source, local_id in about.keys:
        yield "GET", f"/crosswalk/{source}/{local_id}", None
        yield "GET", f"/crosswalk/{source}/{local_id}?as_of={MOMENTS[0]}", None
    for body in searches(about):
        yield "POST", "/citizens/search", body
    items = [{"key": f"{n}", "source": s, "local_id": k} for n, (s, k) in enumerate(about.keys)]
    for source in SECTORS:
        ours = [item for item in items if item["source"] == source]
        yield "POST", "/crosswalk/batch", {"items": ours}
    for path in ("/crosswalk/export?format=csv", "/crosswalk/export?format=ndjson",
                 "/changes?limit=10000", "/changes?limit=3", "/reviews?limit=100"):  # fmt: skip
        yield "GET", path, None
    for number in range(1, 12):
        yield "GET", f"/reviews/{number}", None


def searches(about: Subjects) -> Iterator[dict[str, object]]:
    for source, local_id in about.keys:
        key = {"kind": "local_id", "value": local_id, "source": source}
        yield {"identifier": key, "dormant": True}
    for name, born, cpf in about.people:
        if born:
            yield {"name": name, "birth_date": born, "dormant": True}
        if cpf:
            yield {"identifier": {"kind": "cpf", "value": re.sub(r"\D", "", cpf)}}


def api_answers(city: City, about: Subjects, headers: dict[str, str]) -> Answers:
    found: Answers = {}
    for method, path, body in requests(about):
        answer = city.client.request(method, API + path, json=body, headers=headers)
        etag = answer.headers.get("etag", "")
        cursor = answer.headers.get("feed-cursor", "")
        text = f"{answer.status_code} {etag} {cursor} {answer.text}"
        found[f"{method} {path} {json.dumps(body)}"] = _DRAWN.sub(r"\1", text)
        in_peace(city)
    return found


def page_answers(city: City, about: Subjects, headers: dict[str, str], purpose: str) -> Answers:
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

    for name, born, _ in about.people:
        day = "/".join(reversed(born.split("-")))
        got("/buscar", text=name, birth=day, purpose=purpose)
    for municipal_id in about.ids:
        got(f"/cidadaos/{municipal_id}/finalidade", purpose=purpose)
        got(f"/cidadaos/{municipal_id}")
        got(f"/cidadaos/{municipal_id}/historia")
    got("/revisao")
    for number in range(1, 12):
        got(f"/revisao/{number}")
    return found


def command_answers(application: Application, about: Subjects, folder: Path) -> Answers:
    """What commands tell who does not ask for restricted records."""
    store, clock, rules = application.store, application.clock, golden_rules(application)
    found: Answers = {}

    def told(label: str, work: Callable[[], object]) -> None:
        try:
            found[label] = json.dumps(work(), default=str)
        except MdmError as error:
            found[label] = f"{error.code} {error}"

    header = application.header("test")
    for municipal_id in about.ids:
        look = Look(municipal_id=municipal_id)
        told(f"show {municipal_id}", partial(show_citizen, store, clock, rules, header, look))
        told(f"history {municipal_id}", partial(life_of, store, clock, municipal_id))
        for moment in (None, *MOMENTS):
            asked_of = Question(source="municipal", local_id=municipal_id, as_of=moment)
            told(f"{municipal_id} {moment}", partial(resolve, store, clock, header, asked_of))
    for source, local_id in about.open_keys:
        for moment in (None, *MOMENTS):
            asked_of = Question(source=source, local_id=local_id, as_of=moment)
            told(f"{source} {local_id} {moment}", partial(resolve, store, clock, header, asked_of))
    finder = partial(opened_finder, application, silent)
    for name, _, cpf in about.people:
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


def everything(
    application: Application,
    city: City,
    about: Subjects,
    folder: Path,
    *,
    readers: Sequence[tuple[Role, str, str]] = READERS,
) -> Answers:
    """Every answer of API, pages and commands to who has no right, by who asks and what."""
    found: Answers = {}
    for role, sector, purpose in readers:
        headers = city.person(role, sector, purpose)
        who = f"{role} {sector} {purpose}"
        found |= {f"{who} {k}": v for k, v in api_answers(city, about, headers).items()}
        if (role, sector) in PAGED:
            pages = page_answers(city, about, headers, purpose)
            found |= {f"{who} {k}": v for k, v in pages.items()}
    for source in SECTORS:
        headers = city.system((source,))
        asked_by = api_answers(city, about, headers)
        found |= {f"system {source} {k}": v for k, v in asked_by.items()}
    return found | command_answers(application, about, folder)


def with_the_right(city: City, about: Subjects) -> str:
    """What the data-protection officer reads for a court."""
    headers = city.person(Role.DATA_PROTECTION_OFFICER, "health", "court_order", "officer")
    return "".join(
        city.client.get(f"{API}/citizens/{municipal_id}", headers=headers).text
        for municipal_id in about.ids
    )
