"""A store and a storage that go away, or are silent, as they are told."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

from common.concurrency.blocking import ByteSource
from datalayer.errors import StoreUnavailable, WriteRejected
from datalayer.records import Result, StepRecord
from datalayer.stores.memory import MemoryStore
from datalayer.writes import Write
from storage.base import Receipt
from storage.errors import StorageDenied
from storage.local.storage import LocalStorage


class AwayStore(MemoryStore):
    """Refuses batches while it `is_away`, and waits while it is not `heard`."""

    def __init__(self, concurrency: int = 1) -> None:
        super().__init__()
        self.concurrency = concurrency
        self.is_away = False
        self.heard = asyncio.Event()
        self.heard.set()
        self.stored: list[Write] = []
        self.cannot_be_read = False
        self.impossible: set[str] = set()  # keys of writes that it can never hold
        self.cannot_hold: tuple[type[Write], ...] = ()
        self.largest = 0  # the most writes that were given at once

    def _check_read(self) -> None:
        if self.cannot_be_read:
            message = "the database is away"
            raise StoreUnavailable(message)

    async def get_thread_author(self, thread_id: str) -> str | None:
        self._check_read()
        return await super().get_thread_author(thread_id)

    async def get_step(self, step_id: str) -> StepRecord | None:
        self._check_read()
        return await super().get_step(step_id)

    async def get_feedback_step(self, feedback_id: str) -> StepRecord | None:
        self._check_read()
        return await super().get_feedback_step(feedback_id)

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        self.largest = max(self.largest, len(writes))
        await asyncio.sleep(0)
        await self.heard.wait()
        if self.is_away:
            message = "the database is away"
            raise StoreUnavailable(message)
        if any(
            it.order_key in self.impossible or isinstance(it, self.cannot_hold) for it in writes
        ):
            message = "it can never be held"
            raise WriteRejected(message)
        results = await super().apply(writes)
        self.stored += writes
        return results


class AwayStorage(LocalStorage):
    """A folder that fails, or is silent, as it is told."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.failure: Exception | None = None
        self.refused: set[str] = set()
        self.heard = asyncio.Event()
        self.heard.set()
        self.running = self.most = 0
        self.put_keys: list[str] = []

    async def put(
        self, key: str, source: ByteSource, *, mime: str, filename: str | None = None
    ) -> Receipt:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.heard.wait()
            self._fail(key)
            receipt = await super().put(key, source, mime=mime, filename=filename)
        finally:
            self.running -= 1
        self.put_keys.append(key)
        return receipt

    def _fail(self, key: str) -> None:
        if self.failure:
            raise self.failure
        if key in self.refused:
            raise StorageDenied(key)

    async def delete(self, keys: Iterable[str]) -> None:
        if self.failure:
            raise self.failure
        await super().delete(keys)
