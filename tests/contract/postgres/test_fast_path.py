"""The short cut of saves gives what the long way gives, and says where it is none."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from common.recorder import Recorder
from datalayer.pipeline.locks import apply_when_free
from datalayer.records import Outcome, Result, ThreadRecord
from datalayer.rules.loading import Loaded, Need
from datalayer.rules.revisions import FieldRevisions
from datalayer.stores.sql.postgres.database import PostgresDatabase
from datalayer.stores.sql.sqlite.store import SqliteStore
from datalayer.stores.sql.store import SqlStore
from datalayer.stores.sql.tables import steps
from datalayer.stores.sql.writes.load import load
from datalayer.writes import SaveStep, SaveThread, Write
from tests.support.backends import PostgresBackend
from tests.support.builders import (
    delete_step,
    delete_thread,
    delete_user,
    element,
    favorite,
    get_thread,
    ids,
    save,
    step,
    step_ids,
    thread,
    user,
)
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

FUNCTION = Path(__file__).parents[3] / "sql" / "functions" / "keepchat_save_0003.sql"

# Columns of a stored step that the function leaves alone.
KEPT = {
    "id": "a row keeps its id",
    "threadId": "a row never moves",
    "favorite": "a batch that names a favourite takes the long way",
    "sequence": "it is that of the oldest write, and the function takes newer ones alone",
}


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = SqliteStore(tmp_path / "test.db")
    await opened.migrate()
    yield opened
    await opened.close()


def test_every_column_of_a_stored_step_is_set_or_kept_for_a_reason() -> None:
    [update] = re.findall(
        r"UPDATE steps AS s SET(.*?)\n        FROM \(", FUNCTION.read_text(), re.DOTALL
    )
    assigned = set(re.findall(r'(?:^|,)\s*"?(\w+)"? = ', update, re.MULTILINE))
    assert assigned.isdisjoint(KEPT)
    assert assigned | KEPT.keys() == {column.name for column in steps.columns}


# What it takes and what it declines

THREAD, OTHER, STEP = ids(3)
FIRST = step(THREAD, STEP, output="x", name="bot", metadata={"m": 1}, a=1, b=1)
NAME = thread(THREAD, name="n")


@dataclass(frozen=True)
class Case:
    """What was stored one by one, then a batch, and why the short cut declines it, if it does."""

    before: Sequence[Write]
    batch: Sequence[Write]
    declined: str | None = None


def later(**fields: Any) -> SaveStep:
    return step(THREAD, STEP, **fields)


CASES: dict[str, Callable[[], Case]] = {
    "a new step": lambda: Case([FIRST], [step(THREAD, OTHER, output="y")]),
    "a stored step": lambda: Case([FIRST], [later(output="y")]),
    "an unknown field of a new step": lambda: Case([FIRST], [step(THREAD, OTHER, later=[1])]),
    "unknown fields of a stored step": lambda: Case([FIRST], [later(b=2, c=3)]),
    "unknown fields twice": lambda: Case([FIRST], [later(b=2, c=3), later(output="y", c=4)]),
    "the first unknown field": lambda: Case([step(THREAD, STEP, output="x")], [later(c=3)]),
    "a later time of creation": lambda: Case(
        [step(THREAD, STEP, createdAt="2026-01-02T03:04:05Z")],
        [later(createdAt="2026-02-03T04:05:06Z")],
    ),
    "the first time of creation": lambda: Case(
        [step(THREAD, STEP, output="x")], [later(createdAt="2026-02-03T04:05:06Z")]
    ),
    "no unknown field": lambda: Case([FIRST], [later(output="y"), later(name="n")]),
    "metadata of a favourite": lambda: Case([FIRST, favorite(FIRST)], [later(metadata={"m": 2})]),
    "metadata of one that was a favourite": lambda: Case(
        [FIRST, favorite(FIRST), favorite(FIRST, False)], [later(metadata={"m": 2})]
    ),
    "no metadata of a favourite": lambda: Case([FIRST, favorite(FIRST)], [later(metadata=None)]),
    "text of a favourite": lambda: Case([FIRST, favorite(FIRST)], [later(output="y")]),
    "a name, tags and metadata": lambda: Case(
        [FIRST],
        [
            thread(THREAD, name="n", tags=("t",), metadata={"k": 1, "l": 2}),
            thread(THREAD, metadata={"k": None}),
        ],
    ),
    "a new thread": lambda: Case([user()], [later(output="x")]),
    "a new thread with its name": lambda: Case([user()], [thread(THREAD, name="n"), later()]),
    "a new thread of an absent user": lambda: Case([], [FIRST], "absent"),
    "a new thread of a user who was deleted since": lambda: Case(
        [user(), delete_user()], [FIRST], "absent"
    ),
    "metadata of an absent thread": lambda: Case(
        [user()], [thread(THREAD, metadata={"k": 1})], "absent"
    ),
    "a deleted thread": lambda: Case([FIRST, delete_thread(THREAD)], [later()], "deleted"),
    "a deleted step": lambda: Case([FIRST, delete_step(FIRST)], [later()], "deleted"),
    "somebody else's thread": lambda: Case(
        [FIRST], [step(THREAD, OTHER, owner="mallory", output="y")], "foreign"
    ),
    "a step of another thread": lambda: Case([user(), FIRST], [step(OTHER, STEP)], "moved"),
    "the same step again": lambda: Case([FIRST], [FIRST], "older"),
    "an older step": lambda: Case([FIRST], [replace(FIRST, revision=FIRST.revision - 1)], "older"),
    "the same name again": lambda: Case([FIRST, NAME], [NAME], "older"),
    "an older name": lambda: Case(
        [FIRST, thread(THREAD, name="new")],
        [thread(THREAD, name="old", revision=FIRST.revision)],
        "older",
    ),
    "a favourite that a step names": lambda: Case(
        [FIRST], [later(metadata={"favorite": True})], "planned"
    ),
    "an element": lambda: Case([FIRST], [later(output="y"), element(THREAD, OTHER)], "planned"),
}


@pytest.mark.parametrize("name", CASES)
async def test_it_takes_or_declines_a_batch_and_gives_what_sqlite_gives(
    store: SqlStore, sqlite: SqlStore, name: str
) -> None:
    case = CASES[name]()
    assert await played(store, case, case.declined) == await played(sqlite, case, None)


Stored = tuple[list[Result], ThreadRecord | None, ThreadRecord | None, Any, Any]


async def played(store: SqlStore, case: Case, declined: str | None) -> Stored:
    """What the batch gives, all that is shown after it, and which write each value is from."""
    for write in case.before:
        await store.apply([write])
    counts = _declined(store)
    results = await store.apply(case.batch)
    assert counts == ({declined: 1} if declined else {})
    shown = [await store.get_thread(name) for name in (THREAD, OTHER)]
    need = Need(threads=frozenset((THREAD, OTHER)), steps=frozenset((STEP, OTHER)))
    known: Loaded = await store.database.write(partial(load, need=need))
    rows = {row.id: (row.sequence, _revisions(row.revision, row.others)) for row in known.steps}
    threads = {it.id: it.revisions for it in known.threads}
    return results, shown[0], shown[1], rows, threads


class Declined(Recorder):
    """Counts the batches that took the long way, by the reason."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def short_cut_declined(self, reason: str) -> None:
        self.counts[reason] += 1


