"""`manage.py move`: from any store and storage to any other, and compared, each row and byte."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

import manage
from datalayer.migration.moving.conversations import ConversationMove, Moved
from datalayer.migration.moving.files import FileMove, MovedFiles
from datalayer.migration.moving.rows import Content, content_of
from datalayer.pipeline.journal.journal import Journal
from datalayer.sections import section_of_folder
from datalayer.stores.accounts import Account
from datalayer.stores.base import Store
from datalayer.stores.factory import open_store
from datalayer.stores.memory import MemoryStore
from datalayer.writes import FinishElement, SaveElement, SavePreferences
from storage.base import Storage
from storage.local.storage import LocalStorage
from storage.memory import MemoryStorage
from tests.support.backends import Backend, migrated
from tests.support.builders import (
    ALICE,
    BOB,
    clock,
    favorite,
    feedback,
    ids,
    keep_up,
    new_id,
    save,
    step,
    thread,
    user,
)
from tests.support.servers.postgres import Postgres
from tests.support.servers.seaweedfs import KEY, SECRET, SeaweedFS
from tests.support.storages import get

Capture = pytest.CaptureFixture[str]
HOME, SPOKEN, EMPTY = ids(3)
BYTES = b"What is attached, \x00 and more \xff" * 9_000
THEN = "2026-01-02T03:04:05Z"  # of two steps
SAME = "All of it is there, and the same."


async def move(source: Store, target: Store) -> Moved:
    return await ConversationMove(source, target, lambda _done: None).run()


async def move_files(store: Store, source: Storage, target: Storage) -> MovedFiles:
    return await FileMove(store, source, target, lambda _done: None).run()


async def fill(store: Store, storage: Storage) -> list[str]:
    """Conversations of two people, with all that there is; returns the keys of the files."""
    asked = step(HOME, type="user_message", output="Where is Málaga?", createdAt=THEN)
    run = step(HOME, type="run", parentId=asked.id, createdAt=THEN)
    answer = step(
        HOME,
        type="assistant_message",
        output="In the south.",
        generation={"tokens": 3},
        metadata={"state": "done"},
        later={"of": "a later Chainlit"},
    )
    hidden = step(HOME, type="assistant_message", output="In the north.", hidden=True)
    await save(
        store,
        user(ALICE, {"name": "Alice"}),
        SavePreferences(identifier=ALICE, preferences={"model": "m"}, revision=clock.next()),
        user(BOB),
        thread(HOME, name="Spain", tags=("a",), metadata={"pinned": True, "folder": "Trips"}),
        asked,
        run,
        answer,
        hidden,
        feedback(answer, 0, comment="wrong"),
        favorite(asked),
        thread(SPOKEN, owner=BOB, name="Of Bob"),
        step(SPOKEN, owner=BOB, output="Hello"),
        thread(EMPTY, owner=None),
    )
    keys = [key async for key in _files(store, storage)]
    await save(store, step(HOME, asked.id, output="Where is Málaga, then?"))  # edited
    return keys


async def _files(store: Store, storage: Storage) -> AsyncIterator[str]:
    for number in range(3):
        element_id = new_id()
        key = f"{HOME}/{element_id}"
        receipt = await storage.put(key, BYTES[number:], mime="text/plain", filename="a.txt")
        fields = {"name": f"a{number}.txt", "mime": "text/plain", "objectKey": key}
        await save(
            store,
            SaveElement(
                id=element_id,
                thread_id=HOME,
                owner=ALICE,
                fields=fields,
                ready=False,
                revision=clock.next(),
            ),
            FinishElement(
                id=element_id,
                thread_id=HOME,
                object_key=key,
                size=receipt.size,
                sha256=receipt.sha256,
                revision=clock.next(),
            ),
        )
        yield key


async def contents(store: Store) -> dict[str, Content]:
    return {it.id: content_of(it) async for it in store.threads()}


async def test_all_moves_to_any_store_and_back(backend: Backend, store: Store) -> None:
    first, last = MemoryStore(), MemoryStore()
    await fill(first, MemoryStorage())
    anna = Account(key="anna", identifier="anna", changed_at="2026-01-01", password_hash="$a$")
    await first.accounts.save_account(anna, replaces=None)
    for source, target in ((first, store), (store, last)):
        for _ in range(2):  # it may be run again
            moved = await move(source, target)
            assert moved.differing == []
            assert dict(moved.counts) == {
                "users": 2,
                "accounts": 1,
                "threads": 3,
                "steps": 5,
                "feedbacks": 1,
                "elements": 3,
            }
        await backend.settle()
    assert await contents(first) == await contents(store) == await contents(last)
    for there in (store, last):
        alice = await there.get_user(ALICE)
        assert alice
        await keep_up(there)
        found = await there.search(alice.id, "malaga then", first=5)
        assert [hit.thread.name for hit in found.hits] == ["Spain"]
        assert await there.get_preferences(ALICE) == {"model": "m"}
        assert [it.fields["output"] for it in await there.get_favorites(alice.id)] == [
            "Where is Málaga, then?"
        ]
        section = await there.list_section(alice.id, section_of_folder("Trips"), first=5)
        assert [it.id for it in section.threads] == [HOME]
        assert await there.accounts.list_accounts() == [anna]


async def test_files_move_to_any_storage_and_back(storage: Storage) -> None:
    store, first, last = MemoryStore(), MemoryStorage(), MemoryStorage()
    keys = await fill(store, first)
    for source, target in ((first, storage), (storage, last)):
        for _ in range(2):
            moved = await move_files(store, source, target)
            assert (moved.count, moved.differing) == (3, [])
            assert moved.size == 3 * len(BYTES) - 3
    for number, key in enumerate(keys):
        assert await get(storage, key) == await get(last, key) == BYTES[number:]


async def test_a_file_that_is_lost_or_another_is_named(tmp_path: Path) -> None:
    store, source, target = MemoryStore(), LocalStorage(tmp_path), MemoryStorage()
    lost, another, kept = await fill(store, source)
    await source.delete([lost])
    (tmp_path / another).write_bytes(b"another")
    moved = await move_files(store, source, target)
    assert sorted(moved.differing) == sorted(
        [f"file {lost}: it is not there", f"file {another}: it is another than was sent"]
    )
    assert await get(target, kept) == BYTES[2:]


# The command


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, **settings: str) -> object:
    """The exit code of the command, or what it says instead."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        manage.main(["move", *arguments])
    return ended.value.code


