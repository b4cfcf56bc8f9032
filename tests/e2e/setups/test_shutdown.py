"""The program is told to end, whatever is away or silent: it ends in time, and loses nothing."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from tests.conftest import is_full_count
from tests.support.page.application import Application
from tests.support.page.ending import last_answer, talking
from tests.support.page.table import Table
from tests.support.servers.child import ChildServer
from tests.support.servers.dynamodb import running_dynamodb
from tests.support.servers.freezing import frozen
from tests.support.servers.model import ModelServer, running_model
from tests.support.servers.postgres import Postgres, running_postgres
from tests.support.servers.seaweedfs import KEY, SECRET, running_seaweedfs
from tests.support.waiting import free_port, until

WITHIN_S = 10.0  # as promised
HURRY = 2  # signals

Server = ChildServer | Postgres
Fault = Callable[[Server], AbstractContextManager[None]]


@contextmanager
def silent(server: Server) -> Iterator[None]:
    with frozen(server.pid):
        yield


@contextmanager
def away(server: Server) -> Iterator[None]:
    server.stop()
    yield
    if isinstance(server, Postgres):
        server.start()


def postgres(stack: ExitStack) -> tuple[Server, Mapping[str, str]]:
    server = stack.enter_context(running_postgres())
    return server, {"DATABASE_URL": server.url()}


def dynamodb(stack: ExitStack) -> tuple[Server, Mapping[str, str]]:
    server = stack.enter_context(running_dynamodb())
    return server, Table(server, "keepchat").settings()


def bucket(stack: ExitStack) -> tuple[Server, Mapping[str, str]]:
    server = stack.enter_context(running_seaweedfs())
    access = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    return server, {"STORAGE_URL": server.url("files"), **access}


SERVERS = {"postgres": postgres, "dynamodb": dynamodb, "bucket": bucket}
FAULTS: dict[str, Fault] = {"silent": silent, "away": away}
SHORT = [("postgres", "silent", 1), ("postgres", "silent", HURRY), ("bucket", "silent", 1)]
FULL = [(name, fault, number) for name in SERVERS for fault in FAULTS for number in (1, HURRY)]


async def end(app: Application, signals: int) -> None:
    """Tell a program to end, once or more; it has to be as quick as promised, and end well."""
    async with asyncio.timeout(WITHIN_S):
        for _ in range(signals):
            app.signal(signal.SIGTERM)
            await asyncio.sleep(0)
        assert await app.ended() == 0, app.log()


@asynccontextmanager
async def running(
    project: Path, folder: Path, settings: Mapping[str, str]
) -> AsyncIterator[Application]:
    """Run a program; it need not end by itself."""
    app = Application(project, folder / "keepchat", settings)
    try:
        await app.start()
        yield app
    finally:
        await app.kill()


async def assert_kept(app: Application, shown: str) -> None:
    """Start again, and fail unless what was shown of the answer is there, and marked."""
    await app.start()
    stored = await last_answer(app)
    assert stored["output"].startswith(shown)
    assert stored["metadata"]["state"] == "interrupted"
    await app.stop()


@pytest.mark.server
@pytest.mark.drill
@pytest.mark.parametrize(("name", "fault", "signals"), FULL if is_full_count() else SHORT)
async def test_it_ends_without_what_it_keeps_things_in(
    name: str, fault: str, signals: int, project: Path, tmp_path: Path, model: ModelServer
) -> None:
    with ExitStack() as servers:
        server, settings = SERVERS[name](servers)
        async with running(project, tmp_path, {**model.settings, **settings}) as app:
            async with talking(app) as talk:
                file = await talk.attach()
                with FAULTS[fault](server):
                    await talk.ask(file)
                    talk.leave_waiting()
                    await end(app, signals)
            if (name, fault) == ("dynamodb", "away"):  # what it knew went with it
                assert list(app.data.rglob("*.journal"))
            else:
                await assert_kept(app, talk.shown)


@pytest.mark.parametrize("signals", [1, HURRY])
async def test_it_ends_while_its_model_is_silent(
    signals: int, project: Path, tmp_path: Path
) -> None:
    async with (
        running_model(tmp_path / "aimock.log") as model,
        running(project, tmp_path, model.settings) as app,
    ):
        async with talking(app) as talk:
            await talk.ask()
            with frozen(model.pid):
                talk.leave_waiting()
                await end(app, signals)
        await assert_kept(app, talk.shown)


async def test_it_ends_while_it_waits_for_its_database_at_the_start(
    project: Path, tmp_path: Path
) -> None:
    """Before its server is there to take signals."""
    asked = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", port := free_port()):
        settings = {"DATABASE_URL": f"postgresql://u:p@127.0.0.1:{port}/keepchat"}
        app = Application(project, tmp_path / "keepchat", settings)
        starting = asyncio.create_task(app.start())
        try:
            await asked.wait()
            await end(app, 1)
        finally:
            await app.kill()
        await asyncio.wait([starting])
        assert starting.exception()


async def test_an_answer_that_is_nearly_there_comes_to_its_end(
    project: Path, tmp_path: Path, model: ModelServer
) -> None:
    async with running(project, tmp_path, model.settings) as app:
        async with talking(app) as talk:
            await talk.ask(question="Please count to forty.")
            await end(app, 1)
        await app.start()
        stored = await last_answer(app)
        assert stored["output"] == talk.shown
        assert stored["output"].endswith("39 40")
        assert stored["metadata"]["state"] == "done"
        await app.stop()


async def test_no_question_is_taken_any_more(
    project: Path, tmp_path: Path, model: ModelServer
) -> None:
    async with running(project, tmp_path, model.settings) as app, talking(app) as talk:
        await talk.ask()
        app.signal(signal.SIGTERM)
        second = await talk.page.ask("What is the capital of France?")
        await until(lambda: talk.page.all_heard("delete_message"), "that it is taken back")
        taken_back = talk.page.all_heard("delete_message")[0]["id"]
        assert taken_back == second
        assert "is being stopped" in str(talk.page.all_heard("toast"))
        assert await app.ended() == 0
