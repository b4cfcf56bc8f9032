"""Who waits for what others post hears of it at once, unless a pooler is in between."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from datalayer.stores.answers import AnswerBoard, RunningAnswer
from datalayer.stores.sql.postgres import listening
from datalayer.stores.sql.postgres.listening import PostgresAnswers
from datalayer.stores.sql.postgres.store import PostgresStore
from datalayer.stores.sql.store import SqlStore
from tests.support.backends import PostgresBackend
from tests.support.builders import ids, new_id
from tests.support.servers.pgbouncer import running_pgbouncer
from tests.support.servers.postgres import Postgres
from tests.support.waiting import free_port, until

LONG_S = 600.0
_LISTENING = "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND query LIKE 'LISTEN%'"
_LOGGED = "SELECT relpersistence FROM pg_class WHERE relname LIKE 'running%' AND relkind = 'r'"


def answer() -> RunningAnswer:
    thread_id, replica, turn = ids(3)
    return RunningAnswer(
        thread_id=thread_id, replica=replica, turn=turn, owner="anna", step_ids=(), version=1
    )


@pytest.fixture
async def other(backend: PostgresBackend) -> AsyncIterator[AnswerBoard]:
    """The board of another process."""
    opened = backend.open()
    yield opened.answers
    await opened.close()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect again at once."""
    policy = listening.RETRY.__class__(first_pause_s=0.01, longest_pause_s=0.05)
    monkeypatch.setattr(listening, "RETRY", policy)


async def listens(board: AnswerBoard) -> None:
    """Have a board listen, and nothing left to be heard."""
    await board.wait(0)
    await until(lambda: board.wakes, "the board to listen")
    await board.wait(0)


async def test_nobody_connects_before_somebody_waits(
    store: SqlStore, backend: PostgresBackend, postgres: Postgres
) -> None:
    await store.answers.post([answer()])
    await store.answers.read()
    assert postgres.query(_LISTENING, backend.name) == []
    await listens(store.answers)
    assert len(postgres.query(_LISTENING, backend.name)) == 1


async def test_what_somebody_else_writes_wakes(store: SqlStore, other: AnswerBoard) -> None:
    board, given = store.answers, answer()
    await listens(board)
    for write in (
        other.post([given]),
        other.ask_stop(given.thread_id),
        other.watch([given.thread_id], 5),
    ):
        waiting = asyncio.create_task(board.wait(LONG_S))
        await write
        await waiting
    assert (await board.read()).answers[0].stop_asked


async def test_what_was_written_before_the_wait_wakes_too(
    store: SqlStore, other: PostgresAnswers
) -> None:
    await listens(store.answers)
    await listens(other)
    await other.post([answer()])
    await store.answers.post([answer()])
    await store.answers.wait(LONG_S)
    await other.wait(LONG_S)


async def test_ones_own_writes_wake_nobody_here(store: SqlStore, other: PostgresAnswers) -> None:
    board = store.answers
    await listens(board)
    await listens(other)
    await board.post([answer()])
    await other.wait(LONG_S)  # it has been told to all
    assert isinstance(board, PostgresAnswers)
    assert not board._heard.is_set()


async def test_a_connection_that_is_lost_is_made_again(
    store: SqlStore, other: AnswerBoard, backend: PostgresBackend, postgres: Postgres
) -> None:
    board = store.answers
    await listens(board)
    for _ in range(2):
        [(pid,)] = postgres.query(_LISTENING, backend.name)
        postgres.query("SELECT pg_terminate_backend($1)", pid)
        await board.wait(LONG_S)  # which the new one ends: something may have been missed
        assert board.wakes
        waiting = asyncio.create_task(board.wait(LONG_S))
        await other.post([answer()])
        await waiting


async def test_closing_leaves_neither_connection_nor_task(
    backend: PostgresBackend, postgres: Postgres
) -> None:
    before = asyncio.all_tasks()
    store = backend.open()
    await listens(store.answers)
    await store.close()
    assert not store.answers.wakes
    assert asyncio.all_tasks() == before
    await until(lambda: postgres.query(_LISTENING, backend.name) == [], "the end")


async def test_a_server_that_is_away_is_waited_for_as_long_as_was_said() -> None:
    store = PostgresStore(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    await store.answers.wait(0.01)
    assert not store.answers.wakes
    await store.close()


async def test_behind_a_pooler_nobody_listens_and_all_else_is_the_same(
    postgres: Postgres, backend: PostgresBackend, store: SqlStore
) -> None:
    await listens(store.answers)
    with running_pgbouncer(postgres, servers=2) as bouncer:
        pooled = PostgresStore(f"{bouncer.url(backend.name)}?pgbouncer=true")
        board, given, replica = pooled.answers, answer(), new_id()
        await board.wait(0)
        assert not board.wakes
        await board.announce(replica, 5)
        await board.post([given])
        await store.answers.wait(LONG_S)  # those who are not behind it hear
        await board.watch([given.thread_id], 7)
        await board.ask_stop(given.thread_id)
        found = await board.read()
        assert found == await store.answers.read()
        assert (found.replicas, found.answers[0].watched_until) == ({replica: 5}, 7)
        await board.forget(6)
        await board.withdraw(replica)
        assert (await board.read()).answers == []
        assert len(postgres.query(_LISTENING, backend.name)) == 1
        await pooled.close()


async def test_the_board_is_not_logged(store: SqlStore, postgres: Postgres) -> None:
    assert isinstance(store, PostgresStore)
    connection = await asyncpg.connect(store._url)
    found = await connection.fetch(_LOGGED)
    await connection.close()
    assert [row[0] for row in found] == [b"u", b"u"]
