"""Whether people can be sent here, for each thing that may be away."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from common.processes.ending import Ending
from datalayer.errors import SchemaMismatch, StoreUnavailable
from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline.journal.journal import JournalState
from datalayer.stores.memory import MemoryStore
from routes.health.probe import Probe, Silent
from routes.health.readiness import Checks, Readiness, is_ready
from storage.base import Receipt
from storage.errors import StorageDenied, StorageError, StorageUnavailable
from storage.local.storage import LocalStorage

SECRET = "postgresql://keepchat:hunter2@db.internal"
AWAY = StoreUnavailable(f"{SECRET} cannot be reached")


class Store(MemoryStore):
    """A store whose reads fail or wait as they are told."""

    failure: Exception | None = None
    asked = 0

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()
        self.heard.set()

    async def get_thread_name(self, thread_id: str) -> str | None:
        self.asked += 1
        await self.heard.wait()
        if self.failure:
            raise self.failure
        return None


class Files(LocalStorage):
    """A storage that cannot be reached if it is told."""

    failure: StorageError | None = None
    is_full = False

    async def put(self, *args: Any, **options: Any) -> Receipt:
        if self.is_full:
            message = "there is no room"
            raise StorageUnavailable(message)
        return await super().put(*args, **options)

    def open(self, *args: Any) -> Any:
        if self.failure:
            raise self.failure
        return super().open(*args)


class Layer:
    """A data layer as far as it is looked at."""

    journal_state: JournalState | None = JournalState(0, 0, None, "")
    is_away = False  # the database, for what is written


@dataclass
class World:
    """What the program needs, each of which may be away."""

    store: Store
    files: Files
    layer: Layer
    readiness: Readiness
    migrates: Exception | bool = False
    knows_logins: bool = True
    ending: Ending = field(default_factory=Ending)

    async def found(self) -> Checks:
        """What is found now, as if a long time had passed."""
        for one in self.readiness._probes:
            one._asked_at = -1e9
        return await self.readiness.checks()

    async def needs_migration(self) -> bool:
        if isinstance(self.migrates, Exception):
            raise self.migrates
        return self.migrates


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    store, files, layer = Store(), Files(tmp_path), Layer()
    made: Any = World(store, files, layer, None)  # type: ignore[arg-type]
    given: Any = layer
    made.readiness = Readiness(
        store,
        files,
        given,
        needs_migration=made.needs_migration,
        knows_logins=lambda: made.knows_logins,
        ending=made.ending,
    )
    assert {name for name in vars(Layer) if name[0] != "_"} <= set(dir(KeepchatDataLayer))
    yield made
    await made.readiness.close()


def statuses(checks: Checks) -> dict[str, str]:
    """What is not ok."""
    return {name: check.status for name, check in checks.items() if check.status != "ok"}


async def test_all_is_well(world: World) -> None:
    found = await world.found()
    assert statuses(found) == {}
    assert set(found) == {"database", "migrations", "storage", "journal", "logins"}
    assert is_ready(found)


async def test_with_the_database_away_conversations_go_on(world: World) -> None:
    await world.found()
    world.store.failure = world.migrates = AWAY
    found = await world.found()
    assert statuses(found) == {"database": "degraded"}
    assert is_ready(found)
    assert SECRET not in str(found)


async def test_nor_does_it_matter_that_nobody_asked_before(world: World) -> None:
    """That the database was there is known from the logins."""
    world.store.failure = world.migrates = AWAY
    assert statuses(await world.found()) == {"database": "degraded"}


@pytest.mark.parametrize("state", [None, JournalState(1, 1, 1, "It is full.")])
async def test_without_the_journal_they_do_not(world: World, state: JournalState | None) -> None:
    world.layer.journal_state = state
    found = await world.found()
    assert statuses(found) == {"journal": "degraded"}
    assert is_ready(found)
    world.store.failure = AWAY
    found = await world.found()
    assert statuses(found) == {"database": "failed", "journal": "degraded"}
    assert not is_ready(found)


async def test_a_database_that_can_be_read_and_stores_nothing_is_away(world: World) -> None:
    """As one whose disk is full; the journal may well be on the same one."""
    world.layer.is_away = True
    found = await world.found()
    assert statuses(found) == {"database": "degraded"}
    assert is_ready(found)
    world.layer.journal_state = JournalState(1, 1, 1, "It is full.")
    found = await world.found()
    assert statuses(found) == {"database": "failed", "journal": "degraded"}
    assert not is_ready(found)


async def test_nobody_comes_in_before_the_database_has_answered_once(world: World) -> None:
    world.store.failure = world.migrates = AWAY
    world.knows_logins = False
    found = await world.found()
    assert statuses(found) == {"database": "degraded", "migrations": "failed", "logins": "failed"}
    assert not is_ready(found)


@pytest.mark.parametrize("state", [True, SchemaMismatch("It is newer.")])
async def test_a_schema_of_another_version_serves_nobody(
    world: World, state: Exception | bool
) -> None:
    world.migrates = state
    found = await world.found()
    assert statuses(found) == {"migrations": "failed"}
    assert not is_ready(found)
    world.migrates = AWAY
    assert statuses(await world.found()) == {"migrations": "failed"}
    world.migrates = False
    assert is_ready(await world.found())


@pytest.mark.parametrize("kind", [StorageUnavailable, StorageDenied])
async def test_conversations_go_on_without_files(world: World, kind: type[StorageError]) -> None:
    world.files.failure = kind(f"{SECRET} is full")
    found = await world.found()
    assert statuses(found) == {"storage": "degraded"}
    assert is_ready(found)
    assert SECRET not in str(found)


async def test_a_storage_that_can_be_read_and_takes_no_files_is_told(world: World) -> None:
    world.files.is_full = True
    found = await world.found()
    assert statuses(found) == {"storage": "degraded"}
    assert is_ready(found)
    world.files.is_full = False
    assert statuses(await world.found()) == {}
    assert [found async for found in world.files.list()] == []


async def test_what_is_silent_is_waited_for_no_longer_and_asked_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Probe.failure, "__defaults__", (0,))
    world.store.heard.clear()
    for _ in range(3):
        found = await world.found()
        assert found["database"].message.startswith("The database does not answer in time")
    assert world.store.asked == 1
    world.store.heard.set()


async def test_however_many_ask_each_is_asked_once(world: World) -> None:
    found = await asyncio.gather(*(world.readiness.checks() for _ in range(20)))
    assert all(map(is_ready, found))
    assert world.store.asked == 1


async def test_a_program_that_ends_serves_nobody(world: World) -> None:
    world.ending.begin()
    found = await world.readiness.checks()
    assert not is_ready(found)
    assert world.store.asked == 0


async def test_a_probe_that_is_closed_leaves_nothing_running() -> None:
    forever = asyncio.Event()

    async def ask() -> None:
        await forever.wait()

    one = Probe(ask)
    asking = asyncio.create_task(one.failure())
    await asyncio.sleep(0)
    await one.close()
    assert isinstance(await asking, Silent)
