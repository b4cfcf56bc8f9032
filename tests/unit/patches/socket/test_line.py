"""What is sent to pages is in their queues at once."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from chainlit.server import sio
from chainlit.session import WebsocketSession
from engineio.packet import Packet

from patches.socket.line import SocketLine


class Connection:
    """What Engine.IO has of a page."""

    def __init__(self, *, closed: bool = False) -> None:
        self.closed = closed
        self.queue: asyncio.Queue[Packet] = asyncio.Queue()

    @property
    def sent(self) -> list[str]:
        """Everything that was put in, as it goes over the line."""
        return [self.queue.get_nowait().encode() for _ in range(self.queue.qsize())]


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> dict[str, Connection]:
    """Two pages, and one that has just left."""
    made = {"a": Connection(), "b": Connection(), "left": Connection(closed=True)}
    monkeypatch.setattr(sio.eio, "sockets", {f"eio-{name}": it for name, it in made.items()})
    monkeypatch.setattr(sio.manager, "eio_sid_from_sid", lambda sid, _namespace: f"eio-{sid}")
    return made


def page(name: str) -> WebsocketSession:
    """Return a page as far as the line knows it."""
    return cast(WebsocketSession, SimpleNamespace(id=name, socket_id=name))


async def test_all_pages_have_it_before_anything_else_runs(
    connections: dict[str, Connection],
) -> None:
    sending = SocketLine().send("stream_token", {"token": "é"}, [page("a"), page("b")])
    with pytest.raises(StopIteration):
        sending.send(None)
    expected = ['42["stream_token",{"token":"\\u00e9"}]']
    assert connections["a"].sent == connections["b"].sent == expected


async def test_who_has_left_or_was_never_there_keeps_nobody_from_it(
    connections: dict[str, Connection],
) -> None:
    line = SocketLine()
    await line.send("task_start", {}, [page("left"), page("nobody"), page("b")])
    await line.send("task_end", {}, [page("b")])
    assert connections["left"].sent == []
    assert connections["b"].sent == ['42["task_start",{}]', '42["task_end",{}]']
    assert connections["a"].sent == []
