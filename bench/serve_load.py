"""Load on a service over HTTP, and how long its answers took."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Round:
    """Latencies of one kind of request, in milliseconds."""

    name: str
    rate: float | None = None  # requests offered a second; None where the service sets the pace
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    def note(self, start: float, status: int) -> None:
        """An answer has come now to what was asked, or due, at a moment."""
        self.times.append((time.perf_counter() - start) * 1000)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def join(self, other: "Round") -> None:
        """Take over the answers of another round, as if both were one."""
        self.seconds += other.seconds
        self.times += other.times
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count

    def told(self) -> dict[str, object]:
        """Figures of the round."""
        ordered = sorted(self.times)

        def at(share: float) -> float | None:
            return (
                round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)
                if ordered
                else None
            )

        return {
            "round": self.name,
            **({} if self.rate is None else {"offered_per_second": self.rate}),
            "requests": len(ordered),
            "per_second": round(len(ordered) / self.seconds, 1) if ordered else None,
            "p50_ms": at(0.5),
            "p99_ms": at(0.99),
            "max_ms": at(1),
            "statuses": self.statuses,
        }


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of which service, and for how long.

    Attributes:
        port: Where it listens.
        token: An access token.
        paths: What is asked for, in turn.
        seconds: How long, at most.
        goes_on: Whether to go on before that.
    """

    port: int
    token: str
    paths: Sequence[str]
    seconds: float
    goes_on: Callable[[], bool] = lambda: True


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


async def hammer(load: Load, name: str, *, connections: int) -> Round:
    """Ask one after the other on each of some connections: as much as the service answers.

    Each connection waits for its answer before it asks again, so the times are those of a service
    that is never offered more than it can do, and always as much.
    """
    found = Round(name)
    began = time.perf_counter()
    until = began + load.seconds

    async def one(offset: int) -> None:
        connection = await Connection(load.port, load.token).open()
        number = offset
        while time.perf_counter() < until and load.goes_on():
            start = time.perf_counter()
            status, _ = await connection.ask("GET", load.paths[number % len(load.paths)])
            found.note(start, status)
            number += connections
        connection.close()

    await asyncio.gather(*(one(n) for n in range(connections)))
    found.seconds = time.perf_counter() - began
    return found


async def offer(load: Load, name: str, *, rate: float, connections: int, seed: int) -> Round:
    """Ask so many times a second, whether or not the service keeps up.

    Requests come as a Poisson process, as those of many callers who know nothing of each other. A
    time begins when its request was due, not when a connection was free for it: a service that
    stands still for a second is charged with all that was asked in that second.
    """
    found = Round(name, rate=rate)
    waiting: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
    opened = [await Connection(load.port, load.token).open() for _ in range(connections)]

    async def one(connection: Connection) -> None:
        while (due := await waiting.get()) is not None:
            status, _ = await connection.ask("GET", due[1])
            found.note(due[0], status)
        connection.close()

    asking = asyncio.gather(*(one(connection) for connection in opened))
    rng = random.Random(seed)
    began = due = time.perf_counter()
    number = 0
    while load.goes_on() and (due := due + rng.expovariate(rate)) < began + load.seconds:
        if (ahead := due - time.perf_counter()) > 0:
            await asyncio.sleep(ahead)
        waiting.put_nowait((due, load.paths[number % len(load.paths)]))
        number += 1
    for _ in opened:
        waiting.put_nowait(None)
    await asking
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
        found.note(start, status)
    found.seconds = time.perf_counter() - began
    connection.close()
    return found, size
