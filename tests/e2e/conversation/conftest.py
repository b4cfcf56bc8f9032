"""A program that asks a model's server which sends what a script says, byte for byte."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.conftest import in_test
from tests.support.page.application import Application, running_application
from tests.support.servers.model import KEY
from tests.support.servers.replies import RepliesServer, running_replies


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def replies_server() -> AsyncIterator[RepliesServer]:
    """The server of a module."""
    async with running_replies() as running:
        yield running


@pytest.fixture
def replies(replies_server: RepliesServer) -> RepliesServer:
    """The server, with the entries of replies.json."""
    replies_server.reset()
    return replies_server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running_on_replies(
    project: Path, replies_server: RepliesServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Application]:
    """The program of a module."""
    home = tmp_path_factory.mktemp("replies") / "keepchat"
    async with running_application(
        Application(project, home, settings_of(replies_server))
    ) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def app_on_replies(
    request: pytest.FixtureRequest, running_on_replies: Application, replies: RepliesServer
) -> AsyncIterator[Application]:
    """The program, and the server as it is at first."""
    async with in_test(request, running_on_replies):
        yield running_on_replies


def settings_of(replies: RepliesServer) -> dict[str, str]:
    """What leads a program to the server."""
    return {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{replies.url}/v1",
        "OPENAI_MODEL": "scripted",
    }
