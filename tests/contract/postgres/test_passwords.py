"""Passwords that change while the program runs: from a file, and from a function."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bootstrap.stores import open_store
from datalayer.errors import StoreMisconfigured, StoreUnavailable
from datalayer.stores.base import Store
from datalayer.stores.options import StoreOptions
from datalayer.stores.sql.postgres.passwords import ask_function
from datalayer.stores.sql.postgres.store import PostgresStore
from datalayer.stores.sql.store import SqlStore
from settings import Settings
from tests.support.builders import get_step, new_id, step
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

ROLE = "expiring"
MODULE = "tokens_of_the_test"
FUNCTION = f"{MODULE}:password"
ASKING = StoreOptions(password_from=FUNCTION)
AWKWARD = "a:b\\c 'd' \"e\" ü%?#[]/@"  # nothing that a password holds needs care


class Server:
    """A database of a user whose password changes."""

    def __init__(self, server: Postgres, name: str) -> None:
        self._server = server
        self.name = name
        self.port = server.port
        self.calls = 0

    @property
    def url(self) -> str:
        """The URL without a password."""
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{self.name}"

    def set_password(self, password: str) -> None:
        quoted = password.replace("'", "''")
        self._server.query(f"ALTER ROLE {ROLE} PASSWORD '{quoted}'")

    def new_password(self) -> str:
        """What a function for passwords that expire does: a new one at each call."""
        self.calls += 1
        password = f"{AWKWARD} {self.calls}"
        self.set_password(password)
        return password

    async def end_connections(self) -> None:
        where = f"FROM pg_stat_activity WHERE usename = '{ROLE}'"
        self._server.query(f"SELECT pg_terminate_backend(pid) {where}")
        count = f"SELECT count(*) {where}"
        await until(lambda: self._server.query(count) == [(0,)], "the end of the connections")


@pytest.fixture
def server(postgres: Postgres) -> Iterator[Server]:
    name = new_id()
    postgres.query(f"CREATE ROLE {ROLE} LOGIN")
    with postgres.database(name):
        postgres.query(f'ALTER DATABASE "{name}" OWNER TO {ROLE}')
        postgres.run(f"ALTER SCHEMA public OWNER TO {ROLE}", database=name)
        yield Server(postgres, name)
    postgres.query(f"DROP ROLE {ROLE}")


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module that can be imported, for a test to fill."""
    module = ModuleType(MODULE)
    monkeypatch.setitem(sys.modules, MODULE, module)
    return module


async def use(store: Store) -> None:
    """Ask both ways, with new connections if the old ones have gone."""
    assert isinstance(store, SqlStore)
    assert await store.get_user("nobody") is None
    assert not await store.needs_migration()


async def said_by(store: SqlStore) -> str:
    """What both ways say of a connection that cannot be made."""
    with pytest.raises(StoreUnavailable) as by_statement:
        await store.get_user("nobody")
    with pytest.raises(StoreUnavailable) as by_transaction:
        await store.needs_migration()
    assert str(by_statement.value) == str(by_transaction.value)
    return str(by_statement.value)


# A file


