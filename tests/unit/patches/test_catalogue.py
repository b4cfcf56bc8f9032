"""The patches as a whole: in the order of the list, and once however often the code is loaded."""

import importlib
import pkgutil
from inspect import getmembers, isfunction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import chainlit.config
import chainlit.server
import pytest
from chainlit.config import config
from chainlit.server import sio
from chainlit.session import WebsocketSession
from fastapi import FastAPI
from starlette.routing import Route
from uvicorn.protocols.http import auto

import patches
from access.guard.answers import RunningAnswers
from access.guard.limits import UploadLimits, WaitingFiles
from access.guard.origins import Origins
from access.guard.requests import RequestLimits
from access.guard.session_files import SessionFiles
from access.guard.user_limits import UserLimits
from access.login.door import Door
from access.login.local_secret import LocalSecret
from access.login.modes.local import LocalLogin
from access.login.sessions import Sessions
from access.login.tokens import Tokens
from chat.live.running import LiveThreads
from chat.models.registry import Origin
from common.concurrency.tasks import TaskSet
from common.processes.ending import Ending
from datalayer.errors import StoreUnavailable
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.memory import MemoryStore
from patches import originals
from patches.catalogue import PATCHES, patch_code, patch_server
from patches.http import middlewares, routes
from patches.patch import Moment, Parts
from patches.socket.line import SocketLine
from routes.middleware.answer_after_body import AnswerAfterBody
from routes.middleware.deadline import Deadline
from routes.middleware.headers import SecurityHeaders
from routes.middleware.malformed import WellFormed
from routes.middleware.old_links import OldLinks
from routes.middleware.origins import OriginCheck
from routes.middleware.reader import Reader
from routes.middleware.request_bodies import RequestBodies

pytestmark = pytest.mark.usefixtures("_unpatched")


LIMITS = UploadLimits(files=2, megabytes=1, types=("*/*",), characters=1_000)
CHAINLITS = dict(sio.handlers["/"])


class CountingSessions(Sessions):
    """Say whether a login counts, and how often they were asked."""

    counts = True
    asked = 0

    def honours(self, token: str) -> bool:
        self.asked += 1
        return self.counts


@pytest.fixture
def sessions() -> CountingSessions:
    return CountingSessions(MemoryStore().accounts, Tokens("k" * 48), "local")


@pytest.fixture
def login(sessions: CountingSessions, tmp_path: Path) -> LocalLogin:
    return LocalLogin(sessions, LocalSecret(tmp_path / "local_token"))


