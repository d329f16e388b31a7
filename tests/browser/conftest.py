"""A real Chromium before a real service over the sample city.

Every page is watched: a script error, a console error, a request to another origin or a breach of
the content security policy fails the test that met it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from mdm.bootstrap import Application, open_application
from mdm.bootstrap.demo import run_demo
from mdm.security.passwords import password_hash
from mdm.services.accounts import Account, add_account
from mdm_api.app import create_app
from support.browser import PASSWORD, PEOPLE, WIDE, OpenPage, Watched, log_in
from support.running import running
from support.service import asked

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60_000  # ms: what does not come by then does not come
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    assert Path(chromium).exists(), "Chromium is missing: make browser"
    quiet = (
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
    )  # fmt: skip
    return {**browser_type_launch_args, "executable_path": chromium, "args": [*quiet]}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The sample city, linked, with its accounts."""
    home = tmp_path_factory.mktemp("browser") / "registry"
    run_demo(ROOT / "data" / "samples", home, lambda _step, _share: None)
    application = open_application(home)
    hashed = password_hash(PASSWORD)
    for name, role, sector, display in PEOPLE:
        account = Account(name=name, role=role, sector=sector, unit=None, display_name=display)
        add_account(application.store, application.header("account"), account, hashed)
    _weighed_first(application)
    yield application
    application.store.close()


def _weighed_first(application: Application) -> None:
    """Put questions that have no weight at the end of the queue: these tests read the evidence."""
    with application.store.writing(application.header("test")) as session:
        rows = session.rows("SELECT review_id FROM review_item WHERE match_weight IS NULL")
        session.update_rows("review_item", [{**row, "priority": -1.0} for row in rows])


@pytest.fixture(scope="module")
def service(registry: Application) -> Iterator[str]:
    """The address of the service."""
    with asked(create_app(registry)) as client, running(client.app) as address:  # type: ignore[arg-type]
        yield address


@pytest.fixture
def watched(service: str) -> Iterator[Watched]:
    """Fails the test for what its pages did wrong."""
    made = Watched(service)
    yield made
    assert made.faults == []


@pytest.fixture
def open_page(browser: Browser, service: str, watched: Watched) -> Iterator[OpenPage]:
    """Opens a page of its own for somebody who is logged in (or for nobody)."""
    contexts = []

    def opened(
        who: str | None = None, *, size: tuple[int, int] = WIDE, script: bool = True
    ) -> Page:
        context = browser.new_context(
            base_url=service,
            locale="pt-BR",
            timezone_id="America/Sao_Paulo",
            java_script_enabled=script,
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        watched.watch(context)
        page = context.new_page()
        if who is not None:
            log_in(page, who)
        return page

    yield opened
    for context in contexts:
        context.close()
