"""The examples of docs/extending.md, made as it says, in a copy of the project."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.conftest import OpenChat
from tests.support.page.application import PROJECT, Application, running_application
from tests.support.page.browsing import Profile
from tests.support.page.chat import Chat
from tests.support.page.database import Database, ServerDatabase
from tests.support.page.stored import POSTGRESQL, SQLITE, Server, on_server
from tests.support.servers.model import KEY
from tests.support.servers.postgres import Postgres
from tests.support.servers.replies import (
    Body,
    RepliesServer,
    Reply,
    answer,
    delta,
    events,
    last_question,
    running_replies,
)
from tests.support.waiting import free_port, until

DOC = (PROJECT / "docs/extending.md").read_text()
EXAMPLES = PROJECT / "examples"
DATES = {"first": "2026-11-27", "last": "2027-01-01"}
DAYS = "35"
ANNA = ("anna", "correct horse")

OpenOwn = Callable[..., Awaitable[Chat]]

pytestmark = pytest.mark.server


def block(language: str, words: str) -> str:
    """A block of the page that contains these words."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", DOC, re.DOTALL | re.MULTILINE)
    [only] = [text for kind, text in found if kind == language and words in text]
    return str(only)


def run(home: Path, script: str, typed: str = "") -> None:
    done = subprocess.run(
        ["sh", "-euc", script], cwd=home, input=typed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


# In Keepchat


@pytest.fixture(scope="module")
def extended(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with all examples, as somebody makes them who follows the page."""
    home = Path(copytree(project, tmp_path_factory.mktemp("extended") / "keepchat"))
    copytree(EXAMPLES, home / "examples", dirs_exist_ok=True)
    run(home, block("", "examples/agent.py").partition("\n")[2])  # it is installed for the tests
    run(home, block("", "Countdown.jsx"))
    for path in ("bootstrap/models", "wording/commands", "wording/starters", "chat/callbacks"):
        run(home, "git apply --verbose -", block("diff", path))
    return home


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def replies() -> AsyncIterator[RepliesServer]:
    """The model's server, which calls a tool where one is offered."""
    async with running_replies() as running:
        running.is_strict = False
        running.choose = use_tool
        yield running


def use_tool(body: Body) -> Reply:
    """Call the tool, and then say what it has found."""
    last = body["messages"][-1]
    if last["role"] == "tool":
        return answer(f"In {last['content']} days.")
    if "tools" not in body or "How many days" not in last_question(body):
        return answer(f"Answer to: {last_question(body)}")
    call = {"name": body["tools"][0]["function"]["name"], "arguments": json.dumps(DATES)}
    calls: list[dict[str, Any]] = [{"index": 0, "id": "1", "type": "function", "function": call}]
    return events(delta(role="assistant", tool_calls=calls), delta("tool_calls"))


@pytest.fixture(scope="module", params=[SQLITE, POSTGRESQL])
def server(request: pytest.FixtureRequest) -> Iterator[Server | None]:
    """Its database, where that is a server's."""
    with on_server(request.param, request) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def keepchat(
    extended: Path,
    replies: RepliesServer,
    server: Server | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Application]:
    """The program with the examples."""
    settings = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{replies.url}/v1",
        "OPENAI_MODEL": "scripted",
    }
    settings |= server.settings() if server else {}
    program = Application(extended, tmp_path_factory.mktemp("program") / "keepchat", settings)
    async with running_application(program):
        yield program


async def test_an_agent_answers_with_a_tool(
    keepchat: Application, server: Server | None, replies: RepliesServer, open_chat: OpenChat
) -> None:
    chat = await open_chat(keepchat)
    await chat.choose_model("scripted with tools")
    await chat.ask("How many days are left of this year?")
    await chat.answered(f"In {DAYS} days.")
    called = f"days_between({json.dumps(DATES, separators=(',', ':'))})"
    await chat.page.get_by_role("button", name="Reasoning").click()
    await expect(chat.page.get_by_text(called)).to_be_visible()
    await chat.ask("And what did I ask before?")
    await chat.answered("Answer to: And what did I ask before?")
    roles = [it["role"] for it in replies.asked("what did I ask before")[-1]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    await chat.page.reload()
    await expect(chat.said.first).to_have_text(f"In {DAYS} days.")
    database = server if isinstance(server, ServerDatabase) else keepchat.database
    said = database.messages(await chat.thread_id())
    assert [it.text for it in said][1] == f"In {DAYS} days."


async def test_an_agent_whose_server_refuses_is_told_as_a_model_is(
    keepchat: Application, replies: RepliesServer, open_chat: OpenChat
) -> None:
    chosen = replies.choose
    replies.choose = lambda _body: Reply(["{}"], 401, "application/json")
    try:
        chat = await open_chat(keepchat)
        await chat.choose_model("scripted with tools")
        await chat.ask("Who are you, agent?")
        await expect(chat.answers.last).to_contain_text("OPENAI_API_KEY")
    finally:
        replies.choose = chosen


@pytest.mark.parametrize(
    ("locale", "command", "instruction", "starter"),
    [
        ("en-US", "Contradict", "the strongest reasons first", "Answer a customer"),
        ("zh-CN", "反驳", "最有力的在先", "回复客户"),
    ],
)
async def test_a_command_and_a_starter(
    keepchat: Application,
    replies: RepliesServer,
    open_chat: OpenChat,
    locale: str,
    command: str,
    instruction: str,
    starter: str,
) -> None:
    chat = await open_chat(keepchat, locale=locale)
    await chat.use_command(command)
    await chat.ask(f"The earth is flat. {locale}")
    await chat.answered(f"Answer to: The earth is flat. {locale}")
    assert instruction in replies.asked(f"flat. {locale}")[-1]["messages"][0]["content"]
    other = await open_chat(keepchat, beside=chat)
    await other.page.get_by_role("button", name=starter).click()
    await expect(other.said.last).to_contain_text("Answer to: ")


async def test_an_element_stays_as_people_left_it(
    keepchat: Application, open_chat: OpenChat
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=10)).date()
    chat = await open_chat(keepchat)
    await chat.ask(f"How long until {tomorrow}?")
    await expect(chat.page.get_by_text(f"Until {tomorrow}:", exact=True)).to_be_visible()
    await expect(chat.page.get_by_text("10 days", exact=True)).to_be_visible()
    await chat.page.get_by_role("button", name="Done", exact=True).click()
    await expect(chat.page.get_by_text("It is done.", exact=True)).to_be_visible()
    await chat.page.reload()
    await expect(chat.page.get_by_text("It is done.", exact=True)).to_be_visible()


# In an app of one's own


@asynccontextmanager
async def running(
    project: Path, home: Path, command: list[str], settings: Mapping[str, str], path: str
) -> AsyncIterator["Own"]:
    """Run the app of examples/own_app, elsewhere, until the block ends."""
    port = free_port()
    copytree(EXAMPLES / "own_app", home, dirs_exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    given = {"HOME": str(home), "PYTHONPATH": str(project), "DATA_DIR": str(home / "data")}
    log = home / "log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *command, "--port", str(port)),
            cwd=home,
            env={**kept, **given, **settings},
            stdout=output,
            stderr=output,
        )
    try:
        own = Own(f"http://localhost:{port}{path}", log)
        with httpx2.Client() as client:
            await until(lambda: process.returncode is not None or own.is_up(client), "it", 120)
        assert process.returncode is None, log.read_text()
        yield own
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)
    except BaseException as exc:
        exc.add_note(log.read_text()[-5_000:])
        raise
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Own:
    """The app, as a page is opened of it."""

    is_local = False

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log

    @staticmethod
    def way_in(path: str = "/") -> str:
        return path

    def is_up(self, client: httpx2.Client) -> bool:
        try:
            return client.get(f"{self.url}/project/translations?language=en-US").is_success
        except httpx2.TransportError:
            return False

    def log(self) -> str:
        return self._log.read_text()


