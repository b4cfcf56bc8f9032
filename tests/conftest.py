"""What all tests share: how often a drill is repeated, what spares them time, and the servers."""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import settings

from tests.support.scheduling import E2E, ByModule, processes
from tests.support.servers.azurite import Azurite, running_azurite
from tests.support.servers.certificates import make_own
from tests.support.servers.dynamodb import DynamoDB, running_dynamodb
from tests.support.servers.postgres import Postgres, running_postgres
from tests.support.servers.seaweedfs import SeaweedFS, running_seaweedfs

FULL_COUNT = "full-count"
QUICK = "quick"
SAID = "said"  # the property of a test that holds it
WITHOUT_SERVERS = "not server and not slow"  # as `make quick` selects

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own in it
MEMORY_DISK = 1 << 30  # bytes that are free in it; a container has but 64 MB by itself


def free_memory_disk() -> int:
    """How many bytes of files memory takes, where the system has such a place."""
    return shutil.disk_usage(SHARED_MEMORY).free if SHARED_MEMORY.is_dir() else 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that `make drills` gives."""
    parser.addoption(
        "--full-count", action="store_true", help="repeat each drill as often as it is meant to be"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let property tests know, while they are imported, how many examples they are to play.

    A quick run plays a third of them, and keeps its files in memory: thousands of databases are
    made. None has a limit on time: how long one takes is said by what else the machine does.
    """
    settings.register_profile(FULL_COUNT, deadline=None)
    settings.register_profile("tests", deadline=None)
    settings.register_profile(QUICK, deadline=None, max_examples=30)
    is_quick = config.option.markexpr == WITHOUT_SERVERS
    if is_quick and free_memory_disk() >= MEMORY_DISK:
        tempfile.tempdir = os.environ["TMPDIR"] = str(SHARED_MEMORY)
    usual = QUICK if is_quick else "tests"
    settings.load_profile(FULL_COUNT if config.getoption("--full-count") else usual)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep modules and tests, which stay to the end, from the garbage collector.

    To look through them again and again takes a seventh of the processor's time of a quick run.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Mark what asks for a server, so that `make quick` leaves it out; run first what is longest,
    so that at the end no process waits for another.
    """
    for item in items:
        if isinstance(item, pytest.Function) and "may_serve" in item.fixturenames:
            item.add_marker(pytest.mark.server)
    yield
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> float:
    """Return what tests are sorted by: at full count those are first that may take longest."""
    if is_full_count():
        return -_limit(item)
    if item.nodeid.startswith(E2E):
        return 0
    return 1 if item.get_closest_marker("drill") else 2


def _limit(item: pytest.Item) -> float:
    """Return how many seconds a test may take at most, where it says so itself."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """As many as gain something."""
    return processes()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule | None:
    """The same for all runs of several processes that do not ask for another."""
    return ByModule(config, log) if config.option.dist == "load" else None


def is_full_count() -> bool:
    """Whether drills are repeated at full count, as a property test asks it."""
    return settings.get_current_profile_name() == FULL_COUNT


def examples(count: int) -> int:
    """How many examples a property test plays that has a count of its own: a quick run a third."""
    return count // 3 if settings.get_current_profile_name() == QUICK else count


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes what a drill counted, which is said at the end of the run."""
    return lambda said: record_property(SAID, said)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what drills counted, in whichever process they ran."""
    ended = (it for it in terminalreporter.getreports("") if it.when == "teardown")
    for name, said in (found for it in ended for found in it.user_properties):
        if name == SAID:
            terminalreporter.write_line(str(said))


@pytest.fixture
def full_count(request: pytest.FixtureRequest) -> bool:
    """Whether drills are repeated at full count; in `make test` each is played once."""
    return bool(request.config.getoption("--full-count"))


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """A hash takes long on purpose, and tests make many."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("access.login.accounts.passwords._hasher", cheap)
        patch.setattr("access.login.accounts.passwords.OF_NOBODY", cheap.hash("nobody"))
        yield


@pytest.fixture(scope="session")
def may_serve(pytestconfig: pytest.Config) -> None:
    """What every server asks for: its tests are marked by it."""
    if pytestconfig.option.markexpr == WITHOUT_SERVERS:
        pytest.fail("A test asks for a server by `getfixturevalue` alone: mark it `server`.")


@pytest.fixture(scope="session")
def postgres(may_serve: None) -> Iterator[Postgres]:
    """The one PostgreSQL server of the run."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def azurite(may_serve: None) -> Iterator[Azurite]:
    """The one Azurite of the run that takes keys and SAS tokens."""
    with running_azurite() as server:
        yield server


@pytest.fixture(scope="session")
def azurite_with_entra_id(
    may_serve: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Azurite]:
    """The one Azurite of the run that takes tokens of Entra ID, over https."""
    certificate = make_own(tmp_path_factory.mktemp("azurite"), "127.0.0.1")
    with running_azurite(certificate) as server:
        yield server


@pytest.fixture(scope="session")
def seaweedfs(may_serve: None) -> Iterator[SeaweedFS]:
    """The one S3 service of the run."""
    with running_seaweedfs() as server:
        yield server


@pytest.fixture(scope="session")
def dynamodb(may_serve: None) -> Iterator[DynamoDB]:
    """The one DynamoDB of the run."""
    with running_dynamodb() as server:
        yield server
