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
store.close()
"""


@pytest.mark.slow
def test_the_backend_of_a_job_has_the_niceness_of_the_job(postgres_server: PostgresServer) -> None:
    with postgres_server.lent(postgres_server.new_database()) as url:
        asked = subprocess.run(
            [sys.executable, "-c", ASKS, url, str(JOB)], capture_output=True, text=True, check=True
        )
    backend, session = map(int, asked.stdout.split())
    assert backend == os.getpriority(os.PRIO_PROCESS, 0) + JOB
    assert session == backend


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