RUNS = {
    "alone": (["chainlit", "run", "app.py", "--headless"], ""),
    "below a path": (["chainlit", "run", "app.py", "--headless", "--root-path", "/own"], "/own"),
    "mounted": (["uvicorn", "mounted:app"], "/chat"),
}


@pytest_asyncio.fixture(loop_scope="session")
async def open_own(browser: Browser) -> AsyncIterator[OpenOwn]:
    """Opens the app's page, which asks for fonts of another site, as Chainlit's own does."""
    async with AsyncExitStack() as stack:

        async def open_page(own: Own) -> Chat:
            profile = await Profile.new(browser, "en-US")
            stack.push_async_callback(profile.close)
            chat = Chat(await profile.context.new_page(), own.url)
            await chat.page.goto(own.url)
            await chat.fill_login(*ANNA)
            await chat.page.locator("#chat-input").fill("Is it connected?")
            await expect(chat.page.locator("#chat-submit")).to_be_enabled()
            return chat

        yield open_page


async def keeps_everything(own: Own, chat: Chat) -> None:
    """The history is there, and the file is one."""
    await expect(chat.said.last).to_contain_text("You said: Is this my own app?")
    link = chat.answers.last.locator('a[href*="/files/"]').first
    address = await link.get_attribute("href")
    assert address
    reply = await chat.page.context.request.get(urljoin(own.url, address))
    assert reply.ok
    assert await reply.text() == "Is this my own app?"
    assert "attachment" in reply.headers["content-disposition"]


