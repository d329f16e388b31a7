"""The demonstration's service: accounts with drawn passwords, a client, the service itself."""

import socket
from contextlib import closing
from pathlib import Path
from secrets import token_urlsafe

from mdm.bootstrap.application import open_application
from mdm.bootstrap.serving import new_client
from mdm.bootstrap.supervision import Listening, serve_in_background, served_by, stop_serving
from mdm.domain.access import Role
from mdm.security.passwords import password_hash
from mdm.services.accounts import Account, add_account

ACCOUNTS = (
    Account(name="ana", role=Role.CASEWORKER, sector="social", unit="CRAS Centro",
            display_name="Ana (atendimento)"),
    Account(name="bruno", role=Role.STEWARD, sector="health", unit=None,
            display_name="Bruno (curadoria)"),
    Account(name="clara", role=Role.STEWARD, sector="education", unit=None,
            display_name="Clara (curadoria)"),
    Account(name="davi", role=Role.AUDITOR, sector="administration", unit=None,
            display_name="Davi (auditoria)"),
)  # fmt: skip
CLIENT, CLIENT_SECTOR, CLIENT_SOURCES = "agenda-saude", "health", ("saude",)
_FIRST_PORT = 8000


def serve_demo(home: Path) -> dict[str, object]:
    """Serve a demonstration's registry in the background.

    Args:
        home: Its folder.

    Returns:
        address; accounts with name, role, sector and password; the client with its secret. The
        passwords are drawn, and told this once.

    Raises:
        ServiceError: It did not become ready.
    """
    application = open_application(home)
    try:
        accounts = []
        for account in ACCOUNTS:
            password = token_urlsafe(12)
            header = application.header("account")
            add_account(application.store, header, account, password_hash(password))
            accounts.append(
                {
                    "name": account.name,
                    "role": str(account.role),
                    "sector": account.sector,
                    "password": password,
                }
            )
        client = new_client(application, name=CLIENT, sector=CLIENT_SECTOR, sources=CLIENT_SOURCES)
        listening = Listening(port=_free_port())
        serve_in_background(application, listening)
    finally:
        application.store.close()
    return {"address": listening.address, "accounts": accounts, "client": client}


def stop_demo(home: Path) -> None:
    """End the service of an earlier demonstration, if it runs."""
    if home.is_dir() and served_by(home) is not None:
        stop_serving(home)


def _free_port() -> int:
    """The usual port, or any that is free."""
    for port in (_FIRST_PORT, 0):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return _FIRST_PORT
