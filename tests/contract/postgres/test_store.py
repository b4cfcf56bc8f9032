"""What only a PostgreSQL server can do wrong."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from common.concurrency.retry import RetryPolicy
from datalayer.errors import (
    StoreMisconfigured,
    StoreUnavailable,
    ThreadsLocked,
    WriteRejected,
)
from datalayer.pipeline.locks import apply_when_free
from datalayer.pipeline.maintenance import Maintenance
from datalayer.pipeline.writer import Writer
from datalayer.records import MaintenanceState, Outcome
from datalayer.stores.sql.postgres.connections import SERVER_SETTINGS, parse
from datalayer.stores.sql.postgres.search import index as search_index
from datalayer.stores.sql.postgres.store import PostgresStore
from datalayer.stores.sql.store import SqlStore, _apply
from datalayer.values import EXACT_FLOATS
from datalayer.writes import SaveStep, Write
from tests.support.backends import PostgresBackend
from tests.support.builders import (
    clock,
    delete_after,
    delete_element,
    delete_step,
    delete_thread,
    delete_user,
    element,
    found_by,
    get_step,
    get_thread,
    keep_up,
    new_id,
    outcome,
    save,
    step,
    thread,
    unchanged,
    user,
)
from tests.support.servers.postgres import PASSWORD, Postgres, running_postgres
from tests.support.waiting import free_port, until

WRITTEN = "geheim"  # what somebody wrote


async def shown(store: SqlStore, setting: str) -> str:
    query = text("SELECT current_setting(:name)")
    found = await store.database.read(lambda on: on.execute(query, {"name": setting}).scalar_one())
    return str(found)


# URLs


@pytest.mark.parametrize(
    ("url", "dsn"),
    [
        ("postgres://u:p@h/d", "postgresql://u:p@h/d"),
        ("postgresql+asyncpg://u:p@h:5433/d", "postgresql://u:p@h:5433/d"),
        ("postgresql://u:%40%2F%3a@h/d", "postgresql://u:%40%2F%3a@h/d"),
        ("postgresql://[::1]:5433/d", "postgresql://[::1]:5433/d"),
        ("postgresql://a,b:5433/d", "postgresql://a,b:5433/d"),
    ],
)
def test_what_asyncpg_is_given(url: str, dsn: str) -> None:
    found = parse(f"{url}?pgbouncer=true")
    assert found.pgbouncer
    assert found.dsn == f"{dsn}?application_name=keepchat"
    assert not parse(url).pgbouncer
    assert parse(f"{url}?host=%2Frun%2Fpg&lock_timeout=7s").dsn == (
        f"{dsn}?application_name=keepchat&statement_timeout=30000&lock_timeout=7s"
        "&idle_in_transaction_session_timeout=60000&host=%2Frun%2Fpg"
    )


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hush#word@h/d",
        "postgresql://u:hush@word@h/d",
        "postgresql://u:hush/word@h/d",
        "postgresql://u:hush?word@h/d",
        "postgresql://u:hush[word@h/d",
        "postgresql://h:port/d",
        "postgresql://h/d?nonsense",
        "mysql://u:hush@h/d",
    ],
)
def test_a_url_that_cannot_be_read_is_said_without_showing_it(url: str) -> None:
    with pytest.raises(StoreMisconfigured, match="percent-encoded") as caught:
        PostgresStore(url)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "secret" not in repr(parse("postgresql://u:secret@h/d"))


async def test_the_server_is_told_who_asks_and_how_long(store: SqlStore) -> None:
    assert await shown(store, "application_name") == "keepchat"
    for name in SERVER_SETTINGS:
        assert await shown(store, name) not in ("", "0")
    assert await shown(store, "transaction_isolation") == "repeatable read"
    assert await shown(store, "transaction_read_only") == "on"


async def test_the_url_may_say_otherwise(postgres: Postgres) -> None:
    store = PostgresStore(f"{postgres.url()}?application_name=mine&lock_timeout=7s")
    assert await shown(store, "application_name") == "mine"
    assert await shown(store, "lock_timeout") == "7s"
    await store.close()


async def test_a_socket_and_a_pgbouncer(postgres: Postgres, backend: PostgresBackend) -> None:
    store = PostgresStore(f"{postgres.socket_url(backend.name)}&pgbouncer=true")
    query = text("SELECT count(*) FROM pg_prepared_statements")
    write = step(new_id(), output="x")
    await save(store, write)
    for _ in range(10):
        assert (await get_step(store, write)).fields["output"] == "x"
    kept = await store.database.read(lambda on: on.execute(query).scalar_one())
    assert kept <= 1  # the question itself
    await backend.assert_idle(store)
    await store.close()


# Errors


async def error_of(url: str) -> Exception:
    """The error that a first use ends with."""
    store = PostgresStore(url)
    with pytest.raises(StoreUnavailable) as caught:
        await store.get_user("alice")
    with pytest.raises(type(caught.value)):
        await store.apply([thread()])
    with pytest.raises(type(caught.value)):
        await store.migrate()
    await store.close()
    said = str(caught.value)
    assert "\n" not in said
    assert PASSWORD not in said
    assert "wröng" not in said
    return caught.value


async def test_a_refused_password(postgres: Postgres) -> None:
    found = await error_of(postgres.url(password="wröng"))
    assert isinstance(found, StoreMisconfigured)
    assert "password" in str(found)


async def test_a_missing_database(postgres: Postgres) -> None:
    found = await error_of(postgres.url("nothing"))
    assert isinstance(found, StoreMisconfigured)
    assert "does not exist" in str(found)


async def test_a_missing_right(postgres: Postgres, backend: PostgresBackend) -> None:
    postgres.query("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    store = PostgresStore(f"postgresql://guest:guest@127.0.0.1:{postgres.port}/{backend.name}")
    with pytest.raises(StoreMisconfigured, match="right"):
        await store.apply([thread()])
    with pytest.raises(StoreMisconfigured, match="right"):
        await store.get_user("alice")
    await store.close()
    postgres.query("DROP ROLE guest")


@pytest.mark.parametrize("mode", ["verify-full", "wrong"])
async def test_tls_that_cannot_be_set_up(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where a certificate would be looked for
    found = await error_of(f"{postgres.url()}?sslmode={mode}")
    assert isinstance(found, StoreMisconfigured)
    assert "sslmode" in str(found) or "root.crt" in str(found)


async def test_a_server_that_is_away(postgres: Postgres) -> None:
    for url in (
        f"postgresql://u:{PASSWORD[:2]}@127.0.0.1:{free_port()}/d",
        "postgresql://u@name.invalid/d",
        "postgresql:///d?host=/no/such/folder",
    ):
        found = await error_of(url)
        assert not isinstance(found, StoreMisconfigured)
        assert "DATABASE_URL" in str(found)


async def test_a_database_that_was_never_migrated(postgres: Postgres) -> None:
    with postgres.database(new_id()) as name:
        store = PostgresStore(postgres.url(name))
        with pytest.raises(StoreUnavailable):
            await store.apply([thread()])
        await store.migrate()
        assert len(await store.apply([thread()])) == 1
        await store.close()


@pytest.mark.server
async def test_the_server_may_restart() -> None:
    with running_postgres() as server:
        store = PostgresStore(server.url())
        await store.migrate()
        writes = [step(new_id(), output="x") for _ in range(20)]
        await asyncio.gather(*(apply_when_free(store, [write]) for write in writes))
        server.stop()
        with pytest.raises(StoreUnavailable):
            await store.get_thread(writes[0].thread_id)
        server.start()
        for write in writes:
            assert (await get_step(store, write)).fields["output"] == "x"
        database: Any = store.database
        assert database.engine.sync_engine.pool.checkedout() == 0
        await store.close()


async def test_what_waits_too_long_is_unavailable(store: SqlStore) -> None:
    def slow(connection: Connection) -> None:
        connection.execute(text("SET LOCAL statement_timeout = 20"))
        connection.execute(text("SELECT pg_sleep(5)"))

    with pytest.raises(StoreUnavailable, match="statement timeout"):
        await store.database.read(slow)
    await save(store, thread(name="x"))


async def test_a_transaction_has_an_end(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, postgres: Postgres
) -> None:
    await save(store, thread(name="x"))
    monkeypatch.setattr(store.database, "limit_s", 0.05)
    with pytest.raises(StoreUnavailable):
        await store.database.write(lambda on: on.execute(text("SELECT pg_sleep(5)")))
    monkeypatch.undo()
    await save(store, thread(name="x"))
    query = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
    assert postgres.query(query) == [(0,)]


async def test_the_schema_may_change_under_a_running_program(postgres: Postgres) -> None:
    with postgres.database(new_id()) as name:
        store = PostgresStore(postgres.url(name))
        await store.migrate()
        write = step(new_id(), output="x")
        await save(store, write)
        assert await store.get_step(write.id)
        for kind in ("varchar", "text"):
            postgres.query(f"ALTER TABLE steps ALTER COLUMN output TYPE {kind}", database=name)
            try:
                assert await store.get_step(write.id)
            except StoreUnavailable:
                assert await store.get_step(write.id)
        await store.close()


async def test_a_cancelled_caller_does_not_cut_its_transaction(
    backend: PostgresBackend, store: SqlStore
) -> None:
    later, write = backend.open(), thread(name="x")
    task = asyncio.create_task(store.apply([write]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.get_thread(write.id)
    assert await later.get_thread(write.id)
    await later.close()


# Races that one writer at a time cannot have


@pytest.mark.parametrize("attempt", range(10))
async def test_what_is_deleted_while_it_is_made_is_not_there(store: SqlStore, attempt: int) -> None:
    child, attached = step(new_id(), output="x"), element(new_id(), name="x")
    write, owned = thread(name="x"), thread(name="x", owner="carol")
    pairs: list[tuple[Any, Any]] = [
        (child, delete_step(child)),
        (attached, delete_element(attached)),
        (write, delete_thread(write.id)),
        (owned, delete_user("carol")),
    ]
    calls = [apply_when_free(store, [each]) for pair in pairs for each in pair]
    results = await asyncio.gather(*calls)
    assert len(results) == 8
    assert await store.get_thread(write.id) is None
    assert await store.get_step(child.id) is None
    assert await store.get_element(attached.thread_id, attached.id) is None
    assert await outcome(store, step(write.id, output="late")) is Outcome.GONE


async def test_what_is_being_saved_after_a_step_is_deleted_with_the_others(
    store: SqlStore,
) -> None:
    kept = step(new_id(), output="kept")
    await save(store, kept)
    late = step(kept.thread_id, output="late")
    held, release = asyncio.Event(), asyncio.Event()

    def slow_save(connection: Connection) -> None:
        _apply(connection, [late])
        held.set()
        await_only(release.wait())

    saving = asyncio.create_task(store.database.write(slow_save))
    await held.wait()
    delete = delete_after(kept)
    with pytest.raises(ThreadsLocked, match=kept.thread_id):
        await store.apply([delete])
    deleting = asyncio.create_task(apply_when_free(store, [delete]))
    release.set()
    await asyncio.gather(saving, deleting)
    assert await store.get_step(late.id) is None
    assert await store.get_step(kept.id)


async def test_what_the_short_cut_cannot_store_is_rejected_with_its_batch(store: SqlStore) -> None:
    good = step(new_id(), output="x")
    bad = step(good.thread_id, output="bad")
    object.__setattr__(bad, "fields", {"output": "\ud800"})  # past the domain: half a character
    async with unchanged(store):
        for batch in ([bad], [good, bad], [bad, good]):
            with pytest.raises(WriteRejected):
                await store.apply(batch)
    await save(store, good)


@asynccontextmanager
async def locked(
    backend: PostgresBackend, postgres: Postgres, thread_id: str
) -> AsyncIterator[None]:
    """Lock a thread's row as somebody else does, in a transaction that stays open."""
    connection = await asyncpg.connect(postgres.url(backend.name))
    try:
        async with connection.transaction():
            await connection.fetch("SELECT FROM threads WHERE id = $1 FOR UPDATE", thread_id)
            yield
    finally:
        await connection.close()