@pytest.mark.parametrize("way", RUNS)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.timeout(300)
async def test_an_app_of_ones_own_keeps_conversations(
    project: Path, postgres: Postgres, open_own: OpenOwn, tmp_path: Path, way: str, kind: str
) -> None:
    command, path = RUNS[way]
    with postgres.database("own") as name:
        database: Any = ServerDatabase(postgres, name)
        settings = database.settings() if kind == "postgresql" else {}
        if path == "/own":
            settings = {**settings, "CHAINLIT_ROOT_PATH": path}
        started = partial(running, project, tmp_path / "own", command, settings, path)
        async with started() as own:
            chat = await open_own(own)
            await chat.page.locator("#chat-input").fill("Is this my own app?")
            await chat.page.locator("#chat-submit:enabled").click()
            await expect(chat.answers.last).to_contain_text("said.txt")
            # Below a path Chainlit's page has no address of a conversation that is new.
            listed = chat.sidebar.get_by_role("link", name="Is this my own app?")
            thread_id = str(await listed.get_attribute("href")).rpartition("/")[2]
        async with started() as own:
            again = await open_own(own)
            # By its address, Chainlit's page connects twice at once and may stay empty.
            await again.sidebar.get_by_role("link", name="Is this my own app?").click()
            await keeps_everything(own, again)
            async with httpx2.AsyncClient() as stranger:
                gone = f"{own.url}/files/{thread_id}/{thread_id}/x.txt"
                assert (await stranger.get(gone)).status_code == 401
        if kind == "sqlite":
            database = Database(tmp_path / "own/data/keepchat.db")
        said = [it.text for it in database.messages(thread_id)]
        assert said == ["Is this my own app?", "You said: Is this my own app?"]
        # No traceback of ours: Chainlit's own middleware has one for a page that is left.
        assert str(project) not in own.log()
        assert " - ERROR - keepchat" not in own.log()
        assert not [*(tmp_path / "own/data/journal").glob("*/*")]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL: "),
        ({"STORAGE_URL": "ftp://x"}, "STORAGE_URL"),
        ({"DATA_DIR": "/dev/null/x"}, "DATA_DIR: /dev/null/x cannot be made"),
    ],
)
async def test_what_is_missing_is_said_in_one_line(
    project: Path, tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    copytree(EXAMPLES / "own_app", tmp_path / "own")
    kept = {name: os.environ[name] for name in ("PATH",)}
    given = {"PYTHONPATH": str(project), "DATA_DIR": str(tmp_path / "data"), **settings}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *RUNS["alone"][0], "--port", str(free_port())),
        cwd=tmp_path / "own",
        env={**kept, **given},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 1
    [line] = [it for it in errors.decode().splitlines() if it.strip()]
    assert line.startswith(said)
