"""The last steps of a file's way: its bytes into the storage, and then a word to its row."""

import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Protocol, TypedDict

from common.concurrency.retry import RetryPolicy
from common.recorder import NO_RECORDER, Recorder
from datalayer.clock import HybridClock
from datalayer.pipeline.outages import Outages
from datalayer.pipeline.writer import Writer
from datalayer.records import Result
from datalayer.stores.base import Store
from datalayer.writes import FinishElement, SaveElement
from storage.base import Receipt, Storage
from storage.errors import StorageError, StorageUnavailable

logger = logging.getLogger(__name__)

# While neither the storage nor a spool takes a file; at the limit it is given up, and it is said.
RETRY = RetryPolicy(first_pause_s=0.5, longest_pause_s=20.0, limit_s=60.0)

Rereadable = Callable[[], bytes | AsyncIterator[bytes]]
"""Gives the bytes from their beginning, each time it is called."""


class Described(TypedDict):
    """How the storage is to have a file, as arguments of `Storage.put`."""

    mime: str
    filename: str


def described(write: SaveElement) -> Described:
    """Return what the storage is told of an element's file."""
    fields = write.fields
    return Described(
        mime=str(fields.get("mime") or "application/octet-stream"),
        filename=str(fields.get("name") or ""),
    )


def key_of(write: SaveElement) -> str:
    """Return the key under which the storage has an element's bytes."""
    return str(write.fields["objectKey"])


class Delivery:
    """Stores elements' bytes, and notes whether the storage takes any."""

    def __init__(
        self,
        store: Store,
        storage: Storage,
        writer: Writer,
        clock: HybridClock,
        recorder: Recorder = NO_RECORDER,
        outages: Outages | None = None,
    ) -> None:
        self.outages = outages or Outages()
        self.recorder = recorder
        self._store = store
        self._storage = storage
        self._writer = writer
        self._clock = clock
        self.is_away = False  # the last that was heard of the storage is that it cannot be reached

    async def put(self, write: SaveElement, source: bytes | AsyncIterator[bytes]) -> Receipt:
        """Store an element's bytes, as `Storage.put` does."""
        try:
            receipt = await self._storage.put(key_of(write), source, **described(write))
        except StorageError as exc:
            self.recorder.file_failed()
            self.is_away = self.is_away or isinstance(exc, StorageUnavailable)
            if not self.outages.note("files", exc):
                self.outages.over("files")
            raise
        self.recorder.file_stored(receipt.size)
        self.is_away = False
        self.outages.over("files")
        return receipt

    async def announce(self, write: SaveElement) -> Result:
        """Store an element's row, which may be the first time, or long after it was deleted."""
        return await self._writer.submit(write)

    async def is_there(self, write: SaveElement) -> bool:
        """Tell whether the storage has anything under an element's key; what waits is not in it."""
        return any([True async for _ in self._storage.list(key_of(write))])

    async def told_of(self, write: SaveElement) -> str | None:
        """Return the SHA-256 of the bytes that an element's row was told of last."""
        record = await self._store.get_element(write.thread_id, write.id)
        return record.sha256 if record else None

    async def finish(self, write: SaveElement, receipt: Receipt) -> Result:
        """Tell an element's row that there are its bytes; of one that is deleted they are removed.

        So it is said each time after bytes were stored, also where it was said before.
        """
        finish = FinishElement(
            id=write.id,
            thread_id=write.thread_id,
            object_key=key_of(write),
            size=receipt.size,
            sha256=receipt.sha256,
            revision=self._clock.next_of(write.thread_id),
        )
        return await self._writer.submit(finish)


class Puts(Protocol):
    """A way to have a file durable."""

    def open(self) -> None:
        """Begin with what an earlier run has left."""

    async def put(
        self, write: SaveElement, content: Rereadable, durable: Callable[[], None]
    ) -> None:
        """Store an element's bytes and tell its row; call `durable` once they are kept.

        Raises `StorageError` or the source's own error where they are not.
        """

    def hurry(self) -> None:
        """Wait no longer than needed: the program ends."""

    async def close(self) -> None:
        """End what goes on after files are durable."""


class Patiently:
    """Waits for the storage, in memory, and not for long."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    def open(self) -> None:
        """See Puts."""

    async def put(
        self, write: SaveElement, content: Rereadable, durable: Callable[[], None]
    ) -> None:
        """See Puts."""
        receipt = await RETRY.call(
            lambda: self._delivery.put(write, content()),
            passes=lambda error: isinstance(error, StorageUnavailable),
            before_pause=partial(log_wait, write.id),
        )
        await self._delivery.finish(write, receipt)
        durable()

    def hurry(self) -> None:
        """See Puts."""

    async def close(self) -> None:
        """See Puts."""


def log_wait(element_id: str, error: BaseException) -> None:
    """Log that a file is not stored yet."""
    logger.debug("The file of element %s waits for its storage: %s", element_id, error)
