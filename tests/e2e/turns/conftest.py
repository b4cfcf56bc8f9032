"""One program for all tests of a module, and a model's server that says what the test lets it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.page.application import Application
from tests.support.servers.model import KEY
from tests.support.servers.replies import RepliesServer, running_replies
from tests.support.servers.teller import Teller


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server() -> AsyncIterator[RepliesServer]:
    """The model's server."""
    async with running_replies() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(
    project: Path, server: RepliesServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Application]:
    """The program, with two models."""
    settings = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "OPENAI_MODEL": "scripted",
        "OPENAI_MODELS": "second",
    }
    application = Application(project, tmp_path_factory.mktemp("answers") / "keepchat", settings)
    try:
        await application.start()
        yield application
        await application.stop()
    finally:
        await application.kill()


@pytest.fixture
def replies(server: RepliesServer) -> Iterator[RepliesServer]:
    """The model's server, as it is at first."""
    choose, between = server.choose, server.between
    yield server
    server.choose, server.between = choose, between
    server.queues.clear()


@pytest.fixture
def teller(replies: RepliesServer) -> Iterator[Teller]:
    """The model, which tells a story as far as it is let, and at last the whole of it."""
    teller = Teller(replies)
    yield teller
    teller.tell_all()


@pytest.fixture
def app(running: Application) -> Iterator[Application]:
    """The running program; what it logs during the test may tell of no fault."""
    running.begin_test()
    yield running
    assert not running.complaints()
