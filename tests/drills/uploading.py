"""A program that keeps files while its storage and its database come and go, until it is killed.

`python -m tests.drills.uploading URL FOLDER SEED` says on each line what was told to be kept or
deleted; without a seed it stores what is left in that folder, and ends. There the file `database`
says that the database is away, and `storage` what is wrong with the storage: it is `away`,
`silent`, or breaks uploads `off`.
"""

import asyncio
import hashlib
import random
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, cast

from chainlit.element import File

from common.concurrency.blocking import ByteSource
from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline.journal.journal import Journal
from datalayer.pipeline.spool.reading import waiting_files
from datalayer.pipeline.spool.spool import Spool
from datalayer.stores.base import Store
from storage.base import Receipt
from storage.errors import StorageUnavailable
from storage.local.storage import LocalStorage
from tests.drills.accepting import MOST_BYTES, Switched
from tests.drills.talking import opened, tell
from tests.support.builders import new_id
from tests.support.waiting import PATIENCE_S, until

PEOPLE = 6
AFTER_S = 0.05
SILENT_S = 3.0  # so long a service says nothing, and then fails
LARGEST = 1_000_000  # bytes
LOOKS = 1_000
STORED_S = 300.0
DELETED = 0.3  # of all threads


class FaultyStorage(LocalStorage):
    """A folder that fails as a file says."""

    def __init__(self, root: Path, switch: Path) -> None:
        super().__init__(root)
        self._switch = switch

    async def _fail(self) -> str:
        fault = self._switch.read_text() if self._switch.exists() else ""
        if fault == "silent":
            await asyncio.sleep(SILENT_S)
        if fault and fault != "off":
            raise StorageUnavailable(fault)
        return fault

    async def put(
        self, key: str, source: ByteSource, *, mime: str, filename: str | None = None
    ) -> Receipt:
        fault = await self._fail()
        given = broken(source) if fault else source
        return await super().put(key, given, mime=mime, filename=filename)

    async def delete(self, keys: Iterable[str]) -> None:
        await self._fail()
        await super().delete(keys)


async def broken(source: ByteSource) -> AsyncIterator[bytes]:
    """Yield the beginning of a source."""
    if isinstance(source, bytes):
        yield source[: len(source) // 2]
    elif not isinstance(source, Path):
        async for chunk in source:
            yield chunk[: len(chunk) // 2]
            break
    message = "the connection was cut"
    raise StorageUnavailable(message)


def content_of(element_id: str) -> bytes:
    """What is in a file."""
    chance = random.Random(element_id)
    return chance.randbytes(chance.choice((10, 5_000, LARGEST)))


def parts(url: str, folder: Path) -> tuple[KeepchatDataLayer, Store]:
    store = opened(url)
    layer = KeepchatDataLayer(
        cast(Any, SwitchedStore(store, folder / "database")),
        FaultyStorage(folder / "files", folder / "storage"),
        journal=Journal(folder / "journal", most_bytes=MOST_BYTES),
        journal_after_s=AFTER_S,
        spool=Spool(folder / "spool", LocalStorage, most_bytes=MOST_BYTES),
    )
    return layer, store


class SwitchedStore(Switched):
    """One that can be read, too."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def send(layer: KeepchatDataLayer, folder: Path, chance: random.Random) -> None:
    """Keep one file after the other, each in a thread of its own, and delete some threads."""
    while True:
        thread_id, element_id = new_id(), new_id()
        content = content_of(element_id)
        file = File(id=element_id, thread_id=thread_id, name="a.bin", content=content)
        if chance.random() < 0.5:
            path = folder / f"{element_id}.sent"
            path.write_bytes(content)
            file = File(id=element_id, thread_id=thread_id, name="a.bin", path=str(path))
        await layer.create_element(file)
        Path(folder / f"{element_id}.sent").unlink(missing_ok=True)  # noqa: ASYNC240
        tell("kept", thread_id, element_id)
        if chance.random() < DELETED:
            tell("deleting", thread_id, element_id)
            await layer.delete_thread(thread_id)
            tell("deleted", thread_id, element_id)


async def store_all(layer: KeepchatDataLayer, folder: Path) -> None:
    """Wait until nothing waits any more."""
    await layer._writer.drain()
    await until(lambda: not waiting_files(folder / "spool"), "the files", STORED_S)
    await layer._writer.drain()
    for _ in range(LOOKS):
        if not await layer._store.list_removals(1):
            return
        await asyncio.sleep(PATIENCE_S / LOOKS)


def sha256_of(element_id: str) -> str:
    return hashlib.sha256(content_of(element_id)).hexdigest()


async def main(url: str, folder: Path, seed: str = "") -> None:
    """Send until the end, or store what is left."""
    layer, _ = parts(url, folder)
    layer.start()
    if seed:
        sending = [
            send(layer, folder, random.Random(f"{seed} {number}")) for number in range(PEOPLE)
        ]
        await asyncio.gather(*sending)
    await store_all(layer, folder)
    await layer.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
