"""Databases of Chainlit's own SQLAlchemy layer: its schemas, filled by the layer itself."""

import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from chainlit.context import ChainlitContext, context_var
from chainlit.data.sql_alchemy import SQLAlchemyDataLayer
from chainlit.data.storage_clients.base import BaseStorageClient
from chainlit.element import File
from chainlit.session import HTTPSession
from chainlit.types import Feedback
from chainlit.user import User

from tests.support.servers.postgres import Postgres

OURS = ("users", "threads", "steps", "elements", "feedbacks")

# {id}, {json}, {list} are the types that people gave such columns.
_COMMON = """
CREATE TABLE users (id {id} PRIMARY KEY, identifier TEXT NOT NULL UNIQUE,
    metadata {json} NOT NULL, "createdAt" TEXT);
CREATE TABLE threads (id {id} PRIMARY KEY, "createdAt" TEXT, name TEXT,
    "userId" {id} REFERENCES users(id) ON DELETE CASCADE, "userIdentifier" TEXT, tags {list},
    metadata {json});
"""
_STEPS = """
CREATE TABLE steps (id {id} PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
    "threadId" {id} NOT NULL, "parentId" {id}, {own} streaming BOOLEAN NOT NULL,
    "waitForAnswer" BOOLEAN, "isError" BOOLEAN, metadata {json}, tags {list}, input TEXT,
    output TEXT, "createdAt" TEXT, start TEXT, "end" TEXT, generation {json}, "showInput" TEXT,
    language TEXT, indent INT {below});
"""
_ELEMENTS = """
CREATE TABLE elements (id {id} PRIMARY KEY, "threadId" {id}, type TEXT, url TEXT,
    "chainlitKey" TEXT, name TEXT NOT NULL, display TEXT, "objectKey" TEXT, size TEXT, page INT,
    language TEXT, "forId" {id}, mime TEXT {own} {below});
CREATE TABLE feedbacks (id {id} PRIMARY KEY, "forId" {id} NOT NULL, "threadId" {id} NOT NULL,
    value INT NOT NULL, comment TEXT {below});
"""
_BELOW = ', FOREIGN KEY ("threadId") REFERENCES threads(id) ON DELETE CASCADE'
_A = (
    _COMMON
    + _STEPS.replace("{own}", '"disableFeedback" BOOLEAN NOT NULL DEFAULT false,')
    + _ELEMENTS.replace("{own}", "")
).replace("{below}", "")
_B = (
    _COMMON
    + _STEPS.replace("{own}", 'command TEXT, "defaultOpen" BOOLEAN,')
    + _ELEMENTS.replace("{own}", ", props {json}")
).replace("{below}", _BELOW)
# What many have added by hand, so that 2.12 stores everything.
_HALF = """
ALTER TABLE steps ADD COLUMN "autoCollapse" BOOLEAN;
ALTER TABLE elements ADD COLUMN "autoPlay" BOOLEAN;
ALTER TABLE threads ADD COLUMN "updatedAt" TEXT;
"""
SCHEMAS = {"A": _A, "B": _B, "half": _B + _HALF}
_TYPES = {
    "sqlite": {"id": "TEXT", "json": "TEXT", "list": "TEXT"},
    "postgres": {"id": "UUID", "json": "JSONB", "list": "TEXT[]"},
    "postgres with text": {"id": "TEXT", "json": "TEXT", "list": "TEXT"},
}


def ddl(schema: str, types: str) -> str:
    """The statements that make a schema with a database's types."""
    script = SCHEMAS[schema]
    for name, kind in _TYPES[types].items():
        script = script.replace(f"{{{name}}}", kind)
    return script


