"""The contract of accounts and sessions."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from datalayer.errors import StoreUnavailable
from datalayer.stores.accounts import Account, AccountStore, LoginSession
from datalayer.stores.base import Store
from tests.support.backends import Backend, DatabaseBackend, migrated
from tests.support.builders import new_id

START = "2026-01-01T00:00:00.000000Z"
NOON = "2026-01-01T12:00:00.000000Z"
EVENING = "2026-01-01T18:00:00.000000Z"
NEXT_DAY = "2026-01-02T00:00:00.000000Z"
GOOGLE = ("https://accounts.google.com", "1234")


def account(key: str = "alice", **values: Any) -> Account:
    given = {"key": key, "identifier": key.title(), "changed_at": START, "password_hash": "$a$"}
    return Account(**(given | values))


def session(identifier: str = "Alice", **values: Any) -> LoginSession:
    given = {
        "id": new_id(),
        "identifier": identifier,
        "created_at": START,
        "expires_at": NEXT_DAY,
        "mode": "password",
    }
    return LoginSession(**(given | values))


async def made(accounts: AccountStore, *several: Account) -> None:
    for each in several:
        assert await accounts.save_account(each, replaces=None)


async def begun(
    accounts: AccountStore, count: int = 1, identifier: str = "Alice"
) -> list[LoginSession]:
    sessions = [session(identifier) for _ in range(count)]
    for each in sessions:
        assert await accounts.begin_session(each, None)
    return sessions


async def alive(accounts: AccountStore, identifier: str = "Alice", now: str = NOON) -> set[str]:
    return ids(await accounts.list_sessions(identifier, now=now))


def ids(sessions: Sequence[LoginSession]) -> set[str]:
    return {each.id for each in sessions}


@pytest.fixture
def accounts(store: Store) -> AccountStore:
    return store.accounts


@pytest.fixture
async def replica(backend: Backend, store: Store) -> AsyncIterator[AccountStore]:
    """The same accounts as another process has them."""
    opened = await migrated(backend.open())
    yield opened.accounts
    await backend.assert_idle(opened)
    await opened.close()


# Accounts


async def test_an_account_is_kept_whole(accounts: AccountStore) -> None:
    given = account(identifier="Älice 爱", status="disabled", subject=GOOGLE)
    await made(accounts, given, account("bob", password_hash=None))
    assert await accounts.get_account("alice") == given
    assert await accounts.get_account("bob") == account("bob", password_hash=None)


async def test_who_is_not_there_is_nobody(accounts: AccountStore) -> None:
    await made(accounts, account())
    assert await accounts.get_account("bob") is None
    assert await accounts.get_account("Alice") is None
    assert await accounts.get_account_of(GOOGLE) is None


@pytest.mark.parametrize("key", ["", "\x00", "a\x00b", "\ud800", "x" * 5_000])
async def test_what_nobody_can_be_called_is_nobody(accounts: AccountStore, key: str) -> None:
    assert await accounts.get_account(key) is None
    assert await accounts.get_account_of((key, key)) is None
    assert await accounts.list_sessions(key, now=NOON) == []
    assert await accounts.end_sessions(key) == []
    assert await accounts.end_sessions("Alice", [key]) == []


async def test_who_a_provider_knows_is_found_by_issuer_and_id(accounts: AccountStore) -> None:
    one, other = account(subject=GOOGLE), account("bob", subject=("https://other", "1234"))
    await made(accounts, one, other)
    assert await accounts.get_account_of(GOOGLE) == one
    assert await accounts.get_account_of(("https://other", "1234")) == other
    assert await accounts.get_account_of(("https://other", "12345")) is None


async def test_issuer_and_id_are_told_apart_whatever_is_in_them(accounts: AccountStore) -> None:
    await made(accounts, account(subject=("a#b", "c")))
    assert await accounts.get_account_of(("a", "b#c")) is None
    await made(accounts, account("bob", subject=("a", "b#c")))


async def test_accounts_are_listed_by_key(accounts: AccountStore) -> None:
    several = [account(key) for key in ("bob", "äda", "alice", "Zoe", "_")]
    await made(accounts, *several)
    assert await accounts.list_accounts() == sorted(several, key=lambda each: each.key)


async def test_a_key_is_given_once(accounts: AccountStore, replica: AccountStore) -> None:
    stores = [accounts, replica]
    several = [account(password_hash=str(number)) for number in range(8)]
    saved = await asyncio.gather(
        *(stores[n % 2].save_account(each, replaces=None) for n, each in enumerate(several))
    )
    assert saved.count(True) == 1
    assert await accounts.list_accounts() == [several[saved.index(True)]]


async def test_a_subject_has_one_account(accounts: AccountStore, replica: AccountStore) -> None:
    stores = [accounts, replica]
    several = [account(f"user {number}", subject=GOOGLE) for number in range(8)]
    saved = await asyncio.gather(
        *(stores[n % 2].save_account(each, replaces=None) for n, each in enumerate(several))
    )
    assert saved.count(True) == 1
    assert await accounts.list_accounts() == [several[saved.index(True)]]


async def test_nobody_is_given_the_subject_of_another(accounts: AccountStore) -> None:
    taken, given = account(subject=GOOGLE), account("bob")
    await made(accounts, taken, given)
    assert not await accounts.save_account(replace(given, subject=GOOGLE), replaces=given)
    assert await accounts.list_accounts() == [taken, given]


async def test_a_subject_that_was_given_up_is_free(accounts: AccountStore) -> None:
    first, second = account(subject=GOOGLE), account("bob")
    await made(accounts, first, second)
    assert await accounts.save_account(replace(first, subject=None), replaces=first)
    assert await accounts.save_account(replace(second, subject=GOOGLE), replaces=second)
    assert (await accounts.get_account_of(GOOGLE)) == replace(second, subject=GOOGLE)
    assert await accounts.delete_account(replace(second, subject=GOOGLE))
    assert await accounts.get_account_of(GOOGLE) is None
    await made(accounts, account("carol", subject=GOOGLE))


async def test_an_account_is_changed_only_as_it_was_seen(accounts: AccountStore) -> None:
    seen = account()
    await made(accounts, seen)
    changed = replace(seen, password_hash="$b$", changed_at=NOON, status="disabled")
    assert not await accounts.save_account(changed, replaces=None)
    assert not await accounts.save_account(changed, replaces=replace(seen, changed_at=NOON))
    assert not await accounts.save_account(account("bob"), replaces=account("bob"))
    assert await accounts.list_accounts() == [seen]
    assert await accounts.save_account(changed, replaces=seen)
    assert await accounts.list_accounts() == [changed]
    assert not await accounts.save_account(seen, replaces=seen)


async def test_of_those_who_change_an_account_at_once_one_does(
    accounts: AccountStore, replica: AccountStore
) -> None:
    stores, seen = [accounts, replica], account()
    await made(accounts, seen)
    changes = [replace(seen, password_hash=str(number)) for number in range(8)]
    saved = await asyncio.gather(
        *(stores[n % 2].save_account(each, replaces=seen) for n, each in enumerate(changes))
    )
    assert saved.count(True) == 1
    assert await accounts.list_accounts() == [changes[saved.index(True)]]


async def test_an_account_is_deleted_only_as_it_was_seen(accounts: AccountStore) -> None:
    seen = account()
    await made(accounts, seen, account("bob"))
    assert not await accounts.delete_account(replace(seen, changed_at=NOON))
    assert await accounts.delete_account(seen)
    assert not await accounts.delete_account(seen)
    assert await accounts.list_accounts() == [account("bob")]


# Sessions


async def test_a_session_is_kept_whole(accounts: AccountStore) -> None:
    given = session(client="Firefox 爱", address="2001:db8::1", mode="oidc")
    assert await accounts.begin_session(given, None)
    assert await accounts.list_sessions("Alice", now=NOON) == [given]


async def test_sessions_are_listed_the_newest_first(accounts: AccountStore) -> None:
    first, last = session(created_at=START), session(created_at=NOON)
    middle = session(created_at="2026-01-01T06:00:00.000000Z")
    for each in (middle, last, first, session("Bob")):
        await accounts.begin_session(each, None)
    assert await accounts.list_sessions("Alice", now=NOON) == [last, middle, first]


async def test_expired_sessions_are_not_listed(accounts: AccountStore) -> None:
    short, long = session(expires_at=NOON), session()
    for each in (short, long):
        await accounts.begin_session(each, None)
    assert await alive(accounts, now=START) == {short.id, long.id}
    assert await alive(accounts, now=NOON) == {long.id}


async def test_a_session_begins_once(accounts: AccountStore) -> None:
    given = session()
    assert await accounts.begin_session(given, None)
    assert not await accounts.begin_session(given, None)
    await accounts.end_sessions("Alice")
    assert not await accounts.begin_session(given, None)
    assert await alive(accounts) == set()


async def test_a_session_begins_for_an_account_as_it_is(accounts: AccountStore) -> None:
    given = account()
    assert not await accounts.begin_session(session(), given)
    await made(accounts, given)
    assert not await accounts.begin_session(session(), replace(given, password_hash="$b$"))
    assert await accounts.begin_session(session(), given)
    for status in ("disabled", "removed"):
        off = account(status, status=status)
        await made(accounts, off)
        assert not await accounts.begin_session(session(off.identifier), off)
        assert await alive(accounts, off.identifier) == set()
    assert len(await alive(accounts)) == 1


async def test_no_login_outlives_a_change_that_it_did_not_see(
    accounts: AccountStore, replica: AccountStore
) -> None:
    given = account()
    await made(accounts, given)
    for number in range(10):
        changed = replace(given, password_hash=str(number))
        several = [session() for _ in range(4)]
        outcomes = await asyncio.gather(
            *(replica.begin_session(each, given) for each in several[:2]),
            accounts.save_account(changed, replaces=given),
            *(replica.begin_session(each, given) for each in several[2:]),
        )
        assert outcomes[2]
        assert await alive(accounts) == set()
        given = changed


async def test_a_change_of_an_account_ends_its_sessions(accounts: AccountStore) -> None:
    seen = account()
    await made(accounts, seen)
    theirs, others = await begun(accounts, 3), await begun(accounts, identifier="Bob")
    changed = replace(seen, status="disabled")
    assert await accounts.save_account(changed, replaces=seen)
    assert set((await accounts.ended_sessions()).ids) == ids(theirs)
    assert await alive(accounts) == set()
    assert await alive(accounts, "Bob") == ids(others)


async def test_one_session_stays_where_it_is_kept(accounts: AccountStore) -> None:
    seen = account()
    await made(accounts, seen)
    kept, *others = await begun(accounts, 3)
    changed = replace(seen, password_hash="$b$")
    assert await accounts.save_account(changed, replaces=seen, keeps=kept.id)
    assert await alive(accounts) == {kept.id}
    assert set((await accounts.ended_sessions()).ids) == ids(others)
    assert await accounts.save_account(seen, replaces=changed, keeps=kept.id)
    assert await alive(accounts) == {kept.id}
    assert await accounts.end_sessions("Alice") == [kept.id]
    assert await alive(accounts) == set()


async def test_nobody_keeps_what_has_ended_or_is_anothers(accounts: AccountStore) -> None:
    seen = account()
    await made(accounts, seen)
    [ended], [other] = await begun(accounts), await begun(accounts, identifier="Bob")
    await accounts.end_sessions("Alice", [ended.id])
    [last] = await begun(accounts)
    for keeps in (ended.id, other.id, "nothing"):
        changed = replace(seen, password_hash=keeps)
        assert await accounts.save_account(changed, replaces=seen, keeps=keeps)
        assert await alive(accounts) == set()
        seen = changed
    assert set((await accounts.ended_sessions()).ids) == {ended.id, last.id}
    assert await alive(accounts, "Bob") == {other.id}


async def test_who_is_given_another_identifier_is_signed_out_of_both(
    accounts: AccountStore,
) -> None:
    seen = account()
    await made(accounts, seen)
    await begun(accounts, 2)
    await begun(accounts, 2, identifier="Alice Smith")
    changed = replace(seen, identifier="Alice Smith")
    assert await accounts.save_account(changed, replaces=seen)
    assert await alive(accounts) == set()
    assert await alive(accounts, "Alice Smith") == set()


async def test_a_deleted_account_has_no_sessions(accounts: AccountStore) -> None:
    await made(accounts, account())
    theirs, others = await begun(accounts, 2), await begun(accounts, identifier="Bob")
    assert await accounts.delete_account(account())
    assert set((await accounts.ended_sessions()).ids) == ids(theirs)
    assert await alive(accounts, "Bob") == ids(others)


async def test_what_is_not_saved_or_deleted_ends_nothing(accounts: AccountStore) -> None:
    await made(accounts, account())
    theirs = await begun(accounts, 2)
    unseen = account(changed_at=NOON)
    assert not await accounts.save_account(unseen, replaces=unseen)
    assert not await accounts.delete_account(unseen)
    assert await alive(accounts) == ids(theirs)
    assert list((await accounts.ended_sessions()).ids) == []


async def test_sessions_are_ended_by_whose_they_are(accounts: AccountStore) -> None:
    one, two, three = await begun(accounts, 3)
    [other] = await begun(accounts, identifier="Bob")
    assert await accounts.end_sessions("Alice", [one.id, other.id, new_id(), "no id"]) == [one.id]
    assert await accounts.end_sessions("Alice", [one.id]) == []
    assert await accounts.end_sessions("Alice", []) == []
    assert await alive(accounts) == {two.id, three.id}
    assert set(await accounts.end_sessions("Alice")) == {two.id, three.id}
    assert await accounts.end_sessions("Alice") == []
    assert await alive(accounts, "Bob") == {other.id}


async def test_who_has_many_sessions_is_signed_out_of_all(accounts: AccountStore) -> None:
    seen = account()
    await made(accounts, seen)
    many = await begun(accounts, 120)
    kept = many[100].id
    changed = replace(seen, password_hash="$b$")
    assert await accounts.save_account(changed, replaces=seen, keeps=kept)
    assert await alive(accounts) == {kept}
    assert set((await accounts.ended_sessions()).ids) == ids(many) - {kept}
    more = await begun(accounts, 30)
    some = [each.id for each in more[:20]]
    assert set(await accounts.end_sessions("Alice", some)) == set(some)
    assert set(await accounts.end_sessions("Alice")) == {kept, *(each.id for each in more[20:])}


# Those that ended


async def test_each_poll_tells_what_ended_since(
    accounts: AccountStore, replica: AccountStore
) -> None:
    one, two, three = await begun(accounts, 3)
    nothing, cursor = await replica.ended_sessions()
    assert list(nothing) == []
    await accounts.end_sessions("Alice", [one.id])
    first, cursor = await replica.ended_sessions(cursor)
    assert set(first) == {one.id}
    await accounts.end_sessions("Alice", [two.id])
    await replica.end_sessions("Alice", [three.id])
    later, cursor = await replica.ended_sessions(cursor)
    assert {two.id, three.id} <= set(later)
    assert one.id not in (await replica.ended_sessions(cursor)).ids


async def test_who_asks_for_the_first_time_is_told_all(accounts: AccountStore) -> None:
    sessions = await begun(accounts, 3)
    for each in sessions[:2]:
        await accounts.end_sessions("Alice", [each.id])
    assert set((await accounts.ended_sessions()).ids) == ids(sessions[:2])


async def test_none_that_ends_is_missed_however_many_end_it(
    accounts: AccountStore, replica: AccountStore
) -> None:
    sessions = await begun(accounts, 40)
    told: set[str] = set()
    done = asyncio.Event()

    async def poll() -> None:
        cursor = ""
        while True:
            last = done.is_set()
            found, cursor = await accounts.ended_sessions(cursor)
            told.update(found)
            if last:
                return
            await asyncio.sleep(0)

    async def end(at: int) -> None:
        store = (accounts, replica)[at % 2]
        for each in sessions[at::8]:
            assert await store.end_sessions("Alice", [each.id]) == [each.id]

    async def end_all() -> None:
        await asyncio.gather(*(end(at) for at in range(8)))
        done.set()

    await asyncio.gather(poll(), end_all())
    assert told == ids(sessions)


async def test_what_has_expired_is_forgotten_and_the_rest_is_not(
    accounts: AccountStore, backend: Backend
) -> None:
    short, short_ended = session(expires_at=NOON), session(expires_at=NOON)
    long, long_ended = session(), session()
    for each in (short, short_ended, long, long_ended):
        await accounts.begin_session(each, None)
    await accounts.end_sessions("Alice", [short_ended.id])
    await accounts.end_sessions("Alice", [long_ended.id])
    await backend.settle()
    await accounts.forget_expired(now=START)
    assert await alive(accounts, now=START) == {short.id, long.id}
    await accounts.forget_expired(now=NOON)
    assert await alive(accounts, now=START) == {long.id}
    assert set((await accounts.ended_sessions()).ids) == {long_ended.id}


async def test_none_is_missed_after_all_was_forgotten(
    accounts: AccountStore, replica: AccountStore, backend: Backend
) -> None:
    for _ in range(3):
        await begun(accounts, 2)
        await accounts.end_sessions("Alice")
    _, cursor = await replica.ended_sessions()
    await backend.settle()
    await accounts.forget_expired(now=NEXT_DAY)
    later = session(created_at=NEXT_DAY, expires_at="2026-01-03T00:00:00.000000Z")
    await accounts.begin_session(later, None)
    await accounts.end_sessions("Alice")
    assert later.id in (await replica.ended_sessions(cursor)).ids
    assert later.id in (await replica.ended_sessions()).ids


# Databases that are away


async def test_a_closed_store_has_no_accounts(backend: Backend) -> None:
    store = await backend.open_migrated()
    await store.close()
    await assert_unavailable(store.accounts)


async def test_a_database_that_is_away_says_so(database: DatabaseBackend) -> None:
    store = database.unreachable()
    await assert_unavailable(store.accounts)
    await store.close()


async def assert_unavailable(accounts: AccountStore) -> None:
    for call in (
        accounts.get_account("alice"),
        accounts.get_account_of(GOOGLE),
        accounts.list_accounts(),
        accounts.save_account(account(), replaces=None),
        accounts.delete_account(account()),
        accounts.begin_session(session(), account()),
        accounts.list_sessions("Alice", now=NOON),
        accounts.end_sessions("Alice"),
        accounts.ended_sessions(),
        accounts.forget_expired(now=NOON),
    ):
        with pytest.raises(StoreUnavailable):
            await call
