"""The service over a registry, asked without a network."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI
from starlette.testclient import TestClient

from mdm.bootstrap import Application
from mdm.bootstrap.serving import new_client
from mdm.domain.access import Role
from mdm.security.passwords import password_hash
from mdm.services.accounts import Account, add_account
from mdm_api.app import create_app

PASSWORD = "correct horse battery"
_HASH = password_hash(PASSWORD)


@contextmanager
def asked(app: FastAPI, *, address: str = "127.0.0.1") -> Iterator[TestClient]:
    """A client of a running service; faults come back as answers."""
    with TestClient(
        app,
        base_url="http://registry.test",
        raise_server_exceptions=False,
        client=(address, 50_000),
        follow_redirects=False,
    ) as client:
        yield client


@contextmanager
def served(application: Application, *, address: str = "127.0.0.1") -> Iterator[TestClient]:
    """A client of a service over a registry."""
    with asked(create_app(application), address=address) as client:
        yield client


def person_account(application: Application, name: str, role: Role, sector: str = "health") -> None:
    """An account with the password `PASSWORD`."""
    account = Account(name=name, role=role, sector=sector, unit=None, display_name=name.title())
    add_account(application.store, application.header("account"), account, _HASH)


def token_of(application: Application, client: TestClient, source: str, name: str = "pec") -> str:
    """A token of a new client that speaks for a declared source."""
    made = new_client(application, name=name, sector="health", sources=[source])
    answer = client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(str(made["client_id"]), str(made["client_secret"])),
    )
    return str(answer.json()["access_token"])


class Lines(logging.Handler):
    """Every line that was logged while it listened."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line with its trace; what the asking side logs is not the service's."""
        if record.name.startswith("httpx"):
            return
        self.lines.append(self.format(record))
