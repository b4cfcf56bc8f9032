"""A program that asks a model's server which sends what a script says, byte for byte."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.e2e.conftest import StartApplication
from tests.support.page.application import Application
from tests.support.servers.model import KEY
from tests.support.servers.replies import RepliesServer, running_replies


@pytest_asyncio.fixture(loop_scope="session")
async def replies() -> AsyncIterator[RepliesServer]:
    """The server, with the entries of replies.json."""
    async with running_replies() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def app_on_replies(
    start_application: StartApplication, replies: RepliesServer
) -> Application:
    """The program."""
    return await start_application(settings=settings_of(replies))


def settings_of(replies: RepliesServer) -> dict[str, str]:
    """What leads a program to the server."""
    return {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{replies.url}/v1",
        "OPENAI_MODEL": "scripted",
    }
