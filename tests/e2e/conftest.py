"""One Chromium, one scripted model and one program for all; a fresh browser profile per test."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from compileall import compile_dir
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.support.page.application import PROJECT, Application, clone
from tests.support.page.browsing import PATIENCE_MS, Profile, running_chromium
from tests.support.page.chat import Chat
from tests.support.servers.model import ModelServer, running_model

OpenChat = Callable[..., Awaitable[Chat]]
StartApplication = Callable[..., Awaitable[Application]]

_HERE = Path(__file__).parent
_ARTIFACTS = PROJECT / "tests" / "artifacts"
_HAS_FAILED = pytest.StashKey[bool]()

expect.set_options(timeout=PATIENCE_MS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these tests in the loop that the browser and the servers live in."""
    for item in items:
        if item.path.is_relative_to(_HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether a test failed, for the fixtures that keep what it left."""
    report = yield
    item.stash[_HAS_FAILED] = item.stash.get(_HAS_FAILED, False) or report.failed
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser."""
    async with running_chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def model(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ModelServer]:
    """The scripted model."""
    async with running_model(tmp_path_factory.mktemp("model") / "aimock.log") as running:
        yield running


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all programs are copies of, taken once: the sources may change during a run.

    Compiled once, too: each program would do so for itself.
    """
    folder = tmp_path_factory.mktemp("project") / "keepchat"
    clone(folder)
    compile_dir(folder, quiet=1)
    return folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_application(
    project: Path, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Application]:
    """The program that all tests share which ask nothing special of its settings."""
    home = tmp_path_factory.mktemp("shared") / "keepchat"
    application = Application(project, home, model.settings)
    try:
        await application.start()
        yield application
        await application.stop()
    finally:
        await application.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def app(
    request: pytest.FixtureRequest, shared_application: Application
) -> AsyncIterator[Application]:
    """The running program."""
    async with in_test(request, shared_application):
        yield shared_application


@asynccontextmanager
async def in_test(request: pytest.FixtureRequest, application: Application) -> AsyncIterator[None]:
    """One test of many with a program: what it logs meanwhile may tell of no fault."""
    if not application.is_running:
        await application.start()
    application.begin_test()
    yield
    _judge_log(request, application)


@pytest_asyncio.fixture(loop_scope="session")
async def start_application(
    request: pytest.FixtureRequest, project: Path, model: ModelServer, tmp_path: Path
) -> AsyncIterator[StartApplication]:
    """Starts a program of the test's own; by default it asks the scripted model."""
    async with AsyncExitStack() as stack:

        async def start(*arguments: str, settings: Mapping[str, str] | None = None) -> Application:
            chosen = model.settings if settings is None else settings
            application = Application(project, tmp_path / "keepchat", chosen, *arguments)
            stack.push_async_callback(application.kill)
            stack.callback(_judge_log, request, application)
            stack.push_async_callback(application.stop)
            await application.start()
            return application

        yield start


@pytest_asyncio.fixture(loop_scope="session")
async def open_chat(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[OpenChat]:
    """Opens a program's page in a fresh profile, or in a second tab `beside` another page;
    where it wants a login, with a name and a password, or without waiting to come in."""
    profiles: list[Profile] = []

    async def open_page(
        application: Application,
        path: str = "/",
        *,
        locale: str = "en-US",
        beside: Chat | None = None,
        sign_in: tuple[str, str] | None = None,
        comes_in: bool = True,
    ) -> Chat:
        if beside is None:
            profiles.append(await Profile.new(browser, locale))
        context = beside.page.context if beside else profiles[-1].context
        chat = Chat(await context.new_page(), application.url)
        if not comes_in:
            await chat.page.goto(application.url + path)
        elif sign_in:
            await chat.sign_in(*sign_in, path=path)
        else:
            await chat.open(path if beside else application.way_in(path))
        return chat

    yield open_page
    for number, profile in enumerate(profiles, 1):
        if _has_failed(request):
            await profile.keep_pages(_artifacts(request), f"browser{number}")
        await profile.close()
    wrong = [complaint for profile in profiles for complaint in profile.complaints()]
    assert not wrong, "\n".join(wrong)


@pytest_asyncio.fixture(loop_scope="session")
async def chat(app: Application, open_chat: OpenChat) -> Chat:
    """The page of the shared program."""
    return await open_chat(app)


def _has_failed(request: pytest.FixtureRequest) -> bool:
    return bool(request.node.stash.get(_HAS_FAILED, False))


def _artifacts(request: pytest.FixtureRequest) -> Path:
    folder = _ARTIFACTS / re.sub(r"[^\w.-]+", "_", request.node.name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _judge_log(request: pytest.FixtureRequest, application: Application) -> None:
    wrong = application.complaints()
    if wrong or _has_failed(request):
        (_artifacts(request) / f"{application.home.name}.log").write_text(application.log())
    assert not wrong, "\n".join(wrong)
