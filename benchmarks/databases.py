"""The server of a run, and on it databases filled with a history, or copies of them to write to."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg

from benchmarks.data import History
from benchmarks.layers.base import LayerKind, Rows, batches
from tests.support.servers.postgres import Postgres, running_postgres


class Databases:
    """Databases by layer and history; what is there already, and made as today, is used."""

    def __init__(self, server: Postgres) -> None:
        self.server = server

    async def filled(self, kind: LayerKind, history: History) -> str:
        """Return the URL of a database that holds a history; nobody may write to it."""
        name = kind.database(history)
        if not self._names(name):
            for outdated in self._names(f"{name.rpartition('-')[0]}-%"):
                self.server.query(f'DROP DATABASE "{outdated}" WITH (FORCE)')
            await self._fill(kind, history, name)
        return self.server.url(name)

    async def _fill(self, kind: LayerKind, history: History, name: str) -> None:
        start, unfinished = time.perf_counter(), f"{name}-unfinished"
        self.server.query(f'CREATE DATABASE "{unfinished}"')
        url = self.server.url(unfinished)
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(kind.schema)
            for user in history.users():
                await _copy(connection, kind.user_rows(user))
            for threads in batches(history):
                await _copy(connection, kind.thread_rows(threads))
        finally:
            await connection.close()
        if kind.finish:
            await kind.finish(url)
        await self._vacuum(unfinished)
        self.server.query(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
        print(f"Filled {name} in {time.perf_counter() - start:.0f} s", flush=True)

    async def _vacuum(self, name: str) -> None:
        connection = await asyncpg.connect(self.server.url(name))
        try:
            await connection.execute("VACUUM (ANALYZE)")
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()

    @asynccontextmanager
    async def copy(self, kind: LayerKind, history: History) -> AsyncIterator[str]:
        """Give the name of a copy of a filled database, to be written to and then removed."""
        await self.filled(kind, history)
        name = f"{kind.slug}-copy"
        self.server.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.server.query(
            f'CREATE DATABASE "{name}" TEMPLATE "{kind.database(history)}" STRATEGY file_copy'
        )
        self.server.query("CHECKPOINT")
        try:
            yield name
        finally:
            self.server.query(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _names(self, pattern: str) -> list[str]:
        found = self.server.query(
            "SELECT datname::text FROM pg_database WHERE datname LIKE $1", pattern
        )
        return [name for (name,) in found]


async def _copy(connection: asyncpg.Connection, rows: Rows) -> None:
    for table, of_table in rows.items():
        if of_table:
            await connection.copy_records_to_table(
                table,
                columns=list(of_table[0]),
                records=(tuple(row.values()) for row in of_table),
            )


@contextmanager
def running_databases(folder: Path | None) -> Iterator[Databases]:
    """Run a server that waits for the disk; in a folder that is given its data stays."""
    with running_postgres(durable=True, folder=folder) as server:
        yield Databases(server)
