"""Routes and events act on what is the asker's, on a real layer; what Chainlit does is left out."""

import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from chainlit import server
from chainlit.auth import get_current_user
from chainlit.element import CustomElement, Text
from chainlit.session import WebsocketSession
from chainlit.step import StepDict
from chainlit.types import Feedback
from chainlit.user import User
from fastapi import FastAPI, HTTPException

from access.guard.user_limits import LIMITS, LimitReached, UserLimits
from datalayer.errors import StoreUnavailable
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.base import Store
from datalayer.stores.sql.sqlite.store import SqliteStore
from patches.http.guarded_routes import as_if_missing, guarded_router
from patches.patch import Parts
from patches.socket import handlers as sockets
from routes.continuing import continuing_router
from routes.export.route import export_router
from routes.limits import limit_reached
from routes.sharing import sharing_router
from routes.unavailable import unavailable
from storage.local.storage import LocalStorage

pytestmark = pytest.mark.usefixtures("_unpatched")


ADA, BOB = "ada", "bob"
UNKNOWN = str(uuid.uuid4())


@dataclass
class House:
    """A thread of Ada's with an answer, its feedback, and elements; who asks is `asker`."""

    layer: KeepchatDataLayer
    store: Store
    client: httpx.AsyncClient
    thread_id: str = ""
    step_id: str = ""
    feedback_id: str = ""
    elements: dict[str, str] = field(default_factory=dict)
    asker: str | None = ADA
    reached: list[str] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> int:
        reply = await self.client.request(method, path, json=body)
        return reply.status_code


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    store = SqliteStore(tmp_path / "owners.db")
    await store.migrate()
    layer = KeepchatDataLayer(store, LocalStorage(tmp_path / "files"))
    handlers: Any = {StoreUnavailable: unavailable, LimitReached: limit_reached}
    app = FastAPI(exception_handlers=handlers)
    limits = UserLimits({name: limit.default for name, limit in LIMITS.items()})
    app.include_router(guarded_router(layer, limits, ""))
    app.include_router(sharing_router(store, layer, "", sharing=True))
    app.include_router(sharing_router(store, layer, "/off", sharing=False))
    app.include_router(export_router(store, layer, "", sharing=True))
    for prefix, is_on in (("", True), ("/off", False)):
        app.include_router(continuing_router(store, layer, prefix, sharing=is_on))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        house = House(layer, store, client)
        app.dependency_overrides[get_current_user] = lambda: (
            User(identifier=house.asker) if house.asker else None
        )
        _let_chainlit_note(house, monkeypatch)
        await _fill(house)
        yield house
    await layer.close()


def _let_chainlit_note(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "update_feedback",
        "delete_feedback",
        "update_thread_element",
        "delete_thread_element",
        "call_action",
    ):

        async def note(*_: Any, name: str = name) -> dict[str, bool]:
            house.reached.append(name)
            return {"success": True}

        monkeypatch.setattr(server, name, note)
    sessions = {
        name: SimpleNamespace(user=User(identifier=name), thread_id=str(uuid.uuid4()))
        for name in (ADA, BOB)
    }
    monkeypatch.setattr(WebsocketSession, "get_by_id", staticmethod(sessions.get))
    monkeypatch.setattr(WebsocketSession, "get", staticmethod(sessions.get))


async def _fill(house: House) -> None:
    owner = await house.layer.create_user(User(identifier=ADA))
    assert owner
    house.thread_id, house.step_id = str(uuid.uuid4()), str(uuid.uuid4())
    await house.layer.update_thread(house.thread_id, name="Ada's", user_id=owner.id)
    step = {"id": house.step_id, "threadId": house.thread_id, "type": "run", "name": "x"}
    await house.layer.create_step(cast(StepDict, step))
    feedback = Feedback(forId=house.step_id, value=1, comment="mine", threadId=house.thread_id)
    house.feedback_id = await house.layer.upsert_feedback(feedback)
    for element in (
        CustomElement(thread_id=house.thread_id, name="Resume", props={}),
        Text(thread_id=house.thread_id, name="a.txt", content="x"),
    ):
        await house.layer.create_element(element)
        house.elements[element.type] = element.id


def feedback_on(house: House, **changed: object) -> dict[str, Any]:
    feedback = {"forId": house.step_id, "threadId": house.thread_id, "value": 0, **changed}
    return {"feedback": feedback, "sessionId": "gone"}


def element_of(house: House, session: str = ADA, **changed: object) -> dict[str, Any]:
    element = {"id": house.elements["custom"], "threadId": house.thread_id, "type": "custom"}
    shown = {"name": "Resume", "display": "inline", "props": {}, "forId": house.step_id}
    return {"element": {**element, **shown, **changed}, "sessionId": session}


