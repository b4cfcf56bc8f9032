"""What all tests share: how often a drill is repeated, and the PostgreSQL server."""

from collections.abc import Iterator

import pytest

from tests.servers.postgres import Postgres, running_postgres


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that `make drills` gives."""
    parser.addoption(
        "--full-count", action="store_true", help="repeat each drill as often as it is meant to be"
    )


@pytest.fixture
def full_count(request: pytest.FixtureRequest) -> bool:
    """Whether drills are repeated at full count; in `make test` each is played once."""
    return bool(request.config.getoption("--full-count"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The one PostgreSQL server of the run."""
    with running_postgres() as server:
        yield server
