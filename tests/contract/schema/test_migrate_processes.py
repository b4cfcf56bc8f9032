"""Processes that migrate a server's database at once, are killed half-way, or come too late."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.migrate import CURRENT
from datalayer.stores.options import StoreOptions
from datalayer.stores.sql.migrations import new_schema_sql
from datalayer.stores.sql.postgres.store import PostgresStore
from settings import ROOT
from tests.support.builders import new_id, save, step, thread
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"
CONNECTED = "SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND application_name = 'keepchat'"


@dataclass(frozen=True, slots=True)
class Empty:
    """A database with nothing in it, and `manage.py` on it."""

    server: Postgres
    name: str
    folder: Path

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """What a statement in it returns."""
        return self.server.query(statement, database=self.name)

    async def start(self, *arguments: str) -> Process:
        """Start `manage.py migrate`."""
        given = {"DATABASE_URL": self.server.url(self.name), "DATA_DIR": str(self.folder)}
        return await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "manage.py"), "migrate", *arguments),
            env={**os.environ, **given},
            stdout=PIPE,
            stderr=PIPE,
        )

    async def run(self, *arguments: str) -> tuple[int | None, str, str]:
        """Its exit code, what it says, and its errors."""
        process = await self.start(*arguments)
        said, errors = await process.communicate()
        return process.returncode, said.decode(), errors.decode()

    async def is_migrated(self) -> bool:
        """Whether it can be written to, and has one version."""
        store = PostgresStore(self.server.url(self.name))
        await save(store, step(new_id(), output="x"))
        await store.close()
        versions = self.query("SELECT version_num FROM keepchat_version")
        return len(versions) == 1


@pytest.fixture
def empty(postgres: Postgres, tmp_path: Path) -> Iterator[Empty]:
    with postgres.database(new_id()) as name:
        yield Empty(postgres, name, tmp_path)


async def test_three_processes_at_once(empty: Empty) -> None:
    ends = await asyncio.gather(*(empty.run() for _ in range(3)))
    assert ends == [(0, f"{CURRENT}\n", "")] * 3
    assert await empty.is_migrated()


async def test_three_programs_that_migrate_before_their_first_use(empty: Empty) -> None:
    url = empty.server.url(empty.name)
    stores = [PostgresStore(url, StoreOptions(migrates=True)) for _ in range(3)]
    writes = [thread(name=str(number)) for number in range(3)]
    await asyncio.gather(*(save(store, write) for store, write in zip(stores, writes, strict=True)))
    for store in stores:
        assert len([found async for found in store.threads()]) == 3
        await store.close()
    assert await empty.is_migrated()


async def test_one_that_is_killed_half_way_leaves_nothing(empty: Empty) -> None:
    # Another transaction is about to make one of the tables, so the migration waits within its own.
    empty.query("BEGIN")
    empty.query("CREATE TABLE feedbacks (id int)")
    process = await empty.start()
    waiting = empty.server.query
    await until(lambda: waiting(WAITING, empty.name), "the migration to wait in its middle")
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    empty.query("ROLLBACK")
    await until(lambda: not waiting(CONNECTED, empty.name), "the end of its connection")
    assert empty.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []
    assert await empty.run() == (0, f"{CURRENT}\n", "")
    assert await empty.is_migrated()


async def test_one_that_waits_for_another_goes_on_when_that_is_killed(empty: Empty) -> None:
    empty.query("BEGIN")
    empty.query("CREATE TABLE feedbacks (id int)")
    first = await empty.start()
    waiting = empty.server.query
    await until(lambda: len(waiting(WAITING, empty.name)) == 1, "the first to wait")
    second = await empty.start()
    await until(lambda: len(waiting(WAITING, empty.name)) == 2, "the second to wait for the first")
    first.send_signal(signal.SIGKILL)
    empty.query("ROLLBACK")
    await first.communicate()
    said, errors = await second.communicate()
    assert (second.returncode, said.decode(), errors) == (0, f"{CURRENT}\n", b"")
    assert await empty.is_migrated()


async def test_a_schema_that_is_newer_stops_everything_but_says_how_to_go_on(
    empty: Empty,
) -> None:
    empty.server.run(new_schema_sql("postgresql"), database=empty.name)
    empty.query("UPDATE keepchat_version SET version_num = '9999'")
    for arguments in ([], ["--check"]):
        code, said, errors = await empty.run(*arguments)
        assert (code, said) == (1, "")
        assert "(9999) is newer than this version of Keepchat" in errors
        assert "'git pull && make setup'" in errors
        assert errors.count("\n") == 1
    assert empty.query("SELECT version_num FROM keepchat_version") == [("9999",)]


async def test_check_and_sql(empty: Empty) -> None:
    code, said, _ = await empty.run("--check")
    assert (code, said) == (
        1,
        "The database's schema is older than this version. Run 'python manage.py migrate'.\n",
    )
    code, script, _ = await empty.run("--sql")
    assert (code, script.strip()) == (0, new_schema_sql("postgresql").strip())
    assert empty.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []
    empty.server.run(script, database=empty.name)
    assert await empty.run("--check") == (0, f"{CURRENT}\n", "")
