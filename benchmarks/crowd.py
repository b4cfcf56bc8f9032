"""Many people in the program at once, who ask and wait for the answer as its page does."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import uuid4

import aiohttp
import httpx2
import socketio
from chainlit.utils import utc_now

PASSWORD = "correct horse battery"  # noqa: S105 - of made-up people
QUESTION = "What is the capital of France, asked once more?"
TURNS = 3
PAUSE_S = 10.0  # between an answer and the next question
_PATIENCE_S = 60.0


@dataclass(slots=True)
class Person:
    """Somebody who is connected; `waited` has the seconds until each answer's first token."""

    client: socketio.AsyncClient
    waited: list[float] = field(default_factory=list)
    _began: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _asked_at: float = 0.0

    def listen(self) -> None:
        """Note when an answer begins and when it has ended."""
        self.client.on("stream_start", self._begin)
        self.client.on("task_end", self._end)

    async def chat(self, after_s: float) -> None:
        """Begin after some seconds, and ask, wait and pause some times."""
        await asyncio.sleep(after_s)
        for _ in range(TURNS):
            await self._ask()
            await asyncio.sleep(PAUSE_S)

    async def _ask(self) -> None:
        self._began.clear()
        self._ended.clear()
        message = {"id": str(uuid4()), "type": "user_message", "output": QUESTION, "name": "user"}
        message["createdAt"] = utc_now()
        self._asked_at = time.perf_counter()
        await self.client.emit("client_message", {"message": message, "fileReferences": []})
        async with asyncio.timeout(_PATIENCE_S):
            await self._began.wait()
            await self._ended.wait()

    async def _begin(self, *_: object) -> None:
        if not self._began.is_set():
            self.waited.append(time.perf_counter() - self._asked_at)
            self._began.set()

    async def _end(self, *_: object) -> None:
        if self._began.is_set():
            self._ended.set()


async def chat_together(url: str, names: Sequence[str]) -> list[list[float]]:
    """Return how long each of some people, who have accounts, waited for each first token."""
    async with AsyncExitStack() as stack:
        people = [await _connect(stack, url, name) for name in names]
        chats = (it.chat(number * PAUSE_S / len(people)) for number, it in enumerate(people))
        await asyncio.gather(*chats)
    return [person.waited for person in people]


async def _connect(stack: AsyncExitStack, url: str, name: str) -> Person:
    http = await stack.enter_async_context(aiohttp.ClientSession())
    client = socketio.AsyncClient(http_session=http, reconnection=False)
    person = Person(client)
    person.listen()
    await client.connect(
        url,
        headers={"Cookie": await _sign_in(url, name)},
        auth={
            "sessionId": str(uuid4()),
            "clientType": "webapp",
            "userEnv": "{}",
            "chatProfile": "",
            "threadId": "",
        },
        socketio_path="ws/socket.io",
        transports=["websocket"],
        wait_timeout=20,
    )
    stack.push_async_callback(client.disconnect)
    await client.emit("connection_successful")
    return person


async def _sign_in(url: str, name: str) -> str:
    async with httpx2.AsyncClient(base_url=url, timeout=30) as browser:
        reply = await browser.post("/login", data={"username": name, "password": PASSWORD})
        assert reply.is_success, reply.text
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
