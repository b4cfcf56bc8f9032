"""A data layer over the store in memory and a folder, which can be held up, and how to ask it."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from chainlit import Text
from chainlit.context import ChainlitContext, context_var
from chainlit.session import BaseSession, WebsocketSession
from chainlit.step import StepDict
from chainlit.types import ThreadDict
from chainlit.user import PersistedUser, User

from common.concurrency.blocking import ByteSource
from datalayer.layer import KeepchatDataLayer
from datalayer.records import Result
from datalayer.stores.memory import MemoryStore, MemoryTables
from datalayer.writes import Write
from storage.base import Receipt
from storage.local.storage import LocalStorage
from tests.support.builders import ALICE, new_id

TIME = "2026-01-02T12:34:56.789012Z"


class RecordingStore(MemoryStore):
    """A store that remembers what it was asked to apply, and can be held up."""

    def __init__(self, tables: MemoryTables) -> None:
        super().__init__(tables)
        self.tables = tables
        self.applied: list[Write] = []
        self.batches = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def reopened(self) -> MemoryStore:
        """Return another store on what is kept, as after a start."""
        return MemoryStore(self.tables)

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        self.applied += writes
        self.batches += 1
        await self.gate.wait()
        return await super().apply(writes)


class GatedStorage(LocalStorage):
    """A folder into which nothing gets while its gate is closed, and that fails as it is told."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()
        self.failures: list[Exception] = []

    async def put(
        self, key: str, source: ByteSource, *, mime: str, filename: str | None = None
    ) -> Receipt:
        self.asked.set()
        if self.failures:
            raise self.failures.pop()
        await self.gate.wait()
        return await super().put(key, source, mime=mime, filename=filename)


@dataclass(frozen=True)
class Parts:
    layer: KeepchatDataLayer
    store: RecordingStore
    storage: GatedStorage
    lost: list[str]


def step_dict(thread_id: str, step_id: str | None = None, **fields: Any) -> StepDict:
    given = {"id": step_id or new_id(), "threadId": thread_id, "type": "run", "name": "x"}
    return cast(StepDict, {**given, **fields})


def text_element(thread_id: str, content: str = "some text") -> Text:
    return Text(thread_id=thread_id, name="a.txt", content=content, mime="text/plain")


async def user(layer: KeepchatDataLayer, identifier: str = ALICE) -> PersistedUser:
    found = await layer.create_user(User(identifier=identifier))
    assert found is not None
    return found


async def thread_of(layer: KeepchatDataLayer, owner: PersistedUser, name: str = "x") -> str:
    thread_id = new_id()
    await layer.update_thread(thread_id, name=name, user_id=owner.id)
    return thread_id


async def get(layer: KeepchatDataLayer, thread_id: str) -> ThreadDict:
    found = await layer.get_thread(thread_id)
    assert found is not None
    return found


async def eventually(check: Callable[[], Any]) -> None:
    """Wait until a check, asked again and again, says yes."""
    for _ in range(500):
        answer = check()
        if await answer if inspect.isawaitable(answer) else answer:
            return
        await asyncio.sleep(0.01)
    pytest.fail("It did not come about in five seconds.")


async def files(parts: Parts) -> list[str]:
    return [found.key async for found in parts.storage.list()]


async def nothing_is_left(parts: Parts) -> bool:
    return not await files(parts) and not await parts.store.list_removals(5)


def enter(session: BaseSession) -> None:
    """Let the rest of the test run within a session, as Chainlit's callbacks do."""
    context_var.set(ChainlitContext(cast(Any, session)))


async def ignore(*_: object) -> None:
    """What the browser would hear."""


async def first_message(session: WebsocketSession) -> None:
    """Flush what waits, as Chainlit does after the first message."""
    session.has_first_interaction = True
    await session.flush_method_queue()