async def ids_of(store: SqlStore, thread_id: str) -> list[str]:
    return [found.id for found in (await get_thread(store, thread_id)).steps]


LOCKED_WRITES: list[Callable[[SaveStep], list[Write]]] = [
    lambda known: [step(known.thread_id, output="a plain save")],
    lambda known: [step(known.thread_id, output="the long way"), step(new_id(), output="x")],
    lambda known: [delete_step(known)],
    lambda known: [delete_thread(known.thread_id)],
    lambda known: [delete_after(known)],
]


@pytest.mark.parametrize("writes_for", LOCKED_WRITES)
async def test_a_locked_thread_is_named_and_nothing_is_stored(
    backend: PostgresBackend,
    store: SqlStore,
    postgres: Postgres,
    writes_for: Callable[[SaveStep], list[Write]],
) -> None:
    known = step(new_id(), output="known")
    await save(store, known)
    writes = writes_for(known)
    async with locked(backend, postgres, known.thread_id):
        with pytest.raises(ThreadsLocked) as caught:
            await store.apply(writes)
        assert caught.value.thread_ids == {known.thread_id}
        assert await ids_of(store, known.thread_id) == [known.id]
        if isinstance(writes[-1], SaveStep):
            assert await store.get_step(writes[-1].id) is None
        waiting = asyncio.create_task(apply_when_free(store, writes))
    assert {result.outcome for result in await waiting} <= {Outcome.APPLIED, Outcome.ABSENT}


