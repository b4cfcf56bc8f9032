"""1,000 messages saved at once, and one at a time, beside Chainlit's SQLAlchemy layer on SQLite.

Both get the same dicts through the same methods of Chainlit's interface, each on a new database
file in the same folder. Chainlit's layer is asked without its decorator, which would need a
browser's session; its connection waits for locks as long as the driver's default says.
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from chainlit.data.sql_alchemy import SQLAlchemyDataLayer
from chainlit.step import StepDict

from benchmarks.report import Part, Table
from benchmarks.steps import messages
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.sql.sqlite.store import SqliteStore
from storage.local.storage import LocalStorage

# What Chainlit's documentation gives for PostgreSQL, typed as people type it on SQLite, with the
# columns that 2.12 writes.
THEIR_SCHEMA = """
CREATE TABLE users (id TEXT PRIMARY KEY, identifier TEXT NOT NULL UNIQUE, metadata TEXT NOT NULL,
    "createdAt" TEXT);
CREATE TABLE threads (id TEXT PRIMARY KEY, "createdAt" TEXT, name TEXT, "userId" TEXT,
    "userIdentifier" TEXT, tags TEXT, metadata TEXT);
CREATE TABLE steps (id TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
    "threadId" TEXT NOT NULL, "parentId" TEXT, streaming BOOLEAN NOT NULL, "waitForAnswer" BOOLEAN,
    "isError" BOOLEAN, metadata TEXT, tags TEXT, input TEXT, output TEXT, "createdAt" TEXT,
    command TEXT, start TEXT, "end" TEXT, generation TEXT, "showInput" TEXT, language TEXT,
    indent INT, "defaultOpen" BOOLEAN, "autoCollapse" BOOLEAN, modes TEXT);
"""

ROUNDS = 5
Save = Callable[[StepDict], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Saver:
    """A layer under measure: how it saves, and where its rows can be counted."""

    name: str
    save: Save
    database: Path


@asynccontextmanager
async def keepchat(folder: Path) -> AsyncIterator[Saver]:
    """Give our layer on a new SQLite file."""
    path = folder / "keepchat.db"
    store = SqliteStore(path)
    await store.migrate()
    layer = KeepchatDataLayer(store, LocalStorage(folder / "files"))
    try:
        yield Saver("Keepchat", layer.create_step, path)
    finally:
        await layer.close()


@asynccontextmanager
async def chainlits(folder: Path) -> AsyncIterator[Saver]:
    """Give Chainlit's SQLAlchemy layer on a new SQLite file."""
    path = folder / "chainlit.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(THEIR_SCHEMA)
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    layer = SQLAlchemyDataLayer(f"sqlite+aiosqlite:///{path}")
    undecorated = cast(Any, SQLAlchemyDataLayer.create_step).__wrapped__
    try:
        yield Saver("Chainlit's SQLAlchemy layer", lambda step: undecorated(layer, step), path)
    finally:
        await layer.engine.dispose()


def _steps(count: int) -> list[StepDict]:
    """Return messages in threads of ten."""
    return messages([str(uuid.uuid4()) for _ in range(max(1, count // 10))], count)


async def save_at_once(saver: Saver, count: int) -> tuple[float, int]:
    """Return seconds for so many saves at once, and how many of them are in the database."""
    before, steps = stored(saver), _steps(count)
    start = time.perf_counter()
    await asyncio.gather(*(saver.save(step) for step in steps), return_exceptions=True)
    return time.perf_counter() - start, stored(saver) - before


async def save_singly(saver: Saver, count: int) -> tuple[float, int]:
    """Return seconds for so many saves, each after the other, and how many are in the database."""
    before, steps = stored(saver), _steps(count)
    start = time.perf_counter()
    for step in steps:
        await saver.save(step)
    return time.perf_counter() - start, stored(saver) - before


def stored(saver: Saver) -> int:
    """Return how many steps the database holds."""
    connection = sqlite3.connect(saver.database)
    try:
        (count,) = connection.execute("SELECT count(*) FROM steps").fetchone()
        return int(count)
    finally:
        connection.close()


Measure = Callable[[Saver, int], Awaitable[tuple[float, int]]]


async def sqlite() -> Part:
    """Compare the two layers on SQLite."""
    table = Table(("SQLite", "Keepchat", "stored", "SQLAlchemy layer", "stored", "ratio"))
    table.rows.append(await _compare("1,000 messages at once", save_at_once, 1_000))
    table.rows.append(await _compare("200 messages, one by one", save_singly, 200))
    note = (
        "Saves per second, medians of five rounds, each on new files, in which the two take turns."
    )
    return Part("SQLite, beside Chainlit's SQLAlchemy layer", note, [table])


async def _compare(title: str, measure: Measure, count: int) -> tuple[str, ...]:
    """Measure both layers in turn and return a row of the table."""
    seconds_of: dict[str, list[float]] = {}
    kept: dict[str, int] = {}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            for open_layer in (keepchat, chainlits):
                async with open_layer(Path(folder)) as saver:
                    await measure(saver, 10)  # connections are open, statements compiled
                    seconds, rows = await measure(saver, count)
                seconds_of.setdefault(saver.name, []).append(seconds)
                kept[saver.name] = kept.get(saver.name, 0) + rows
    medians = {name: statistics.median(seconds) for name, seconds in seconds_of.items()}
    cells: list[str] = []
    for name, seconds in medians.items():
        cells += [f"{count / seconds:,.0f}/s", f"{kept[name] / (count * ROUNDS):.0%}"]
    ours, theirs = medians.values()
    return (title, *cells, f"{theirs / ours:.1f}x")
