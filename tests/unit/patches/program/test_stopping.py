"""What a signal does to the server, and in which order it ends."""

import asyncio
import signal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from chainlit.server import app

from common.concurrency.tasks import TaskSet
from common.processes.ending import Ending
from patches.patch import Parts
from patches.program import stopping

LONG_S = 600.0


class Closing:
    """A part that notes when it is closed."""

    def __init__(self, name: str, order: list[str]) -> None:
        self._name = name
        self._order = order

    async def close(self) -> None:
        self._order.append(self._name)


class Server:
    """Stands for uvicorn's."""

    def __init__(self, order: list[str]) -> None:
        self.should_exit = False
        self.force_exit = False
        self.order = order
        self.servers = [SimpleNamespace(close=lambda: order.append("listening"))]
        self.config = SimpleNamespace(timeout_graceful_shutdown=None)
        self.lifespan = SimpleNamespace(shutdown=self._end)

    async def _end(self) -> None:
        self.order.append("parts")


async def server_ends(server: Server, _sockets: Any = None) -> None:
    """What uvicorn does: it leaves the parts to themselves where it is forced."""
    server.order.append(f"requests {server.config.timeout_graceful_shutdown:g}")
    if not server.force_exit:
        await server.lifespan.shutdown()


def server_hears(server: Server, _number: int, _frame: Any) -> None:
    server.should_exit = True


@pytest.fixture
def order() -> list[str]:
    return []


@pytest.fixture
def parts(order: list[str], monkeypatch: pytest.MonkeyPatch) -> Parts:
    turns = Closing("turns", order)
    found = SimpleNamespace(
        ending=Ending(),
        answers_s=LONG_S,
        actions=Closing("actions", order),
        turns=turns,
        background=TaskSet(),
        live=SimpleNamespace(turns=lambda: iter(())),
    )
    monkeypatch.setattr(app.state, "keepchat", (None, found), raising=False)
    monkeypatch.setattr(stopping, "_end_at_last", lambda seconds: order.append(f"{seconds:g} s"))
    return cast(Parts, found)


async def test_the_first_signal_begins_the_end_and_the_second_hurries_it(
    parts: Parts, order: list[str]
) -> None:
    server = Server(order)
    hear = stopping.hurrying(server_hears, parts)
    hear(server, signal.SIGTERM, None)
    assert (server.should_exit, server.force_exit) == (True, False)
    assert parts.ending.is_begun
    assert order == [f"{LONG_S + stopping.AFTER_ANSWERS_S:g} s"]
    hear(server, signal.SIGTERM, None)
    assert server.force_exit
    hurried = [parts.ending.is_hurried]  # a signal comes at any moment: the loop is told
    await asyncio.sleep(0)
    assert [*hurried, parts.ending.is_hurried] == [False, True]
    assert len(order) == 1


async def test_answers_come_to_their_end_before_lines_are_closed(
    parts: Parts, order: list[str]
) -> None:
    ends = asyncio.Event()

    async def answer() -> None:
        await ends.wait()
        order.append("answer")

    task = asyncio.create_task(answer())
    cast(Any, parts.live).turns = lambda: iter([SimpleNamespace(task=task)])
    ending = asyncio.create_task(stopping.finishing(server_ends, parts)(Server(order)))
    while "listening" not in order:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    assert parts.ending.is_begun
    ends.set()
    await ending
    assert order == ["listening", "answer", "actions", "turns", "requests 0.7", "parts"]


async def test_who_is_hurried_waits_for_no_answer_and_still_ends_the_parts(
    parts: Parts, order: list[str]
) -> None:
    task = asyncio.create_task(asyncio.Event().wait())
    cast(Any, parts.live).turns = lambda: iter([SimpleNamespace(task=task)])
    server = Server(order)
    server.force_exit = True
    parts.ending.hurry()
    await stopping.finishing(server_ends, parts)(server)
    assert order == ["listening", "actions", "turns", "requests 0", "parts"]
    task.cancel()
    await asyncio.wait([task])
