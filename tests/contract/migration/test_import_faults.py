"""What an import survives, and what it says of a database that it cannot read."""

import asyncio
import signal
import sys
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest

from datalayer.errors import SourceUnusable
from datalayer.migration.importing.report import ImportOutcome
from datalayer.migration.official.importer import import_from
from datalayer.stores.base import Store
from datalayer.stores.sql.sqlite.store import SqliteStore
from tests.support.builders import (
    get_thread,
    listed,
    new_id,
    unchanged,
)
from tests.support.chainlits import ddl
from tests.support.imports import counts, ignore, imported
from tests.support.officials import DDL, Official, fill
from tests.support.servers.postgres import Postgres
from tests.support.waiting import free_port


async def test_one_state_of_the_source_is_read(official: Official, store: Store) -> None:
    await fill(official, "one", "two")

    def change(done: int, total: int) -> None:
        official.run("""
            DELETE FROM "Feedback"; DELETE FROM "Element";
            DELETE FROM "Step" WHERE type = 'assistant_message'
        """)

    report = await imported(official, store, progress=change)
    assert counts(report, ImportOutcome.STORED) == report.rows
    assert report.rows["elements"] == 6
    assert len(await listed(store, search="answer of")) == 2


async def test_more_threads_and_steps_than_are_held_at_once(
    official: Official, store: Store
) -> None:
    await fill(official, "one")
    official.run("""
        INSERT INTO "Thread" (id, metadata, "userId") SELECT gen_random_uuid(), '{}', "User".id
            FROM "User", generate_series(1, 410);
        INSERT INTO "Step" (id, "threadId", type, output, metadata, "startTime", "endTime")
            SELECT gen_random_uuid(), id, 'tool', n, '{}', now(), now()
            FROM "Thread", generate_series(1, 4) n WHERE name IS NULL;
    """)
    steps: list[int] = []
    report = await imported(official, store, progress=lambda done, _: steps.append(done))
    assert counts(report, ImportOutcome.STORED) == report.rows
    assert report.rows["steps"] == 3 + 4 * 410
    assert steps[-1] == sum(report.rows.values())
    async with unchanged(store):
        await imported(official, store)


# What cannot be read


Place = Callable[[Postgres, str], str]

