"""How fast a registry answers: two workers, and the generator of load on the same machine.

    python -m bench.serve --home HOME [--seconds 10] [--connections 4] [--during "mdm ..."]

HOME is a built registry; the bench adds a client to it and audit entries, so give it a copy.
Prints a table and, last, one line of JSON. `--during` runs a command (an apply, a revert) beside
a second round of look-ups and tells how the two met.
"""

import argparse
import asyncio
import json
import os
import random
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil
import uvloop

from mdm.bootstrap import open_application
from mdm.bootstrap.serving import new_client

SAMPLE = 50_000
BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Keys:
    """What is asked for: records and municipal IDs, drawn at random."""

    records: list[tuple[str, str]]
    ids: list[str]
    client_id: str
    client_secret: str


def draw(home: Path, seed: int) -> Keys:
    """Draw what is asked for, and make the client that asks."""
    application = open_application(home)
    rng = random.Random(seed)
    with application.store.reading() as session:
        last = session.number("SELECT MAX(record_id) FROM record")
        numbers = ", ".join(str(rng.randint(1, last)) for _ in range(SAMPLE))
        rows = session.rows(
            "SELECT r.source, r.local_id, m.municipal_id FROM record r JOIN membership m "
            f"ON m.record_id = r.record_id WHERE NOT r.restricted AND r.record_id IN ({numbers})"
        )
        sources = [str(row["name"]) for row in session.rows("SELECT name FROM source")]
    name = f"bench-{int(time.time())}"
    made = new_client(application, name=name, sector="other", sources=sources)
    application.store.close()
    rng.shuffle(rows)
    return Keys(
        records=[(str(row["source"]), str(row["local_id"])) for row in rows],
        ids=[str(row["municipal_id"]) for row in rows],
        client_id=str(made["client_id"]),
        client_secret=str(made["client_secret"]),
    )


@dataclass(slots=True)
class Round:
    """Latencies of one kind of request, in milliseconds."""

    name: str
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    def told(self) -> dict[str, object]:
        """Figures of the round."""
        ordered = sorted(self.times)

        def at(share: float) -> float:
            return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

        return {
            "round": self.name,
            "requests": len(ordered),
            "per_second": round(len(ordered) / self.seconds, 1),
            "p50_ms": at(0.5),
            "p99_ms": at(0.99),
            "max_ms": round(ordered[-1], 2),
            "statuses": self.statuses,
        }


class Connection:
    """One kept-open connection that speaks as little HTTP as the service needs."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._head = (
            f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nX-Purpose-Of-Use: integration\r\n"
        )

    async def open(self) -> "Connection":
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, limit=2**24
        )
        return self

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, int]:
        """Ask and read the whole answer: its status and size."""
        length = (
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        )
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{self._head}{length}\r\n".encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        lowered = head.lower()
        if b"transfer-encoding: chunked" in lowered:
            return status, await self._chunks()
        at = lowered.index(b"content-length:") + 15
        size = int(lowered[at : lowered.index(b"\r\n", at)])
        await self._reader.readexactly(size)
        return status, size

    async def _chunks(self) -> int:
        total = 0
        while True:
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            await self._reader.readexactly(size + 2)
            if size == 0:
                return total
            total += size

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def hammer(
    name: str, port: int, token: str, paths: Sequence[str], *, seconds: float, connections: int
) -> Round:
    """Ask for addresses one after the other on each of some connections."""
    found = Round(name)
    began = time.perf_counter()
    until = began + seconds

    async def one(offset: int) -> None:
        connection = await Connection(port, token).open()
        number = offset
        while time.perf_counter() < until:
            start = time.perf_counter()
            status, _ = await connection.ask("GET", paths[number % len(paths)])
            found.times.append((time.perf_counter() - start) * 1000)
            found.statuses[status] = found.statuses.get(status, 0) + 1
            number += connections
        connection.close()

    await asyncio.gather(*(one(n) for n in range(connections)))
    found.seconds = time.perf_counter() - began
    return found


async def once(
    name: str, port: int, token: str, asks: Sequence[tuple[str, str, bytes]]
) -> tuple[Round, int]:
    """Ask one after the other on one connection; also the size of the last answer."""
    found, size = Round(name), 0
    connection = await Connection(port, token).open()
    began = time.perf_counter()
    for method, path, body in asks:
        start = time.perf_counter()
        status, size = await connection.ask(method, path, body)
        found.times.append((time.perf_counter() - start) * 1000)
        found.statuses[status] = found.statuses.get(status, 0) + 1
    found.seconds = time.perf_counter() - began
    connection.close()
    return found, size


def token(port: int, keys: Keys) -> str:
    """An access token."""
    body = (
        "grant_type=client_credentials"
        f"&client_id={quote(keys.client_id)}&client_secret={quote(keys.client_secret)}"
    ).encode()
    with socket.create_connection(("127.0.0.1", port)) as conn:
        conn.sendall(
            b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        answer = b""
        while part := conn.recv(65_536):
            answer += part
    return str(json.loads(answer.split(b"\r\n\r\n", 1)[1])["access_token"])


def memory(process: psutil.Process) -> int:
    """MB held by the service's processes."""
    held = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            held += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return held // 2**20


