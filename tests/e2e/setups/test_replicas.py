"""Two programs on one database: an answer that runs in one is seen, and stopped, in the other."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat, in_test
from tests.support.builders import new_id
from tests.support.page.application import Application, running_application
from tests.support.page.chat import Chat
from tests.support.page.database import Database, Message, ServerDatabase
from tests.support.page.stored import DYNAMODB, POSTGRESQL, SQLITE, on_server
from tests.support.page.table import Table
from tests.support.servers.model import KEY
from tests.support.servers.pgbouncer import running_pgbouncer
from tests.support.servers.replies import RepliesServer, running_replies
from tests.support.servers.teller import Teller

Pair = tuple[Application, Application]

PGBOUNCER = "pgbouncer"
RELOADS = 10
BROKE_OFF = "The answer broke off because the program was stopped."
STORES = (
    SQLITE,
    *(pytest.param(name, marks=pytest.mark.server) for name in (POSTGRESQL, PGBOUNCER, DYNAMODB)),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server() -> AsyncIterator[RepliesServer]:
    """The model's server."""
    async with running_replies() as running:
        yield running


@pytest.fixture
def teller(server: RepliesServer) -> Iterator[Teller]:
    """The model, which tells a story as far as it is let, and at last the whole of it."""
    server.reset()
    teller = Teller(server)
    yield teller
    teller.tell_all()


@dataclass(frozen=True, slots=True)
class Shared:
    """The database of both programs: what leads to it, and what reads it beside them."""

    settings: Mapping[str, str]
    messages: Callable[[str], list[Message]]


@pytest.fixture(scope="module", params=STORES)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    """The database of both."""
    if request.param == SQLITE:
        file = tmp_path_factory.mktemp("both") / "both.db"
        yield Shared({"DATABASE_URL": f"sqlite:///{file}"}, Database(file).messages)
    elif request.param == PGBOUNCER:
        postgres = request.getfixturevalue("postgres")
        with postgres.database(new_id()) as name, running_pgbouncer(postgres) as bouncer:
            url = f"{bouncer.url(name)}?pgbouncer=true"
            yield Shared({"DATABASE_URL": url}, ServerDatabase(postgres, name).messages)
    else:
        with on_server(request.param, request) as server:
            assert isinstance(server, ServerDatabase | Table)
            yield Shared(server.settings(), server.messages)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running_pair(
    project: Path,
    server: RepliesServer,
    database: Shared,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Pair]:
    """Two programs."""
    settings = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "OPENAI_MODEL": "scripted",
        **database.settings,
    }
    folder = tmp_path_factory.mktemp("replicas")
    one, other = [Application(project, folder / name, settings) for name in ("one", "other")]
    async with running_application(one), running_application(other):
        yield one, other


@pytest_asyncio.fixture(loop_scope="session")
async def pair(
    request: pytest.FixtureRequest, running_pair: Pair, teller: Teller
) -> AsyncIterator[Pair]:
    """The programs, and the model as it is at first."""
    async with in_test(request, running_pair[0]), in_test(request, running_pair[1]):
        yield running_pair


@pytest.mark.timeout(300)  # many pages are loaded
async def test_one_answer_on_three_pages_of_two_replicas(
    pair: Pair, open_chat: OpenChat, teller: Teller, database: Shared
) -> None:
    chat, there = await on_both(pair, open_chat)
    thread_id = await chat.thread_id()
    beside = await open_chat(pair[0], f"/thread/{thread_id}", beside=chat)
    pages = (chat, beside, there)
    await chat.ask("Tell me a story")
    for _ in range(RELOADS):
        for page in pages:
            await expect(page.said.last).to_have_text(teller.tell(2))
            await expect(page.page.locator("#stop-button")).to_be_visible()
        await beside.page.reload()
    await there.page.reload()
    text = teller.tell_all()
    for page in pages:
        await expect(page.said.last).to_have_text(text)
        await page.turn_ended()
        await expect(page.asked).to_have_text(["Are you there?", "Tell me a story"])
    assert database.messages(thread_id)[-1].text.strip() == text
    await there.ask("And what else?")
    for page in pages:
        await page.answered("Answer to: And what else?")


@pytest.mark.parametrize("stopper", [0, 1])
async def test_an_answer_is_stopped_at_either_replica(
    pair: Pair, open_chat: OpenChat, teller: Teller, stopper: int
) -> None:
    chat, there = await on_both(pair, open_chat)
    await chat.ask("Tell me a story")
    await expect(there.said.last).to_have_text(teller.tell(3))
    await [chat, there][stopper].stop()
    for page in (chat, there):
        await page.turn_ended()
        await expect(page.said.last).to_have_text(teller.text)
        await expect(page.answers.get_by_text("This answer was stopped.")).to_be_visible()


async def test_an_answer_of_a_killed_replica_is_marked_and_gone_on_with(
    pair: Pair, open_chat: OpenChat, teller: Teller
) -> None:
    chat, there = await on_both(pair, open_chat)
    await chat.ask("Tell me a story")
    await expect(there.said.last).to_have_text(teller.tell(3))
    await pair[0].kill()
    await expect(there.answers.get_by_text(BROKE_OFF)).to_be_visible()
    await there.turn_ended()
    await there.do("Go on")
    await expect(there.said.last).to_contain_text(f"{teller.text} Answer to: ")
    await there.turn_ended()
    await expect(there.answers.get_by_text(BROKE_OFF)).to_have_count(0)


async def on_both(pair: Pair, open_chat: OpenChat) -> tuple[Chat, Chat]:
    """Begin a conversation, and open it at the other program."""
    chat = await open_chat(pair[0])
    await chat.ask("Are you there?")
    await chat.answered("Answer to: Are you there?")
    there = await open_chat(pair[1], f"/thread/{await chat.thread_id()}")
    await expect(there.said).to_have_text("Answer to: Are you there?")
    return chat, there
