"""The store behind a real PgBouncer in transaction mode, and what is said where it is not told."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bootstrap.stores import migrate
from cli.doctor import checks
from datalayer.errors import StoreMisconfigured, StoreUnavailable
from datalayer.pipeline.locks import apply_when_free
from datalayer.pipeline.writer import Writer
from datalayer.records import MaintenanceState, Outcome
from datalayer.stores.sql.postgres.connections import TIME_OUTS
from datalayer.stores.sql.postgres.database import PostgresDatabase
from datalayer.stores.sql.postgres.store import PostgresStore
from datalayer.stores.sql.store import SqlStore
from settings import Settings
from tests.support.builders import (
    delete_thread,
    element,
    feedback,
    get_step,
    get_thread,
    get_user,
    new_id,
    outcome,
    save,
    step,
    thread,
)
from tests.support.servers.certificates import make_authority, sign
from tests.support.servers.pgbouncer import PgBouncer, running_pgbouncer
from tests.support.servers.postgres import USER, Postgres
from tests.support.waiting import until

SERVERS = 3
AT_ONCE = 200
REMEDY = "Add pgbouncer=true"
IGNORED = ",".join(("extra_float_digits", *TIME_OUTS))


@pytest.fixture(scope="module")
def bouncer(postgres: Postgres) -> Iterator[PgBouncer]:
    with running_pgbouncer(postgres, servers=SERVERS) as running:
        yield running


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    with postgres.database(new_id()) as name:
        yield name


@pytest.fixture
async def store(bouncer: PgBouncer, database: str) -> AsyncIterator[SqlStore]:
    opened = PostgresStore(f"{bouncer.url(database)}?pgbouncer=true")
    await opened.migrate()
    yield opened
    await opened.close()


async def fetch(store: SqlStore, statement: str) -> object:
    """The one value that a statement returns."""
    assert isinstance(store.database, PostgresDatabase)
    [row] = await store.database.fetch_text(statement, ())
    return row[0]


async def test_what_a_conversation_needs(store: SqlStore) -> None:
    first = step(new_id(), output="What is the capital of France?", metadata={"a": [1, None]})
    await save(store, first)
    answer = step(first.thread_id, output="Paris", invented=1)
    attached = element(first.thread_id, forId=first.id, objectKey="a/key")
    await save(store, answer, attached, feedback(answer, 1), thread(first.thread_id, name="Trip"))
    found = await get_thread(store, first.thread_id)
    assert [each.fields["output"] for each in found.steps] == [first.fields["output"], "Paris"]
    assert found.steps[0].fields["metadata"] == {"a": [1, None]}
    owner = (await get_user(store, "alice")).id
    while await store.maintain() is MaintenanceState.MORE:
        pass
    for needle in ("PITAL of", "rip"):
        page = await store.list_threads(owner, first=5, search=needle)
        assert [each.id for each in page.threads] == [first.thread_id]
    assert not (await store.list_threads(owner, first=5, search="Rome")).threads
    assert [user.identifier async for user in store.users()] == ["alice"]
    assert await outcome(store, delete_thread(first.thread_id)) is Outcome.APPLIED
    assert await store.get_thread(first.thread_id) is None
    assert not await store.needs_migration()
    assert await store.migration_sql() == ""


async def test_many_at_once_on_few_connections(
    store: SqlStore, database: str, postgres: Postgres
) -> None:
    long_way = [step(new_id(), output=f"long {number}", odd=number) for number in range(20)]
    await save(store, *(thread(write.thread_id) for write in long_way))
    plain = [
        step(long_way[number % 20].thread_id, output=f"plain {number}") for number in range(AT_ONCE)
    ]
    saving = [apply_when_free(store, [write]) for write in (*plain, *long_way)]
    await asyncio.gather(*saving, *(store.get_user("alice") for _ in range(AT_ONCE)))
    found = await asyncio.gather(*(get_step(store, write) for write in (*plain, *long_way)))
    assert [each.fields["output"] for each in found] == [
        write.fields["output"] for write in (*plain, *long_way)
    ]
    seen = "SELECT application_name FROM pg_stat_activity WHERE datname = $1"
    names = [name for (name,) in postgres.query(seen, database)]
    assert 1 <= names.count("keepchat") <= SERVERS


async def test_no_statement_stays_in_the_server(database: str, postgres: Postgres) -> None:
    with running_pgbouncer(postgres, servers=1) as bouncer:
        store = PostgresStore(f"{bouncer.url(database)}?pgbouncer=true")
        await store.migrate()
        for number in range(10):
            await save(store, step(new_id(), output="x", odd=number))
        assert await fetch(store, "SELECT count(*) FROM pg_prepared_statements") == 0
        await store.close()


async def test_time_outs_hold_although_the_server_is_not_told(
    bouncer: PgBouncer, database: str
) -> None:
    url = f"{bouncer.url(database)}?pgbouncer=true&statement_timeout=1s&lock_timeout=7s"
    store = PostgresStore(url)

    def settings(connection: Connection) -> list[str]:
        shown = [text(f"SHOW {name}") for name in TIME_OUTS]
        return [connection.execute(each).scalar_one() for each in shown]

    assert await store.database.read(settings) == ["1s", "7s", "1min"]
    assert await store.database.write(settings) == ["1s", "7s", "1min"]
    assert (await store.database.migrate(settings))[:2] == ["0", "0"]
    sleep = "SELECT 1 FROM pg_sleep(60)"
    with pytest.raises(StoreUnavailable, match="statement timeout"):
        await store.database.read(lambda on: on.execute(text(sleep)))
    with pytest.raises(StoreUnavailable, match="no answer in time"):
        await fetch(store, sleep)
    assert await fetch(store, "SHOW statement_timeout") == "0"  # nothing stays for others
    await store.close()


async def test_writes_wait_while_it_is_away(database: str, postgres: Postgres) -> None:
    with running_pgbouncer(postgres, servers=SERVERS) as bouncer:
        store = PostgresStore(f"{bouncer.url(database)}?pgbouncer=true")
        await store.migrate()
        writer = Writer(store)
        writes = [step(new_id(), output=str(number)) for number in range(20)]
        await asyncio.gather(*map(writer.submit, writes[:10]))
        bouncer.stop()
        waiting = [writer.submit(write) for write in writes[10:]]
        with pytest.raises(StoreUnavailable, match="cannot be used now"):
            await store.get_step(writes[0].id)
        bouncer.start()
        await asyncio.gather(*waiting)
        for write in writes:
            assert (await get_step(store, write)).fields["output"] == write.fields["output"]
        await writer.close()
        await store.close()


async def test_a_server_that_ends_its_connections_is_not_noticed(
    store: SqlStore, database: str, postgres: Postgres
) -> None:
    write = step(new_id(), output="x")
    await save(store, write)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
    left = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1"
    postgres.query(end, database)
    await until(lambda: postgres.query(left, database) == [(0,)], "the end of the connections")
    assert (await get_step(store, write)).fields["output"] == "x"
    assert await store.database.read(lambda on: on.execute(text("SELECT 1")).scalar_one()) == 1


async def test_the_doctor_sees_it(
    database: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_pgbouncer(postgres, servers=SERVERS, ignore_startup_parameters=IGNORED) as bouncer:
        found = {}
        for name, url in {
            "direct": postgres.url(database),
            "told": f"{bouncer.url(database)}?pgbouncer=true",
            "untold": bouncer.url(database),
        }.items():
            monkeypatch.setenv("DATABASE_URL", url)
            settings = Settings()
            await migrate(settings)
            found[name] = await checks.database(settings)
    version = postgres.query("SHOW server_version")[0][0]
    assert f"PostgreSQL {version}, without TLS, written" in found["direct"].message
    assert f"PostgreSQL {version} behind a pooler, written" in found["told"].message
    assert [each.status for each in found.values()] == ["ok", "ok", "warning"]
    assert REMEDY in found["untold"].remedy


# What is said where something is missing


async def refusal(url: str) -> str:
    """What transactions and single statements say."""
    store = PostgresStore(url)
    with pytest.raises(StoreMisconfigured) as by_statement:
        await store.get_user("alice")
    with pytest.raises(StoreMisconfigured) as by_transaction:
        await store.migrate()
    await store.close()
    assert str(by_statement.value) == str(by_transaction.value)
    return str(by_statement.value)


async def test_whoever_forgets_to_name_it_is_told(bouncer: PgBouncer, database: str) -> None:
    assert REMEDY in await refusal(bouncer.url(database))


async def test_prepared_statements_that_are_lost_are_explained(
    database: str, postgres: Postgres
) -> None:
    with running_pgbouncer(postgres, servers=SERVERS, ignore_startup_parameters=IGNORED) as bouncer:
        named = PostgresStore(f"{bouncer.url(database)}?pgbouncer=true")
        await named.migrate()
        await named.close()
        store = PostgresStore(bouncer.url(database))
        calls = [apply_when_free(store, [step(new_id(), output="x")]) for _ in range(AT_ONCE)]
        ends = await asyncio.gather(*calls, return_exceptions=True)
        told = [end for end in ends if isinstance(end, StoreMisconfigured)]
        assert told
        assert all(REMEDY in str(end) for end in told)
        await store.close()


@pytest.mark.parametrize("kind", ["scram-sha-256", "plain"])
async def test_a_refused_password(database: str, postgres: Postgres, kind: str) -> None:
    with running_pgbouncer(postgres, servers=SERVERS, auth_type=kind) as bouncer:
        for url in (
            bouncer.url(database, password="wrong"),
            bouncer.url(database).replace(f"{USER}:", "nobody:"),
        ):
            assert "refuses this user or password" in await refusal(f"{url}?pgbouncer=true")


async def test_an_option_that_it_does_not_take(bouncer: PgBouncer, database: str) -> None:
    said = await refusal(f"{bouncer.url(database)}?pgbouncer=true&search_path=mine")
    assert "leave out the option that is named here" in said
    assert said.endswith("unsupported startup parameter: search_path.")


async def test_a_database_that_it_does_not_know(database: str, postgres: Postgres) -> None:
    with running_pgbouncer(postgres, servers=SERVERS, database="other") as bouncer:
        said = await refusal(f"{bouncer.url(database)}?pgbouncer=true")
        assert "PgBouncer knows no such database" in said


async def test_tls_to_it(database: str, postgres: Postgres, tmp_path: Path) -> None:
    authority = make_authority(tmp_path, "authority")
    certificate = sign(authority, "localhost")
    with running_pgbouncer(postgres, certificate, servers=SERVERS) as bouncer:
        url = f"{bouncer.url(database)}?pgbouncer=true".replace("127.0.0.1", "localhost")
        store = PostgresStore(f"{url}&sslmode=verify-full&sslrootcert={authority}")
        await store.migrate()
        await save(store, step(new_id(), output="x"))
        await store.close()
        assert "with TLS only" in await refusal(f"{url}&sslmode=disable")


async def test_a_pgbouncer_without_tls(bouncer: PgBouncer, database: str) -> None:
    said = await refusal(f"{bouncer.url(database)}?pgbouncer=true&sslmode=require")
    assert "The server offers no TLS" in said


@pytest.mark.parametrize("value", ["soon", "1 year", "-1", "1'; DROP TABLE x"])
def test_a_time_out_that_is_none(value: str) -> None:
    with pytest.raises(StoreMisconfigured, match="lock_timeout is a number of milliseconds"):
        PostgresStore(f"postgresql://h/d?pgbouncer=true&lock_timeout={value}")
