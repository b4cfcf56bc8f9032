"""What an operator reads: one line for each thing that is wrong, away, or back again."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import expect

from common.version import VERSION
from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page.application import Application, run_to_its_end
from tests.support.servers.model import KEY, ModelServer
from tests.support.servers.postgres import running_postgres
from tests.support.waiting import free_port, until

PARIS = "The capital of France is Paris."
SECRET = "geheimnis"
NO_HOST = "http://no-such-host.invalid"
_RECORD = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - (WARNING|ERROR|CRITICAL) - (.*)$", re.MULTILINE
)

# What each is told about, and what is said of it.
AWAY: Mapping[str, tuple[Mapping[str, str], str]] = {
    "a model's host that is not there": (
        {"OPENAI_BASE_URL": f"{NO_HOST}/v1"},
        "there is no host of this name. Check OPENAI_BASE_URL.",
    ),
    "a model's server that does not run": (
        {"OPENAI_BASE_URL": f"http://127.0.0.1:{free_port()}/v1"},
        "nobody listens at this address. Start it, or check OPENAI_BASE_URL.",
    ),
    "a database's host that is not there": (
        {"DATABASE_URL": f"postgresql://me:{SECRET}@no-such-host.invalid/chat"},
        "Check that DATABASE_URL names a place that exists, answers",
    ),
    "a database that does not run": (
        {"DATABASE_URL": f"postgresql://me:{SECRET}@127.0.0.1:{free_port()}/chat"},
        "Check that DATABASE_URL names a place that exists, answers",
    ),
    "a storage's host that is not there": (
        {
            "STORAGE_URL": f"s3://files?endpoint_url={NO_HOST}",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": SECRET,
        },
        "check that the service runs and that endpoint_url",
    ),
}


def warnings(app: Application) -> list[str]:
    """The lines that ask for attention."""
    assert "Traceback" not in app.log()
    return [text for _, text in _RECORD.findall(app.log())]


@pytest.mark.parametrize("what", AWAY)
async def test_what_is_away_at_the_start_is_one_line(
    start_application: StartApplication, model: ModelServer, what: str
) -> None:
    given, said = AWAY[what]
    app = await start_application(settings={**model.settings, **given})
    app.expect_in_log("Unable to get persisted_user")
    await until(lambda: any(said in line for line in warnings(app)), said)
    await app.stop()
    assert len(warnings(app)) == 1, warnings(app)
    assert SECRET not in app.log()


async def test_the_block_says_what_runs_where(
    start_application: StartApplication, model: ModelServer
) -> None:
    app = await start_application()
    lines = re.findall(r" - INFO - keepchat - (.*)", app.log())
    first = lines.index(f"Keepchat {VERSION}")
    told = dict(line.split(maxsplit=1) for line in lines[first + 1 : first + 6])
    assert told["model"].endswith(f" at {model.settings['OPENAI_BASE_URL']}")
    assert told["database"] == f"sqlite:///{app.data / 'keepchat.db'}"
    assert told["storage"] == f"file:{app.data / 'files'}"
    assert told["access"] == "AUTH_MODE=local"
    assert told["address"] == app.url
    block = "\n".join(lines[first : first + 6])
    assert KEY not in app.log()
    assert app.local_token not in block
    assert warnings(app) == []


async def test_a_port_that_is_taken_ends_the_program_with_one_line(
    project: Path, model: ModelServer, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        place = ("--port", str(port))
        ended = await run_to_its_end(project, tmp_path / "one", model.settings, *place)
    assert ended.code == 1
    assert ended.errors.startswith(f"CHAINLIT_PORT: another program listens at port {port}")
    assert ended.errors.count("\n") == 1
    assert "available at" not in ended.output


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"DATA_DIR": "/proc/none"}, "DATA_DIR: /proc/none cannot be "),
        ({"DATA_DIR": "app.py"}, "DATA_DIR: "),
        ({"DATA_DIR": "/proc"}, "DATA_DIR: /proc cannot be written to ("),
        (
            {"OPENAI_MODEL": "", "OPENAI_BASE_URL": f"{NO_HOST}/v1"},
            f"OPENAI_BASE_URL: {NO_HOST}/v1 cannot be reached",
        ),
        ({"CHAINLIT_HOST": "192.0.2.1"}, "CHAINLIT_HOST: 192.0.2.1 is no address"),
    ],
)
async def test_what_cannot_be_is_one_line_and_the_end(
    project: Path, model: ModelServer, tmp_path: Path, given: Mapping[str, str], said: str
) -> None:
    ended = await run_to_its_end(project, tmp_path / "one", {**model.settings, **given})
    assert ended.code == 1
    assert ended.errors.startswith(said), ended.errors
    assert ended.errors.count("\n") == 1
    assert "Traceback" not in ended.output


async def test_a_refusal_is_one_line_with_its_thread(app: Application, open_chat: OpenChat) -> None:
    before = len(app.log())
    chat = await open_chat(app)
    await chat.ask(f"Nobody knows an answer to this, {uuid4()}.")
    await expect(chat.answers.last).to_be_visible()
    await chat.turn_ended()
    thread_id = await chat.thread_id()
    told = [text for _, text in _RECORD.findall(app.log()[before:])]
    assert len(told) == 1, told
    assert f"No whole answer in thread {thread_id}: " in told[0]
    assert len(told[0]) < 600


@pytest.mark.timeout(180)
async def test_a_database_that_goes_away_is_told_once_and_once_when_it_is_back(
    start_application: StartApplication, open_chat: OpenChat, model: ModelServer
) -> None:
    with running_postgres() as server:
        settings = {**model.settings, "DATABASE_URL": server.url("postgres")}
        app = await start_application(settings=settings)
        chat = await open_chat(app)
        await chat.ask("What is the capital of France, told once?")
        await chat.answered(PARIS)
        server.stop()
        await until(lambda: any("is away" in line for line in warnings(app)), "the line")
        await chat.ask("and of Italy, told once?")
        await chat.answered("The capital of Italy is Rome.")
        await chat.page.reload()
        await expect(chat.page.get_by_text("This conversation cannot be read")).to_be_visible()
        server.start()
        await until(lambda: any("is back" in line for line in warnings(app)), "the return")
        await app.stop()
        told = warnings(app)
        assert re.fullmatch(r"keepchat - The database is away: .*", told[0])
        assert re.fullmatch(r"keepchat - The database is back, after \d+ s\.", told[-1])
        assert len(told) == 2, "\n".join(told)
