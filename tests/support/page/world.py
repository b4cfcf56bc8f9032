"""A program with three people, and what one of them has there that is nobody else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2

from tests.support.page.application import Application
from tests.support.page.doors import Doors, doors_of
from tests.support.page.socket import signed_in, socket_page
from tests.support.page.stored import Stored
from tests.support.waiting import until

SECRET = "the owner's zebra"
PEOPLE = {"anna": "correct horse", "bob": "battery staple", "carl": "paper clip"}
REMOVED = "carl"
SETTINGS = {"AUTH_MODE": "password", "THREAD_SHARING": "on"}
# By one process for all of them, which takes longer to start than all else.
_ADD = """
import sys
import manage

for name in sys.argv[1:]:
    try:
        manage.main(["user", "add", name, "--password-stdin"])
    except SystemExit as end:
        if end.code:
            raise
"""
_BELOW = ("steps", "elements", "feedbacks", "search_entries")
_THREADS_OF = "SELECT id FROM threads WHERE userIdentifier = ?"

Row = tuple[Any, ...]


@dataclass
class World:
    """The program with what is the owner's."""

    app: Application
    doors: Doors
    store: Stored
    cookies: dict[str, str] = field(default_factory=dict)
    clients: dict[str, httpx2.AsyncClient] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    async def add(self, **people: str) -> None:
        """Make accounts, by names and passwords, and sign in to each."""
        await self.app.python("-c", _ADD, *people, typed="\n".join(people.values()))
        for name, password in people.items():
            self.cookies[name] = await signed_in(self.app, name, password)

    async def remove(self, name: str) -> None:
        """Remove an account; what its person has said stays. The program knows a moment later."""
        await self.app.manage("user", "remove", name, "--keep")
        asking = partial(httpx2.get, f"{self.app.url}/user", headers={"Cookie": self.cookies[name]})
        await until(lambda: asking().status_code == 401, "the end of the login")

    async def sign_in_again(self, who: str) -> None:
        """Give somebody a new session, where they can sign in and had one."""
        if who in PEOPLE and who != REMOVED:
            self.cookies[who] = await signed_in(self.app, who, PEOPLE[who])
            await self.forget(who)

    async def forget(self, who: str) -> None:
        """Let somebody's next request have the cookie that they have now."""
        if client := self.clients.pop(who, None):
            await client.aclose()

    async def request(self, method: str, path: str, cookie: str) -> None:
        """Ask for something with a cookie; it has to succeed."""
        async with httpx2.AsyncClient(base_url=self.app.url, headers={"Cookie": cookie}) as client:
            reply = await client.request(method, path)
        assert reply.is_success, reply.text

    def stored(self) -> list[str]:
        """All that is stored of the owner's conversation; others may begin some of their own."""
        return [row for row in self.store.everything() if self.ids["thread"] in row]

    async def settled(self) -> list[str]:
        """The same once it stays as it is: a page that has just been closed is stored a moment
        later, with what was chosen in it.
        """
        last: list[str] | None = None

        def is_settled() -> bool:
            nonlocal last
            before, last = last, self.stored()
            return before == last

        await until(is_settled, "what the pages of the last test leave")
        return last or []

    def stored_of(self, who: str) -> list[Row]:
        """All rows of what somebody has, in the program's own file."""
        asked = ["SELECT * FROM threads WHERE userIdentifier = ?"]
        asked += [f"SELECT * FROM {table} WHERE threadId IN ({_THREADS_OF})" for table in _BELOW]  # noqa: S608
        return [row for statement in asked for row in self._sorted(statement, who)]

    def _sorted(self, statement: str, *values: object) -> list[Row]:
        return sorted(self.app.database.rows(statement, *values), key=str)

    def client(self, who: str) -> httpx2.AsyncClient:
        """Somebody's requests; what is answered signs nobody in or out."""
        if who not in self.clients:
            headers = {"Cookie": self.cookies[who]} if who in self.cookies else {}
            self.clients[who] = httpx2.AsyncClient(base_url=self.app.url, headers=headers)
        self.clients[who].cookies.clear()
        return self.clients[who]

    def thread(self, who: str, thread_id: str) -> Any:
        """A thread as somebody is sent it; None where it is not there, or not theirs."""
        headers = {"Cookie": self.cookies[who]}
        reply = httpx2.get(f"{self.app.url}/project/thread/{thread_id}", headers=headers)
        return reply.json() if reply.is_success else None


@asynccontextmanager
async def running_world(app: Application, store: Stored | None = None) -> AsyncIterator[World]:
    """Run a program with three people, who have nothing there yet; one of them is removed.

    It keeps what they say in `store`, or else in a file of its own.
    """
    try:
        await app.start()
        world = World(app, await doors_of(app), store or app.database)
        await world.add(**PEOPLE)
        await world.remove(REMOVED)
        yield world
        for client in world.clients.values():
            await client.aclose()
        await app.stop()
    finally:
        await app.kill()


async def fill(world: World, who: str, words: str) -> dict[str, str]:
    """Let somebody have a conversation with a file, an answer and what they think of it.

    Returns the ids of all that, by kind.
    """
    http = world.client(who)
    async with socket_page(world.app, world.cookies[who]) as page:
        file = {"file": ("zebra.txt", words.encode(), "text/plain")}
        reply = await http.post(f"/project/file?session_id={page.session_id}", files=file)
        upload = reply.json()["id"]
        question = await page.ask(f"What is the capital of France? {words}", upload)
        await until(lambda: page.all_heard("task_end")[1:], "the end of the answer")
        thread_id = page.all_heard("first_interaction")[0]["thread_id"]
        thread = await until(lambda: _whole(world.thread(who, thread_id)), "the thread")
        step = _answers(thread)[0]["id"]
        feedback = {"forId": step, "threadId": thread_id, "value": 1, "comment": words}
        given = {"feedback": feedback, "sessionId": page.session_id}
        judged = await http.put("/feedback", json=given)
        ids = {"upload": upload, "thread": thread_id, "step": step, "question": question}
        ids |= {"feedback": judged.json()["feedbackId"], "session": page.session_id}
        ids["element"] = thread["elements"][0]["id"]
    # Leaving stores what was chosen.
    await until(lambda: "client_type" in str(world.thread(who, thread_id)["metadata"]), "it")
    return ids


def _whole(thread: Any) -> Any:
    return thread if thread and thread["elements"] and _answers(thread) else None


def _answers(thread: Any) -> list[Any]:
    return [step for step in thread["steps"] if step["type"] == "assistant_message"]