class Folder(BaseStorageClient):
    """Keeps files in a folder, as people's own clients do, and gives links that expire."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def upload_file(
        self,
        object_key: str,
        data: bytes | str,
        mime: str = "application/octet-stream",
        overwrite: bool = True,
        content_disposition: str | None = None,
    ) -> dict[str, Any]:
        path = self.root / object_key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return {"object_key": object_key, "url": f"https://bucket.example/{object_key}?expires=1"}

    async def delete_file(self, object_key: str) -> bool:
        (self.root / object_key).unlink()
        return True

    async def get_read_url(self, object_key: str) -> str:
        return f"https://bucket.example/{object_key}"

    async def close(self) -> None:
        """There is nothing to close."""


class OnSqlite(SQLAlchemyDataLayer):
    """Chainlit's layer on a SQLite file: its own SQL and parameters, through the standard driver.

    Its own connections would need aiosqlite, which nothing else here does.
    """

    def __init__(self, path: Path, storage: BaseStorageClient) -> None:
        self.path = path
        self.storage_provider = storage
        self.show_logger = False
        self.user_thread_limit = 1000

    async def execute_sql(
        self, query: str, parameters: dict[str, Any]
    ) -> list[dict[str, Any]] | int | None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.row_factory = sqlite3.Row
            cursor = connection.execute(query, parameters)
            return [dict(row) for row in cursor] if cursor.description else cursor.rowcount


class ChainlitDatabase:
    """A database with Chainlit's tables, on SQLite or on PostgreSQL."""

    def __init__(
        self, kind: str, place: Path, server: Postgres | None = None, name: str = ""
    ) -> None:
        self.kind = kind
        self.path = place / "chainlit.db"
        self.files = place / "files"
        self._server = server
        self.name = name

    @property
    def url(self) -> str:
        """The DATABASE_URL of it."""
        return self._server.url(self.name) if self._server else f"sqlite:///{self.path}"

    def run(self, script: str) -> None:
        """Run statements."""
        if self._server:
            self._server.run(script, database=self.name)
            return
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(script)

    def rows(self, query: str) -> list[Any]:
        """What a query returns, ids as text."""
        if self._server:
            found = self._server.query(query, database=self.name)
        else:
            with closing(sqlite3.connect(self.path)) as connection:
                found = connection.execute(query).fetchall()
        return [tuple(str(v) if isinstance(v, uuid.UUID) else v for v in row) for row in found]

    def value(self, query: str) -> Any:
        """The one value that a query returns."""
        [[found]] = self.rows(query)
        return found

    def counts(self) -> dict[str, int]:
        """How many rows each of the tables has."""
        return {table: self.value(f"SELECT count(*) FROM {table}") for table in OURS}  # noqa: S608

    def dump(self) -> dict[str, list[Any]]:
        """All rows of all tables, for comparing."""
        return {t: sorted(map(repr, self.rows(f"SELECT * FROM {t}"))) for t in OURS}  # noqa: S608

    @asynccontextmanager
    async def layer(self, storage: Any = None) -> AsyncIterator[Any]:
        """Chainlit's own layer on it, by default with a folder for its files."""
        files = storage or Folder(self.files)
        if not self._server:
            yield OnSqlite(self.path, files)
            return
        url = self.url.replace("postgresql://", "postgresql+asyncpg://")
        opened = SQLAlchemyDataLayer(url, storage_provider=files)
        try:
            yield opened
        finally:
            await opened.engine.dispose()


MakeDatabase = Callable[[str, str], ChainlitDatabase]


def undecorated(layer: Any, name: str) -> Any:
    """A method that does not wait for a user's message in a session."""
    method = cast(Any, getattr(type(layer), name)).__wrapped__
    return lambda *given: method(layer, *given)


@contextmanager
def in_session(thread_id: str, user: User | None = None) -> Iterator[None]:
    """Let elements and steps find a session."""
    session = HTTPSession(
        id=str(uuid.uuid4()), client_type="webapp", thread_id=thread_id, user=user, user_env={}
    )
    session.has_first_interaction = True
    token = context_var.set(ChainlitContext(session))
    try:
        yield
    finally:
        context_var.reset(token)


@dataclass
class Conversation:
    """What was put into a thread."""

    thread: str
    name: str
    user: str
    question: str
    run: str
    answer: str
    element: str
    feedback: str
    content: bytes = field(repr=False)


async def fill(
    theirs: ChainlitDatabase, *names: str, owner: str = "alice", storage: Any = None
) -> list[Conversation]:
    """Have Chainlit's layer store a conversation of each name."""
    async with theirs.layer(storage) as layer:
        user = await layer.create_user(User(identifier=owner, metadata={"role": "admin"}))
        tags = ["a", "b c"] if theirs.kind == "postgres" else None
        return [await converse(layer, user, name, tags) for name in names]


async def converse(layer: Any, user: Any, name: str, tags: list[str] | None) -> Conversation:
    """Have a layer of Chainlit store a conversation."""
    thread, question, run, answer = (str(uuid.uuid4()) for _ in range(4))
    metadata = {"chat_profile": "scripted", "numbers": [1, 2.5, None]}
    await layer.update_thread(thread, name=name, user_id=user.id, metadata=metadata, tags=tags)
    create = undecorated(layer, "create_step")
    with in_session(thread, user):
        await create(_step(question, thread, None, "user_message", f"Ask {name} ü 世"))
        await create(_step(run, thread, None, "run", ""))
        await create(_step(answer, thread, run, "assistant_message", f"Answer of {name}"))
        content = f"bytes of {name}".encode() * 100
        element = File(name=f"{name} notes.txt", content=content, display="inline")
        element.mime = "text/plain"
        element.thread_id, element.for_id = thread, question
        await undecorated(layer, "create_element")(element)
    feedback = await layer.upsert_feedback(
        Feedback(forId=run, threadId=thread, value=1, comment="good")
    )
    return Conversation(thread, name, user.id, question, run, answer, element.id, feedback, content)


_clock = iter(range(10_000_000))


def _step(step_id: str, thread: str, parent: str | None, kind: str, output: str) -> Any:
    micros = next(_clock)
    moment = f"2025-03-01T10:{micros // 60_000_000:02d}:00.{micros:06d}Z"
    return {
        "id": step_id,
        "threadId": thread,
        "parentId": parent,
        "name": "on_message" if kind == "run" else kind,
        "type": kind,
        "streaming": False,
        "isError": False,
        "input": "",
        "output": output,
        "createdAt": moment,
        "start": moment,
        "end": moment,
        "showInput": False,
        "metadata": {"favorite": True} if kind == "user_message" else {"k": [1]},
        "generation": None,
    }
