"""What only a database file can do wrong."""

from pathlib import Path

import pytest

from datalayer.errors import SchemaMismatch, StoreUnavailable
from datalayer.sql.store import SqlStore
from tests.contract.builders import thread


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"These are notes. " * 1_000)
    store = SqlStore.sqlite(str(path))
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
    store = SqlStore.sqlite(str(tmp_path))
    with pytest.raises(StoreUnavailable, match="DATABASE_URL"):
        await store.migrate()
    await store.close()


async def test_a_database_that_was_never_migrated(tmp_path: Path) -> None:
    store = SqlStore.sqlite(str(tmp_path / "new.db"))
    with pytest.raises(StoreUnavailable):
        await store.apply([thread()])
    await store.migrate()
    assert len(await store.apply([thread()])) == 1
    await store.close()
