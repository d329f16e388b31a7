"""What a job's process gives way to, its backend of PostgreSQL gives way to as well."""

import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import psycopg
import pytest

from mdm.storage.niceness import pass_on_niceness
from support.databases import PostgresServer

JOB = 7


ASKS = """
import os, sys
os.nice(int(sys.argv[2]))
from mdm.storage.store import Store
store = Store(sys.argv[1])
store.migrate()
with store.reading() as session:
    backend = session.number("SELECT pg_backend_pid()")
    print(os.getpriority(os.PRIO_PROCESS, backend))
    group = f"/proc/{backend}/autogroup"
    print(open(group).read().split()[-1] if os.path.exists(group) else sys.argv[2])
    for helpers in ("max_parallel_workers_per_gather", "max_parallel_maintenance_workers"):
        print(session.value(f"SHOW {helpers}"))
store.close()
"""


def asked(url: str, niceness: int) -> list[int]:
    """Niceness of the backend and of its session, and how many helpers of each kind it may have."""
    words = [sys.executable, "-c", ASKS, url, str(niceness)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


@pytest.mark.slow
def test_the_backend_of_a_job_has_the_niceness_of_the_job(postgres_server: PostgresServer) -> None:
    with postgres_server.lent(postgres_server.new_database()) as url:
        backend, session, *helpers = asked(url, JOB)
        assert backend == os.getpriority(os.PRIO_PROCESS, 0) + JOB
        assert session == backend
        # The server starts those with the priority of all others.
        assert helpers == [0, 0]
        assert all(asked(url, 0)[2:]) is (os.getpriority(os.PRIO_PROCESS, 0) <= 0)


@pytest.mark.slow
def test_nobody_else_becomes_slower(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.uri) as connection:
        assert not pass_on_niceness(connection)
        assert os.getpriority(os.PRIO_PROCESS, connection.info.backend_pid) == 0


def test_a_number_told_by_a_server_elsewhere_is_no_process_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mdm.storage.niceness.niceness", lambda: JOB)
    monkeypatch.setattr("mdm.storage.niceness.give_way", lambda *_: pytest.fail("touched one"))
    here, there = socket.socketpair()
    with (
        here,
        there,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as tunnel,
    ):
        for end in (here, tunnel):
            connection = SimpleNamespace(
                fileno=end.fileno, info=SimpleNamespace(backend_pid=os.getpid())
            )
            assert not pass_on_niceness(connection)  # type: ignore[arg-type]
