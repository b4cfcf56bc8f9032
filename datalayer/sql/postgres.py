"""PostgreSQL through asyncpg: connections, and transactions that outlive a cancelled caller.

Work on a SQLAlchemy connection has its own few connections, one for each lane; single statements,
which are most of what is asked, go to asyncpg directly, without a transaction around them.
"""

import asyncio
import contextvars
import json
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit
from uuid import uuid4

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from datalayer.errors import StoreMisconfigured, StoreUnavailable, ThreadsLocked
from datalayer.records import Result
from datalayer.sql.dialect import lock_names
from datalayer.sql.engine import Work
from datalayer.sql.fast_path import FastSave
from datalayer.sql.faults import translated
from datalayer.sql.queries import Query, Rows
from datalayer.sql.search_index import TIDY, index_some

T = TypeVar("T")

SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg")
LANES = 4
DIRECT_CONNECTIONS = 6  # besides one for each lane
IDLE_S = 300.0
CONNECT_S = 5.0
FOR_A_CONNECTION_S = 10.0  # when all of them are at work
TRANSACTION_S = 60.0
# What the server is told unless the URL says otherwise; times are milliseconds.
SERVER_SETTINGS = {
    "application_name": "keepchat",
    "statement_timeout": "30000",
    "lock_timeout": "10000",
    "idle_in_transaction_session_timeout": "60000",
}
UNREADABLE = (
    "It cannot be read. The form is postgresql://user:password@host:5432/database, and in user and "
    "password every character but letters and digits is percent-encoded (@ is %40, / is %2F)."
)
_READ_ONLY = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is: the form of a URL that asyncpg takes, and whether PgBouncer is there.

    asyncpg reads libpq's options in it: `host` (a socket's folder), `sslmode`, `sslrootcert` and
    so on; those that it does not know are settings for the server.
    """

    dsn: str
    pgbouncer: bool

    def __repr__(self) -> str:
        """Show nothing, since the password is in the URL."""
        return "Address(...)"


def parse(url: str) -> Address:
    """Return the address that a URL names; `StoreMisconfigured` when it names none.

    With `pgbouncer=true` no statement stays prepared, and the server is told nothing that PgBouncer
    would refuse: the time-outs are then those of the server's own configuration.
    """
    try:
        parts, given = _split(url)
    except ValueError:
        raise StoreMisconfigured(UNREADABLE) from None
    if (authority := given.get("sslrootcert")) and not Path(authority).is_file():
        message = f"The file {authority!r} that sslrootcert names is not there."
        raise StoreMisconfigured(message)
    pgbouncer = given.pop("pgbouncer", "false").lower() in ("true", "1")
    options = given if pgbouncer else {**SERVER_SETTINGS, **given}
    path = quote(unquote(parts.path), safe="/")
    query = f"?{urlencode(options, quote_via=quote)}" if options else ""
    return Address(f"postgresql://{parts.netloc}{path}{query}", pgbouncer)


def _split(url: str) -> tuple[SplitResult, dict[str, str]]:
    """Return the parts of a URL and its options; ValueError when it is none of ours."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    hosts = parts.netloc.rpartition("@")[2].split(",")
    ports = [urlsplit(f"//{host}").port for host in hosts]  # ValueError for what is no number
    if parts.scheme not in SCHEMES or parts.fragment or parts.netloc.count("@") > 1 or not ports:
        raise ValueError(parts.scheme)
    return parts, options


