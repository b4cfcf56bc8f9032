"""What Chainlit's routes are not asked: what has no form, is too long, or is switched off."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from chainlit import server
from chainlit.auth import get_current_user
from chainlit.config import config
from chainlit.user import User
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from access.guard.user_limits import LIMITS, LimitReached, UserLimits
from datalayer.errors import StepGone, StoreUnavailable
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.sql.sqlite.store import SqliteStore
from patches.http.guarded_routes import closed_router, guarded_router
from routes.limits import limit_reached
from routes.middleware.malformed import invalid
from routes.middleware.reader import Reader
from routes.unavailable import unavailable
from storage.local.storage import LocalStorage

ADA = User(identifier="ada")


@pytest.fixture
async def layer(tmp_path: Path) -> AsyncIterator[KeepchatDataLayer]:
    store = SqliteStore(tmp_path / "guarded.db")
    await store.migrate()
    layer = KeepchatDataLayer(store, LocalStorage(tmp_path / "files"))
    yield layer
    await layer.close()


@pytest.fixture
async def client(
    layer: KeepchatDataLayer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    await layer.create_user(ADA)
    monkeypatch.setattr(server, "get_data_layer", lambda: layer)
    monkeypatch.setattr("chainlit.data.acl.get_data_layer", lambda: layer)
    handlers: Any = {
        RequestValidationError: invalid,
        LimitReached: limit_reached,
        StoreUnavailable: unavailable,
    }
    app = FastAPI(exception_handlers=handlers, openapi_url=None)
    app.add_middleware(Reader)
    limits = UserLimits({name: limit.default for name, limit in LIMITS.items()})
    for router in (closed_router(), guarded_router(layer, limits, ""), server.router):
        app.include_router(router)
    app.dependency_overrides[get_current_user] = lambda: ADA
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
        yield found


@pytest.mark.parametrize(
    ("pagination", "status"),
    [
        ({"first": 20}, 200),
        ({"first": 10**30}, 200),
        ({"first": 0}, 400),
        ({"first": -1}, 400),
        ({"first": 1.5}, 422),
        ({"first": 20, "cursor": "x"}, 400),
        ({"first": 20, "cursor": "\0"}, 400),
        ({"first": 20, "cursor": "é" * 10_000}, 400),
        ({"first": 20, "cursor": 5}, 422),
    ],
)
async def test_a_page_of_threads(
    client: httpx.AsyncClient, pagination: dict[str, Any], status: int
) -> None:
    body = {"pagination": pagination, "filter": {"search": "\0"}}
    assert (await client.post("/project/threads", json=body)).status_code == status


async def test_no_page_has_more_than_a_hundred_threads(
    client: httpx.AsyncClient, layer: KeepchatDataLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    listing = layer.list_threads

    async def list_threads(pagination: Any, filters: Any) -> Any:
        asked.append(pagination.first)
        return await listing(pagination, filters)

    monkeypatch.setattr(layer, "list_threads", list_threads)
    await client.post("/project/threads", json={"pagination": {"first": 10**9}, "filter": {}})
    assert asked == [100]


async def test_only_a_session_is_put_into_its_cookie(client: httpx.AsyncClient) -> None:
    path, session = "/set-session-cookie", str(uuid.uuid4())
    reply = await client.post(path, json={"session_id": session})
    assert reply.cookies["X-Chainlit-Session-id"] == session
    wrong: tuple[Any, ...] = (None, [], "x", 5, {}, {"session_id": None}, {"session_id": "a\r\nb"})
    for body in wrong:
        reply = await client.post(path, json=body)
        assert (reply.status_code, "set-cookie" in reply.headers) == (422, False), body


async def test_a_name_and_a_comment_have_an_end(
    client: httpx.AsyncClient, layer: KeepchatDataLayer, caplog: pytest.LogCaptureFixture
) -> None:
    user = await layer.get_user("ada")
    assert user
    thread, step = str(uuid.uuid4()), str(uuid.uuid4())
    await layer.update_thread(thread, name="Ada's", user_id=user.id)
    await layer.create_step({"id": step, "threadId": thread, "type": "run", "name": "x"})
    rename = {"threadId": thread, "name": "n" * 4_000}
    assert (await client.put("/project/thread", json=rename)).status_code == 200
    rename["name"] += "n"
    reply = await client.put("/project/thread", json=rename, headers={"Accept-Language": "zh-CN"})
    assert (reply.status_code, reply.json()["detail"]) == (413, "名称最多 4 kB。请缩短。")
    feedback = {"forId": step, "threadId": thread, "value": 1, "comment": "c" * 16_001}
    reply = await client.put("/feedback", json={"feedback": feedback, "sessionId": "gone"})
    assert (reply.status_code, reply.json()["detail"]) == (
        413,
        "A comment may have 16 kB. Shorten it.",
    )
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == "'ada' has reached a limit: A name may have 4 kB. Shorten it."


@pytest.mark.parametrize(
    ("cause", "status"), [(StoreUnavailable(), 503), (StepGone(), 404), (ValueError(), 500)]
)
async def test_a_failed_feedback_says_why(
    client: httpx.AsyncClient,
    layer: KeepchatDataLayer,
    monkeypatch: pytest.MonkeyPatch,
    cause: Exception,
    status: int,
) -> None:
    async def upsert(feedback: Any) -> str:
        raise cause

    async def thread_of(*_: Any, **__: Any) -> str:
        return thread

    thread = str(uuid.uuid4())
    user = await layer.get_user("ada")
    assert user
    await layer.update_thread(thread, name="Ada's", user_id=user.id)
    monkeypatch.setattr(layer, "upsert_feedback", upsert)
    monkeypatch.setattr(layer, "get_step_thread", thread_of)
    feedback = {"forId": str(uuid.uuid4()), "threadId": thread, "value": 1}
    reply = await client.put("/feedback", json={"feedback": feedback, "sessionId": "gone"})
    assert reply.status_code == status


async def test_what_is_switched_off_is_not_there(client: httpx.AsyncClient) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"):
        assert (await client.get(path)).status_code == 404
        assert (await client.head(path)).status_code == 404
    for method in ("POST", "DELETE"):
        assert (await client.request(method, "/mcp", json={})).status_code == 404


def test_what_is_switched_on_is_left_to_chainlit(
    monkeypatch: pytest.MonkeyPatch, layer: KeepchatDataLayer
) -> None:
    monkeypatch.setattr(config.features, "mcp", SimpleNamespace(enabled=True))
    router: Any = guarded_router(layer, UserLimits(None), "")
    assert "/mcp" not in {route.path for route in router.routes}