async def test_saves_of_other_threads_go_on_while_one_is_locked(
    backend: PostgresBackend, store: SqlStore, postgres: Postgres
) -> None:
    threads = [new_id() for _ in range(20)]
    await save(store, *(step(name, output="known") for name in threads))
    writer = Writer(store)
    async with locked(backend, postgres, threads[7]):
        stuck = writer.submit(step(threads[7], output="stuck"))
        others = [name for name in threads if name != threads[7]]
        for _ in range(3):
            saves = [writer.submit(step(name, output="x")) for name in others]
            await asyncio.wait_for(asyncio.gather(*saves), 20)
        assert not stuck.done()
    await asyncio.wait_for(stuck, 20)
    await writer.close()
    assert len(await ids_of(store, threads[7])) == 2


async def counts(store: SqlStore) -> tuple[int, int]:
    """Return how many texts are pending, and how many parts the index has."""

    def count(connection: Connection) -> tuple[int, int]:
        pending = "SELECT count(*) FROM search_entries WHERE pending IS NOT NULL"
        found = connection.execute(text(pending)).scalar_one()
        parts = connection.execute(text("SELECT count(*) FROM search_parts")).scalar_one()
        return int(found), int(parts)

    return await store.database.read(count)


async def test_a_locked_thread_keeps_no_other_out_of_the_index(
    backend: PostgresBackend, store: SqlStore, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "THREADS_AT_ONCE", 1)
    first, *others = sorted(new_id() for _ in range(4))
    await save(store, *(step(name, output="some text") for name in (first, *others)))
    async with locked(backend, postgres, first):
        await keep_up(store)
        assert await counts(store) == (1, 3)
    await keep_up(store)
    assert await counts(store) == (0, 4)