class PostgresDatabase:
    """A database on a server that need not be there yet; it belongs to one event loop."""

    has_fast_path = True

    def __init__(self, url: str) -> None:
        self.address = parse(url)
        self.engine = _engine(self.address)
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def write(self, work: Work[T]) -> T:
        return await self._run(work, {}, TRANSACTION_S)

    async def save(self, fast: FastSave, work: Work[list[Result]]) -> list[Result]:
        return await self._to_its_end(self._save(fast, work))

    async def _save(self, fast: FastSave, work: Work[list[Result]]) -> list[Result]:
        rows = await self._fetch("SELECT keepchat_save($1)", (fast.document,))
        said = rows[0]["keepchat_save"]
        if said is True:
            return fast.results
        if said:
            raise ThreadsLocked(said)
        return await self._in_transaction(work, {}, TRANSACTION_S)

    async def read(self, work: Work[T]) -> T:
        return await self._run(work, _READ_ONLY, TRANSACTION_S)

    async def look(self, work: Work[T]) -> T:
        def patiently(connection: Any) -> T:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            return work(connection)

        return await self._run(patiently, _READ_ONLY, None)

    async def migrate(self, work: Work[T]) -> T:
        def alone(connection: Any) -> T:
            for setting in ("lock_timeout", "statement_timeout"):
                connection.exec_driver_sql(f"SET LOCAL {setting} = 0")
            lock_names(connection, ["the migration"])
            return work(connection)

        return await self._run(alone, {}, None)

    async def close(self) -> None:
        self._closed = True
        if self._running:
            await asyncio.wait(self._running)
        await self.engine.dispose()
        if self._pool:
            await self._pool.close()

    async def ask(self, query: Query, **values: Any) -> Rows:
        return await self.fetch(*query.direct(values))

    async def fetch(self, statement: str, values: Sequence[Any]) -> Rows:
        """Return the rows of one statement. UUIDs are text, JSON is what it stands for."""
        return await self._to_its_end(self._fetch(statement, values))

    async def upkeep(self) -> bool:
        return await self._to_its_end(self._upkeep())

    async def _upkeep(self) -> bool:
        with translated():
            pool = self._pool or await self._open_pool()
            async with (
                asyncio.timeout(TRANSACTION_S),
                pool.acquire(timeout=FOR_A_CONNECTION_S) as connection,
            ):
                async with connection.transaction():
                    done = await index_some(connection)
                if done:
                    await connection.execute(TIDY)
                return done

    async def _fetch(self, statement: str, values: Sequence[Any]) -> Rows:
        with translated():
            async with asyncio.timeout(TRANSACTION_S):
                pool = self._pool or await self._open_pool()
                async with pool.acquire(timeout=FOR_A_CONNECTION_S) as connection:
                    rows: Rows = await connection.fetch(statement, *values)
                    return rows

    async def _open_pool(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await _pool(self.address)
            return self._pool

    async def _run(self, work: Work[T], options: Mapping[str, Any], limit_s: float | None) -> T:
        return await self._to_its_end(self._in_transaction(work, options, limit_s))

    async def _to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        # A caller that is cancelled does not cut the work short: it ends in its own task.
        if self._closed:
            work.close()
            message = "The database was closed: the program is shutting down."
            raise StoreUnavailable(message)
        task = asyncio.create_task(work, context=contextvars.Context())
        self._running.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    async def _in_transaction(
        self, work: Work[T], options: Mapping[str, Any], limit_s: float | None
    ) -> T:
        engine = self.engine.execution_options(**options) if options else self.engine
        with translated():
            async with asyncio.timeout(limit_s), engine.begin() as connection:
                return await connection.run_sync(work)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it; who was cancelled does not want it


async def _pool(address: Address) -> asyncpg.Pool:
    pool: asyncpg.Pool = await asyncpg.create_pool(
        address.dsn,
        timeout=CONNECT_S,
        min_size=0,
        max_size=DIRECT_CONNECTIONS,
        max_inactive_connection_lifetime=IDLE_S,
        statement_cache_size=0 if address.pgbouncer else 100,
        init=_prepare,
        reset=_leave_as_it_is,
    )
    return pool


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_json, decoder=json.loads)
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=str)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


async def _leave_as_it_is(_connection: Any) -> None:
    """Spare the round trip that asyncpg's reset takes: single statements leave nothing behind."""


def _engine(address: Address) -> AsyncEngine:
    connect: dict[str, Any] = {"dsn": address.dsn, "timeout": CONNECT_S}
    if address.pgbouncer:
        connect |= {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: f"__keepchat_{uuid4()}__",
        }
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args=connect,
        hide_parameters=True,
        max_overflow=0,
        pool_size=LANES,
        pool_timeout=FOR_A_CONNECTION_S,
    )
    event.listen(engine.sync_engine, "checkout", _replace_closed)
    return engine


def _replace_closed(connection: Any, _record: object, _proxy: object) -> None:
    # Instead of a ping, which is three round trips each time: asyncpg knows who has hung up.
    if connection.driver_connection.is_closed():
        raise DisconnectionError