async def rounds(
    port: int, keys: Keys, given: argparse.Namespace, service: psutil.Process
) -> list[dict[str, object]]:
    """All rounds, in turn."""
    key = token(port, keys)
    look_ups = [f"/api/v1/crosswalk/{s}/{quote(i, safe='')}" for s, i in keys.records]
    citizens = [f"/api/v1/citizens/{i}" for i in keys.ids]
    asked = {"seconds": given.seconds, "connections": given.connections}
    told: list[dict[str, object]] = []

    def tell(found: Round, **more: object) -> None:
        told.append({**found.told(), **more})
        print(json.dumps(told[-1]), flush=True)

    await hammer("warm", port, key, look_ups, seconds=2, connections=given.connections)
    tell(await hammer("crosswalk", port, key, look_ups, **asked))
    tell(await hammer("citizen", port, key, citizens, **asked))
    items = [
        {"key": str(n), "source": source, "local_id": local_id}
        for n, (source, local_id) in enumerate(keys.records[:BATCH])
    ]
    body = json.dumps({"items": items}).encode()
    batch, _ = await once("batch", port, key, [("POST", "/api/v1/crosswalk/batch", body)] * 5)
    tell(batch)
    for form in ("csv", "ndjson"):
        before = memory(service)
        peak = before
        going = asyncio.create_task(
            once(
                f"export {form}",
                port,
                key,
                [("GET", f"/api/v1/crosswalk/export?format={form}", b"")],
            )
        )
        while not going.done():
            await asyncio.sleep(0.2)
            peak = max(peak, memory(service))
        found, size = await going
        tell(found, bytes=size, memory_mb_before=before, memory_mb_peak=peak)
    if given.during is not None:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *shlex.split(given.during), env=_environment(given.home)
        )
        while process.returncode is None:
            tell(await hammer("crosswalk during", port, key, look_ups, **asked))
        seconds = round(time.perf_counter() - began, 1)
        print(json.dumps({"during": given.during, "exit": process.returncode, "seconds": seconds}))
    return told


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "MDM_HOME": str(home)}


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if process.poll() is not None:
            sys.exit("the service ended")
        try:
            with socket.create_connection(("127.0.0.1", port)) as conn:
                conn.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if conn.recv(64).startswith(b"HTTP/1.1 200"):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("the service did not become ready")


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--during")
    given = parser.parse_args()
    keys = draw(given.home, given.seed)
    words = [sys.executable, "-m", "mdm.cli", "serve", "--port", str(given.port),
             "--workers", str(given.workers)]  # fmt: skip
    # Its access log is written, as in production, and thrown away.
    process = subprocess.Popen(words, env=_environment(given.home), stderr=subprocess.DEVNULL)
    try:
        _wait(given.port, process)
        service = psutil.Process(process.pid)
        told = uvloop.run(rounds(given.port, keys, given, service))
    finally:
        process.terminate()
        process.wait(60)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
