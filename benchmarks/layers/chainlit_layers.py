"""Chainlit's two layers for PostgreSQL, each on the schema that is documented for it.

Asked without the decorator that needs a browser's session. Their tables are made so that what
2.12 writes is kept.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast

from chainlit.data.chainlit_data_layer import ChainlitDataLayer
from chainlit.data.sql_alchemy import SQLAlchemyDataLayer

from benchmarks.data import Message, Thread, User
from benchmarks.layers import keepchat
from benchmarks.layers.base import Layer, LayerKind, Rows
from datalayer.stores.sql.flags import FLAGS

DOCUMENTED = """
CREATE TABLE users (
    id UUID PRIMARY KEY, identifier TEXT NOT NULL UNIQUE, metadata JSONB NOT NULL, "createdAt" TEXT
);
CREATE TABLE threads (
    id UUID PRIMARY KEY, "createdAt" TEXT, name TEXT,
    "userId" UUID REFERENCES users (id) ON DELETE CASCADE,
    "userIdentifier" TEXT, tags TEXT[], metadata JSONB
);
CREATE TABLE steps (
    id UUID PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
    "threadId" UUID NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    "parentId" UUID, streaming BOOLEAN NOT NULL, "waitForAnswer" BOOLEAN, "isError" BOOLEAN,
    metadata JSONB, tags TEXT[], input TEXT, output TEXT, "createdAt" TEXT, command TEXT,
    start TEXT, "end" TEXT, generation JSONB, "showInput" TEXT, language TEXT, indent INT,
    "defaultOpen" BOOLEAN, "autoCollapse" BOOLEAN, modes JSONB
);
CREATE TABLE elements (
    id UUID PRIMARY KEY, "threadId" UUID REFERENCES threads (id) ON DELETE CASCADE,
    type TEXT, url TEXT, "chainlitKey" TEXT, name TEXT NOT NULL, display TEXT, "objectKey" TEXT,
    size TEXT, page INT, language TEXT, "forId" UUID, mime TEXT, props JSONB,
    "autoPlay" BOOLEAN, "playerConfig" JSONB
);
CREATE TABLE feedbacks (
    id UUID PRIMARY KEY, "forId" UUID NOT NULL,
    "threadId" UUID NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    value INT NOT NULL, comment TEXT
);
"""

_TIMES = """
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP"""

PRISMA = """
CREATE TYPE "StepType" AS ENUM (
    'assistant_message', 'embedding', 'llm', 'retrieval', 'rerank', 'run', 'system_message',
    'tool', 'undefined', 'user_message'
);
CREATE TABLE "User" (
    id TEXT PRIMARY KEY, @TIMES, metadata JSONB NOT NULL, identifier TEXT NOT NULL UNIQUE
);
CREATE TABLE "Thread" (
    id TEXT PRIMARY KEY, @TIMES, "deletedAt" TIMESTAMP(3), name TEXT, metadata JSONB NOT NULL,
    "userId" TEXT REFERENCES "User" (id) ON DELETE SET NULL ON UPDATE CASCADE, tags TEXT[]
);
CREATE TABLE "Step" (
    id TEXT PRIMARY KEY, @TIMES,
    "parentId" TEXT REFERENCES "Step" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "threadId" TEXT REFERENCES "Thread" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    input TEXT, metadata JSONB NOT NULL, name TEXT, output TEXT, type "StepType" NOT NULL,
    "showInput" TEXT DEFAULT 'json', "isError" BOOLEAN DEFAULT false,
    "startTime" TIMESTAMP(3) NOT NULL, "endTime" TIMESTAMP(3) NOT NULL
);
CREATE TABLE "Element" (
    id TEXT PRIMARY KEY, @TIMES,
    "threadId" TEXT REFERENCES "Thread" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "stepId" TEXT NOT NULL REFERENCES "Step" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    metadata JSONB NOT NULL, mime TEXT, name TEXT NOT NULL, "objectKey" TEXT, url TEXT,
    "chainlitKey" TEXT, display TEXT, size TEXT, language TEXT, page INT, props JSONB
);
CREATE TABLE "Feedback" (
    id TEXT PRIMARY KEY, @TIMES,
    "stepId" TEXT REFERENCES "Step" (id) ON DELETE SET NULL ON UPDATE CASCADE,
    name TEXT NOT NULL, value DOUBLE PRECISION NOT NULL, comment TEXT
);
CREATE INDEX ON "Thread" ("createdAt"); CREATE INDEX ON "Thread" (name);
CREATE INDEX ON "Step" ("createdAt"); CREATE INDEX ON "Step" ("endTime");
CREATE INDEX ON "Step" ("parentId"); CREATE INDEX ON "Step" ("startTime");
CREATE INDEX ON "Step" ("threadId"); CREATE INDEX ON "Step" (type); CREATE INDEX ON "Step" (name);
CREATE INDEX ON "Step" ("threadId", "startTime", "endTime");
CREATE INDEX ON "Element" ("stepId"); CREATE INDEX ON "Element" ("threadId");
CREATE INDEX ON "Feedback" ("createdAt"); CREATE INDEX ON "Feedback" (name);
CREATE INDEX ON "Feedback" ("stepId"); CREATE INDEX ON "Feedback" (value);
CREATE INDEX ON "Feedback" (name, value);
""".replace("@TIMES", _TIMES)


def _undecorated(method: Any) -> Any:
    return method.__wrapped__


class SqlAlchemyLayer(SQLAlchemyDataLayer):
    """Chainlit's SQLAlchemy layer, asked outside a session."""

    create_step = _undecorated(SQLAlchemyDataLayer.create_step)
    update_step = _undecorated(SQLAlchemyDataLayer.update_step)