async def test_the_author_reaches_chainlit(house: House) -> None:
    assert await house.ask("PUT", "/feedback", feedback_on(house)) == 200
    assert await house.ask("PUT", "/feedback", feedback_on(house, threadId=None)) == 200
    assert await house.ask("DELETE", "/feedback", {"feedbackId": house.feedback_id}) == 200
    assert await house.ask("PUT", "/project/element", element_of(house)) == 200
    assert await house.ask("DELETE", "/project/element", element_of(house)) == 200
    action = {"action": {"name": "x", "payload": {}}, "sessionId": ADA}
    assert await house.ask("POST", "/project/action", action) == 200
    assert house.reached == [
        "update_feedback",
        "update_feedback",
        "delete_feedback",
        "update_thread_element",
        "delete_thread_element",
        "call_action",
    ]


@pytest.mark.parametrize(("asker", "status"), [(BOB, 404), (None, 401)])
async def test_nobody_else_does(house: House, asker: str | None, status: int) -> None:
    house.asker = asker
    own = asker or ADA
    for method, path, body in (
        ("PUT", "/feedback", feedback_on(house)),
        ("PUT", "/feedback", feedback_on(house, threadId=None)),
        ("DELETE", "/feedback", {"feedbackId": house.feedback_id}),
        ("PUT", "/project/element", element_of(house, own)),
        ("DELETE", "/project/element", element_of(house, own)),
        ("PUT", "/project/thread/share", {"threadId": house.thread_id, "isShared": True}),
        ("GET", f"/project/share/{house.thread_id}", None),
        ("GET", f"/keepchat/export/{house.thread_id}.md", None),
    ):
        assert await house.ask(method, path, body) == status, (method, path)
    assert house.reached == []


async def test_no_session_but_ones_own_is_used(house: House) -> None:
    for session in (BOB, "gone"):
        action = {"action": {"name": "x"}, "sessionId": session}
        assert await house.ask("POST", "/project/action", action) == 404
        assert await house.ask("PUT", "/project/element", element_of(house, session)) == 404
    foreign = {**feedback_on(house), "sessionId": BOB}
    assert await house.ask("PUT", "/feedback", foreign) == 404
    assert house.reached == []


@pytest.mark.parametrize(
    ("props", "status"),
    [({"a": "x" * 250_000}, 200), ({"a": "x" * 256_000}, 413), ({"x" * 256_000: 1}, 413)],
    ids=["full", "value", "name"],
)
async def test_an_element_has_an_end(house: House, props: dict[str, Any], status: int) -> None:
    assert await house.ask("PUT", "/project/element", element_of(house, props=props)) == status


async def test_an_element_is_json(house: House) -> None:
    given = json.dumps(element_of(house, props={"a": 0})).replace('"a": 0', '"a": NaN')
    headers = {"Content-Type": "application/json"}
    reply = await house.client.put("/project/element", content=given, headers=headers)
    assert reply.status_code == 422


async def test_only_custom_elements_where_they_are(house: House) -> None:
    for changed in (
        {"id": house.elements["text"]},
        {"id": str(uuid.uuid4())},
        {"id": "../x"},
        {"threadId": str(uuid.uuid4())},
        {"threadId": "../x"},
        {"threadId": None},
        {"forId": "../x"},
    ):
        for method in ("PUT", "DELETE"):
            body = element_of(house, **changed)
            assert await house.ask(method, "/project/element", body) == 404, changed
    assert house.reached == []


@pytest.mark.parametrize("wrong", ["../x", UNKNOWN, ""], ids=["path", "unknown", "empty"])
async def test_ids_that_name_nothing(house: House, wrong: str) -> None:
    assert await house.ask("PUT", "/feedback", feedback_on(house, forId=wrong)) == 404
    assert await house.ask("DELETE", "/feedback", {"feedbackId": wrong}) == 404
    body = {"threadId": wrong, "isShared": True}
    assert await house.ask("PUT", "/project/thread/share", body) == 404
    assert await house.ask("GET", f"/project/share/{wrong or 'x'}") == 404
    assert await house.ask("GET", f"/keepchat/export/{wrong or 'x'}.md") == 404
    other = feedback_on(house, threadId=wrong) if wrong else feedback_on(house, forId="x")
    assert await house.ask("PUT", "/feedback", other) == 404


async def test_a_share_is_for_all_who_have_signed_in_and_is_taken_back(house: House) -> None:
    body: dict[str, Any] = {"threadId": house.thread_id, "isShared": True}
    assert await house.ask("PUT", "/off/project/thread/share", body) == 404
    assert await house.ask("PUT", "/project/thread/share", body) == 200
    kept = await house.store.get_thread_metadata(house.thread_id)
    assert kept
    assert kept["is_shared"] is True
    assert kept["shared_at"]
    house.asker = BOB
    paths = [f"/project/share/{house.thread_id}", f"/keepchat/export/{house.thread_id}.md"]
    assert [await house.ask("GET", path) for path in paths] == [200, 200]
    shown = (await house.client.get(paths[0])).json()
    about = {"sharedBy", "sharedAt", "isOwn"}
    assert shown.keys() == {"id", "name", "createdAt", "metadata", "steps", "elements"} | about
    assert (shown["sharedBy"], shown["isOwn"]) == (ADA, False)
    assert shown["steps"][0].keys().isdisjoint({"feedback", "generation", "tags", "modes"})
    assert "objectKey" not in shown["elements"][0]
    assert await house.ask("GET", f"/off{paths[0]}") == 404
    house.asker = None
    assert [await house.ask("GET", path) for path in paths] == [401, 401]
    house.asker = ADA
    taken_back = {**body, "isShared": False}
    assert await house.ask("PUT", "/project/thread/share", taken_back) == 200
    assert await house.store.get_thread_metadata(house.thread_id) == {"is_shared": False}
    house.asker = BOB
    assert [await house.ask("GET", path) for path in paths] == [404, 404]


