"""The sweep, over every store and every storage, and `manage.py sweep`."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

import manage
from cli import sweep as command
from datalayer.pipeline.journal.dead_letters import DeadLetters
from datalayer.pipeline.journal.records import encode_record
from datalayer.pipeline.reconciliation import FileState, reconcile
from datalayer.stores.base import Store
from datalayer.stores.sql.sqlite.store import SqliteStore
from datalayer.writes import SaveElement
from storage.base import Storage, StoredObject
from storage.errors import StorageMisconfigured
from storage.local.storage import LocalStorage
from tests.support.builders import (
    delete_thread,
    element,
    finish,
    get_element,
    new_id,
    save,
    step,
    upload,
)

Capture = pytest.CaptureFixture[str]
MIME = "application/octet-stream"


def in_future() -> float:
    return time.time() + 3_600


async def reconciled(store: Store, storage: Storage, younger_than: float) -> dict[str, FileState]:
    return {
        each.key: each.state async for each in reconcile(store, storage, younger_than=younger_than)
    }


def key_of(write: SaveElement) -> str:
    return str(write.fields["objectKey"])


async def uploaded(
    store: Store, storage: Storage, *, row: bool = True, ended: bool = True, stored: bool = True
) -> str:
    """An upload that came so far; returns its key."""
    write = upload(new_id(), name="a.txt")
    if row:
        await save(store, write)
    if stored:
        await storage.put(key_of(write), b"abc", mime=MIME)
    if ended:
        await save(store, finish(write))
    return key_of(write)


async def test_what_waits_in_the_spool_is_not_missing(store: Store, storage: Storage) -> None:
    waits, lost = [await uploaded(store, storage, stored=False) for _ in range(2)]
    stored = await uploaded(store, storage)
    found = reconcile(store, storage, younger_than=in_future(), waiting={waits, stored})
    assert {each.key: each.state async for each in found} == {
        waits: FileState.WAITING,
        lost: FileState.MISSING,
        stored: FileState.WHOLE,
    }


async def test_what_belongs_together_and_what_does_not(store: Store, storage: Storage) -> None:
    expected = {
        await uploaded(store, storage): FileState.WHOLE,
        await uploaded(store, storage): FileState.WHOLE,
        await uploaded(store, storage, row=False, ended=False): FileState.ORPHAN,
        await uploaded(store, storage, row=False, ended=False): FileState.ORPHAN,
        await uploaded(store, storage, stored=False): FileState.MISSING,
        await uploaded(store, storage, ended=False): FileState.STORED,
        await uploaded(store, storage, ended=False, stored=False): FileState.UNFINISHED,
    }
    for key in ("somebody/else's", f"{new_id()}/{new_id()}/name.txt", "zz"):
        await storage.put(key, b"x", mime=MIME)
        expected[key] = FileState.FOREIGN
    await storage.put(f"keepchat-check/{new_id()}", b"x", mime=MIME)
    found = await reconciled(store, storage, in_future())
    left_by_a_check = next(key for key in found if key.startswith("keepchat-check"))
    assert found.pop(left_by_a_check) is FileState.ORPHAN
    assert found == expected


async def test_what_is_young_is_left_alone(store: Store, storage: Storage) -> None:
    expected = {
        await uploaded(store, storage): FileState.WHOLE,
        await uploaded(store, storage, row=False, ended=False): FileState.YOUNG,
        await uploaded(store, storage, ended=False): FileState.YOUNG,
        await uploaded(store, storage, ended=False, stored=False): FileState.YOUNG,
        await uploaded(store, storage, stored=False): FileState.MISSING,
    }
    assert await reconciled(store, storage, time.time() - 3_600) == expected


async def test_files_of_an_adopted_database_are_named(store: Store, storage: Storage) -> None:
    """Their keys are those of another layer, some of which look like ours."""
    there = [f"{new_id()}/{new_id()}", f"{new_id()}/{new_id()}/a b.txt", "old/key"]
    gone = f"{new_id()}/{new_id()}"
    thread_id = new_id()
    await save(store, step(thread_id, output="x"))
    for key in [*there, gone]:
        await save(store, element(thread_id, objectKey=key, name="a"))
    for key in there:
        await storage.put(key, b"abc", mime=MIME)
    found = await reconciled(store, storage, in_future())
    assert found == {**dict.fromkeys(there, FileState.WHOLE), gone: FileState.MISSING}


class DisorderedStorage(LocalStorage):
    """Lists what a test says, in its order."""

    order: Sequence[str] = ()

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        known = {found.key: found async for found in super().list(prefix)}
        for key in self.order:
            yield known[key]


async def test_a_storage_that_lists_in_disorder(store: Store, tmp_path: Path) -> None:
    storage = DisorderedStorage(tmp_path / "files")
    first, second = sorted([await uploaded(store, storage) for _ in range(2)])
    await storage.put("zz", b"x", mime=MIME)
    storage.order = ["zz", first, second]
    expected = {"zz": FileState.FOREIGN, first: FileState.WHOLE, second: FileState.WHOLE}
    assert await reconciled(store, storage, in_future()) == expected
    storage.order = [second, first]
    with pytest.raises(StorageMisconfigured, match="nothing is removed"):
        await reconciled(store, storage, in_future())
    await storage.close()


async def test_an_element_without_a_file_of_ours(store: Store, storage: Storage) -> None:
    await save(store, element(new_id(), url="https://elsewhere.example/a.png", name="a"))
    assert await reconciled(store, storage, in_future()) == {}


@pytest.mark.slow
async def test_more_files_than_a_page_holds(
    store: Store, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 1_100 if isinstance(storage, LocalStorage) else 30
    writes = [upload(new_id(), name="a") for _ in range(count)]
    await store.apply(writes)
    limit = asyncio.Semaphore(16)

    async def put(write: SaveElement) -> None:
        async with limit:
            await storage.put(key_of(write), b"x", mime=MIME)

    await asyncio.gather(*(put(write) for write in writes[1:]))
    await store.apply([finish(write) for write in writes])
    found = await reconciled(store, storage, in_future())
    assert found.pop(key_of(writes[0])) is FileState.MISSING
    assert found == dict.fromkeys(map(key_of, writes[1:]), FileState.WHOLE)


# The command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for name in ("DATABASE_URL", "STORAGE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(command, "HOUR_S", -3_600.0)
    monkeypatch.setattr(command, "BATCH", 2)
    return tmp_path


def run(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        manage.main(["sweep", *arguments])
    return ended.value.code


async def fill(folder: Path) -> dict[str, str]:
    """One key of each kind, and three orphans."""
    store, storage = SqliteStore(folder / "keepchat.db"), LocalStorage(folder / "files")
    await store.migrate()
    keys = {
        "whole": await uploaded(store, storage),
        "missing": await uploaded(store, storage, stored=False),
        "stored": await uploaded(store, storage, ended=False),
        **{
            f"orphan {number}": await uploaded(store, storage, row=False, ended=False)
            for number in range(3)
        },
    }
    await storage.put("foreign", b"x", mime=MIME)
    await storage.close()
    await store.close()
    return keys


async def stored_keys(folder: Path) -> set[str]:
    storage = LocalStorage(folder / "files")
    try:
        return {each.key async for each in storage.list()}
    finally:
        await storage.close()


def test_the_plan_changes_nothing(folder: Path, capsys: Capture) -> None:
    keys = asyncio.run(fill(folder))
    before = asyncio.run(stored_keys(folder))
    assert run("--dry-run") == 1
    output = capsys.readouterr().out
    assert "3 files belong to no message\n" in output
    assert "1 uploads were not seen to their end, though their files are there\n" in output
    thread_id = keys["missing"].partition("/")[0]
    assert f"  {keys['missing']} ('a.txt' in thread {thread_id})" in output
    assert output.endswith("Nothing was changed.\n")
    assert asyncio.run(stored_keys(folder)) == before


def test_orphans_go_and_uploads_are_ended(folder: Path, capsys: Capture) -> None:
    keys = asyncio.run(fill(folder))
    before = asyncio.run(stored_keys(folder))
    assert "is DATABASE_URL the database of this storage?" in str(run())
    assert "3 files belong to no message\n" in capsys.readouterr().out
    assert asyncio.run(stored_keys(folder)) == before
    assert run("--most") == 1
    assert "3 files belong to no message: removed\n" in capsys.readouterr().out
    left = {keys["whole"], keys["stored"], "foreign"}
    assert asyncio.run(stored_keys(folder)) == left

    async def ended() -> None:
        store = SqliteStore(folder / "keepchat.db")
        thread_id, _, element_id = keys["stored"].partition("/")
        found = await get_element(store, element(thread_id, element_id))
        assert (found.size, found.sha256) == (3, hashlib.sha256(b"abc").hexdigest())
        await save(store, delete_thread(element(keys["missing"].partition("/")[0]).thread_id))
        await store.close()

    asyncio.run(ended())
    assert run() == 0
    assert "files belong to no message" not in capsys.readouterr().out


def test_nothing_is_removed_while_writes_wait(folder: Path, capsys: Capture) -> None:
    asyncio.run(fill(folder))
    before = asyncio.run(stored_keys(folder))
    segment = folder / "journal" / new_id() / "0000001700000000.journal"
    segment.parent.mkdir(parents=True)
    segment.write_bytes(encode_record(upload(new_id())))
    assert "Writes wait in the journal" in str(run("--most"))
    assert asyncio.run(stored_keys(folder)) == before
    segment.unlink()
    assert run("--most") == 1
    assert asyncio.run(stored_keys(folder)) != before


@pytest.mark.slow
def test_nothing_is_removed_while_there_are_dead_letters(folder: Path) -> None:
    """The row of a file may be one, and be stored yet."""
    asyncio.run(fill(folder))
    before = asyncio.run(stored_keys(folder))
    letters = DeadLetters(folder / "dead_letters")
    letters.keep_write(upload(new_id()), "it was refused")
    assert "There are dead letters" in str(run("--most"))
    assert asyncio.run(stored_keys(folder)) == before
    letters.remove(letters.ids()[0])
    assert run("--most") == 1
    assert asyncio.run(stored_keys(folder)) != before


async def test_what_is_named_by_now_is_not_removed(store: Store, tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "files")
    write = upload(new_id(), name="a.txt")
    orphan = await uploaded(store, storage, row=False, ended=False)
    await storage.put(key_of(write), b"abc", mime=MIME)
    sweep = command.Sweep(store, storage, dry_run=False)
    async for file in reconcile(store, storage, younger_than=in_future()):
        await sweep.take(file)
    await save(store, write)
    await sweep.remove_orphans(most=True)
    assert [found.key async for found in storage.list()] == [key_of(write)]
    assert orphan != key_of(write)
    await storage.close()


def test_a_storage_that_cannot_be_reached_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "plain").write_text("x")
    monkeypatch.setenv("STORAGE_URL", f"file:{folder / 'plain'}")
    assert str(run()).startswith("STORAGE_URL: ")
