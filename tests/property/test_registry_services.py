"""The services keep the ID contract on both databases: the machine beside its oracle."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import pytest

from support.databases import TABLES, PostgresServer
from support.machine_runs import run_services


def on_sqlite() -> AbstractContextManager[str | None]:
    return nullcontext()


class OnPostgres:
    """Fresh databases of one server."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    @contextmanager
    def __call__(self) -> Iterator[str | None]:
        with self._server.lent(TABLES.postgresql(self._server)[0]) as url:
            yield url


@pytest.mark.slow
def test_the_services_agree_with_the_oracle_on_sqlite() -> None:
    run_services(on_sqlite, examples=16, steps=20)


@pytest.mark.slow
def test_the_services_agree_with_the_oracle_on_postgresql(postgres_server: PostgresServer) -> None:
    run_services(OnPostgres(postgres_server), examples=8, steps=12)


@pytest.mark.extended
def test_the_services_agree_with_the_oracle_after_many_commands_on_sqlite() -> None:
    run_services(on_sqlite, examples=40, steps=30)


@pytest.mark.extended
def test_the_services_agree_with_the_oracle_after_many_commands_on_postgresql(
    postgres_server: PostgresServer,
) -> None:
    run_services(OnPostgres(postgres_server), examples=12, steps=20)
