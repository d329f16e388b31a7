"""Accounts of people and clients of systems: who may ask, in which role and for which sector."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mdm.domain.access import Purpose, Reader, Role
from mdm.domain.ledger import TxHeader
from mdm.errors import AccountError, NotFoundError, UsageError
from mdm.ports import ReadSession, Rows, Store
from mdm.services.keys import check_source

_NAME = re.compile(r"[a-z][a-z0-9._-]{1,62}")
ACTIVE, DISABLED = "active", "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who may log in.

    Attributes:
        name: What they log in with.
        role: Their one role.
        sector: Their sector.
        unit: Their unit, if they have one.
        display_name: As colleagues read it.
    """

    name: str
    role: Role
    sector: str
    unit: str | None
    display_name: str

    def reader(self, *, purpose: Purpose | None, request_id: str) -> Reader:
        """This person as the reader of a request."""
        return Reader(
            actor=self.name,
            role=self.role,
            sector=self.sector,
            unit=self.unit,
            purpose=purpose,
            request_id=request_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A system that may ask.

    Attributes:
        client_id: Its key.
        name: Its name, in ledger and audit.
        sector: Its sector.
        sources: Sources that it may speak for.
    """

    client_id: str
    name: str
    sector: str
    sources: frozenset[str]

    def reader(self, *, purpose: Purpose | None, request_id: str) -> Reader:
        """This system as the reader of a request."""
        return Reader(
            actor=self.name,
            role=Role.SYSTEM,
            sector=self.sector,
            client_id=self.client_id,
            sources=self.sources,
            purpose=purpose,
            request_id=request_id,
        )


def add_account(store: Store, header: TxHeader, account: Account, password_hash: str) -> None:
    """Make an account.

    Raises:
        UsageError: The name is not one, or the role is that of systems.
        AccountError: An account or a client has the name.
    """
    _check_name(account.name)
    if account.role is Role.SYSTEM:
        raise UsageError("systems are clients: `mdm client add`")
    with store.writing(header) as session:
        _check_free(session, account.name)
        row = {
            "name": account.name,
            "password_hash": password_hash,
            "role": account.role,
            "sector": account.sector,
            "unit": account.unit,
            "display_name": account.display_name,
            "state": ACTIVE,
            "at": session.at,
        }
        session.insert_rows("account", [row])


def set_password(store: Store, header: TxHeader, name: str, password_hash: str) -> None:
    """Give an account another password.

    Raises:
        NotFoundError: There is no such account.
    """
    with store.writing(header) as session:
        _account_row(session, name)
        session.update_rows("account", [{"name": name, "password_hash": password_hash}])


def set_account_state(store: Store, header: TxHeader, name: str, state: str) -> None:
    """Let an account log in, or no longer: `ACTIVE` or `DISABLED`.

    Raises:
        NotFoundError: There is no such account.
    """
    with store.writing(header) as session:
        _account_row(session, name)
        session.update_rows("account", [{"name": name, "state": state}])


def list_accounts(session: ReadSession) -> Rows:
    """name, role, sector, unit, display_name, state; by name."""
    return session.rows(
        "SELECT name, role, sector, unit, display_name, state FROM account ORDER BY name"
    )


def active_account(session: ReadSession, name: str) -> tuple[Account, str] | None:
    """An account that may log in, with the hash of its password."""
    row = session.row(
        "SELECT role, sector, unit, display_name, password_hash FROM account "
        "WHERE name = :name AND state = 'active'",
        {"name": name},
    )
    if row is None:
        return None
    account = Account(
        name=name,
        role=Role(str(row["role"])),
        sector=str(row["sector"]),
        unit=None if row["unit"] is None else str(row["unit"]),
        display_name=str(row["display_name"]),
    )
    return account, str(row["password_hash"])


def add_client(
    store: Store,
    header: TxHeader,
    client: Client,
    secret_hash: str,
) -> None:
    """Make a client.

    Raises:
        UsageError: The name is not one, or no source is named.
        UnknownSourceError: A source is not declared.
        AccountError: An account or a client has the name.
    """
    _check_name(client.name)
    if not client.sources:
        raise UsageError("name the sources that the client may speak for: --source")
    with store.writing(header) as session:
        _check_free(session, client.name)
        for source in sorted(client.sources):
            check_source(session, source)
        row = {
            "client_id": client.client_id,
            "name": client.name,
            "secret_hash": secret_hash,
            "sector": client.sector,
            "sources": json.dumps(sorted(client.sources)),
            "state": ACTIVE,
            "at": session.at,
        }
        session.insert_rows("client", [row])


def set_client_state(store: Store, header: TxHeader, name: str, state: str) -> None:
    """Let a client ask, or no longer: `ACTIVE` or `DISABLED`.

    Raises:
        NotFoundError: There is no such client.
    """
    with store.writing(header) as session:
        row = session.row("SELECT client_id FROM client WHERE name = :name", {"name": name})
        if row is None:
            raise NotFoundError("no such client: `mdm client list` names them", where=name)
        session.update_rows("client", [{"client_id": row["client_id"], "state": state}])


def list_clients(session: ReadSession) -> Rows:
    """client_id, name, sector, sources, state; by name."""
    rows = session.rows("SELECT client_id, name, sector, sources, state FROM client ORDER BY name")
    return [{**row, "sources": json.loads(str(row["sources"]))} for row in rows]


def active_client(session: ReadSession, client_id: str) -> tuple[Client, str] | None:
    """A client that may ask, with the hash of its secret."""
    row = session.row(
        "SELECT name, sector, sources, secret_hash FROM client "
        "WHERE client_id = :id AND state = 'active'",
        {"id": client_id},
    )
    if row is None:
        return None
    client = Client(
        client_id=client_id,
        name=str(row["name"]),
        sector=str(row["sector"]),
        sources=frozenset(_texts(json.loads(str(row["sources"])))),
    )
    return client, str(row["secret_hash"])


def _texts(values: Sequence[object]) -> list[str]:
    return [str(value) for value in values]


def _check_name(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise UsageError("a name has 2 to 63 letters a-z, digits, dots, hyphens, underscores")


def _check_free(session: ReadSession, name: str) -> None:
    """One name, one actor: in the audit a client must not pass for a person."""
    taken = session.value(
        "SELECT 1 FROM account WHERE name = :name UNION ALL "
        "SELECT 1 FROM client WHERE name = :name",
        {"name": name},
    )
    if taken is not None:
        raise AccountError("an account or a client has that name", where=name)


def _account_row(session: ReadSession, name: str) -> None:
    if session.value("SELECT 1 FROM account WHERE name = :name", {"name": name}) is None:
        raise NotFoundError("no such account: `mdm user list` names them", where=name)
