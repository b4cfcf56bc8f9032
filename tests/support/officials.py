"""Databases of Chainlit's official layer: its Prisma schema, filled by the layer itself."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from chainlit.data.chainlit_data_layer import ChainlitDataLayer
from chainlit.element import CustomElement, File, Image
from chainlit.types import Feedback
from chainlit.user import User

from tests.support.chainlits import Conversation, Folder, in_session, undecorated
from tests.support.servers.postgres import Postgres

TABLES = ("User", "Thread", "Step", "Element", "Feedback")
_STAMPS = """id TEXT PRIMARY KEY, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP"""
DDL = f"""
CREATE TYPE "StepType" AS ENUM ('assistant_message', 'embedding', 'llm', 'retrieval', 'rerank',
    'run', 'system_message', 'tool', 'undefined', 'user_message');
CREATE TABLE "User" ({_STAMPS}, metadata JSONB NOT NULL, identifier TEXT NOT NULL UNIQUE);
CREATE TABLE "Thread" ({_STAMPS}, "deletedAt" TIMESTAMP(3), name TEXT, metadata JSONB NOT NULL,
    "userId" TEXT REFERENCES "User" ON DELETE SET NULL, tags TEXT[] DEFAULT '{{}}');
CREATE TABLE "Step" ({_STAMPS}, "parentId" TEXT REFERENCES "Step" ON DELETE CASCADE,
    "threadId" TEXT REFERENCES "Thread" ON DELETE CASCADE, input TEXT, metadata JSONB NOT NULL,
    name TEXT, output TEXT, type "StepType" NOT NULL, "showInput" TEXT DEFAULT 'json',
    "isError" BOOLEAN DEFAULT false, "startTime" TIMESTAMP(3) NOT NULL,
    "endTime" TIMESTAMP(3) NOT NULL);
CREATE TABLE "Element" ({_STAMPS}, "threadId" TEXT REFERENCES "Thread" ON DELETE CASCADE,
    "stepId" TEXT NOT NULL REFERENCES "Step" ON DELETE CASCADE, metadata JSONB NOT NULL, mime TEXT,
    name TEXT NOT NULL, "objectKey" TEXT, url TEXT, "chainlitKey" TEXT, display TEXT, size TEXT,
    language TEXT, page INTEGER, props JSONB);
CREATE TABLE "Feedback" ({_STAMPS}, "stepId" TEXT REFERENCES "Step" ON DELETE SET NULL,
    name TEXT NOT NULL, value DOUBLE PRECISION NOT NULL, comment TEXT);
CREATE INDEX ON "Step" ("threadId", "startTime", "endTime");
CREATE INDEX ON "Element" ("threadId");
CREATE INDEX ON "Feedback" ("stepId");
"""


class Official:
    """A database with the tables of Chainlit's official layer."""

    def __init__(self, server: Postgres, name: str, place: Path) -> None:
        self.url = server.url(name)
        self.files = place / "official-files"
        self._server = server
        self._name = name

    def run(self, script: str) -> None:
        """Run statements."""
        self._server.run(script, database=self._name)

    def rows(self, query: str) -> list[Any]:
        """What a query returns."""
        return self._server.query(query, database=self._name)

    def dump(self) -> dict[str, list[Any]]:
        """All rows of all tables, for comparing."""
        return {t: sorted(map(repr, self.rows(f'SELECT * FROM "{t}"'))) for t in TABLES}  # noqa: S608

    def time_zone(self, name: str) -> None:
        """Set the clock of later connections' sessions to a time zone."""
        self.run(f"ALTER DATABASE \"{self._name}\" SET TimeZone = '{name}'")

    @asynccontextmanager
    async def layer(self) -> AsyncIterator[ChainlitDataLayer]:
        """Chainlit's own layer on it."""
        opened = ChainlitDataLayer(self.url, storage_client=Folder(self.files))
        try:
            yield opened
        finally:
            await opened.close()


async def fill(theirs: Official, *names: str, owner: str = "alice") -> list[Conversation]:
    """Have Chainlit's layer store a conversation of each name."""
    async with theirs.layer() as layer:
        user = await layer.create_user(User(identifier=owner, metadata={"role": "admin"}))
        return [await _converse(layer, user, name) for name in names]


async def _converse(layer: ChainlitDataLayer, user: Any, name: str) -> Conversation:
    thread, question, run, answer = (str(uuid.uuid4()) for _ in range(4))
    metadata = {"chat_profile": "scripted", "numbers": [1, 2.5, True]}
    await layer.update_thread(thread, name, user.id, metadata, ["a", "b c"])
    create = undecorated(layer, "create_step")
    content = f"bytes of {name}".encode() * 100
    with in_session(thread, user):
        await create(a_step(question, thread, "user_message", f"Ask {name} ü 世"))
        await create(a_step(run, thread, "run", "", name="on_message", showInput="json"))
        made = a_step(answer, thread, "assistant_message", "", parentId=run)
        await create(made)  # as streaming begins
        await create({**made, "output": f"Answer of {name}", "isError": True})
        file = File(name=f"{name} notes.txt", content=content, display="inline")
        file.mime = "text/plain"
        link = Image(name="logo", url="https://other.example/logo.png", size="small")
        custom = CustomElement(name="Chart", props={"values": [1, 2]})
        for element, home in ((file, question), (link, answer), (custom, answer)):
            element.thread_id, element.for_id = thread, home
            await undecorated(layer, "create_element")(element)
    said = await layer.upsert_feedback(Feedback(forId=run, value=1, comment="good"))
    return Conversation(thread, name, user.id, question, run, answer, file.id, said, content)


_clock = iter(range(10_000_000))


def a_step(step_id: str, thread: str, kind: str, output: str, **fields: Any) -> Any:
    """A step as Chainlit hands it over, each a millisecond after the one before."""
    millis = next(_clock)
    moment = f"2025-03-01T10:{millis // 60_000:02d}:{millis // 1000 % 60:02d}.{millis % 1000:03d}"
    return {
        "id": step_id,
        "threadId": thread,
        "parentId": None,
        "name": kind,
        "type": kind,
        "input": "",
        "output": output,
        "createdAt": f"{moment}000Z",
        "start": f"{moment}000Z",
        "end": f"{moment}000Z",
        "showInput": False,
        "isError": False,
        "metadata": {"favorite": True} if kind == "user_message" else {"k": [1]},
        **fields,
    }
