"""The files of a conversation: what they hold, as far as the model can take it."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Hashable, Iterable, Sequence
from functools import partial
from pathlib import Path, PurePath
from weakref import WeakValueDictionary

import anyio
import chainlit as cl
from cachetools import LRUCache

from chat.attachments.blocks import NamedReading, PromptFiles, PromptLimits, fit
from chat.attachments.cache import ReadingCache
from chat.attachments.files import AttachedFile, asker, files_by_message
from chat.attachments.kept import KeptReadings
from chat.attachments.process import Reader, ReadingLimits
from chat.attachments.results import Picture, Reading, Reason, Unread
from chat.models.tokens import BYTES_A_TOKEN
from common.failures import in_one_line
from datalayer.errors import DataLayerError
from datalayer.layer import KeepchatDataLayer
from datalayer.records import ElementRecord
from datalayer.values import is_temporary
from storage.errors import StorageError

logger = logging.getLogger(__name__)

OLD_IMAGES = 4  # images of earlier messages that are sent again, the newest
CACHE_BYTES = 64_000_000
_CHUNK = 1 << 18
_MOST_HASHES = 10_000  # of files that sessions hold


def reading_limits(*, file_tokens: int, pixels: int, timeout_s: float) -> ReadingLimits:
    """Return how much of one file is read: no more than the model could get."""
    characters = file_tokens * BYTES_A_TOKEN + 1
    return ReadingLimits(characters=characters, pixels=pixels, timeout_s=timeout_s)


class Attachments:
    """Reads what the messages of a conversation have attached."""

    def __init__(
        self,
        layer: KeepchatDataLayer,
        reader: Reader,
        file_tokens: int = 8_000,
        kept: KeptReadings | None = None,
    ) -> None:
        self._layer = layer
        self._reader = reader
        self._file_tokens = file_tokens
        self._cache = ReadingCache(CACHE_BYTES)
        self._kept = kept
        self._hashes: LRUCache[tuple[str, str], str] = LRUCache(_MOST_HASHES)
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    async def collect(
        self,
        question: cl.Message,
        earlier: Iterable[str],
        elements: Iterable[ElementRecord],
        *,
        budget: int,
        sees_images: bool,
        refused_images: frozenset[str] = frozenset(),
    ) -> PromptFiles:
        """Read the files of a question, and of as many earlier messages as the budget holds.

        `earlier` are the messages' ids, the oldest first; `elements` are those of the thread;
        `budget` is in tokens; `refused_images` are ids of messages whose images are not sent.
        """
        limits = PromptLimits(self._file_tokens, sees_images, refused_images)
        by_message = files_by_message(question, elements)
        asked = await self._read_all(by_message.pop(question.id, []))
        fitted = fit(asked, budget, limits.of(question.id))
        messages = [by_message[one] for one in earlier if one in by_message]
        readings = await self._read_earlier(messages, limits, budget - fitted.tokens)
        return PromptFiles(fitted, readings, limits)

    async def _read_earlier(
        self, messages: Sequence[Sequence[AttachedFile]], limits: PromptLimits, budget: int
    ) -> dict[str, Sequence[NamedReading]]:
        found: dict[str, Sequence[NamedReading]] = {}
        images = OLD_IMAGES
        for files in reversed(messages):
            if budget <= 0:
                break
            readings = await self._read_all(files, images)
            images -= sum(isinstance(one.reading, Picture) for one in readings)
            found[files[0].message_id] = readings
            budget -= fit(readings, budget, limits).tokens
        return found

    async def _read_all(
        self, files: Sequence[AttachedFile], images: int | None = None
    ) -> list[NamedReading]:
        """Read files, of their images only so many, the newest."""
        old = _old_images(files, images)
        to_read = [file for file in files if file.id not in old]
        readings = await asyncio.gather(*(self._read(file) for file in to_read))
        by_id = dict(zip((file.id for file in to_read), readings, strict=True))
        return [NamedReading(file.name, by_id.get(file.id)) for file in files]

    async def _read(self, file: AttachedFile) -> Reading:
        key = await self._key(file)
        # Whoever has sent the same waits for it: what is slow is not read twice side by side.
        async with self._locks.setdefault(key, asyncio.Lock()):
            if kept := self._cache.get(key):
                return kept
            reading = await self._read_once(file)
            self._cache.put(key, reading)
        if isinstance(reading, Unread) and reading.reason is not Reason.UNAVAILABLE:
            logger.info("Element %s: %s %s", file.id, reading.reason, reading.detail)
        return reading

    async def _key(self, file: AttachedFile) -> Hashable:
        """Return under what a file's reading is kept: what decides about it, where it is known."""
        known = file.thread_id, file.id
        sha256 = file.sha256 or self._hashes.get(known)
        if sha256 is None and file.path and await anyio.Path(file.path).is_file():
            sha256 = self._hashes[known] = await asyncio.to_thread(_sha256, file.path)
        return (sha256, _suffix(file)) if sha256 else known

    async def _read_once(self, file: AttachedFile) -> Reading:
        """Return what was read of a file in another run, or read it now."""
        if self._kept is None or file.sha256 is None or is_temporary(file.thread_id):
            return await self._read_now(file)
        # A delete of its row takes the secret with it.
        secret = f"{file.thread_id}/{file.id}/{file.sha256}/{_suffix(file)}"
        if kept := await self._kept.get(secret):
            return kept
        reading = await self._read_now(file)
        await self._kept.put(secret, reading)
        return reading

    async def _read_now(self, file: AttachedFile) -> Reading:
        try:
            return await self._reader.read(file.name, partial(self._content, file), asker())
        except (StorageError, DataLayerError, OSError) as exc:
            if not self._layer.outages.knows(exc):
                logger.warning("Element %s cannot be read: %s", file.id, in_one_line(exc))
            return Unread(reason=Reason.UNAVAILABLE)

    async def _content(self, file: AttachedFile) -> AsyncGenerator[bytes, None]:
        """Yield a file's bytes; nothing is opened before there is a process to take them."""
        if file.path and await anyio.Path(file.path).is_file():
            async with await anyio.open_file(file.path, "rb") as copy:
                while chunk := await copy.read(_CHUNK):
                    yield chunk
        else:
            async with self._layer.open_element(file.thread_id, file.id) as stored:
                async for chunk in stored.body:
                    yield chunk


def _suffix(file: AttachedFile) -> str:
    return PurePath(file.name).suffix.lower()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _old_images(files: Sequence[AttachedFile], images: int | None) -> set[str]:
    if images is None:
        return set()
    ids = [file.id for file in files if file.is_image]
    return set(ids[: max(0, len(ids) - max(0, images))])
