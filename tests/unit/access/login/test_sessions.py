"""Sessions: begun in the database, ended for all, and judged without waiting for it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest
from chainlit.user import User

from access.login.sessions import Refused, Sessions
from datalayer.errors import StoreUnavailable
from datalayer.stores.accounts import Account, AccountStore, EndedSessions, LoginSession
from datalayer.stores.memory import MemoryStore, MemoryTables
from datalayer.stores.memory_accounts import MemoryAccounts
from tests.support.logins import SECRET, account, sessions_of, started

ANNA = User(identifier="anna")


class FaultyAccounts(MemoryAccounts):
    """May be away."""

    is_away = False

    def __init__(self) -> None:
        tables = MemoryTables()
        super().__init__(lambda: tables.logins)

    def _check(self) -> None:
        if self.is_away:
            message = "away"
            raise StoreUnavailable(message)

    async def begin_session(self, session: LoginSession, account: Account | None) -> bool:
        self._check()
        return await super().begin_session(session, account)

    async def ended_sessions(self, cursor: str = "") -> EndedSessions:
        self._check()
        return await super().ended_sessions(cursor)

    async def end_sessions(self, identifier: str, ids: Sequence[str] | None = None) -> list[str]:
        self._check()
        return await super().end_sessions(identifier, ids)


@pytest.fixture
def store() -> FaultyAccounts:
    return FaultyAccounts()


async def here(store: AccountStore) -> Sessions:
    return await started(sessions_of("password", store))


async def test_a_session_that_ended_elsewhere_counts_no_more(store: FaultyAccounts) -> None:
    one, other = await here(store), await here(store)
    login = await one.begin(ANNA)
    assert other.honours(login.token)
    await one.leave(login)
    assert not one.honours(login.token)
    await other._poll()
    assert not other.honours(login.token)


async def test_what_ended_before_the_start_counts_no_more(store: FaultyAccounts) -> None:
    login = await (await here(store)).begin(ANNA)
    await store.end_sessions("anna")
    fresh = sessions_of("password", store)
    assert not fresh.honours(login.token)  # it does not know yet
    assert not fresh.is_ready
    await started(fresh)
    assert not fresh.honours(login.token)
    assert (await here(FaultyAccounts())).honours(login.token)


async def test_all_of_a_person_end_but_nobody_elses(store: FaultyAccounts) -> None:
    sessions = await here(store)
    first, second = await sessions.begin(ANNA), await sessions.begin(ANNA)
    bob = await sessions.begin(User(identifier="bob"))
    assert await sessions.end("anna", [bob.session_id], why="") == []
    await sessions.end("anna", why="")
    assert [sessions.honours(it.token) for it in (first, second, bob)] == [False, False, True]
    assert [it.id for it in await sessions.of("bob")] == [bob.session_id]


async def test_another_modes_session_does_not_count(store: FaultyAccounts) -> None:
    login = await (await here(store)).begin(ANNA)
    assert not (await started(sessions_of("oidc", store))).honours(login.token)


async def test_an_account_that_changes_meanwhile_lets_nobody_in(store: FaultyAccounts) -> None:
    sessions = await here(store)
    known = account("anna", None)
    await store.save_account(known, replaces=None)
    await sessions.begin(ANNA, account=known)
    changed = replace(known, changed_at="2999-01-01T00:00:00.000000Z")
    await store.save_account(changed, replaces=known)
    with pytest.raises(Refused):
        await sessions.begin(ANNA, account=known)
    disabled = replace(changed, status="disabled")
    await store.save_account(disabled, replaces=changed)
    with pytest.raises(Refused):
        await sessions.begin(ANNA, account=disabled)


async def test_with_the_database_away_who_is_in_stays_in_and_nobody_comes(
    store: FaultyAccounts, caplog: pytest.LogCaptureFixture
) -> None:
    sessions = await here(store)
    login = await sessions.begin(ANNA)
    store.is_away = True
    with pytest.raises(StoreUnavailable):
        await sessions.begin(ANNA)
    with caplog.at_level(logging.WARNING, "keepchat"):
        for _ in range(3):
            await sessions._poll()
        assert sessions.honours(login.token)
        store.is_away = False
        await sessions._poll()
    assert [record.getMessage()[:21] for record in caplog.records] == [
        "The database is away:",
        "The database is back,",
    ]


async def test_who_signs_out_meanwhile_is_out_and_everywhere_once_it_is_back(
    store: FaultyAccounts,
) -> None:
    sessions, other = await here(store), await here(store)
    login = await sessions.begin(ANNA)
    store.is_away = True
    await sessions.leave(login)
    assert not sessions.honours(login.token)
    store.is_away = False
    await sessions._poll()
    await other._poll()
    assert not other.honours(login.token)
    assert not sessions.honours(login.token)


async def test_one_person_alone_needs_no_database_to_come_in(store: FaultyAccounts) -> None:
    sessions = sessions_of("local", store, personal=True)
    store.is_away = True
    login = await sessions.begin(ANNA)
    assert sessions.honours(login.token)
    store.is_away = False
    await sessions._poll()
    assert [it.id for it in await sessions.of("anna")] == [login.session_id]


async def test_ended_ones_are_read_anew_and_none_is_forgotten(
    store: FaultyAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = await here(store)
    login = await sessions.begin(ANNA)
    await sessions.leave(login)
    monkeypatch.setattr("access.login.sessions._TIDY_S", 0.0)
    await sessions._poll()
    assert not sessions.honours(login.token)


async def test_pages_are_told_at_each_poll_and_a_failure_ends_nothing(
    store: FaultyAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("access.login.sessions.POLL_S", 0.001)
    sessions = sessions_of("password", store)
    told = asyncio.Semaphore(0)

    async def fail() -> None:
        told.release()
        raise ValueError

    sessions.on_change = fail
    await sessions.start()
    async with asyncio.timeout(5):
        for _ in range(3):
            await told.acquire()
    await sessions.close()


async def test_what_is_logged_has_no_secret_and_no_second_line(
    store: FaultyAccounts, caplog: pytest.LogCaptureFixture
) -> None:
    sessions = await here(store)
    with caplog.at_level(logging.INFO, "keepchat.login"):
        login = await sessions.begin(User(identifier="anna\nERROR x"), address="10.0.0.1")
        await sessions.leave(login)
    for record in caplog.records:
        assert "\n" not in record.getMessage()
        assert "'10.0.0.1'" in caplog.records[0].getMessage()
        assert login.token not in record.getMessage()
        assert login.session_id not in record.getMessage()
        assert login.session_id[:8] in record.getMessage()
    assert SECRET not in caplog.text


def test_nothing_is_read_before_it_is_asked() -> None:
    assert sessions_of("password", MemoryStore().accounts).judge(None) is None
