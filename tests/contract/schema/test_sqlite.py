"""What only a database file can do wrong."""

import asyncio
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from datalayer.errors import SchemaMismatch, StoreUnavailable, WriteRejected
from datalayer.stores.sql.sqlite.store import SqliteStore
from tests.support.builders import new_id, step, thread

LOOK = "import sqlite3, sys; on = sqlite3.connect(sys.argv[1]); "
LOOK += "print(on.execute('SELECT count(*) FROM threads').fetchone()[0]); on.close()"
WRITTEN = "geheim"  # what somebody wrote


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"These are notes. " * 1_000)
    store = SqliteStore(path)
    with pytest.raises((SchemaMismatch, StoreUnavailable)):
        await store.migrate()
    # Not WriteRejected: the writer would drop the write as if it were to blame.
    with pytest.raises(StoreUnavailable):
        await store.apply([thread()])
    with pytest.raises(StoreUnavailable):
        await store.get_user("alice")
    await store.close()
    assert path.read_bytes() == b"These are notes. " * 1_000


async def test_a_folder_in_the_place_of_the_database(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    with pytest.raises(StoreUnavailable, match="DATABASE_URL"):
        await store.migrate()
    await store.close()


async def test_a_database_that_was_never_migrated(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "new.db")
    with pytest.raises(StoreUnavailable):
        await store.apply([thread()])
    await store.migrate()
    assert len(await store.apply([thread()])) == 1
    await store.close()


async def test_a_rejected_write_shows_no_text(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "new.db")
    await store.migrate()
    refuse = "CREATE TRIGGER refuse BEFORE INSERT ON steps BEGIN SELECT RAISE(ABORT, 'no'); END"
    await store.database.write(lambda on: on.exec_driver_sql(refuse))
    with pytest.raises(WriteRejected, match="no") as caught:
        await store.apply([step(new_id(), output=WRITTEN)])
    assert WRITTEN not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(StoreUnavailable) as missing:
        await store.database.write(
            lambda on: on.exec_driver_sql("INSERT INTO nothing VALUES (?)", (WRITTEN,))
        )
    assert WRITTEN not in "".join(traceback.format_exception(missing.value))
    await store.close()


async def test_who_comes_and_goes_takes_nothing_away(tmp_path: Path) -> None:
    """A process that closes the file for itself loses SQLite's locks: others would end the log."""
    path = tmp_path / "new.db"
    store = SqliteStore(path)
    await store.migrate()
    for count in range(1, 4):
        written = thread()
        await store.apply([written])
        found = await asyncio.gather(*(store.get_thread(written.id) for _ in range(20)))
        assert all(found)
        look = [sys.executable, "-c", LOOK, str(path)]
        ended = await asyncio.to_thread(subprocess.run, look, capture_output=True, check=True)
        assert ended.stdout.decode().strip() == str(count)
        assert await asyncio.to_thread(Path(f"{path}-wal").exists)
    await store.close()
