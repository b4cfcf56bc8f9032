"""A program that is told to end while it has everything to do: what was shown, and how it ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.support.page.application import Application
from tests.support.page.socket import SocketPage, let_in, socket_page
from tests.support.waiting import until

QUESTION = "Tell me a long story."
ANSWERS = ("assistant_message",)
ENOUGH = 40  # characters of an answer that were shown before the end


@dataclass
class Talk:
    """A page in which something is answered, and what lies open beside it."""

    app: Application
    cookie: str
    page: SocketPage
    begun: list[asyncio.Task[Any]] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """The answer as far as the page was shown it."""
        begun = [it for it in self.page.all_heard("stream_start") if it["type"] in ANSWERS]
        tokens = (it["token"] for it in self.page.all_heard("stream_token"))
        return "".join([begun[0]["output"], *tokens]) if begun else ""

    async def attach(self) -> str:
        """Send a file, and return its id."""
        files = {"file": ("a.txt", b"content", "text/plain")}
        async with httpx2.AsyncClient(
            base_url=self.app.url, headers={"Cookie": self.cookie}
        ) as http:
            reply = await http.post(f"/project/file?session_id={self.page.session_id}", files=files)
        return str(reply.json()["id"])

    async def ask(self, *files: str, question: str = QUESTION) -> None:
        """Ask, and wait until a part of the answer was shown."""
        self.page.heard.clear()
        await self.page.ask(question, *files)
        await until(lambda: len(self.shown) > ENOUGH, "the answer")

    def leave_waiting(self) -> None:
        """Begin requests that do not end: an upload, a login, a line that waits for events."""
        self.begun.append(asyncio.create_task(self._send_half()))
        self.begun.append(asyncio.create_task(let_in(self.app)))
        self.begun.append(asyncio.create_task(self._listen()))

    async def _send_half(self) -> None:
        reader, writer = await asyncio.open_connection("localhost", self.app.port)
        try:
            head = (
                f"POST /project/file?session_id={self.page.session_id} HTTP/1.1",
                f"Host: localhost:{self.app.port}",
                f"Cookie: {self.cookie}",
                "Content-Type: multipart/form-data; boundary=x",
                "Content-Length: 100000",
            )
            writer.write("\r\n".join([*head, "", "--x"]).encode())
            await writer.drain()
            await reader.read()
        finally:
            writer.close()

    async def _listen(self) -> None:
        path = "/ws/socket.io/?EIO=4&transport=polling"
        headers = {"Cookie": self.cookie}
        async with httpx2.AsyncClient(base_url=self.app.url, headers=headers, timeout=60) as http:
            opened = (await http.get(path)).text
            sid = opened.partition('"sid":"')[2].partition('"')[0]
            await http.get(f"{path}&sid={sid}")

    async def stop_waiting(self) -> None:
        """Give up what was begun."""
        for task in self.begun:
            task.cancel()
        await asyncio.gather(*self.begun, return_exceptions=True)


@asynccontextmanager
async def talking(app: Application) -> AsyncIterator[Talk]:
    """Have a conversation in a page, beside another that is idle."""
    cookie = await let_in(app)
    async with socket_page(app, cookie) as page, socket_page(app, cookie):
        talk = Talk(app, cookie, page)
        try:
            yield talk
        finally:
            await talk.stop_waiting()


async def last_answer(app: Application) -> dict[str, Any]:
    """The answer to the last question, as soon as it is stored."""
    headers = {"Cookie": await let_in(app)}
    asked = {"pagination": {"first": 1}, "filter": {}}
    with httpx2.Client(base_url=app.url, headers=headers) as http:

        def found() -> dict[str, Any] | None:
            threads = http.post("/project/threads", json=asked).json()["data"]
            paths = [f"/project/thread/{thread['id']}" for thread in threads]
            steps = [step for path in paths for step in http.get(path).json()["steps"]]
            answers = [step for step in steps if step["type"] in ANSWERS]
            return answers[-1] if answers else None

        answer = await until(found, "the answer")
        assert answer
        return answer
