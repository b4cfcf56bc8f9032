"""All layers connected, each to its database, for one measure."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from benchmarks.data import History
from benchmarks.databases import Databases
from benchmarks.distance import away
from benchmarks.layers.base import Kind, Layer
from benchmarks.layers.by_hand import by_hand
from benchmarks.layers.ours import keepchat
from benchmarks.layers.theirs import asyncpg, sqlalchemy

OURS = "Keepchat"
ASYNCPG = "Chainlit's asyncpg layer"
BY_HAND = "hand-written SQL"

Stage = dict[str, Layer]
"""The layers by name."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of the benchmark is measured, and on how much history."""

    databases: Databases
    history: History
    foreign: int
    """Threads of others that the search is measured among."""


def kinds() -> Sequence[Kind]:
    """Return all layers."""
    return keepchat(), asyncpg(), sqlalchemy(), by_hand()


@asynccontextmanager
async def reading(place: Place) -> AsyncIterator[Stage]:
    """Give all layers, each on its filled database, to be read only."""
    async with AsyncExitStack() as stack:
        stage: Stage = {}
        for kind in kinds():
            url = await place.databases.filled(kind, place.history)
            stage[kind.name] = await stack.enter_async_context(kind.open(url))
        yield stage


@dataclass(frozen=True, slots=True)
class Writable:
    """A layer on a database of its own, which may be written to."""

    kind: Kind
    layer: Layer
    database: str


@asynccontextmanager
async def writing(
    place: Place, *, logged: bool = False, far: bool = False
) -> AsyncIterator[dict[str, Writable]]:
    """Give all layers, each on a copy of its filled database.

    Its statements are logged or not; the server is on this machine, or a way off.
    """
    async with AsyncExitStack() as stack:
        stage = {}
        port = stack.enter_context(away(place.databases.server.port)) if far else None
        for kind in kinds():
            name = await stack.enter_async_context(place.databases.copy(kind, place.history))
            if logged:
                place.databases.server.query(f"ALTER DATABASE \"{name}\" SET log_statement = 'all'")
            url = place.databases.server.url(name, port=port)
            layer = await stack.enter_async_context(kind.open(url))
            stage[kind.name] = Writable(kind, layer, name)
        yield stage


_AT_WORK = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()
"""
QUIET_WITHIN_S = 120.0


async def quiet(databases: Databases, one: Writable) -> None:
    """Wait until a layer has done what it does in the background, so that no other pays for it."""
    start = time.perf_counter()
    while any(
        databases.server.query(query, database=one.database)[0][0]
        for query in (one.kind.left, _AT_WORK)
    ):
        assert time.perf_counter() - start < QUIET_WITHIN_S, f"{one.kind.name} is still at work"
        await asyncio.sleep(0.05)