UNUSABLE: dict[str, tuple[str, Place, str]] = {
    "nobody is there": (
        "SELECT 1",
        lambda _, __: f"postgresql://me@127.0.0.1:{free_port()}/x",
        "--from",
    ),
    "a wrong password": ("SELECT 1", lambda on, name: on.url(name, password="no"), "password"),
    "no such database": ("SELECT 1", lambda on, _: on.url("no_such"), "does not exist"),
    "no address": ("SELECT 1", lambda _, __: "mysql://me@127.0.0.1/x", "The form is postgresql://"),
    "no tables": ("SELECT 1", lambda on, name: on.url(name), 'no table "Thread"'),
    "the other layer": (ddl("B", "postgres"), lambda on, name: on.url(name), "migrate --adopt"),
    "ours": (
        "CREATE TABLE keepchat_version (a INT)",
        lambda on, name: on.url(name),
        "nothing to import",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
async def test_what_cannot_be_read_is_said(postgres: Postgres, case: str) -> None:
    script, place, said = UNUSABLE[case]
    with postgres.database(new_id()) as name:
        postgres.run(script, database=name)
        url = place(postgres, name)
        with pytest.raises(SourceUnusable, match=said) as caught:
            await import_from(url, None, zone=UTC, now=1, keep_leftover=ignore, progress=ignore)
        assert "pässword" not in str(caught.value)


async def test_a_table_that_lacks_a_column_is_named(official: Official) -> None:
    official.run('ALTER TABLE "Step" DROP COLUMN "startTime"')
    with pytest.raises(SourceUnusable, match='"Step" has no startTime'):
        await imported(official, None)


async def test_a_value_that_cannot_be_read_is_placed(official: Official, store: Store) -> None:
    [talk] = await fill(official, "one")
    official.run(f"""
        INSERT INTO "Step" (id, "threadId", type, output, metadata, "startTime", "endTime")
        SELECT 'step ' || n, '{talk.thread}', 'tool', 'secret', '{{}}', '2025-05-01', CASE
            WHEN n = 250 THEN '20000-01-01' ELSE '2025-05-01' END::timestamp
        FROM generate_series(1, 300) AS n ORDER BY n;
    """)  # noqa: S608 - our own ids
    with pytest.raises(SourceUnusable, match='"Step" of the source holds') as caught:
        await imported(official, store)
    said = str(caught.value)
    assert "after the id step " in said
    assert 150 <= int(said.split("step ")[1].split(" ")[0]) < 250
    assert "secret" not in said


async def test_a_text_in_another_encoding_is_placed(postgres: Postgres) -> None:
    with postgres.database(new_id()) as name:
        other = new_id()
        postgres.run(
            f"""CREATE DATABASE "{other}" ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'
            TEMPLATE template0""",
            database=name,
        )
        try:
            postgres.run(DDL, database=other)
            postgres.run(
                """INSERT INTO "User" (id, identifier, metadata) VALUES ('u', E'\\xfc', '{}')""",
                database=other,
            )
            url = postgres.url(other)
            with pytest.raises(SourceUnusable, match="at its beginning") as caught:
                await import_from(url, None, zone=UTC, now=1, keep_leftover=ignore, progress=ignore)
            assert '"User" of the source' in str(caught.value)
        finally:
            postgres.run(f'DROP DATABASE "{other}" WITH (FORCE)', database=name)


async def test_what_is_said_of_the_source_names_its_own_option(official: Official) -> None:
    with pytest.raises(SourceUnusable, match="sslmode in --from") as caught:
        await import_from(
            f"{official.url}{'&' if '?' in official.url else '?'}sslmode=require",
            None,
            zone=UTC,
            now=1,
            keep_leftover=ignore,
            progress=ignore,
        )
    assert "DATABASE_URL" not in str(caught.value)


async def test_a_source_that_goes_away_is_said_and_can_be_tried_again(
    official: Official, store: Store
) -> None:
    [talk] = await fill(official, "one")

    def cut(*_: object) -> None:
        official.rows("""
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'keepchat' AND datname = current_database()
        """)

    with pytest.raises(SourceUnusable, match="not doubled when the import runs again"):
        await imported(official, store, progress=cut)
    await imported(official, store)
    assert len((await get_thread(store, talk.thread)).steps) == 3


KILLED = """
import asyncio, signal, sys
from datetime import UTC
from pathlib import Path
from datalayer.migration.official.importer import import_from
from datalayer.stores.sql.sqlite.store import SqliteStore

calls = iter(range(100))

def halt(done, total):
    if next(calls) == 2:
        print(done, flush=True)
        signal.pause()

store = SqliteStore(Path(sys.argv[2]))
work = import_from(
    sys.argv[1], store, zone=UTC, now=10**15 * 2, keep_leftover=print, progress=halt
)
asyncio.run(work)
"""


async def test_an_import_that_is_killed_is_finished_by_the_next(
    official: Official, tmp_path: Path
) -> None:
    talks = await fill(official, "one", "two")
    path = tmp_path / "killed.db"
    store = SqliteStore(path)
    await store.migrate()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", KILLED, official.url, path),
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert await process.stdout.readline() == b"9\n"  # one user, two threads, six steps
    process.send_signal(signal.SIGKILL)
    await process.wait()
    for talk in talks:
        thread = await get_thread(store, talk.thread)
        assert (len(thread.steps), len(thread.elements)) == (3, 0)
    report = await imported(official, store)
    assert counts(report, ImportOutcome.STORED) == {"elements": 6, "feedbacks": 2}
    assert counts(report, ImportOutcome.KNOWN) == {"users": 1, "threads": 2, "steps": 6}
    for talk in talks:
        thread = await get_thread(store, talk.thread)
        assert (len(thread.steps), len(thread.elements)) == (3, 3)
        assert thread.steps[1].feedback
    await store.close()