def filled(folder: Path) -> tuple[str, str]:
    """The URLs of a database and a folder with conversations."""
    urls = f"sqlite:///{folder / 'old.db'}", f"file:{folder / 'old files'}"

    async def prepare() -> None:
        store, storage = (
            await migrated(open_store(urls[0], folder)),
            LocalStorage(folder / "old files"),
        )
        await fill(store, storage)
        await store.close()
        await storage.close()

    anyio.run(prepare)
    return urls


def test_the_command_moves_to_servers_and_back(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: Capture,
    postgres: Postgres,
    seaweedfs: SeaweedFS,
) -> None:
    database, files = filled(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    with postgres.database(new_id()) as name:
        server = {
            "DATABASE_URL": postgres.url(name),
            "STORAGE_URL": seaweedfs.url(f"move/{os.urandom(4).hex()}"),
        }
        before = ["--from-database", database, "--from-storage", files]
        assert run(monkeypatch, *before, **server, **keys) == 0
        refused = str(run(monkeypatch, *before))
        assert refused.startswith("DATABASE_URL: There are conversations or accounts in it already")
        assert run(monkeypatch, *before, "--resume") == 0
        said = capsys.readouterr().out
        assert "Database: 2 users, 0 accounts, 3 threads, 5 steps, 1 feedbacks, 3 elements" in said
        assert f"Storage: 3 files, {3 * len(BYTES) - 3:,} bytes, each read again" in said
        assert SAME in said

        here = {
            "DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}",
            "STORAGE_URL": f"file:{tmp_path / 'new files'}",
        }
        back = ["--from-database", server["DATABASE_URL"], "--from-storage", server["STORAGE_URL"]]
        assert run(monkeypatch, *back, **here) == 0
        assert SAME in capsys.readouterr().out

        assert run(monkeypatch, "--from-storage", server["STORAGE_URL"]) == 0  # files alone
        said = capsys.readouterr().out
        assert "Database" not in said
        assert SAME in said
    old, new = _all(tmp_path / "old files"), _all(tmp_path / "new files")
    assert old == new
    assert len(old) == 3


def _all(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_what_is_not_the_same_ends_it_with_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    database, files = filled(tmp_path)
    settings = {
        "DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}",
        "STORAGE_URL": f"file:{tmp_path / 'new files'}",
    }
    gone = min(_all(tmp_path / "old files"))
    (tmp_path / "old files" / gone).unlink()
    before = ["--from-database", database, "--from-storage", files]
    assert run(monkeypatch, *before, **settings) == 1
    said = capsys.readouterr().out
    assert f"not the same: file {gone}: it is not there" in said
    assert "1 are not the same" in said


def test_what_waits_for_the_old_database_is_stored_there_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database, _files = filled(tmp_path)
    settings = {"DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"}

    async def accept() -> None:
        journal = Journal(tmp_path / "journal", most_bytes=1_000_000)
        await journal.append([thread(HOME, name="of the outage")])
        await journal.close()

    anyio.run(accept)
    said = str(run(monkeypatch, "--from-database", database, **settings))
    assert said.startswith("Up to 1 write")
    assert "Start the program with the old settings" in said
    assert not (tmp_path / "new.db").exists()


def test_what_cannot_be_moved_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = {
        "DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}",
    }
    assert "Say what is to be moved" in str(run(monkeypatch, **settings))
    same = run(monkeypatch, "--from-database", settings["DATABASE_URL"])
    assert str(same).startswith("It is there already")
    nowhere = run(monkeypatch, "--from-database", f"sqlite:///{tmp_path / 'b.db'}")
    assert str(nowhere).startswith("--from-database: Nothing of this version is there")
    assert not (tmp_path / "b.db").exists()
    (tmp_path / "c.db").write_text("no database, but something that is long enough " * 30)
    assert "file is not a database" in str(
        run(monkeypatch, "--from-database", f"sqlite:///{tmp_path / 'c.db'}")
    )
    assert "ftp" in str(run(monkeypatch, "--from-storage", "ftp://example.org/files"))