class AsyncpgLayer(ChainlitDataLayer):
    """Chainlit's official layer, asked outside a session."""

    create_step = _undecorated(ChainlitDataLayer.create_step)
    update_step = _undecorated(ChainlitDataLayer.update_step)


# The same rows, as each schema has them


def _documented_user(user: User) -> Rows:
    return _without(keepchat.user_rows(user), "revision")


def _documented_rows(threads: Sequence[Thread]) -> Rows:
    added = ("revision", "sequence", "updatedAt", "favorite", *FLAGS)
    return _without(keepchat.bare_rows(threads), *added)


def _without(rows: Rows, *names: str) -> Rows:
    return {
        table: [
            {name: value for name, value in row.items() if name not in names} for row in of_table
        ]
        for table, of_table in rows.items()
    }


def _prisma_user(user: User) -> Rows:
    return {"User": [{"id": user.id, "identifier": user.identifier, "metadata": "{}"}]}


def _prisma_rows(threads: Sequence[Thread]) -> Rows:
    messages = [(thread, message) for thread in threads for message in thread.messages]
    return {
        "Thread": [_prisma_thread(thread) for thread in threads],
        "Step": [_prisma_step(thread, message) for thread, message in messages],
        "Feedback": [
            {
                "id": message.id,
                "stepId": message.id,
                "name": "user_feedback",
                "value": float(message.feedback),
            }
            for _, message in messages
            if message.feedback is not None
        ],
    }


def _prisma_thread(thread: Thread) -> dict[str, Any]:
    return {
        "id": thread.id,
        "createdAt": _naive(thread.messages[0]),
        "updatedAt": _naive(thread.messages[-1]),
        "name": thread.name,
        "userId": thread.user.id,
        "metadata": "{}",
    }


def _prisma_step(thread: Thread, message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "createdAt": _naive(message),
        "threadId": thread.id,
        "name": thread.user.identifier if message.is_question else "Assistant",
        "type": "user_message" if message.is_question else "assistant_message",
        "metadata": '{"favorite": true}' if message.favorite else "{}",
        "output": message.text,
        "showInput": "json",
        "isError": False,
        "startTime": _naive(message),
        "endTime": _naive(message),
    }


def _naive(message: Message) -> datetime:
    return message.created_at.replace(tzinfo=None)


# Connected


@asynccontextmanager
async def _open_sqlalchemy(url: str) -> AsyncIterator[Layer]:
    layer = SqlAlchemyLayer(url.replace("postgresql:", "postgresql+asyncpg:", 1))
    try:
        yield cast(Layer, layer)
    finally:
        await layer.close()


@asynccontextmanager
async def _open_asyncpg(url: str) -> AsyncIterator[Layer]:
    layer = AsyncpgLayer(url)
    try:
        yield cast(Layer, layer)
    finally:
        await layer.close()


def sqlalchemy() -> LayerKind:
    """Return Chainlit's SQLAlchemy layer as one to be measured."""
    return LayerKind(
        name="Chainlit's SQLAlchemy layer",
        slug="sqlalchemy",
        schema=DOCUMENTED,
        user_rows=_documented_user,
        thread_rows=_documented_rows,
        threads="threads",
        steps="steps",
        open=_open_sqlalchemy,
    )


def asyncpg() -> LayerKind:
    """Return Chainlit's asyncpg layer as one to be measured."""
    return LayerKind(
        name="Chainlit's asyncpg layer",
        slug="asyncpg",
        schema=PRISMA,
        user_rows=_prisma_user,
        thread_rows=_prisma_rows,
        threads='"Thread"',
        steps='"Step"',
        open=_open_asyncpg,
    )
