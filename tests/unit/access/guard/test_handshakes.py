"""Sockets that do not say who they are."""

import asyncio

from access.guard.handshakes import Handshakes


class Closing:
    """Notes which sockets are closed."""

    def __init__(self) -> None:
        self.closed: list[str] = []
        self.happened = asyncio.Event()

    async def close(self, socket_id: str) -> None:
        self.closed.append(socket_id)
        self.happened.set()


async def test_who_says_nothing_is_closed_in_time() -> None:
    closing = Closing()
    handshakes = Handshakes(10, 0.001, closing.close)
    handshakes.begin("quick")
    handshakes.end("quick")
    handshakes.begin("slow")
    async with asyncio.timeout(10):
        await closing.happened.wait()
    assert closing.closed == ["slow"]


async def test_the_oldest_of_too_many_is_closed() -> None:
    closing = Closing()
    handshakes = Handshakes(2, 1_000, closing.close)
    for socket_id in "abc":
        handshakes.begin(socket_id)
    async with asyncio.timeout(10):
        await closing.happened.wait()
    assert closing.closed == ["a"]
    for socket_id in "abc":
        handshakes.end(socket_id)


async def test_who_is_unknown_is_no_matter() -> None:
    Handshakes(2, 1_000, Closing().close).end("unknown")
