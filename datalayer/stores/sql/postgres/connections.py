"""How connections to PostgreSQL are made: what a URL says, and the two pools made of it."""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit
from weakref import WeakSet

import asyncpg
import msgspec
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from datalayer.errors import StoreMisconfigured
from datalayer.stores.sql.postgres.libpq import drop_others, take_connect_limit, take_socket
from datalayer.stores.sql.postgres.passwords import Password, ask_function
from datalayer.stores.sql.postgres.sockets import connection_class

SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg")
CONNECTIONS = 10  # of one process, unless the URL says `pool_size`
FEWEST_CONNECTIONS = 2  # one for transactions, one for single statements
IDLE_S = 300.0  # a connection that nobody used for so long may have died on the way, unseen
FOR_A_CONNECTION_S = 10.0  # when all of them are at work
TRANSACTION_S = 60.0  # at least; longer where one statement may take longer
LATER_THAN_THE_SERVER_S = 30.0  # it ends a statement itself, and says why
# Settings for the server unless the URL has others; times are milliseconds.
TIME_OUTS = {
    "statement_timeout": "30000",
    "lock_timeout": "500",  # what is locked is tried again, and others go on meanwhile
    "idle_in_transaction_session_timeout": "60000",
}
SERVER_SETTINGS = {"application_name": "keepchat", **TIME_OUTS}
LEAVE_S = 5.0  # for the server's answer when connections are closed
UNREADABLE = (
    "It cannot be read. The form is postgresql://user:password@host:5432/database, and in user and "
    "password every character but letters and digits is percent-encoded (@ is %40, / is %2F)."
)
_DECODER = json.JSONDecoder()
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_TIME = re.compile(r"(\d+) *(us|ms|s|min|h|d)?")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is and how it is asked.

    `dsn` is the form of a URL that asyncpg takes. asyncpg reads libpq's options in it: `host` (a
    socket's folder), `sslmode`, `sslrootcert` and so on; those that it does not know are settings
    for the server. `time_outs` are those that have to be set in each transaction, since PgBouncer
    takes none when it is connected to. `connect_s` is how long it may take to connect, in seconds,
    `statement_s` how long a statement may take (0 for no limit), and `socket` has
    the options of sockets, by the names of `libpq.SOCKET`.
    """

    dsn: str
    pgbouncer: bool
    connections: int
    time_outs: Mapping[str, str]
    connect_s: float
    statement_s: float
    socket: Mapping[str, int]
    password: Password | None

    def __repr__(self) -> str:
        """Show nothing, since the password is in the URL."""
        return "Address(...)"

    @property
    def connect(self) -> dict[str, Any]:
        """What asyncpg needs to make one connection."""
        password = {"password": self.password} if self.password else {}
        cache = {"statement_cache_size": 0} if self.pgbouncer else {}
        kind = {"connection_class": connection_class(self.socket)}
        return {"dsn": self.dsn, "timeout": self.connect_s, **kind, **password, **cache}

    @property
    def time_out_s(self) -> float | None:
        """How long a single statement may take, in seconds, where the server is not told."""
        return (self.statement_s or None) if self.pgbouncer else None

    @property
    def transaction_s(self) -> float | None:
        """How long a transaction may take, in seconds; None where a statement has no limit."""
        if not self.statement_s:
            return None
        return max(TRANSACTION_S, self.statement_s + LATER_THAN_THE_SERVER_S)

    @property
    def set_time_outs(self) -> str:
        """The statement that sets the time-outs for one transaction; empty when none is needed."""
        calls = (f"set_config('{name}', '{value}', true)" for name, value in self.time_outs.items())
        return f"SELECT {', '.join(calls)}" if self.time_outs else ""


def parse(url: str, password_from: str = "") -> Address:
    """Return the address that a URL names; `StoreMisconfigured` when it names none.

    Options of our own are `pgbouncer` and `pool_size`. `password_from` names a function for
    passwords that expire.
    """
    try:
        parts, given = _split(url)
    except ValueError:
        raise StoreMisconfigured(UNREADABLE) from None
    connections = _connections(given.pop("pool_size", str(CONNECTIONS)))
    pgbouncer = given.pop("pgbouncer", "false").lower() in ("true", "1")
    connect_s = take_connect_limit(given)
    socket = take_socket(given)
    drop_others(given)
    _require_files(given)
    options = {**SERVER_SETTINGS, **given}
    time_outs = {name: _time(name, options[name]) for name in TIME_OUTS}
    if pgbouncer:
        options = {name: value for name, value in options.items() if name not in TIME_OUTS}
    path = quote(unquote(parts.path), safe="/")
    query = urlencode(options, quote_via=quote)
    return Address(
        dsn=f"postgresql://{parts.netloc}{path}?{query}",
        pgbouncer=pgbouncer,
        connections=connections,
        time_outs=time_outs if pgbouncer else {},
        connect_s=connect_s,
        statement_s=_seconds(time_outs["statement_timeout"]),
        socket=socket,
        password=ask_function(password_from) if password_from else None,
    )


def _split(url: str) -> tuple[SplitResult, dict[str, str]]:
    """Return the parts of a URL and its options; ValueError when it is none of ours."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    hosts = parts.netloc.rpartition("@")[2].split(",")
    ports = [urlsplit(f"//{host}").port for host in hosts]  # ValueError for what is no number
    if parts.scheme not in SCHEMES or parts.fragment or parts.netloc.count("@") > 1 or not ports:
        raise ValueError(parts.scheme)
    return parts, options


