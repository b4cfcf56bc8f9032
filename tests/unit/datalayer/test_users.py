"""A user is read once for many requests, and anew right after a change."""

import asyncio

import pytest

from datalayer import users
from datalayer.records import UserRecord
from datalayer.stores.memory import MemoryStore
from datalayer.users import KEPT_USERS, RecentUsers
from tests.support.builders import ALICE, save, user

USER = {"role": "user"}
ADMIN = {"role": "admin"}


class CountingStore(MemoryStore):
    """A store that counts how often it is asked for a user, and answers when its gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def get_user(self, identifier: str) -> UserRecord | None:
        self.asked += 1
        record = await super().get_user(identifier)
        await self.gate.wait()
        return record


@pytest.fixture
async def store() -> CountingStore:
    """A store that has Alice."""
    opened = CountingStore()
    await save(opened, user(metadata=dict(USER)))
    return opened


@pytest.fixture
def known(store: CountingStore) -> RecentUsers:
    return RecentUsers(store)


async def metadata(known: RecentUsers, identifier: str = ALICE) -> object:
    found = await known.get(identifier)
    assert found
    assert found.identifier == identifier
    return found.metadata


async def promote(store: CountingStore) -> None:
    """Make Alice an admin."""
    await save(store, user(metadata=dict(ADMIN)))


async def test_many_requests_read_once(store: CountingStore, known: RecentUsers) -> None:
    assert [await metadata(known) for _ in range(5)] == [USER] * 5
    assert store.asked == 1


async def test_a_change_is_seen_at_once(store: CountingStore, known: RecentUsers) -> None:
    await known.get(ALICE)
    await promote(store)
    assert await metadata(known) == USER
    known.forget(ALICE)
    assert await metadata(known) == ADMIN


async def test_what_was_being_read_during_a_change_is_not_remembered(
    store: CountingStore, known: RecentUsers
) -> None:
    store.gate.clear()
    reading = asyncio.create_task(metadata(known))
    await asyncio.sleep(0)
    await promote(store)
    known.forget(ALICE)
    store.gate.set()
    assert await reading == USER
    assert await metadata(known) == ADMIN


async def test_a_change_elsewhere_is_seen_after_a_while(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "KEPT_S", 0.0)
    known = RecentUsers(store)
    await known.get(ALICE)
    await promote(store)
    assert await metadata(known) == ADMIN


async def test_nobody_is_not_remembered(store: CountingStore, known: RecentUsers) -> None:
    assert await known.get("bob") is None
    await save(store, user("bob", dict(USER)))
    assert await metadata(known, "bob") == USER


async def test_so_many_are_remembered_and_no_more(store: CountingStore, known: RecentUsers) -> None:
    await save(store, *(user(f"user {number}") for number in range(KEPT_USERS + 1)))
    for number in range(KEPT_USERS + 1):
        await known.get(f"user {number}")
    await known.get("user 0")
    assert store.asked == KEPT_USERS + 2
    await known.get(f"user {KEPT_USERS}")
    assert store.asked == KEPT_USERS + 2
