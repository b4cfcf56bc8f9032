"""Many people in a program at once, who ask and wait for the answer as its page does.

Each is a websocket that reads no more of an event than its name: people share the machine with what
they measure.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import uuid4

import aiohttp
from chainlit.utils import utc_now

T = TypeVar("T")
R = TypeVar("R")

PASSWORD = "correct horse battery"  # noqa: S105 - of made-up people
QUESTION = "What is the capital of France, asked once more?"
TURNS = 3
PAUSE_S = 10.0  # between an answer and the next question
SIGN_INS = 4  # at once
_PATIENCE_S = 120.0

# Packets of engine.io and socket.io, by how they begin.
_OPEN, _PING, _PONG = "0", "2", "3"
_CONNECT, _CONNECTED, _EVENT = "40", "40", "42"
_RESUMED = '42["resume_thread"'
_FIRST_TOKEN, _END = '42["stream_start"', '42["task_end"'


@dataclass(slots=True)
class Person:
    """Somebody who is connected; the seconds until the first token and the end of each answer."""

    socket: aiohttp.ClientWebSocketResponse
    waited: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)

    async def chat(self, after_s: float) -> None:
        """Begin after some seconds, and ask, wait and pause some times."""
        await asyncio.sleep(after_s)
        for _ in range(TURNS):
            await self.ask()
            await asyncio.sleep(PAUSE_S)

    async def ask(self) -> None:
        """Ask once and wait for the whole answer."""
        message = {"id": str(uuid4()), "type": "user_message", "output": QUESTION, "name": "user"}
        message["createdAt"] = utc_now()
        asked_at = time.perf_counter()
        await self.emit("client_message", {"message": message, "fileReferences": []})
        async with asyncio.timeout(_PATIENCE_S):
            await self._until(_FIRST_TOKEN)
            self.waited.append(time.perf_counter() - asked_at)
            await self._until(_END)
            self.whole.append(time.perf_counter() - asked_at)

    async def emit(self, event: str, *arguments: object) -> None:
        """Send an event."""
        await self.socket.send_str(f"{_EVENT}{json.dumps([event, *arguments])}")

    async def connect(self, thread_id: str = "") -> None:
        """Begin a session as the page does, with a thread that is opened again if one is named."""
        await self._until(_OPEN)
        auth = {
            "sessionId": str(uuid4()),
            "clientType": "webapp",
            "userEnv": "{}",
            "chatProfile": "",
            "threadId": thread_id,
        }
        await self.socket.send_str(f"{_CONNECT}{json.dumps(auth)}")
        await self._until(_CONNECTED)
        await self.emit("connection_successful")
        if thread_id:
            await self._until(_RESUMED)

    async def _until(self, beginning: str) -> None:
        """Read packets up to one that begins so."""
        while True:
            packet = await self.socket.receive_str()
            if packet == _PING:
                await self.socket.send_str(_PONG)
            if packet.startswith(beginning):
                return


async def chat_together(url: str, names: Sequence[str]) -> list[list[float]]:
    """Return how long each of some people, who have accounts, waited for each first token."""
    async with connected(url, names) as people:
        chats = (it.chat(number * PAUSE_S / len(people)) for number, it in enumerate(people))
        await asyncio.gather(*chats)
        return [person.waited for person in people]


@asynccontextmanager
async def connected(url: str, names: Sequence[str]) -> AsyncIterator[list[Person]]:
    """Give people who are logged in and connected."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        )
        cookies = await _few_at_once(lambda name: _sign_in(url, name), names)
        yield await _few_at_once(lambda cookie: _connect(stack, http, url, cookie), cookies)


@asynccontextmanager
async def resumed(url: str, name: str, thread_id: str) -> AsyncIterator[Person]:
    """Give somebody who has logged in and opened a thread again."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield await _connect(stack, http, url, await _sign_in(url, name), thread_id)


async def _few_at_once(work: Callable[[T], Awaitable[R]], given: Sequence[T]) -> list[R]:
    turns = asyncio.Semaphore(SIGN_INS)

    async def in_turn(one: T) -> R:
        async with turns:
            return await work(one)

    return await asyncio.gather(*map(in_turn, given))


async def _connect(
    stack: AsyncExitStack,
    http: aiohttp.ClientSession,
    url: str,
    cookie: str,
    thread_id: str = "",
) -> Person:
    address = f"{url}/ws/socket.io/?EIO=4&transport=websocket"
    headers = {"Cookie": cookie, "Origin": url}
    socket = await http.ws_connect(address, headers=headers, max_msg_size=0)
    stack.push_async_callback(socket.close)
    person = Person(socket)
    await person.connect(thread_id)
    return person


async def _sign_in(url: str, name: str) -> str:
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
        browser.post(f"{url}/login", data={"username": name, "password": PASSWORD}) as reply,
    ):
        assert reply.ok, await reply.text()
        return "; ".join(f"{it.key}={it.value}" for it in reply.cookies.values())
