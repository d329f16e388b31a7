"""What browser tests share: who logs in, what is watched, how accessibility is measured."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

from mdm.bootstrap import Application
from mdm.domain.access import Role

PASSWORD = "uma senha de teste"
PEOPLE = (
    ("ana", Role.CASEWORKER, "health", "Ana Ribeiro"),
    ("bruno", Role.STEWARD, "social", "Bruno Prates"),
    ("carla", Role.STEWARD, "health", "Carla Souza"),
)
WIDE, NARROW = (1280, 900), (390, 844)
SIZES = (WIDE, NARROW)
QUIET = 400  # ms after a new page in which keys are still meant for the one before
OpenPage = Callable[..., Page]
_LISTEN = """
addEventListener("securitypolicyviolation", (e) => {
  console.error("csp: " + e.violatedDirective + " " + e.blockedURI);
});
"""


@dataclass
class Watched:
    """What went wrong in the pages of a context.

    Attributes:
        origin: Where requests may go.
        expected: Statuses of refusals that the test asks for; browsers note each as an error.
        faults: What nobody asked for.
    """

    origin: str
    expected: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.add_init_script(_LISTEN)
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))

    def _request(self, request: Request) -> None:
        if not request.url.startswith(f"{self.origin}/"):
            self.faults.append(f"request: {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        refusals = [f"the server responded with a status of {code} " for code in self.expected]
        if message.type == "error" and not any(text in message.text for text in refusals):
            self.faults.append(f"console: {message.text}")


def log_in(page: Page, who: str) -> None:
    page.goto("/entrar")
    page.get_by_label("Usuário").fill(who)
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    page.wait_for_url(lambda url: not url.endswith("/entrar"))


def assert_accessible(page: Page) -> None:
    """No violation that axe finds, and nothing that must be scrolled sideways."""
    found = Axe().run(page)
    told = [
        f"{one['id']}: {[node['target'] for node in one['nodes']]}"
        for one in found.response["violations"]
    ]
    assert told == []
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0


def citizens(registry: Application, condition: str, count: int) -> list[dict[str, object]]:
    """Some citizens of whom a condition on their golden record holds, always the same.

    Their CPF is theirs alone: two citizens may state one while a question about them waits.
    """
    alone = "cpf IS NULL OR cpf IN (SELECT cpf FROM golden_record GROUP BY cpf HAVING COUNT(*) = 1)"
    sql = (
        f"SELECT * FROM golden_record WHERE ({condition}) AND ({alone}) "
        f"ORDER BY name, birth_date, municipal_id LIMIT {count:d}"
    )
    with registry.store.reading() as session:
        rows = session.rows(sql)
    assert len(rows) == count
    return rows


def questions(registry: Application, *, guarded: bool) -> list[int]:
    """Numbers of the questions that wait about pairs that were weighed."""
    sql = (
        "SELECT review_id FROM review_item WHERE state = 'open' AND match_weight IS NOT NULL "
        f"AND reason {'LIKE' if guarded else 'NOT LIKE'} '%:%' ORDER BY review_id"
    )
    with registry.store.reading() as session:
        return [int(str(row["review_id"])) for row in session.rows(sql)]


def audited(registry: Application) -> list[dict[str, object]]:
    """What the trail of reads holds, oldest first."""
    return [
        json.loads(row.body)
        for chain in registry.chains.heads()
        for row in registry.chains.rows(chain)
    ]