def _declined(store: SqlStore) -> dict[str, int]:
    recorder = Declined()
    if isinstance(store.database, PostgresDatabase):
        store.database.recorder = recorder
    return recorder.counts


def _revisions(newest: int, others: Any) -> dict[str, int]:
    known = FieldRevisions(newest, dict(others))
    names = {*steps.columns.keys(), *others}
    return {name: known.of(name) for name in names}


async def test_a_thread_that_another_makes_meanwhile_takes_the_short_cut_again(
    backend: PostgresBackend, store: SqlStore, postgres: Postgres
) -> None:
    await save(store, user())
    other = await asyncpg.connect(postgres.url(backend.name))
    await other.execute("BEGIN")
    insert = 'INSERT INTO threads (id, "userIdentifier") VALUES ($1, $2)'
    await other.execute(insert, FIRST.thread_id, "alice")
    counts = _declined(store)
    counts.clear()
    saving = asyncio.create_task(apply_when_free(store, [FIRST]))
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    await until(lambda: postgres.query(waits) == [(1,)], "the save meets the other's thread")
    await other.execute("COMMIT")
    await other.close()
    [result] = await saving
    assert result.outcome is Outcome.APPLIED
    assert step_ids(await get_thread(store, THREAD)) == [STEP]
    assert counts == {}


async def test_a_thread_that_many_make_at_once_has_all_their_steps(
    backend: PostgresBackend, store: SqlStore
) -> None:
    await save(store, user())
    writes = [step(THREAD, output=str(number)) for number in range(20)]
    other = backend.open()
    try:
        stores = [store, other] * 10
        calls = [apply_when_free(one, [write]) for one, write in zip(stores, writes, strict=True)]
        assert {result.outcome for [result] in await asyncio.gather(*calls)} == {Outcome.APPLIED}
    finally:
        await other.close()
    assert {*step_ids(await get_thread(store, THREAD))} == {write.id for write in writes}


async def test_what_a_turn_writes_takes_one_round_trip(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(store, user())
    monkeypatch.setattr(PostgresDatabase, "_in_transaction", None)
    question, run = step(THREAD, output="a question"), step(THREAD, type="run", output="")
    answer = step(THREAD, output="An", parentId=run.id)
    turn: list[SaveStep | SaveThread] = [
        thread(THREAD, name="a question"),
        question,
        run,
        answer,
        step(THREAD, answer.id, output="An answer"),
        step(THREAD, run.id, output="", end="2026-01-02T03:04:05Z"),
        thread(THREAD, metadata={"chat_profile": "small"}),
    ]
    for write in turn:
        await save(store, write)
    monkeypatch.undo()
    found = await get_thread(store, THREAD)
    assert [it.fields["output"] for it in found.steps] == ["a question", "", "An answer"]
    assert (found.name, found.metadata) == ("a question", {"chat_profile": "small"})
