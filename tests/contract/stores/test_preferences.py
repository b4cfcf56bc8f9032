"""What a person wants always, in every store."""

import asyncio

from datalayer.records import Outcome
from datalayer.stores.base import Store
from datalayer.writes import DeleteUser, SavePreferences, SaveUser
from tests.support.builders import clock, new_id


def save(person: str, **preferences: object) -> SavePreferences:
    return SavePreferences(identifier=person, revision=clock.next(), preferences=preferences)  # type: ignore[arg-type]


async def somebody(store: Store) -> str:
    person = f"ann {new_id()}"
    await store.apply([SaveUser(identifier=person, revision=clock.next(), metadata={"a": 1})])
    return person


async def test_preferences_merge_key_by_key_and_outlive_a_login(store: Store) -> None:
    person = await somebody(store)
    await store.apply([save(person, a="1", b={"text": "中 \x00"})])
    await store.apply([save(person, b=None, c=1.5)])
    login = SaveUser(identifier=person, revision=clock.next(), metadata={"a": 2})
    await store.apply([login])
    assert await store.get_preferences(person) == {"a": "1", "c": 1.5}
    user = await store.get_user(person)
    assert user
    assert user.metadata == {"a": 2}


async def test_changes_at_once_all_survive(store: Store) -> None:
    person = await somebody(store)
    names = [f"prompt.{number}" for number in range(8)]
    writes = [save(person, **{name: {"text": "x" * 20_000}}) for name in names]
    for attempt in range(20):
        done = await asyncio.gather(*(store.apply([it]) for it in writes), return_exceptions=True)
        if not any(isinstance(it, BaseException) for it in done):
            break
        assert attempt < 19
    assert sorted(await store.get_preferences(person)) == names


async def test_an_older_change_does_not_undo_a_newer_one(store: Store) -> None:
    person = await somebody(store)
    older, newer = save(person, a="older", b="older"), save(person, a=None)
    results = [*await store.apply([newer]), *await store.apply([older])]
    assert [it.outcome for it in results] == [Outcome.APPLIED, Outcome.APPLIED]
    assert await store.get_preferences(person) == {"b": "older"}


async def test_preferences_go_with_their_user_and_do_not_come_back(store: Store) -> None:
    person = await somebody(store)
    late = save(person, a="late")
    await store.apply([save(person, a="x")])
    await store.apply([DeleteUser(identifier=person, revision=clock.next())])
    assert await store.get_preferences(person) == {}
    assert [it.outcome for it in await store.apply([late])] == [Outcome.GONE]
    await store.apply([SaveUser(identifier=person, revision=clock.next())])
    assert await store.get_preferences(person) == {}


async def test_nobody_has_no_preferences(store: Store) -> None:
    nobody = f"nobody {new_id()}"
    assert await store.get_preferences(nobody) == {}
    assert [it.outcome for it in await store.apply([save(nobody, a="x")])] == [Outcome.ABSENT]
