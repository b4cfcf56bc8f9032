"""A user is read once for many requests, and anew right after a change."""

import asyncio
from dataclasses import replace
from typing import cast

import pytest

from datalayer import users
from datalayer.records import UserRecord
from datalayer.stores.base import Store
from datalayer.users import KEPT_USERS, RecentUsers

ALICE = UserRecord(id="1", identifier="alice", created_at="", metadata={"role": "user"})
ADMIN = replace(ALICE, metadata={"role": "admin"})


class OneUser:
    """A store that has one user at most and counts how often it is asked."""

    def __init__(self, record: UserRecord | None = ALICE) -> None:
        self.record = record
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def get_user(self, identifier: str) -> UserRecord | None:
        self.asked += 1
        record = self.record
        await self.gate.wait()
        return record and replace(record, identifier=identifier)


def recent(store: OneUser) -> RecentUsers:
    return RecentUsers(cast(Store, store))


async def test_many_requests_read_once() -> None:
    store = OneUser()
    known = recent(store)
    assert [await known.get("alice") for _ in range(5)] == [ALICE] * 5
    assert store.asked == 1


async def test_a_change_is_seen_at_once() -> None:
    store = OneUser()
    known = recent(store)
    await known.get("alice")
    store.record = ADMIN
    assert await known.get("alice") == ALICE
    known.forget("alice")
    assert await known.get("alice") == ADMIN


async def test_what_was_being_read_during_a_change_is_not_remembered() -> None:
    store = OneUser()
    known = recent(store)
    store.gate.clear()
    reading = asyncio.create_task(known.get("alice"))
    await asyncio.sleep(0)
    store.record = ADMIN
    known.forget("alice")
    store.gate.set()
    assert await reading == ALICE
    assert await known.get("alice") == ADMIN


async def test_a_change_elsewhere_is_seen_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "KEPT_S", 0.0)
    store = OneUser()
    known = recent(store)
    await known.get("alice")
    store.record = ADMIN
    assert await known.get("alice") == ADMIN


async def test_nobody_is_not_remembered() -> None:
    store = OneUser(None)
    known = recent(store)
    assert await known.get("alice") is None
    store.record = ALICE
    assert await known.get("alice") == ALICE


async def test_so_many_are_remembered_and_no_more() -> None:
    store = OneUser()
    known = recent(store)
    for number in range(KEPT_USERS + 1):
        await known.get(f"user {number}")
    await known.get("user 0")
    assert store.asked == KEPT_USERS + 2
    await known.get(f"user {KEPT_USERS}")
    assert store.asked == KEPT_USERS + 2
