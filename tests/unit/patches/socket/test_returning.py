"""Pages that come, or come back, while the database is away."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest
from chainlit.server import sio
from chainlit.session import WebsocketSession
from socketio.exceptions import ConnectionRefusedError as SocketRefused

from chat.live.running import LiveThreads
from chat.turn import durability
from datalayer.errors import StoreUnavailable
from datalayer.records import Saving
from patches.socket import handlers as sockets
from patches.socket import returning
from patches.socket.handlers import if_kept
from patches.socket.returning import leaving, or_ended, without_database
from patches.socket.running import coming_back
from tests.support.builders import new_id

SID = "sid"


class Page:
    """An open page, as far as these handlers look."""

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> dict[str, Page]:
    """Pages by the ids of their sessions, and the one of the socket."""
    found: dict[str, Page] = {}
    monkeypatch.setattr(WebsocketSession, "get_by_id", staticmethod(found.get))
    monkeypatch.setattr(WebsocketSession, "get", staticmethod(found.get))
    return found


async def connected(pages: dict[str, Page], thread_id: str) -> str:
    """Let a page of a session connect to a thread; the thread that Chainlit would read."""
    read: list[str] = []

    async def original(sid: str, _environ: dict[str, Any], auth: Any) -> bool:
        read.append(auth["threadId"])
        return True

    auth = {"sessionId": "session", "threadId": thread_id}
    assert await without_database(original)(SID, {}, auth)
    assert auth["threadId"] == thread_id
    return read[0]


async def test_a_page_that_was_in_its_thread_comes_back_without_a_read(
    pages: dict[str, Page],
) -> None:
    thread_id = new_id()
    pages["session"] = pages[SID] = Page(thread_id)
    assert await connected(pages, thread_id) == ""


async def test_any_other_thread_is_read(pages: dict[str, Page]) -> None:
    mine, other = new_id(), new_id()
    assert await connected(pages, mine) == mine
    pages["session"] = pages[SID] = Page(mine)
    assert await connected(pages, other) == other


async def test_a_page_that_is_forgotten_meanwhile_is_not_let_in(pages: dict[str, Page]) -> None:
    thread_id = new_id()
    pages["session"] = Page(thread_id)
    pages[SID] = Page("")  # made anew
    with pytest.raises(SocketRefused):
        await connected(pages, thread_id)


async def test_a_database_that_is_silent_is_not_waited_for(
    pages: dict[str, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    deadline = durability.database_deadline
    monkeypatch.setattr(returning, "database_deadline", lambda: deadline(0.01))

    async def original(*_: Any) -> None:
        await asyncio.Event().wait()

    with pytest.raises(StoreUnavailable):
        await without_database(original)(SID, {}, {"sessionId": "session", "threadId": new_id()})


async def away(*_: Any) -> None:
    message = "the database is away"
    raise StoreUnavailable(message)


async def test_the_line_of_a_page_that_gets_no_thread_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[str] = []

    async def disconnect(sid: str) -> None:
        ended.append(sid)

    monkeypatch.setattr(sio, "disconnect", disconnect)
    await or_ended(away)(SID)
    assert ended == [SID]


class Greeting:
    """What a page is told once it is there."""

    async def greet(self, page: Any) -> None: ...


async def test_a_page_whose_thread_could_not_be_read_is_given_it_when_it_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = SimpleNamespace(
        thread_id_to_resume="thread", has_first_interaction=False, restored=False
    )
    given: list[bool] = []
    monkeypatch.setattr(WebsocketSession, "get", staticmethod(lambda _sid: page))

    async def as_chainlit_does(_sid: str) -> None:
        if page.restored and not page.has_first_interaction:
            return  # it takes it for a new chat
        given.append(True)
        if len(given) == 1:
            await away()

    returned = coming_back(as_chainlit_does, cast("LiveThreads", Greeting()))
    with pytest.raises(StoreUnavailable):
        await returned(SID)
    page.restored = True
    await returned(SID)
    assert len(given) == 2


async def test_a_page_can_be_left(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await leaving(away)(SID)
    [record] = [it for it in caplog.records if "the database is away" in it.getMessage()]
    assert record.levelno == logging.DEBUG  # that it is away is told once, by who watches it


class Layer:
    saving = Saving.SAVED


async def test_messages_are_given_back_while_nothing_keeps_them(
    pages: dict[str, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    given_back: list[str] = []

    async def original(_sid: str, payload: str) -> None:
        taken.append(payload)

    async def give_back(_session: Any, payload: str, _sentence: Any) -> None:
        given_back.append(payload)

    monkeypatch.setattr(sockets, "return_message", give_back)
    pages[SID] = Page(new_id())
    layer = Layer()
    message = if_kept(original, cast(Any, layer))
    for layer.saving in Saving:
        await message(SID, layer.saving.value)
    assert (taken, given_back) == (["saved", "delayed"], ["refused"])
