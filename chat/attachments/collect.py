"""The files of a conversation: where they are, and what they hold."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import anyio
import chainlit as cl
from chainlit.chat_context import chat_context

from chat.attachments.blocks import Attached, File, Rules, fit
from chat.attachments.cache import ReadingCache
from chat.attachments.process import Limits, Reader
from chat.attachments.results import Picture, Reading, Reason, Unread
from chat.models.tokens import BYTES_A_TOKEN
from datalayer.errors import DataLayerError
from datalayer.layer import KeepchatDataLayer
from storage.errors import StorageError

logger = logging.getLogger(__name__)

OLD_IMAGES = 4  # images of earlier messages that are sent again, the newest
CACHE_ROOM = 64_000_000  # bytes
_CHUNK = 1 << 18


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A file of a message; `path` is its copy in the running session, where there is one."""

    thread_id: str
    id: str
    message_id: str
    name: str
    is_image: bool
    path: Path | None = None


def limits(*, file_tokens: int, pixels: int, timeout_s: float) -> Limits:
    """Return how much of one file is read: no more than the model could get."""
    characters = file_tokens * BYTES_A_TOKEN + 1
    return Limits(characters=characters, pixels=pixels, timeout_s=timeout_s)


class Attachments:
    """Reads what the messages of a conversation have attached."""

    def __init__(self, layer: KeepchatDataLayer, reader: Reader, file_tokens: int = 8_000) -> None:
        self._layer = layer
        self._reader = reader
        self._file_tokens = file_tokens
        self._cache = ReadingCache(CACHE_ROOM)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def gather(
        self,
        question: cl.Message,
        steps: Iterable[Mapping[str, Any]],
        elements: Iterable[Mapping[str, Any]],
        *,
        room: int,
        sees_images: bool,
    ) -> Attached:
        """Read the files of a question, and of as many earlier messages as `room` tokens hold."""
        rules = Rules(self._file_tokens, sees_images)
        sources = _by_message(question.thread_id, elements, _held_by_session(question))
        fitted = fit(await self._files(sources.pop(question.id, [])), room, rules)
        asked = [sources[step["id"]] for step in steps if step["id"] in sources]
        return Attached(fitted, await self._earlier(asked, rules, room - fitted.tokens), rules)

    async def _earlier(
        self, messages: Sequence[Sequence[Source]], rules: Rules, room: int
    ) -> dict[str, Sequence[File]]:
        found: dict[str, Sequence[File]] = {}
        images = OLD_IMAGES
        for sources in reversed(messages):
            if room <= 0:
                break
            files = await self._files(sources, images)
            images -= sum(isinstance(file.reading, Picture) for file in files)
            found[sources[0].message_id] = files
            room -= fit(files, room, rules).tokens
        return found

    async def _files(self, sources: Sequence[Source], images: int | None = None) -> list[File]:
        """Read files, of their images only so many, the newest."""
        old = _old_images(sources, images)
        wanted = [source for source in sources if source.id not in old]
        readings = await asyncio.gather(*(self._read(source) for source in wanted))
        by_id = dict(zip((source.id for source in wanted), readings, strict=True))
        return [File(source.name, by_id.get(source.id)) for source in sources]

    async def _read(self, source: Source) -> Reading:
        key = source.thread_id, source.id
        if kept := self._cache.get(key):
            return kept
        # One file of a conversation at a time, so that many slow ones do not hold everybody up.
        async with self._turns.setdefault(source.thread_id, asyncio.Lock()):
            reading = await self._read_now(source)
        if isinstance(reading, Unread):
            logger.info("Element %s: %s %s", source.id, reading.reason, reading.detail)
        if not (isinstance(reading, Unread) and reading.passes):
            self._cache.put(key, reading)
        return reading

    async def _read_now(self, source: Source) -> Reading:
        try:
            async with aclosing(self._content(source)) as content:
                return await self._reader.read(source.name, content)
        except (StorageError, DataLayerError, OSError):
            logger.warning("The file of element %s cannot be read", source.id, exc_info=True)
            return Unread(reason=Reason.UNAVAILABLE)

    async def _content(self, source: Source) -> AsyncGenerator[bytes, None]:
        """Yield a file's bytes; nothing is opened before there is a process to take them."""
        if source.path and await anyio.Path(source.path).is_file():
            async with await anyio.open_file(source.path, "rb") as file:
                while chunk := await file.read(_CHUNK):
                    yield chunk
        else:
            async with self._layer.open_element(source.thread_id, source.id) as opened:
                async for chunk in opened.body:
                    yield chunk


def _old_images(sources: Sequence[Source], images: int | None) -> set[str]:
    if images is None:
        return set()
    ids = [source.id for source in sources if source.is_image]
    return set(ids[: max(0, len(ids) - max(0, images))])


def _held_by_session(question: cl.Message) -> list[Source]:
    """Return the files whose stored copy may still be on its way."""
    messages = [message for message in chat_context.get() if message.id != question.id]
    return [
        Source(
            thread_id=question.thread_id,
            id=element.id,
            message_id=message.id,
            name=element.name,
            is_image=element.type == "image",
            path=Path(element.path),
        )
        for message in (*messages, question)
        for element in getattr(message, "elements", None) or ()  # an error message has none
        if element.path
    ]


def _by_message(
    thread_id: str, elements: Iterable[Mapping[str, Any]], held: Iterable[Source]
) -> dict[str, list[Source]]:
    """Return the files of each message, every file once."""
    stored = [
        Source(
            thread_id=thread_id,
            id=element["id"],
            message_id=str(element.get("forId")),
            name=element.get("name") or "",
            is_image=element.get("type") == "image",
        )
        for element in elements
        if element.get("forId") and element.get("objectKey")
    ]
    every = {source.id: source for source in (*stored, *held)}
    found: dict[str, list[Source]] = {}
    for source in every.values():
        found.setdefault(source.message_id, []).append(source)
    return found