async def test_what_is_shared_is_copied_for_who_reads_it_while_it_is(house: House) -> None:
    path = f"/keepchat/share/{house.thread_id}/copy"
    house.asker = BOB
    assert await house.ask("POST", path) == 404
    await house.layer.create_user(User(identifier=BOB))
    await house.layer.update_thread(house.thread_id, metadata={"is_shared": True})
    assert await house.ask("POST", f"/off{path}") == 404
    reply = await house.client.post(path)
    assert reply.status_code == 200
    copy = reply.json()["thread"]
    assert await house.store.get_thread_author(copy) == BOB
    assert await house.store.get_thread_metadata(copy) == {}
    assert await house.store.get_thread_author(house.thread_id) == ADA
    house.asker = None
    assert await house.ask("POST", path) == 401


async def test_a_database_that_is_away_is_said_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise StoreUnavailable

    for name in ("get_thread_author", "get_thread_metadata", "get_step", "get_feedback_step"):
        monkeypatch.setattr(house.store, name, away)
    assert await house.ask("PUT", "/feedback", feedback_on(house)) == 503
    assert await house.ask("DELETE", "/feedback", {"feedbackId": house.feedback_id}) == 503
    assert await house.ask("GET", f"/project/share/{house.thread_id}") == 503
    assert await house.ask("POST", f"/keepchat/share/{house.thread_id}/copy") == 503
    assert await house.ask("GET", f"/keepchat/export/{house.thread_id}.md") == 503


# The socket


def question(**changed: object) -> dict[str, Any]:
    message = {"id": str(uuid.uuid4()), "type": "user_message", "output": "Why?", "threadId": ""}
    return {"message": {**message, **changed}}


@pytest.fixture
def reached(house: House, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has reached Chainlit's handlers, before which ours are put."""
    reached: list[str] = []
    handlers: dict[str, Any] = {}
    for event in ("client_message", "message_favorite"):

        async def note(sid: str, payload: Any, event: str = event) -> None:
            reached.append(f"{event} of {sid}")

        handlers[event] = note
    monkeypatch.setattr(server.sio, "handlers", {"/": handlers})
    parts = cast(Parts, SimpleNamespace(layer=house.layer))
    sockets.check_message(parts)
    sockets.check_star(parts)
    return reached


async def send(event: str, sid: str, payload: Any) -> None:
    await server.sio.handlers["/"][event](sid, payload)


async def test_messages_and_stars_are_the_users_own(house: House, reached: list[str]) -> None:
    for sid in (ADA, BOB, "gone"):
        await send("client_message", sid, question())
        await send("client_message", sid, question(id=house.step_id))
        await send("message_favorite", sid, question(id=house.step_id))
        await send("message_favorite", sid, question())
    # A question under another's id gets as far as the store, which refuses it.
    assert reached == [
        "client_message of ada",
        "client_message of ada",
        "message_favorite of ada",
        "client_message of bob",
        "client_message of bob",
    ]


async def test_what_is_no_question_is_refused_before_anything_is_asked(
    house: House, reached: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KeepchatDataLayer, "get_step_thread", None)
    for event in ("client_message", "message_favorite"):
        await send(event, ADA, question(type="assistant_message"))
        await send(event, ADA, "text")
    assert reached == []


async def test_the_chat_goes_on_without_its_database(
    house: House, reached: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(house.store, "get_step", away)
    for event in ("client_message", "message_favorite"):
        await send(event, ADA, question())
    assert reached == ["client_message of ada"]


async def test_what_has_not_the_form_of_its_kind_is_refused(house: House) -> None:
    for action in ({}, {"name": "x"}, {"name": 5, "payload": {}}, {"name": "x", "other": 1}):
        body = {"action": action, "sessionId": ADA}
        assert await house.ask("POST", "/project/action", body) == 422, action
    wrong: tuple[dict[str, Any], ...] = (
        {"name": None},
        {"display": "none"},
        {"display": []},
        {"props": "x"},
    )
    for changed in wrong:
        for method in ("PUT", "DELETE"):
            body = element_of(house, **changed)
            assert await house.ask(method, "/project/element", body) == 422, changed
    assert house.reached == []


async def test_a_foreign_thread_is_as_if_it_were_not_there(house: House) -> None:
    is_author = as_if_missing(house.layer)
    assert await is_author(ADA, house.thread_id)
    said = set()
    for thread_id in (house.thread_id, UNKNOWN, "../x"):
        with pytest.raises(HTTPException) as refused:
            await is_author(BOB, thread_id)
        said.add((refused.value.status_code, refused.value.detail))
    assert len(said) == 1
