"""A program with three people, and what one of them has there that is nobody else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.support.page.application import Application
from tests.support.page.doors import Doors, doors_of
from tests.support.page.socket import signed_in, socket_page
from tests.support.waiting import until

SECRET = "the owner's zebra"
PEOPLE = {"anna": "correct horse", "bob": "battery staple", "carl": "paper clip"}
REMOVED = "carl"
SETTINGS = {"AUTH_MODE": "password", "THREAD_SHARING": "on"}
_TABLES = ("threads", "steps", "elements", "feedbacks", "tombstones", "removals")
_BELOW = ("steps", "elements", "feedbacks", "search_entries")
_THREADS_OF = "SELECT id FROM threads WHERE userIdentifier = ?"

Row = tuple[Any, ...]


@dataclass
class World:
    """The program with what is the owner's."""

    app: Application
    doors: Doors
    cookies: dict[str, str] = field(default_factory=dict)
    clients: dict[str, httpx2.AsyncClient] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def stored(self) -> list[Row]:
        """All rows of the database but those that a login changes."""
        return [row for table in _TABLES for row in self._sorted(f"SELECT * FROM {table}")]  # noqa: S608

    def stored_of(self, who: str) -> list[Row]:
        """All rows of what somebody has."""
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


@asynccontextmanager
async def running_world(app: Application) -> AsyncIterator[World]:
    """Run a program with three people, who have nothing there yet; one of them is removed."""
    try:
        await app.start()
        for name, password in PEOPLE.items():
            await app.manage("user", "add", name, "--password-stdin", typed=password)
        world = World(app, await doors_of(app))
        for name, password in PEOPLE.items():
            world.cookies[name] = await signed_in(app, name, password)
        await app.manage("user", "remove", REMOVED)
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
    database = world.app.database
    http = world.client(who)
    async with socket_page(world.app, world.cookies[who]) as page:
        file = {"file": ("zebra.txt", words.encode(), "text/plain")}
        reply = await http.post(f"/project/file?session_id={page.session_id}", files=file)
        upload = reply.json()["id"]
        question = await page.ask(f"What is the capital of France? {words}", upload)
        await until(lambda: page.all_heard("task_end")[1:], "the end of the answer")
        find = "SELECT threadId FROM steps WHERE id = ?"
        [(thread,)] = await until(lambda: database.rows(find, question), "the question")
        await until(lambda: database.elements(thread), "the file")
        answers = "SELECT id FROM steps WHERE threadId = ? AND type = 'assistant_message'"
        [(step,)] = await until(lambda: database.rows(answers, thread), "the answer")
        feedback = {"forId": step, "threadId": thread, "value": 1, "comment": words}
        given = {"feedback": feedback, "sessionId": page.session_id}
        judged = await http.put("/feedback", json=given)
        ids = {"upload": upload, "thread": thread, "step": step, "question": question}
        ids |= {"feedback": judged.json()["feedbackId"], "session": page.session_id}
        ids["element"] = database.elements(thread)[0][0]
    # Leaving stores what was chosen.
    chosen = "SELECT metadata FROM threads WHERE id = ?"
    await until(lambda: "client_type" in str(database.rows(chosen, thread)), "it")
    return ids