@pytest.mark.parametrize("place", ["home", "variable", "option"])
async def test_a_password_file_is_read_for_each_connection(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    file = tmp_path / ".pgpass"
    file.touch(0o600)
    monkeypatch.setenv("HOME", str(tmp_path if place == "home" else tmp_path / "none"))
    if place == "variable":
        monkeypatch.setenv("PGPASSFILE", str(file))
    url = server.url if place != "option" else f"{server.url}?passfile={file}"

    def publish(password: str) -> None:
        server.set_password(password)
        file.write_text(f"127.0.0.1:{server.port}:*:{ROLE}:{password}\n")

    publish("first")
    store = PostgresStore(url)
    await store.migrate()
    write = step(new_id(), output="x")
    await store.apply([write])
    publish("host:5432/?Action=connect&X=%3A ü")  # as long tokens are
    await server.end_connections()
    await use(store)
    assert (await get_step(store, write)).fields["output"] == "x"
    server.set_password("third, which nobody wrote down")
    await server.end_connections()
    assert "refuses this user or password" in await said_by(store)
    publish("fourth")
    await use(store)
    await store.close()


# A function


async def test_a_function_is_asked_for_each_connection(server: Server, functions: Any) -> None:
    functions.password = server.new_password
    store = PostgresStore(server.url, ASKING)
    await store.migrate()
    await use(store)
    assert server.calls == 2
    await use(store)
    assert server.calls == 2
    await server.end_connections()
    await use(store)
    assert server.calls == 4
    await store.close()


async def test_the_setting_names_it_and_it_may_be_async(
    server: Server, functions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def password() -> str:
        await asyncio.sleep(0)
        return server.new_password()

    functions.password = password
    url = server.url.replace("@", ":old@") + "?application_name=mine"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("DATABASE_PASSWORD_FROM", FUNCTION)
    store = open_store(Settings(), migrates=True)
    await use(store)
    assert server.calls == 2
    await store.close()


async def test_a_function_that_fails_is_named_and_asked_again(
    server: Server, functions: Any
) -> None:
    ends: list[Any] = [OSError("no route\nto anywhere"), OSError("no route"), None, "", None, b"x"]

    def password() -> Any:
        end = ends.pop(0) if ends else server.new_password()
        if isinstance(end, Exception):
            raise end
        return end

    functions.password = password
    store = PostgresStore(server.url, StoreOptions(password_from=FUNCTION, migrates=True))
    named = f"{MODULE}:password, which DATABASE_PASSWORD_FROM names,"
    assert await said_by(store) == f"{named} failed: OSError: no route"
    for kind in ("NoneType", "str", "NoneType", "bytes"):
        with pytest.raises(StoreMisconfigured) as caught:
            await store.get_user("nobody")
        assert str(caught.value) == f"{named} returned no password but {kind}."
    await use(store)
    await store.close()


async def test_a_function_that_is_too_slow_is_not_waited_for(
    server: Server, functions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def password() -> str:
        await asyncio.Event().wait()
        return ""

    functions.password = password
    monkeypatch.setattr("datalayer.stores.sql.postgres.passwords.ANSWER_S", 0.05)
    store = PostgresStore(server.url, ASKING)
    assert "did not answer within" in await said_by(store)
    await store.close()


async def test_a_function_that_hangs_holds_up_nothing_but_itself(
    server: Server, functions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    calls: list[str] = []

    def password() -> str:
        calls.append(threading.current_thread().name)
        free.wait()
        return server.new_password()

    functions.password = password
    monkeypatch.setattr("datalayer.stores.sql.postgres.passwords.ANSWER_S", 0.05)
    store = PostgresStore(server.url, ASKING)
    for _ in range(3):
        asked = [store.get_user("nobody") for _ in range(20)]
        for end in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(end, StoreUnavailable)
            assert "did not answer within" in str(end)
    assert calls == ["password"]
    assert sum(each.name == "password" for each in threading.enumerate()) == 1
    monkeypatch.undo()
    free.set()
    await until(lambda: server.calls == 1, "the end of the call that hung")
    await store.migrate()
    await use(store)
    assert set(calls) == {"password"}
    await store.close()


async def test_those_who_ask_at_the_same_time_share_an_answer(functions: Any) -> None:
    free = threading.Event()
    calls: list[int] = []

    def password() -> str:
        calls.append(1)
        free.wait()
        return f"the answer to call {len(calls)}"

    functions.password = password
    ask = ask_function(FUNCTION)
    waiting = [asyncio.ensure_future(ask()) for _ in range(5)]
    await until(lambda: bool(calls), "the call")
    waiting.pop().cancel()  # takes nothing from the others
    free.set()
    assert await asyncio.gather(*waiting) == ["the answer to call 1"] * 4
    assert await ask() == "the answer to call 2"


async def test_a_backup_asks_it_too(
    server: Server, functions: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    functions.password = server.new_password
    monkeypatch.setenv("DATABASE_URL", f"{server.url}?pool_size=2&pgbouncer=true")
    monkeypatch.setenv("DATABASE_PASSWORD_FROM", FUNCTION)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    store = open_store(Settings())
    assert isinstance(store, SqlStore)
    assert (await store.backup(tmp_path)).read_bytes().startswith(b"PGDMP")
    assert server.calls == 1
    await store.close()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("no.such.module:password", "No module named 'no'"),
        (f"{MODULE}:nothing", "has no attribute 'nothing'"),
        (f"{MODULE}:number", "is no function"),
        (f"{MODULE}:", "package.module:function"),
    ],
)
def test_a_function_that_is_not_there_ends_the_program(
    functions: Any, name: str, hint: str
) -> None:
    functions.number = 1
    with pytest.raises(StoreMisconfigured, match="DATABASE_PASSWORD_FROM") as caught:
        PostgresStore("postgresql://h/d", StoreOptions(password_from=name))
    assert hint in str(caught.value)
