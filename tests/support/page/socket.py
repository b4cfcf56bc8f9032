"""An open page without a browser: what it sends over the socket and by requests."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx2
import socketio
from multidict import CIMultiDict

from tests.support.page.application import Application
from tests.support.waiting import until

Header = tuple[str, str]


class SocketPage:
    """One connection to the program, and all that was heard from it."""

    def __init__(self, client: socketio.AsyncClient, session_id: str) -> None:
        self.session_id = session_id
        self.heard: list[tuple[str, Any]] = []
        self._client = client
        self._gone = asyncio.Event()
        client.on("*", self._hear)
        client.on("disconnect", lambda *_: self._gone.set())

    async def _hear(self, event: str, data: Any = None) -> None:
        self.heard.append((event, data))

    @property
    def is_connected(self) -> bool:
        return bool(self._client.connected)

    async def ended(self) -> None:
        """Wait until the program has closed it."""
        await self._gone.wait()

    async def emit(self, event: str, *sent: Any) -> None:
        """Send an event with any number of arguments."""
        await self._client.emit(event, sent)

    async def ask(self, text: str, *files: str, **changed: Any) -> str:
        """Send a question and return its id."""
        message = {
            "id": str(uuid.uuid4()),
            "type": "user_message",
            "name": "User",
            "output": text,
            "threadId": "",
            "createdAt": "2026-01-01T00:00:00Z",
            **changed,
        }
        named = [{"id": one} for one in files]
        await self.emit("client_message", {"message": message, "fileReferences": named})
        return str(message["id"])

    def all_heard(self, event: str) -> list[Any]:
        """What came with each event of a name."""
        return [data for name, data in self.heard if name == event]

    async def barrier(self) -> None:
        """Wait until all that was sent so far has been judged."""
        before = len(self.all_heard("set_favorites"))
        await self.emit("fetch_favorites")
        await until(
            lambda: not self.is_connected or len(self.all_heard("set_favorites")) > before,
            "the answer to the last event",
        )


@asynccontextmanager
async def socket_page(
    application: Application, cookie: str, *, headers: Sequence[Header] = (), **auth: Any
) -> AsyncIterator[SocketPage]:
    """Connect as a page does. Raises `socketio.exceptions.ConnectionError` where it is refused."""
    sent = [("Cookie", cookie), *headers] if cookie else headers
    given = {
        "sessionId": str(uuid.uuid4()),
        "clientType": "webapp",
        "userEnv": "{}",
        "chatProfile": "",
        "threadId": "",
        **auth,
    }
    async with aiohttp.ClientSession(headers=CIMultiDict(sent)) as http:
        client = socketio.AsyncClient(http_session=http, reconnection=False)
        page = SocketPage(client, str(given["sessionId"]))
        await client.connect(
            application.url,
            auth=given,
            socketio_path="ws/socket.io",
            transports=["websocket"],
            wait_timeout=20,
        )
        try:
            await client.emit("connection_successful")
            yield page
        finally:
            await client.disconnect()


async def signed_in(application: Application, name: str, password: str) -> str:
    """Sign in and return the cookie."""
    async with httpx2.AsyncClient(base_url=application.url) as client:
        reply = await client.post("/login", data={"username": name, "password": password})
        assert reply.status_code == 200, reply.text
        return f"access_token={client.cookies['access_token']}"


async def let_in(application: Application) -> str:
    """Come in where AUTH_MODE is local, as a script does, and return the cookie."""
    async with httpx2.AsyncClient(base_url=application.url) as client:
        headers = {"X-Keepchat-Token": application.local_token}
        reply = await client.post("/auth/header", headers=headers)
        assert reply.status_code == 200, reply.text
        return f"access_token={client.cookies['access_token']}"
