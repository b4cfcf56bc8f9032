"""Readings on disk: after a start the files of a long conversation are not all read again.

ADR 36 says how what is deleted is nobody's any more.
"""

import asyncio
import logging
import os
import shutil
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chat.attachments.results import Reading, Unread, from_json, to_json
from common.failures import in_one_line

logger = logging.getLogger(__name__)

MOST_BYTES = 256_000_000
KEPT_S = 30 * 24 * 3600  # since it was last needed
LEFT_FREE = 200_000_000  # bytes of the disk, which the journal, the spool and a database need
SILENT_S = 1.0  # for so long a disk is waited for
_AT_ONCE = 4
_NONCE = 12  # bytes
_READS = ("chat/attachments/reading", "chat/attachments/results.py", "common", "requirements.txt")

_Args = TypeVarTuple("_Args")
_T = TypeVar("_T")


def reader_version(root: Path) -> str:
    """Return what changes with what reads files: our code, and the libraries."""
    found = sha256()
    for name in _READS:
        for path in sorted([root / name, *(root / name).rglob("*.py")]):
            if path.is_file():
                found.update(path.read_bytes())
    return found.hexdigest()


class KeptReadings:
    """A folder of readings, each encrypted with a secret that its row in the database has.

    All processes with one DATA_DIR share it. Whatever fails, a file is read again.
    """

    def __init__(self, folder: Path, version: str = "", most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._version = version
        self._most_bytes = most_bytes
        self._room = 0  # bytes that may be written before it is looked at what is there
        self._limiter = CapacityLimiter(_AT_ONCE)

    async def get(self, secret: str) -> Reading | None:
        """Return what was read of a file whose secret this is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SILENT_S):
                return await self._run(self._get, secret)
        return None

    async def put(self, secret: str, reading: Reading) -> None:
        """Keep what was read, unless it may well be something else the next time."""
        if isinstance(reading, Unread) and reading.is_temporary:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(SILENT_S):
                await self._run(self._put, secret, to_json(reading))

    async def _run(self, function: Callable[[*_Args], _T], *args: *_Args) -> _T:
        """Call it in a thread, which goes on where the disk is not waited for any more."""
        return await to_thread.run_sync(
            function, *args, limiter=self._limiter, abandon_on_cancel=True
        )

    def _get(self, secret: str) -> Reading | None:
        path, cipher = self._of(secret)
        try:
            kept = path.read_bytes()
            reading = from_json(cipher.decrypt(kept[:_NONCE], kept[_NONCE:], None))
            os.utime(path)
        except FileNotFoundError:
            return None
        except (InvalidTag, ValueError, OSError) as exc:
            logger.warning("A reading that is kept cannot be used: %s", in_one_line(exc))
            return None
        return reading

    def _put(self, secret: str, content: bytes) -> None:
        path, cipher = self._of(secret)
        nonce = os.urandom(_NONCE)
        try:
            self._make_room(len(content))
            if self._room >= len(content):
                self._room -= len(content)
                _write(path, nonce + cipher.encrypt(nonce, content, None))
        except OSError as exc:
            logger.warning("A reading is not kept: %s", in_one_line(exc))

    def _of(self, secret: str) -> tuple[Path, AESGCM]:
        whole = f"{self._version}/{secret}".encode()
        name = sha256(b"name/" + whole).hexdigest()
        return self._folder / name, AESGCM(sha256(b"key/" + whole).digest())

    def _make_room(self, size: int) -> None:
        """Let the oldest go, a part of all at a time: to look through the folder takes a while."""
        if self._room >= size:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free < LEFT_FREE:
            return
        part = self._most_bytes // 8
        self._room = part
        _tidy(self._folder, self._most_bytes - part)


def _tidy(folder: Path, most_bytes: int) -> None:
    """Remove what was not needed for long, and what is too much."""
    found = [(it.stat(), it) for it in folder.iterdir()]
    size, limit = 0, time.time() - KEPT_S
    for stat, path in sorted(found, key=lambda it: it[0].st_mtime, reverse=True):
        size += stat.st_size
        if size > most_bytes or stat.st_mtime < limit:
            path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Put all of it there at once: of two who do, one wins, and nobody reads half of it."""
    aside = path.with_name(f".{uuid.uuid4().hex}")
    try:
        number = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
