"""What a store backs up is what another one begins with, where there is nothing yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from datalayer.errors import BackupFailed
from datalayer.stores.sql.postgres.store import PostgresStore
from datalayer.stores.sql.sqlite.store import SqliteStore
from datalayer.stores.sql.store import SqlStore
from datalayer.writes import SavePreferences
from tests.support.builders import ALICE, get_step, new_id, step, thread, user
from tests.support.servers.postgres import Postgres


@contextmanager
def two_databases(request: pytest.FixtureRequest, kind: str, folder: Path) -> Iterator[list[str]]:
    """Two that are empty, by their URLs or paths."""
    if kind == "sqlite":
        yield [str(folder / "one.db"), str(folder / "other.db")]
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database(new_id()) as one, server.database(new_id()) as other:
        yield [server.url(one), server.url(other)]


def opened(kind: str, where: str) -> SqlStore:
    return SqliteStore(Path(where)) if kind == "sqlite" else PostgresStore(where)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
async def test_a_backup_is_put_back_and_only_where_nothing_is(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    with two_databases(request, kind, tmp_path) as places:
        one, other = (opened(kind, it) for it in places)
        await one.migrate()
        saved = step(new_id(), output="Grüße 🌍")
        placed = thread(saved.thread_id, metadata={"pinned": True, "folder": "Work"})
        preferred = SavePreferences(
            identifier=ALICE, revision=saved.revision, preferences={"about_user": "I teach."}
        )
        await one.apply([user(), saved, placed, preferred])
        backup = await one.backup(tmp_path / "backups")
        assert backup.stat().st_mode & 0o777 == 0o600
        later = step(saved.thread_id, output="later")
        await one.apply([later])
        with pytest.raises(BackupFailed):
            await one.restore(backup)
        await get_step(one, later)
        await other.restore(backup)
        assert not await other.needs_migration()
        assert (await get_step(other, saved)).fields["output"] == "Grüße 🌍"
        assert await other.get_preferences(ALICE) == {"about_user": "I teach."}
        assert await other.get_thread_metadata(placed.id) == {"pinned": True, "folder": "Work"}
        owner = await other.get_user(ALICE)
        assert owner
        assert await other.list_folders(owner.id) == ["Work"]
        assert await other.get_step(later.id) is None
        await other.apply([later])
        await one.close()
        await other.close()
