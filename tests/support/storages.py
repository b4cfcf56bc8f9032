"""The storages that the contract of `storage.base.Storage` is tested on, and what the tests do.

Another storage is one more entry of `STORAGES`.
"""

import asyncio
import hashlib
import random
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import anyio
import pytest

from common.concurrency.blocking import ByteSource
from storage.base import ByteRange, Receipt, Storage
from storage.credentials import Credentials
from storage.factory import open_storage
from storage.local.storage import LocalStorage
from storage.memory import MemoryStorage
from tests.support.servers.azurite import Azurite
from tests.support.servers.seaweedfs import CREDENTIALS, SeaweedFS

MIME = "application/octet-stream"
MB = 1024 * 1024
OLD = b"what was there before"

# Gives an empty storage and sees to it that the test leaves nothing half-written; the folder is
# the test's own. A server is asked of the request, so that it is started only where it is used.
Maker = Callable[[pytest.FixtureRequest, Path], AbstractAsyncContextManager[Storage]]


@asynccontextmanager
async def local_storage(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Storage]:
    root = folder / "files"
    storage = LocalStorage(root)
    yield storage
    await storage.close()
    assert left_partial(root) == []


@asynccontextmanager
async def s3_storage(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Storage]:
    server: SeaweedFS = request.getfixturevalue("seaweedfs")
    prefix = f"test {uuid.uuid4()}"
    storage = open_storage(server.url(prefix), folder, CREDENTIALS)
    yield storage
    await storage.close()
    assert server.unfinished(prefix) == []


@asynccontextmanager
async def azure_storage(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Storage]:
    server: Azurite = request.getfixturevalue("azurite")
    async with server.container() as container:
        credentials = Credentials(azure_connection_string=server.connection_string)
        storage = open_storage(f"azure://{container}/some/prefix", folder, credentials)
        yield storage
        await storage.close()


@asynccontextmanager
async def memory_storage(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Storage]:
    storage = MemoryStorage()
    yield storage
    await storage.close()


STORAGES: dict[str, Maker] = {
    "memory": memory_storage,
    "local": local_storage,
    "s3": s3_storage,
    "azure": azure_storage,
}
LINKING = ("s3", "azure")  # those with links that work without further credentials


def left_partial(root: Path) -> list[Path]:
    folder = root / ".partial"
    return list(folder.iterdir()) if folder.exists() else []


def receipt_of(content: bytes) -> Receipt:
    return Receipt(len(content), hashlib.sha256(content).hexdigest())


async def put(storage: Storage, key: str, source: ByteSource) -> Receipt:
    return await storage.put(key, source, mime=MIME, filename="a name.bin")


async def get(storage: Storage, key: str, byte_range: ByteRange | None = None) -> bytes:
    async with storage.open(key, byte_range) as opened:
        content = b"".join([piece async for piece in opened.body])
    assert len(content) == opened.length
    return content


async def keys(storage: Storage, prefix: str = "") -> list[str]:
    return [found.key async for found in storage.list(prefix)]


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


class SourceBrokenError(Exception):
    """Raised by a source in the middle."""


async def broken_stream() -> AsyncIterator[bytes]:
    yield b"half of it"
    raise SourceBrokenError


async def endless_stream(started: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"half of it"
    started.set()
    await asyncio.Event().wait()


def big_file(folder: Path, size: int) -> Path:
    path = folder / "big.bin"
    with path.open("wb") as file:
        for _ in range(size // MB):
            file.write(random.randbytes(MB))
    return path


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def file_stream(path: Path) -> AsyncGenerator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while piece := await file.read(64 * 1024):
            yield piece
