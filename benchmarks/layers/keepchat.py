"""Keepchat's layer over its store on PostgreSQL."""

import inspect
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.data import Message, Thread, User
from benchmarks.layers.base import LayerKind, Rows
from datalayer.layer import KeepchatDataLayer
from datalayer.records import MaintenanceState
from datalayer.search.folding import fold
from datalayer.stores.sql import ngrams
from datalayer.stores.sql.flags import OF_FEEDBACK, STARRED
from datalayer.stores.sql.migrations import new_schema_sql
from datalayer.stores.sql.postgres.search import index as search_index
from datalayer.stores.sql.postgres.search import parts as index_parts
from datalayer.stores.sql.postgres.store import PostgresStore
from datalayer.values import iso_time
from storage.local.storage import LocalStorage


def user_rows(user: User) -> Rows:
    """Return a user's rows."""
    row = {
        "id": user.id,
        "identifier": user.identifier,
        "metadata": "{}",
        "createdAt": "2025-01-01T00:00:00.000000Z",
        "revision": 1,
    }
    return {"users": [row]}


def thread_rows(threads: Sequence[Thread]) -> Rows:
    """Return all rows of threads; what they do not name has the tables' defaults."""
    return {**bare_rows(threads), "search_entries": list(_texts(threads))}


def bare_rows(threads: Sequence[Thread]) -> Rows:
    """Return the rows of threads but for those of the search."""
    return {
        "threads": [_thread(thread) for thread in threads],
        "steps": [_step(thread, message) for thread in threads for message in thread.messages],
        "feedbacks": [
            _feedback(thread, message)
            for thread in threads
            for message in thread.messages
            if message.feedback is not None
        ],
    }


def _thread(thread: Thread) -> dict[str, Any]:
    return {
        "id": thread.id,
        "createdAt": iso_time(thread.messages[0].created_at),
        "updatedAt": iso_time(thread.messages[-1].created_at),
        "name": thread.name,
        "userId": thread.user.id,
        "userIdentifier": thread.user.identifier,
        "metadata": "{}",
        **{name: _has(thread, value) for value, name in OF_FEEDBACK.items()},
        STARRED: any(message.favorite for message in thread.messages),
    }


def _has(thread: Thread, feedback: int) -> bool:
    return any(message.feedback == feedback for message in thread.messages)


def _step(thread: Thread, message: Message) -> dict[str, Any]:
    at = iso_time(message.created_at)
    revision = int(message.created_at.timestamp() * 1_000_000)
    return {
        "id": message.id,
        "threadId": thread.id,
        "name": thread.user.identifier if message.is_question else "Assistant",
        "type": "user_message" if message.is_question else "assistant_message",
        "streaming": False,
        "waitForAnswer": False,
        "isError": False,
        "metadata": '{"favorite": true}' if message.favorite else "{}",
        "favorite": True if message.favorite else None,
        "output": message.text,
        "createdAt": at,
        "start": at,
        "end": at,
        "revision": revision,
        "sequence": revision,
    }


def _feedback(thread: Thread, message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "forId": message.id,
        "threadId": thread.id,
        "value": message.feedback,
        "revision": 1,
    }


def _texts(threads: Sequence[Thread]) -> Iterator[dict[str, Any]]:
    for thread in threads:
        yield _text("thread", thread.id, thread, thread.name)
        for message in thread.messages:
            yield _text("step", message.id, thread, message.text)


def _text(kind: str, row_id: str, thread: Thread, text: str) -> dict[str, Any]:
    return {"kind": kind, "id": row_id, "threadId": thread.id, "text": fold(text)}


async def finish(url: str) -> None:
    """Index for the search what was copied."""
    store = PostgresStore(url)
    try:
        while await store.maintain() is MaintenanceState.MORE:
            pass
    finally:
        await store.close()


@asynccontextmanager
async def open_keepchat(url: str) -> AsyncIterator[KeepchatDataLayer]:
    """Give the layer, its background work begun."""
    with tempfile.TemporaryDirectory() as folder:
        layer = KeepchatDataLayer(PostgresStore(url), LocalStorage(Path(folder)))
        layer.start()
        try:
            yield layer
        finally:
            await layer.close()


def keepchat() -> LayerKind:
    """Return the layer as one to be measured."""
    return LayerKind(
        name="Keepchat",
        slug="keepchat",
        schema=new_schema_sql("postgresql"),
        user_rows=user_rows,
        thread_rows=thread_rows,
        threads="threads",
        steps="steps",
        open=open_keepchat,
        finish=finish,
        finished_by="".join(map(inspect.getsource, (ngrams, index_parts, search_index))),
        pending="SELECT count(*) FROM search_entries WHERE pending IS NOT NULL",
    )
