"""The generator of load charges a service with what was asked while it stood still."""

import asyncio
from collections.abc import Awaitable, Callable

from bench.serve_load import Load, Round, hammer, offer

STANDS_STILL = 0.4
RATE = 200.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def asked(ask: Callable[[Load], Awaitable[Round]]) -> Round:
    """Ask a service that answers nothing at first, and everything at once then."""

    async def run() -> Round:
        goes = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(65_536):
                await goes.wait()
                writer.write(ANSWER)
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        asyncio.get_running_loop().call_later(STANDS_STILL, goes.set)
        found = await ask(Load(port, "token", ["/"], 2 * STANDS_STILL))
        server.close()
        return found

    return asyncio.run(run())


def slow(found: Round) -> int:
    return sum(time > STANDS_STILL * 1000 / 4 for time in found.times)


def test_what_is_offered_while_a_service_stands_still_waited_for_it() -> None:
    found = asked(lambda load: offer(load, "offered", rate=RATE, connections=2, seed=1))

    # A quarter of that time was asked too late to wait for long.
    due = RATE * STANDS_STILL * 3 / 4
    assert slow(found) > due / 2
    assert len(found.times) == found.statuses[200] > RATE * STANDS_STILL


def test_who_waits_for_answers_sees_one_slow_answer_on_each_connection() -> None:
    found = asked(lambda load: hammer(load, "closed", connections=2))

    # The bounds leave room for a machine that is busy with other tests.
    assert 2 <= slow(found) < RATE * STANDS_STILL / 4
    assert len(found.times) > RATE * STANDS_STILL
