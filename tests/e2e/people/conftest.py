"""A team on one program: Anna and Bob, on each kind of database."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.builders import new_id
from tests.support.page.application import Application
from tests.support.page.database import Database, ServerDatabase
from tests.support.servers.model import ModelServer

ANNA = ("anna", "correct horse")
BOB = ("bob", "battery staple")


@dataclass(frozen=True, slots=True)
class Team:
    """The program, and its database."""

    app: Application
    database: Database


DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]


@pytest.fixture(scope="module")
def team_settings() -> dict[str, str]:
    """What a module's program is set to beside that."""
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=DATABASES)
async def running_team(
    request: pytest.FixtureRequest,
    project: Path,
    model: ModelServer,
    team_settings: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Team]:
    """The program with two accounts and sharing."""
    own = {"AUTH_MODE": "password", "THREAD_SHARING": "on"}
    settings = {**model.settings, **own, **team_settings}
    with ExitStack() as stack:
        server = None
        if request.param == "postgresql":
            postgres = request.getfixturevalue("postgres")
            server = ServerDatabase(postgres, stack.enter_context(postgres.database(new_id())))
            settings |= server.settings()
        app = Application(project, tmp_path_factory.mktemp("team") / "keepchat", settings)
        try:
            await app.start()
            for name, password in (ANNA, BOB):
                await app.manage("user", "add", name, "--password-stdin", typed=password)
            yield Team(app, server or app.database)
            await app.stop()
        finally:
            await app.kill()


@pytest.fixture
def team(running_team: Team) -> Team:
    """The running program; what it logs during the test may tell of no fault."""
    running_team.app.begin_test()
    return running_team