@pytest.fixture
def parts(login: LocalLogin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Parts:
    """Parts as far as patches look at them while they are applied."""
    for feature in ("spontaneous_file_upload", "allow_thread_sharing"):
        monkeypatch.setattr(config.features, feature, None)
    monkeypatch.setattr(config.code, "on_chat_start", None)
    return cast(
        Parts,
        SimpleNamespace(
            prefix="/chat",
            layer=SimpleNamespace(reads=None),
            store=None,
            storage=None,
            links=None,
            login=login,
            hsts_s=0,
            requests=RequestLimits(),
            origins=Origins(),
            user_limits=UserLimits(None),
            limits=LIMITS,
            temporary=None,
            waiting_files=WaitingFiles(LIMITS, UserLimits(None)),
            session_files=SessionFiles(tmp_path / "session_files"),
            running=RunningAnswers(UserLimits(None)),
            live=LiveThreads(cast(KeepchatDataLayer, None), SocketLine()),
            elsewhere=None,
            actions=None,
            editing=None,
            sharing=False,
            models=SimpleNamespace(origin=Origin.SETTINGS),
            turns=None,
            options=None,
            background=TaskSet(),
            ending=Ending(),
            answers_s=0.0,
            readiness=None,
            meters=None,
            metrics_readers=None,
            lag=None,
        ),
    )


def test_each_patch_has_a_name_of_its_own_and_says_why_it_is_there() -> None:
    assert len({patch.name for patch in PATCHES}) == len(PATCHES)
    assert all(len(patch.why.split()) > 4 and patch.why.endswith(".") for patch in PATCHES)
    assert {patch.moment for patch in PATCHES} == set(Moment)


def test_requests_meet_the_patches_from_the_top_of_the_list(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = FastAPI()
    chainlits = list(server.router.routes)
    for module in (chainlit.config, chainlit.server):
        monkeypatch.setattr(module, "FILES_DIRECTORY", tmp_path / "files")
    monkeypatch.setattr(auto, "AutoHTTPProtocol", object)
    for module in (middlewares, routes):
        monkeypatch.setattr(module, "app", server)
    patch_server(parts)
    found: list[object] = [middleware.cls for middleware in server.user_middleware]
    assert found == [
        AnswerAfterBody,
        Reader,
        WellFormed,
        RequestBodies,
        Deadline,
        OriginCheck,
        Door,
        SecurityHeaders,
        OldLinks,
    ]
    ours = server.router.routes[: -len(chainlits)]
    assert server.router.routes[-len(chainlits) :] == chainlits
    paths = [route.path for route in ours if isinstance(route, Route)]
    assert paths[0] == "/chat/project/file"
    assert "/chat/feedback" in paths
    assert StoreUnavailable in server.exception_handlers


async def test_events_meet_the_patches_once_however_often_the_code_is_loaded(
    parts: Parts, sessions: CountingSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[Any] = []

    async def chainlits(sid: str, *sent: Any) -> None:
        reached.append(sent)

    session = SimpleNamespace(token="t", thread_id="")
    monkeypatch.setattr(WebsocketSession, "get", staticmethod({"sid": session}.get))
    handlers = dict.fromkeys(CHAINLITS, chainlits)
    monkeypatch.setattr(sio, "handlers", {"/": handlers})
    for _ in range(3):
        patch_code(parts)
    await handlers["window_message"]("sid", "hello")
    assert reached == [("hello",)]
    assert sessions.asked == 1
    originals.restore()
    assert handlers == dict.fromkeys(CHAINLITS, chainlits)


@pytest.mark.parametrize("event", sorted(CHAINLITS.keys() - {"connect", "disconnect"}))
async def test_an_ended_login_is_the_end_of_an_open_page(
    parts: Parts, sessions: CountingSessions, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[str] = []

    async def emit(event: str, *_: Any, to: str) -> None:
        gone.append(event)

    async def disconnect(sid: str) -> None:
        gone.append(sid)

    async def reached(*_: Any) -> None:
        pytest.fail("Chainlit is told of the event")

    session = SimpleNamespace(token="t", thread_id="", socket_id="sid")
    monkeypatch.setattr(WebsocketSession, "get", staticmethod({"sid": session}.get))
    monkeypatch.setattr(sio, "emit", emit)
    monkeypatch.setattr(sio, "disconnect", disconnect)
    monkeypatch.setattr(sio, "handlers", {"/": dict.fromkeys(CHAINLITS, reached)})
    sessions.counts = False
    patch_code(parts)
    await sio.handlers["/"][event]("sid", {"message": {}})
    assert gone == ["reload", "sid"]


def test_what_is_replaced_is_put_back(parts: Parts) -> None:
    class Owner:
        name = "Chainlit's"

    originals.replace(Owner, "name", lambda found: found + " and ours")
    originals.replace(Owner, "name", lambda found: found + " and ours")
    assert Owner.name == "Chainlit's and ours and ours"
    originals.restore()
    assert Owner.name == "Chainlit's"


def test_all_changes_are_in_the_list() -> None:
    """Each function of a module of patches that takes the parts first is applied by an entry."""
    applied = {patch.apply for patch in PATCHES}
    infos = pkgutil.walk_packages(patches.__path__, "patches.")
    modules = [importlib.import_module(info.name) for info in infos]
    found = {function for module in modules for _, function in getmembers(module, isfunction)}
    takes_parts = {it for it in found if next(iter(it.__annotations__.values()), None) is Parts}
    assert applied <= takes_parts
    assert {it.__qualname__ for it in takes_parts - applied} == {"patch_code", "patch_server"}
