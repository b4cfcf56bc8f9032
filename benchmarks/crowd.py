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
_CONNECT, _CONNECTED, EVENT = "40", "40", "42"
_RESUMED = '42["resume_thread"'
_END = '42["task_end"'
BEGIN = '42["stream_start"'


@dataclass(slots=True)
class Person:
    """Somebody who is connected; the seconds until the first token and the end of each answer."""

    socket: aiohttp.ClientWebSocketResponse
    heard: Callable[[str], None] = lambda _packet: None
    """Given each packet that has been read."""
    asked_at: float = 0.0
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
        self.asked_at = time.perf_counter()
        await self.emit("client_message", {"message": message, "fileReferences": []})
        async with asyncio.timeout(_PATIENCE_S):
            await self._until(BEGIN)
            self.waited.append(time.perf_counter() - self.asked_at)
            await self._until(_END)
            self.whole.append(time.perf_counter() - self.asked_at)

    async def emit(self, event: str, *arguments: object) -> None:
        """Send an event."""
        await self.socket.send_str(f"{EVENT}{json.dumps([event, *arguments])}")

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
        while not (await self._read()).startswith(beginning):
            pass

    async def watch(self) -> None:
        """Read whatever comes, until this is cancelled."""
        while True:
            await self._read()

    async def _read(self) -> str:
        packet = await self.socket.receive_str()
        if packet == _PING:
            await self.socket.send_str(_PONG)
        self.heard(packet)
        return packet


async def chat_together(url: str, names: Sequence[str]) -> list[list[float]]:
    """Return how long each of some people, who have accounts, waited for each first token."""
    async with connected(url, names) as people:
        chats = (it.chat(number * PAUSE_S / len(people)) for number, it in enumerate(people))
        await asyncio.gather(*chats)
        return [person.waited for person in people]


class Entrance:
    """Where people come in to a program."""

    def __init__(self, url: str, http: aiohttp.ClientSession, stack: AsyncExitStack) -> None:
        self._url = url
        self._http = http
        self._stack = stack

    async def sign_in(self, name: str) -> str:
        """Log somebody in who has an account; returns the cookies."""
        form = {"username": name, "password": PASSWORD}
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
            browser.post(f"{self._url}/login", data=form) as reply,
        ):
            assert reply.ok, await reply.text()
            return "; ".join(f"{it.key}={it.value}" for it in reply.cookies.values())

    async def sign_in_all(self, names: Sequence[str]) -> list[str]:
        """Log people in, few at once."""
        return await _few_at_once(self.sign_in, names)

    async def connect(
        self, cookie: str, thread_id: str = "", heard: Callable[[str], None] | None = None
    ) -> Person:
        """Open a page, with a thread that is opened again if one is named."""
        address = f"{self._url}/ws/socket.io/?EIO=4&transport=websocket"
        headers = {"Cookie": cookie, "Origin": self._url}
        socket = await self._http.ws_connect(address, headers=headers, max_msg_size=0)
        self._stack.push_async_callback(socket.close)
        person = Person(socket)
        person.heard = heard or person.heard
        await person.connect(thread_id)
        return person


@asynccontextmanager
async def entrance(url: str) -> AsyncIterator[Entrance]:
    """Let people in; whoever is still connected at the end is disconnected."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
        AsyncExitStack() as stack,
    ):
        yield Entrance(url, http, stack)


@asynccontextmanager
async def connected(url: str, names: Sequence[str]) -> AsyncIterator[list[Person]]:
    """Give people who are logged in and connected."""
    async with entrance(url) as door:
        yield await _few_at_once(door.connect, await door.sign_in_all(names))


@asynccontextmanager
async def resumed(url: str, name: str, thread_id: str) -> AsyncIterator[Person]:
    """Give somebody who has logged in and opened a thread again."""
    async with entrance(url) as door:
        yield await door.connect(await door.sign_in(name), thread_id)


async def _few_at_once(work: Callable[[T], Awaitable[R]], given: Sequence[T]) -> list[R]:
    turns = asyncio.Semaphore(SIGN_INS)

    async def in_turn(one: T) -> R:
        async with turns:
            return await work(one)

    return await asyncio.gather(*map(in_turn, given))
