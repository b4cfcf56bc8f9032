"""Files are read by a short-lived process each, which can be stopped whatever it is doing.

ADR 7 says why.
"""

import asyncio
import json
import logging
import math
import re
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import PurePath

from chat.attachments.places import Places
from chat.attachments.reading.kinds import evident_reason
from chat.attachments.results import Reading, Reason, Unread, from_json
from common.files.file_types import HEAD_SIZE, KNOWN_TYPES
from common.processes.child_processes import kill, pipes, start_python

logger = logging.getLogger(__name__)

AT_ONCE = 2  # processes; more would take the processor from the chat itself
SLOW_AT_ONCE = 2  # beside them, of files that took longer than others could wait
QUICK_S = 0.5  # a file that takes longer, from its process's start, makes room for those that wait
_NICE, _SLOW_NICE = 5, 19  # how far processes stand back: behind the chat, and behind the others
MEMORY = 1 << 30  # bytes of address space of one process
MAX_OUTPUT = 64_000_000  # bytes that one process may answer with
_FROM_OUTSIDE = (9, 15)  # SIGKILL, as when memory runs out, and SIGTERM
_SUFFIX = re.compile(r"\.[a-z0-9]{1,10}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingLimits:
    """How much of a file is read: characters, an image's pixels, seconds of one process."""

    characters: int
    pixels: int = 1_568
    timeout_s: float = 20.0
    memory: int = MEMORY


Content = Callable[[], AsyncGenerator[bytes, None]]
"""Gives the bytes of a file, from the beginning each time."""


class Reader:
    """Reads files, a few at once, whose turn it is by whose they are.

    A file that is not soon read goes on only as long as nobody waits. Then it is given up, and read
    from its beginning among others of its kind, so that many of them hold up nobody else.
    """

    def __init__(
        self, limits: ReadingLimits, command: tuple[str, ...] = ("-m", "chat.attachments.reading")
    ) -> None:
        self._limits = limits
        self._command = command
        self._quick = Places(AT_ONCE)
        self._slow = Places(SLOW_AT_ONCE)

    async def read(self, name: str, content: Content, owner: str = "") -> Reading:
        """Return what a file of an owner's holds; what goes wrong with it is a reading too.

        Errors of `content` itself are raised. A caller that is cancelled ends the process.
        """
        if (suffix := _suffix(name)) not in KNOWN_TYPES:
            head = await _head(content)
            if why := evident_reason(head, suffix):
                return Unread(reason=why)
        async with self._quick.take(owner):
            if reading := await self._while_nobody_waits(name, content):
                return reading
        async with self._slow.take(owner):
            return await self._read(name, content, _SLOW_NICE, asyncio.Event())

    async def _while_nobody_waits(self, name: str, content: Content) -> Reading | None:
        """Return what a file holds, or None where it took long and others waited."""
        started = asyncio.Event()
        reading = asyncio.create_task(self._read(name, content, _NICE, started))
        running = asyncio.create_task(started.wait())
        wanted = asyncio.create_task(self._quick.wanted())
        try:
            await asyncio.wait([reading, running], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([reading], timeout=QUICK_S)
            await asyncio.wait([reading, wanted], return_when=asyncio.FIRST_COMPLETED)
            return reading.result() if reading.done() else None
        finally:
            for task in (reading, running, wanted):
                task.cancel()
            await asyncio.gather(reading, running, wanted, return_exceptions=True)

    async def _read(
        self, name: str, content: Content, nice: int, started: asyncio.Event
    ) -> Reading:
        process = await start_python(*self._command, self._request(name, nice))
        try:
            async with asyncio.timeout(self._limits.timeout_s), aclosing(content()) as source:
                output = await _exchange(process, source, started)
                return _reading(name, await process.wait(), output)
        except TimeoutError:
            return Unread(reason=Reason.SLOW)
        except _OutputTooLong:
            return Unread(reason=Reason.BROKEN, detail="the reading is too long")
        finally:
            await kill(process)

    def _request(self, name: str, nice: int) -> str:
        return json.dumps(
            {
                "suffix": _suffix(name),
                "characters": self._limits.characters,
                "pixels": self._limits.pixels,
                "memory": self._limits.memory,
                "nice": nice,
                "seconds": math.ceil(self._limits.timeout_s) + 1,
            }
        )


def _suffix(name: str) -> str:
    suffix = PurePath(name).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ""


async def _head(content: Content) -> bytes:
    """Return the beginning of a file, by which one tells what it is."""
    head = b""
    async with aclosing(content()) as source:
        async for chunk in source:
            head += chunk[:HEAD_SIZE]
            if len(head) >= HEAD_SIZE:
                break
    return head[:HEAD_SIZE]


async def standing_walls() -> tuple[str, ...]:
    """Return which walls around the process that reads files stand on this system.

    They are named in `chat.attachments.reading.walls`; empty where none does.
    """
    process = await start_python("-m", "chat.attachments.reading", "walls")
    try:
        output, _ = await process.communicate()
        return tuple(json.loads(output or b"[]"))
    finally:
        await kill(process)


async def _exchange(
    process: Process, content: AsyncIterator[bytes], started: asyncio.Event
) -> bytes:
    """Give the process its file and take its answer, at the same time."""
    feeding = asyncio.create_task(_feed(process, content))
    try:
        output = await _output(process, started)
        if feeding.done():
            feeding.result()  # what is wrong with the source is not said of the file
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
    return output


async def _feed(process: Process, content: AsyncIterator[bytes]) -> None:
    stdin, _ = pipes(process)
    try:
        async for chunk in content:
            stdin.write(chunk)
            await stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        return  # it knows enough, or it is dead: its answer tells
    finally:
        stdin.close()


class _OutputTooLong(Exception):
    """The process answers with more than any reading has."""


async def _output(process: Process, started: asyncio.Event) -> bytes:
    _, stdout = pipes(process)
    parts: list[bytes] = []
    length = 0
    while chunk := await stdout.read(1 << 16):
        started.set()
        length += len(chunk)
        if length > MAX_OUTPUT:
            raise _OutputTooLong
        parts.append(chunk)
    return b"".join(parts)


def _reading(name: str, code: int, output: bytes) -> Reading:
    try:
        if code == 0:
            return from_json(output)
    except ValueError:
        logger.warning("The process that read a file gave no reading")
    logger.warning("The process that read a %s file ended with %d", PurePath(name).suffix, code)
    reason = Reason.KILLED if -code in _FROM_OUTSIDE else Reason.BROKEN
    return Unread(reason=reason, detail=f"the reading process ended with {code}")
