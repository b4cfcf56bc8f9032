"""All layers connected, each to its database, for one measure."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from benchmarks.data import History
from benchmarks.databases import Databases
from benchmarks.latency import delayed_port
from benchmarks.layers.base import Layer, LayerKind
from benchmarks.layers.chainlit_layers import asyncpg, sqlalchemy
from benchmarks.layers.handwritten import handwritten
from benchmarks.layers.keepchat import keepchat

OURS = "Keepchat"
ASYNCPG = "Chainlit's asyncpg layer"
BY_HAND = "hand-written SQL"

Layers = dict[str, Layer]
"""The layers by name."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a part of the benchmark is measured on: the databases, and how much history."""

    databases: Databases
    history: History
    others_threads: int
    """How many threads of others the search is measured among."""


def layer_kinds() -> Sequence[LayerKind]:
    """Return all layers that are compared."""
    return keepchat(), asyncpg(), sqlalchemy(), handwritten()


@asynccontextmanager
async def open_for_reading(setup: Setup) -> AsyncIterator[Layers]:
    """Give all layers, each on its filled database, to be read only."""
    async with AsyncExitStack() as stack:
        layers: Layers = {}
        for kind in layer_kinds():
            url = await setup.databases.filled(kind, setup.history)
            layers[kind.name] = await stack.enter_async_context(kind.open(url))
        yield layers


@dataclass(frozen=True, slots=True)
class WritableLayer:
    """A layer on a database of its own, which may be written to."""

    kind: LayerKind
    layer: Layer
    database: str


@asynccontextmanager
async def open_for_writing(
    setup: Setup, *, logged: bool = False, remote: bool = False
) -> AsyncIterator[dict[str, WritableLayer]]:
    """Give all layers, each on a copy of its filled database.

    Its statements are logged or not; the server is on this machine, or behind a network.
    """
    async with AsyncExitStack() as stack:
        layers = {}
        port = stack.enter_context(delayed_port(setup.databases.server.port)) if remote else None
        for kind in layer_kinds():
            name = await stack.enter_async_context(setup.databases.copy(kind, setup.history))
            if logged:
                setup.databases.server.query(f"ALTER DATABASE \"{name}\" SET log_statement = 'all'")
            url = setup.databases.server.url(name, port=port)
            layer = await stack.enter_async_context(kind.open(url))
            layers[kind.name] = WritableLayer(kind, layer, name)
        yield layers


_ACTIVE = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()
"""
IDLE_WITHIN_S = 120.0


async def wait_until_idle(databases: Databases, writable: WritableLayer) -> None:
    """Wait until a layer has done what it does in the background, so that no other pays for it."""
    start = time.perf_counter()
    while any(
        databases.server.query(query, database=writable.database)[0][0]
        for query in (writable.kind.pending, _ACTIVE)
    ):
        assert time.perf_counter() - start < IDLE_WITHIN_S, f"{writable.kind.name} is still at work"
        await asyncio.sleep(0.05)
