"""What a process that serves needs beside an open registry."""

import fcntl
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from secrets import token_hex

from mdm.bootstrap.access import Access
from mdm.bootstrap.application import Application
from mdm.bootstrap.reads import Reads
from mdm.domain.audit_chain import RootRow
from mdm.errors import LaneBusyError, MdmError
from mdm.security.keys import load_or_make_key, public_hex
from mdm.security.passwords import new_secret, secret_hash
from mdm.services.accounts import Client, add_client
from mdm.services.fold_told import is_told_level
from mdm.services.miss_budget import MissBudget
from mdm.storage.audit import ChainLog, sign_root
from mdm.storage.service_store import ServiceStore
from mdm.storage.store import iso

AUDIT_KEY = "audit.pem"
PUBLIC_KEYS = "audit-keys.txt"
_MOST_PROCESSES = 64


@dataclass(frozen=True, slots=True)
class Serving:
    """A serving process.

    Attributes:
        application: The registry.
        access: Answers who asks.
        audit: The chain that this process's reads are noted in.
        beside: Where sessions and jobs lie.
        reads: Answers readers.
        slot: Holds the name of the chain for this process while it is open.
    """

    application: Application
    access: Access
    audit: ChainLog
    beside: ServiceStore
    reads: Reads
    slot: int

    def readiness(self) -> Mapping[str, Callable[[], object]]:
        """Checks by name, each of which refuses where something is not ready."""
        return {
            "database": self._read,
            "service": self._read_beside,
            "audit": self.audit.check,
        }

    def _read(self) -> None:
        with self.application.store.reading() as session:
            session.value("SELECT 1 FROM source LIMIT 1")

    def _read_beside(self) -> None:
        with self.beside.reading() as session:
            session.row("SELECT 1 FROM web_session LIMIT 1")

    def close(self) -> None:
        """Write what waits, and let go of everything but the registry."""
        self.audit.close()
        self.beside.close()
        os.close(self.slot)


def open_serving(application: Application) -> Serving:
    """Open what serving needs.

    Raises:
        AuditUnavailableError: The audit trail cannot be written.
        DatabaseUnavailableError: A key cannot be read.
    """
    beside = service_store(application)
    access = Access(application, beside)
    chain, slot = _own_chain(application.home.folder / "audit")
    try:
        audit = ChainLog(application.chains, chain, application.clock)
    except MdmError:
        os.close(slot)
        raise
    # The thread that writes the audit trail must not wait 5 ms for the interpreter each time.
    sys.setswitchinterval(0.001)
    reads = Reads(application, MissBudget(beside, application.clock))
    return Serving(application, access, audit, beside, reads, slot)


def service_store(application: Application) -> ServiceStore:
    """Where sessions and jobs lie."""
    return ServiceStore(application.home.folder, application.database_url)


def sign_newest(application: Application) -> RootRow | None:
    """Sign a root over the heads of all chains; None where nothing was added since the last."""
    folder = application.home.folder / "keys"
    key = load_or_make_key(folder / AUDIT_KEY)
    public = public_hex(key)
    _remember_key(folder / PUBLIC_KEYS, public)
    return sign_root(application.chains, at=iso(application.clock()), key=public, sign=key.sign)


def public_keys(home: Path) -> frozenset[str]:
    """Public keys that may have signed the roots of a registry, hex."""
    with suppress(FileNotFoundError):
        return frozenset((home / "keys" / PUBLIC_KEYS).read_text("ascii").split())
    return frozenset()


def copy_public_keys(home: Path, folder: Path) -> None:
    """Write the public keys into a folder; the private ones stay where they are."""
    path = folder / PUBLIC_KEYS
    path.touch(mode=0o600)
    path.write_text("".join(f"{key}\n" for key in sorted(public_keys(home))), "ascii")


def restore_public_keys(folder: Path, home: Path) -> None:
    """Bring public keys back, so that roots signed before a restore still hold."""
    (home / "keys").mkdir(mode=0o700, exist_ok=True)
    for key in (folder / PUBLIC_KEYS).read_text("ascii").split():
        _remember_key(home / "keys" / PUBLIC_KEYS, key)


def note_told(application: Application) -> bool:
    """Bring `told` level with the audit chains, if the writer lane is free.

    Returns:
        Whether it is level.
    """
    with application.store.reading() as session:
        if is_told_level(session, application.chains):
            return True
    try:
        # Every write transaction begins with it; this one does nothing else.
        with application.store.writing(application.header("told")):
            return True
    except LaneBusyError:
        return False


def new_client(
    application: Application, *, name: str, sector: str, sources: Sequence[str]
) -> dict[str, object]:
    """Make a client with a drawn ID and secret.

    Returns:
        client, client_id, client_secret, sector, sources: the secret is told this once.
    """
    client = Client(
        client_id=f"{name}-{token_hex(4)}",
        name=name,
        sector=sector,
        sources=frozenset(sources),
    )
    secret = new_secret()
    header = application.header("client")
    add_client(application.store, header, client, secret_hash(secret))
    return {
        "client": name,
        "client_id": client.client_id,
        "client_secret": secret,
        "sector": sector,
        "sources": sorted(client.sources),
    }


def _own_chain(folder: Path) -> tuple[str, int]:
    """A chain that no other process of this machine writes, and the lock that says so."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    host = "".join(c for c in socket.gethostname().lower() if c.isascii() and c.isalnum())[:20]
    for number in range(1, _MOST_PROCESSES):
        name = f"web-{host or 'host'}-{number}"
        slot = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(slot)
            continue
        return name, slot
    raise LaneBusyError("too many processes serve this registry")


def _remember_key(path: Path, public: str) -> None:
    with _appending(path) as file:
        file.seek(0)
        if public not in file.read().decode("ascii").split():
            file.write(f"{public}\n".encode("ascii"))
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def _appending(path: Path) -> Iterator[BufferedRandom]:
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
