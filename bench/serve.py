"""How fast a registry answers: two workers, and the generator of load on the same machine.

    python -m bench.serve --home HOME [--seconds 10] [--connections 4] [--rate 500]
        [--during "mdm ..."] [--only-look-ups]

HOME is a built registry; the bench adds a client to it and audit entries, so give it a copy.
Prints a line of JSON a round and, last, all of them in one. Look-ups are measured in two ways:
as many as a few connections can ask one after the other, which finds what the service can do,
and at a given rate, which finds how long answers take under that load. `--during` runs a command
(an apply, a revert) beside further rounds, of both kinds in turn, and tells how the two met.
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
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import psutil
import uvloop

from bench.serve_load import Load, Round, hammer, offer, once
from mdm.bootstrap import open_application
from mdm.bootstrap.serving import new_client

SAMPLE = 50_000
BATCH = 10_000
CALLERS = 32
"""Connections of those who ask at a rate: enough for as many answers as may be waited for."""


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


class Bench:
    """Rounds of one run, told as they end."""

    def __init__(self, keys: Keys, given: argparse.Namespace, service: psutil.Process) -> None:
        self._keys, self._given, self._service = keys, given, service
        self._token = token(given.port, keys)
        self._look_ups = [f"/api/v1/crosswalk/{s}/{quote(i, safe='')}" for s, i in keys.records]
        self.told: list[dict[str, object]] = []

    def _tell(self, found: Round, **more: object) -> None:
        self.told.append({**found.told(), **more})
        print(json.dumps(self.told[-1]), flush=True)

    def _load(self, paths: Sequence[str], seconds: float) -> Load:
        return Load(self._given.port, self._token, paths, seconds)

    async def run(self) -> None:
        """All rounds, in turn."""
        given = self._given
        asked = self._load(self._look_ups, given.seconds)
        await hammer(replace(asked, seconds=2), "warm", connections=given.connections)
        self._tell(await hammer(asked, "crosswalk", connections=given.connections))
        self._tell(await self._offered(asked, "crosswalk offered", 0))
        if not given.only_look_ups:
            await self._others()
        if given.during is not None:
            await self._during(asked)

    async def _offered(self, asked: Load, name: str, number: int) -> Round:
        return await offer(
            asked, name, rate=self._given.rate, connections=CALLERS, seed=self._given.seed + number
        )

    async def _others(self) -> None:
        given = self._given
        citizens = self._load([f"/api/v1/citizens/{i}" for i in self._keys.ids], given.seconds)
        self._tell(await hammer(citizens, "citizen", connections=given.connections))
        items = [
            {"key": str(n), "source": source, "local_id": local_id}
            for n, (source, local_id) in enumerate(self._keys.records[:BATCH])
        ]
        body = json.dumps({"items": items}).encode()
        asks = [("POST", "/api/v1/crosswalk/batch", body)] * 5
        batch, _ = await once("batch", given.port, self._token, asks)
        self._tell(batch)
        for form in ("csv", "ndjson"):
            await self._export(form)

    async def _export(self, form: str) -> None:
        before = peak = memory(self._service)
        asks = [("GET", f"/api/v1/crosswalk/export?format={form}", b"")]
        going = asyncio.create_task(once(f"export {form}", self._given.port, self._token, asks))
        while not going.done():
            await asyncio.sleep(0.2)
            peak = max(peak, memory(self._service))
        found, size = await going
        self._tell(found, bytes=size, memory_mb_before=before, memory_mb_peak=peak)

    async def _during(self, asked: Load) -> None:
        """Rounds beside a command, which end with it."""
        given = self._given
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *shlex.split(given.during), env=_environment(given.home)
        )
        asked = replace(asked, goes_on=lambda: process.returncode is None)
        closed, opened = Round("crosswalk during, all"), Round("crosswalk offered during, all")
        opened.rate = given.rate
        while process.returncode is None:
            found = await hammer(asked, "crosswalk during", connections=given.connections)
            self._tell(found)
            closed.join(found)
            if process.returncode is None:
                found = await self._offered(asked, "crosswalk offered during", len(self.told))
                self._tell(found)
                opened.join(found)
        seconds = round(time.perf_counter() - began, 1)
        self._tell(closed)
        self._tell(opened)
        print(json.dumps({"during": given.during, "exit": process.returncode, "seconds": seconds}))
        if process.returncode != 0:
            sys.exit("the command beside it failed")


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "MDM_HOME": str(home)}


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(1200):
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
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--during")
    parser.add_argument("--only-look-ups", action="store_true")
    given = parser.parse_args()
    keys = draw(given.home, given.seed)
    words = [sys.executable, "-m", "mdm.cli", "serve", "--port", str(given.port),
             "--workers", str(given.workers)]  # fmt: skip
    # Its access log is written, as in production, and thrown away.
    process = subprocess.Popen(words, env=_environment(given.home), stderr=subprocess.DEVNULL)
    try:
        _wait(given.port, process)
        service = psutil.Process(process.pid)
        bench = Bench(keys, given, service)
        uvloop.run(bench.run())
    finally:
        process.terminate()
        process.wait(60)
    print(json.dumps(bench.told))


if __name__ == "__main__":
    main()
