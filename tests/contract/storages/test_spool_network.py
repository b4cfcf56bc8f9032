"""Files whose S3 service is away, silent, busy, or breaks off: accepted, read, stored later."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from chainlit.element import File

from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline.journal.journal import Journal
from datalayer.pipeline.spool.spool import Spool
from datalayer.stores.memory import MemoryStore, MemoryTables
from storage.base import Storage
from storage.local.storage import LocalStorage
from tests.support.builders import new_id
from tests.support.s3_storages import BIG, BUSY, through_proxy
from tests.support.servers.proxy import Proxy
from tests.support.servers.seaweedfs import SeaweedFS
from tests.support.storages import get, keys
from tests.support.waiting import until

MUCH = 1_000_000_000
MANY = 100_000  # more often than anybody asks
BROKEN = b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
END_S = 10.0  # within which a program ends

Break = Callable[[Proxy], Awaitable[None]]


async def cut(proxy: Proxy) -> None:
    await proxy.cut()


async def silent(proxy: Proxy) -> None:
    proxy.holds_after = 1


async def busy(proxy: Proxy) -> None:
    proxy.answers = [BUSY] * MANY


async def broken(proxy: Proxy) -> None:
    proxy.answers = [BROKEN] * MANY


async def breaking_off(proxy: Proxy) -> None:
    proxy.cut_after, proxy.cuts = 1_000, MANY


async def mend(proxy: Proxy) -> None:
    proxy.is_cut, proxy.holds_after, proxy.answers, proxy.cuts = False, 0, [], 0
    await proxy.close()  # what is held is held for ever


@asynccontextmanager
async def running(
    tables: MemoryTables, storage: Storage, data: Path
) -> AsyncIterator[KeepchatDataLayer]:
    """Run the layer, and end it as a program is ended."""
    layer = KeepchatDataLayer(
        MemoryStore(tables),
        storage,
        journal=Journal(data / "journal", most_bytes=MUCH),
        journal_after_s=0.2,
        spool=Spool(data / "spool", LocalStorage, most_bytes=MUCH),
    )
    layer.start()
    yield layer
    async with asyncio.timeout(END_S):
        await layer.close()


def written(folder: Path, size: int) -> File:
    path = folder / f"{size}.bin"
    path.write_bytes(os.urandom(size))
    return File(thread_id=new_id(), name=path.name, path=str(path))


@pytest.mark.parametrize("fault", [cut, silent, busy, broken, breaking_off])
async def test_files_are_accepted_read_and_stored(
    seaweedfs: SeaweedFS, tmp_path: Path, fault: Break
) -> None:
    prefix, tables = f"spool-{uuid.uuid4()}", MemoryTables()
    files = {
        f"{file.thread_id}/{file.id}": file
        for file in (written(tmp_path, 10), written(tmp_path, BIG))
    }
    async with through_proxy(seaweedfs, prefix) as (proxy, storage):
        await fault(proxy)
        async with running(tables, storage, tmp_path) as layer:
            await asyncio.gather(*map(layer.create_element, files.values()))
            for key, file in files.items():
                assert await get(layer.storage, key) == bytes_of(file)
    async with through_proxy(seaweedfs, prefix) as (proxy, storage):
        await fault(proxy)
        async with running(tables, storage, tmp_path) as layer:
            await until(lambda: depth(layer) == len(files), "what was left")
            for key, file in files.items():
                assert await get(layer.storage, key) == bytes_of(file)
            await mend(proxy)
            await until(lambda: depth(layer) == 0, "the files", 60)
            assert await keys(storage) == sorted(files)
            for key, file in files.items():
                assert await get(storage, key) == bytes_of(file)
    assert seaweedfs.unfinished(prefix) == []


def depth(layer: KeepchatDataLayer) -> int:
    assert layer.spool_state
    return layer.spool_state.depth


def bytes_of(file: File) -> bytes:
    return Path(str(file.path)).read_bytes()