def _require_files(given: Mapping[str, str]) -> None:
    for name in _FILES:
        if (path := given.get(name)) and not Path(path).is_file():
            message = f"The file {path!r} that {name} names is not there."
            raise StoreMisconfigured(message)


def _connections(given: str) -> int:
    if given.isdecimal() and int(given) >= FEWEST_CONNECTIONS:
        return int(given)
    message = f"pool_size is a number, {FEWEST_CONNECTIONS} or more (it is {given!r})."
    raise StoreMisconfigured(message)


def _time(name: str, given: str) -> str:
    if _TIME.fullmatch(given):
        return given
    message = f"{name} is a number of milliseconds, or has a unit as 30s has (it is {given!r})."
    raise StoreMisconfigured(message)


def _seconds(given: str) -> float:
    found = _TIME.fullmatch(given)
    return int(found[1]) * _SECONDS[found[2] or "ms"] if found else 0.0


async def open_pool(address: Address, size: int) -> asyncpg.Pool:
    """Return a pool for single statements. UUIDs are text, JSON is what it stands for."""
    pool: asyncpg.Pool = await asyncpg.create_pool(
        **address.connect,
        command_timeout=address.time_out_s,
        min_size=0,
        max_size=size,
        max_inactive_connection_lifetime=IDLE_S,
        init=_prepare,
        reset=_leave_as_it_is,
    )
    return pool


async def close_both(engine: AsyncEngine, made: Iterable[Any], pool: asyncpg.Pool | None) -> None:
    """Take leave of the server; what does not answer in time is cut off."""
    try:
        async with asyncio.timeout(LEAVE_S):
            await asyncio.gather(engine.dispose(), *([pool.close()] if pool else []))
    except TimeoutError:
        if pool:
            pool.terminate()
        for connection in list(made):
            connection.terminate()


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_json, decoder=_from_json)
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=str)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _from_json(text: str) -> Any:
    # Most are empty. What the server sends is one document with nothing around it, which `loads`
    # would look for.
    return {} if text == "{}" else _DECODER.raw_decode(text)[0]


async def _leave_as_it_is(_connection: Any) -> None:
    """Spare the round trip that asyncpg's reset takes: single statements leave nothing behind."""


def open_engine(address: Address, size: int, made: WeakSet[Any]) -> AsyncEngine:
    """Return an engine for transactions; asyncpg's connections are noted in `made`."""
    connect = address.connect
    if address.pgbouncer:
        # Without a name a statement lives until the next one; named ones would stay in the server.
        connect |= {"prepared_statement_cache_size": 0, "prepared_statement_name_func": str}
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args=connect,
        hide_parameters=True,
        max_overflow=0,
        pool_recycle=int(IDLE_S),
        pool_size=size,
        pool_timeout=FOR_A_CONNECTION_S,
    )
    event.listen(
        engine.sync_engine, "connect", lambda each, _record: made.add(each.driver_connection)
    )
    event.listen(engine.sync_engine, "checkout", _replace_closed)
    return engine


def _replace_closed(connection: Any, _record: object, _proxy: object) -> None:
    # Instead of a ping, which is three round trips each time: asyncpg knows who has hung up.
    if connection.driver_connection.is_closed():
        raise DisconnectionError
