"""The trail of reads on both databases: durable, without forks, and nothing can be undone in it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pysqlite3.dbapi2 as sqlite
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.engine import make_url

from mdm.domain.audit import AuditEntry
from mdm.domain.audit_chain import first_hash
from mdm.errors import AuditUnavailableError
from mdm.security.keys import public_hex, signature_holds
from mdm.storage.audit import FOLDER, ChainLog, Chains, open_chains, sign_root
from mdm.storage.audit.archive import read_trail, write_trail
from mdm.storage.audit.verify import Outside, verify_audit

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_hex(KEY)


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


def entry(request_id: str = "r") -> AuditEntry:
    return AuditEntry(
        actor="ana",
        client=None,
        role="caseworker",
        purpose="care",
        action="citizen.read",
        request_id=request_id,
    )


@pytest.fixture
def chains(database_url: str, tmp_path: Path) -> Chains:
    return open_chains(tmp_path, database_url)


@pytest.fixture
def log(chains: Chains) -> Iterator[ChainLog]:
    made = ChainLog(chains, "web-1", now)
    yield made
    made.close()


def faults(chains: Chains, **outside: object) -> tuple[str, ...]:
    known = Outside(frozenset({PUBLIC}), {}, **outside)  # type: ignore[arg-type]
    return verify_audit(chains, known, signature_holds).faults


def signed(chains: Chains) -> None:
    sign_root(chains, at="2026-01-01T00:00:00Z", key=PUBLIC, sign=KEY.sign)


def behind_our_back(database_url: str, folder: Path, sql: str, chain: str = "web-1") -> None:
    """Change entries as somebody with access to the database would."""
    if make_url(database_url).get_backend_name() == "sqlite":
        with closing(sqlite.connect(str(folder / FOLDER / f"{chain}.db"))) as con, con:
            con.execute(sql.replace("audit_entry", "entry"))
        return
    url = make_url(database_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as con:
        con.execute(sql.encode())


def test_an_entry_stands_when_append_returns(chains: Chains, log: ChainLog) -> None:
    log.append(entry("first"))

    rows = list(chains.rows("web-1"))
    assert [row.n for row in rows] == [1]
    assert '"request_id":"first"' in rows[0].body
    assert chains.heads() == {"web-1": (1, rows[0].hash)}


def test_many_event_loops_and_threads_share_a_chain(chains: Chains, log: ChainLog) -> None:
    async def many(name: str) -> None:
        await asyncio.gather(*(log.append_soon(entry(f"{name}-{n}")) for n in range(40)))

    threads = [threading.Thread(target=lambda k=k: asyncio.run(many(f"loop{k}"))) for k in range(3)]
    threads += [threading.Thread(target=lambda: log.append(entry("thread"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert chains.heads()["web-1"][0] == 140
    assert faults(chains) == ()


def test_two_processes_on_one_chain_leave_no_fork(chains: Chains, log: ChainLog) -> None:
    other = ChainLog(chains, "web-1", now)
    both = [threading.Thread(target=lambda to=to: [to.append(entry()) for _ in range(25)])
            for to in (log, other)]  # fmt: skip
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    other.close()

    assert [row.n for row in chains.rows("web-1")] == list(range(1, 51))
    assert faults(chains) == ()


def test_a_closed_log_takes_nothing(log: ChainLog) -> None:
    log.append(entry())
    log.close()

    with pytest.raises(AuditUnavailableError):
        log.append(entry())
    with pytest.raises(AuditUnavailableError):
        log.check()


def test_what_waits_is_written_before_a_log_closes(chains: Chains) -> None:
    made = ChainLog(chains, "web-2", now)

    async def leave() -> None:
        waiting = [asyncio.ensure_future(made.append_soon(entry())) for _ in range(30)]
        await asyncio.sleep(0)
        await asyncio.to_thread(made.close)
        await asyncio.gather(*waiting)

    asyncio.run(leave())
    assert chains.heads()["web-2"][0] == 30


def test_a_trail_that_cannot_be_written_refuses_the_read(tmp_path: Path) -> None:
    chains = open_chains(tmp_path, f"sqlite:///{tmp_path}/registry.db")
    log = ChainLog(chains, "web-1", now)
    behind_our_back("sqlite://", tmp_path, "DROP TABLE audit_entry")

    with pytest.raises(AuditUnavailableError):
        log.append(entry())
    with pytest.raises(AuditUnavailableError):
        asyncio.run(log.append_soon(entry()))
    log.close()


@pytest.mark.parametrize("chain", ["", "Web", "../x", "a/b", "1a", "roots;--"])
def test_a_chain_has_a_plain_name(chains: Chains, chain: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        chains.open(chain)


def test_a_root_is_added_only_where_something_was(chains: Chains, log: ChainLog) -> None:
    signed(chains)
    log.append(entry())
    signed(chains)
    signed(chains)
    log.append(entry())
    signed(chains)

    assert [root.n for root in chains.roots()] == [1, 2]
    assert faults(chains) == ()


_SWAPPED = (
    "UPDATE audit_entry SET body = (SELECT e.body FROM audit_entry e "
    "WHERE e.n = 7 - audit_entry.n) WHERE n IN (3, 4)"
)
_BEHIND = {
    "body": (
        "UPDATE audit_entry SET body = replace(body, 'ana', 'bia') WHERE n = 4",
        "web-1: entry 4 was changed, inserted or moved",
    ),
    "hash": (
        "UPDATE audit_entry SET hash = 'ab' WHERE n = 4",
        "web-1: entry 4 was changed, inserted or moved",
    ),
    "removed": ("DELETE FROM audit_entry WHERE n = 4", "web-1: entry 4 is missing"),
    "cut": ("DELETE FROM audit_entry WHERE n >= 7", "web-1: entries after 6 are missing up to 8"),
    "emptied": ("DELETE FROM audit_entry", "web-1: the chain is missing"),
    "swapped": (_SWAPPED, "web-1: entry 3 was changed, inserted or moved"),
}


@pytest.mark.parametrize("how", _BEHIND)
def test_what_was_done_behind_our_back_is_named(
    chains: Chains, log: ChainLog, database_url: str, tmp_path: Path, how: str
) -> None:
    sql, named = _BEHIND[how]
    for n in range(8):
        log.append(entry(f"request-{n}"))
    signed(chains)
    behind_our_back(database_url, tmp_path, sql)

    assert faults(chains)[0] == named


def test_an_entry_added_behind_our_back_breaks_what_follows_it(
    chains: Chains, log: ChainLog, database_url: str, tmp_path: Path
) -> None:
    log.append(entry())
    hashed = first_hash("web-1")
    insert = "INSERT INTO audit_entry "
    if make_url(database_url).get_backend_name() == "sqlite":
        values = f"VALUES (2, '{{}}', '{hashed}')"
    else:
        values = f"VALUES ('web-1', 2, '{{}}', '{hashed}')"
    behind_our_back(database_url, tmp_path, insert + values)

    assert faults(chains) == ("web-1: entry 2 was changed, inserted or moved",)


def test_the_registry_remembers_a_chain_that_no_root_tells_of(chains: Chains) -> None:
    found = verify_audit(chains, Outside(frozenset(), {"web-9": (3, "ab")}), signature_holds).faults

    assert found == ("web-9: the chain is missing",)


def test_entries_after_the_last_root_are_counted(chains: Chains, log: ChainLog) -> None:
    log.append(entry())
    signed(chains)
    log.append(entry())
    log.append(entry())

    found = verify_audit(chains, Outside(frozenset({PUBLIC}), {}), signature_holds)
    assert found.unsigned == 2


def test_a_trail_comes_back_from_an_archive(chains: Chains, log: ChainLog, tmp_path: Path) -> None:
    """From either database into SQLite; both write the same two files."""
    for n in range(5):
        log.append(entry(f"request-{n}"))
    signed(chains)
    folder = tmp_path / "archive"
    folder.mkdir()
    write_trail(chains, folder)
    again = open_chains(tmp_path / "again", f"sqlite:///{tmp_path}/again.db")

    read_trail(again, folder)

    assert again.heads() == chains.heads()
    assert list(again.roots()) == list(chains.roots())
    assert faults(again) == ()