async def test_a_round_tells_whether_it_was_the_last(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "ROUND", 2)
    thread_id = new_id()
    await save(store, *(step(thread_id, output="some text") for _ in range(3)))
    assert await store.maintain() is MaintenanceState.MORE
    assert (await counts(store))[0] == 1
    assert await store.maintain() is MaintenanceState.DONE
    assert (await counts(store))[0] == 0


async def test_a_text_that_is_saved_again_and_again_is_indexed_once(store: SqlStore) -> None:
    other = step(new_id(), output="another text")
    grows = step(other.thread_id, output="the beginning")
    await save(store, other, grows)
    await keep_up(store)
    for number in range(8):
        longer = {"output": f"the beginning {'and on ' * number * 1_000}"}
        grows = replace(grows, fields=longer, revision=clock.next())
        await save(store, grows)
        await keep_up(store)
    assert await counts(store) in [(0, 1), (0, 2)]
    await save(store, replace(grows, revision=clock.next()))
    assert (await counts(store))[0] == 0
    for needle in ("another", "and on and"):
        assert await found_by(store, needle) == [other.thread_id]


async def test_what_another_process_was_at_when_it_died_is_done(
    store: SqlStore, postgres: Postgres, backend: PostgresBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = RetryPolicy(first_pause_s=0.01, longest_pause_s=1.0)
    monkeypatch.setattr("datalayer.pipeline.maintenance.RETRY", quick)
    await save(store, step(new_id(), output="some text"))
    other = await asyncpg.connect(postgres.url(backend.name))
    await other.execute("BEGIN")
    await other.execute(search_index.LOCK)
    rounds: list[MaintenanceState] = []

    maintain = store.maintain

    async def noted() -> MaintenanceState:
        rounds.append(await maintain())
        return rounds[-1]

    monkeypatch.setattr(store, "maintain", noted)
    worker = Maintenance(store)
    worker.wake()
    await until(lambda: MaintenanceState.HELD_UP in rounds, "it finds the other one at work")
    assert await counts(store) == (1, 0)
    await other.close()
    await until(lambda: MaintenanceState.DONE in rounds, "it is done without another wake")
    await worker.close()
    assert await counts(store) == (0, 1)


async def test_who_does_not_own_the_index_fills_it_all_the_same(
    backend: PostgresBackend, store: SqlStore, postgres: Postgres
) -> None:
    await save(store, step(new_id(), output="some text"))
    role = f"app_{new_id().replace('-', '')}"
    for statement in (
        f"CREATE ROLE {role} LOGIN PASSWORD 'secret'",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    ):
        postgres.query(statement, database=backend.name)
    url = urlsplit(postgres.url(backend.name))
    netloc = f"{role}:secret@{url.hostname}:{url.port}"
    app = PostgresStore(url._replace(netloc=netloc).geturl())
    try:
        assert await app.maintain() is MaintenanceState.DONE
    finally:
        await app.close()
    assert (await counts(store)) == (0, 1)
    postgres.query(f"DROP OWNED BY {role}", database=backend.name)
    postgres.query(f"DROP ROLE {role}")


# Values


@pytest.mark.parametrize("value", [1e16, -1e22, 1e300, float(EXACT_FLOATS), 0.5, 1.0, 1e-7])
async def test_numbers_come_back_alike(store: SqlStore, value: float) -> None:
    write = step(new_id(), metadata={"n": value})
    await save(store, write, user(metadata={"n": value}))
    assert repr((await get_step(store, write)).fields["metadata"]) == repr(write.fields["metadata"])


async def test_a_rejected_write_shows_no_text(
    backend: PostgresBackend, store: SqlStore, postgres: Postgres
) -> None:
    check = f"ALTER TABLE steps ADD CONSTRAINT no_secret CHECK (output <> '{WRITTEN}')"
    postgres.query(check, database=backend.name)
    with pytest.raises(WriteRejected, match="no_secret") as caught:
        await store.apply([step(new_id(), output=WRITTEN)])
    assert WRITTEN not in "".join(traceback.format_exception(caught.value))
    postgres.query("ALTER TABLE steps DROP CONSTRAINT no_secret", database=backend.name)


@pytest.mark.parametrize("value", ["CAST(:value AS int)", "CAST(CAST(:value AS text) AS int)"])
async def test_an_error_that_quotes_a_value_is_only_named(store: SqlStore, value: str) -> None:
    query = text(f"SELECT {value}")
    with pytest.raises(WriteRejected, match="Error 22") as caught:
        await store.database.write(lambda on: on.execute(query, {"value": WRITTEN}))
    assert WRITTEN not in "".join(traceback.format_exception(caught.value))
