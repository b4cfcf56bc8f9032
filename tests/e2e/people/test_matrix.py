"""Everybody at every door: each route and each event that the program has, found from itself.

Who is nobody, somebody else or removed reads and changes nothing of the owner's; every refusal is a
clear 4xx in one form, nothing is a 500, and no answer shows a way through the program.
"""

import json
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
import pytest_asyncio
from socketio.exceptions import ConnectionError as Refused

from access.guard.events import RULES
from tests.support.page.application import Application
from tests.support.page.socket import socket_page
from tests.support.page.stored import SQLITE, STORES, Server, on_server
from tests.support.page.world import SECRET, SETTINGS, World, fill, running_world
from tests.support.servers.model import ModelServer

MISSING = str(uuid.uuid4())
OTHERS = ("nobody", "bob", "carl")
FOREIGN_PAGES: tuple[dict[str, str], ...] = (
    {"Origin": "http://evil.example"},
    {"Origin": "http://localhost:1"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


@pytest.fixture(scope="module", params=STORES)
def server(request: pytest.FixtureRequest) -> Iterator[Server | None]:
    """Where the program keeps what is said; None for a file of its own."""
    with on_server(request.param, request) as found:
        yield found


on_one_store = pytest.mark.parametrize("server", [SQLITE], indirect=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(
    project: Any,
    model: ModelServer,
    server: Server | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[World]:
    """The program, three people, and a conversation of one of them."""
    # What the limit is for is tested elsewhere.
    settings = {**model.settings, "USER_MAX_EVENTS": "10000", **SETTINGS}
    settings |= server.settings() if server else {}
    app = Application(project, tmp_path_factory.mktemp("matrix") / "keepchat", settings)
    async with running_world(app, server) as world:
        world.ids |= await fill(world, "anna", SECRET)
        yield world


@pytest.fixture
def world(running: World) -> World:
    """The running program; what it logs during the test may tell of no fault."""
    running.app.begin_test()
    running.app.expect_in_log("Authentication failed in websocket connect")
    running.app.expect_in_log("Authorization for the")
    return running


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route is: `path` and `body` name things by their kind, as in `{thread}`.

    `own` is what the owner gets; others get none of it where it is hers.
    """

    path: str
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    files: Any = None
    owned: bool = False
    personal: bool = False
    own: tuple[int, ...] = (200,)


_FEEDBACK = {"forId": "{step}", "threadId": "{thread}", "value": 1, "comment": SECRET}
_ELEMENT = {
    "element": {
        "id": "{element}",
        "threadId": "{thread}",
        "forId": "{question}",
        "type": "custom",
        "name": "x",
        "display": "inline",
        "props": {},
    },
    "sessionId": "{session}",
}
_NONE = (404,)
FILE = {"file": ("a.txt", b"x", "text/plain")}

ROUTES: Mapping[str, Rule] = {
    "GET /public/{filename:path}": Rule("/public/keepchat.js"),
    "GET /assets/{filename:path}": Rule("/assets/none.js", own=_NONE),
    "GET /copilot/{filename:path}": Rule("/copilot/none.js", own=_NONE),
    "GET /auth/config": Rule("/auth/config"),
    "POST /login": Rule("/login", {"username": "anna"}, own=(422,)),
    "POST /logout": Rule("/logout"),
    "POST /auth/jwt": Rule("/auth/jwt", own=(401,)),
    "POST /auth/header": Rule("/auth/header", own=(400,)),
    "GET /auth/oauth/{provider_id}": Rule("/auth/oauth/any", own=(400,)),
    "GET /auth/oauth/{provider_id}/callback": Rule("/auth/oauth/any/callback", own=(400,)),
    "POST /auth/oauth/azure-ad-hybrid/callback": Rule(
        "/auth/oauth/azure-ad-hybrid/callback", own=(400,)
    ),
    "GET /user": Rule("/user", personal=True),
    "POST /set-session-cookie": Rule("/set-session-cookie", {"session_id": "{session}"}),
    "GET /project/translations": Rule("/project/translations"),
    "GET /project/settings": Rule("/project/settings", personal=True),
    "PUT /feedback": Rule("/feedback", {"feedback": _FEEDBACK, "sessionId": "x"}, owned=True),
    "POST /project/threads": Rule(
        "/project/threads", {"pagination": {"first": 20}, "filter": {}}, personal=True
    ),
    "GET /project/thread/{thread_id}": Rule("/project/thread/{thread}", owned=True),
    "GET /project/share/{thread_id}": Rule("/project/share/{thread}", owned=True, own=_NONE),
    "GET /project/thread/{thread_id}/element/{element_id}": Rule(
        "/project/thread/{thread}/element/{element}", owned=True
    ),
    "PUT /project/element": Rule("/project/element", _ELEMENT, owned=True, own=_NONE),
    "DELETE /project/element": Rule("/project/element", _ELEMENT, owned=True, own=_NONE),
    "PUT /project/thread": Rule(
        "/project/thread", {"threadId": "{thread}", "name": SECRET}, owned=True
    ),
    "PUT /project/thread/share": Rule(
        "/project/thread/share", {"threadId": "{thread}", "isShared": False}, owned=True
    ),
    "POST /project/action": Rule(
        "/project/action",
        {"action": {"name": "x", "payload": {}}, "sessionId": "{session}"},
        owned=True,
        own=_NONE,
    ),
    "POST /mcp": Rule("/mcp", {"sessionId": "{session}", "name": "x"}, own=_NONE),
    "DELETE /mcp": Rule("/mcp", {"sessionId": "{session}", "name": "x"}, own=_NONE),
    "POST /project/file": Rule(
        "/project/file", query={"session_id": "{session}"}, files=FILE, owned=True
    ),
    "GET /project/file/{file_id}": Rule(
        "/project/file/{upload}", query={"session_id": "{session}"}, owned=True
    ),
    "GET /files/{thread_id}/{element_id}/{name:path}": Rule(
        "/files/{thread}/{element}/any", owned=True
    ),
    "HEAD /files/{thread_id}/{element_id}/{name:path}": Rule(
        "/files/{thread}/{element}/any", owned=True
    ),
    "GET /keepchat/export/{thread_id}.md": Rule("/keepchat/export/{thread}.md", owned=True),
    "GET /keepchat/notice": Rule("/keepchat/notice"),
    "GET /favicon": Rule("/favicon"),
    "GET /logo": Rule("/logo"),
    "GET /avatars/{avatar_id:str}": Rule("/avatars/Keepchat"),
    "HEAD /": Rule("/"),
    "GET /health": Rule("/health"),
    "GET /{full_path:path}": Rule("/thread/{thread}"),
    "MOUNT /ws/socket.io": Rule("/ws/socket.io/", own=(400,)),
    **{
        f"{method} {path}": Rule(path, own=_NONE)
        for method in ("GET", "HEAD")
        for path in ("/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json")
    },
    # Last: then it is gone.
    "DELETE /feedback": Rule("/feedback", {"feedbackId": "{feedback}"}, owned=True),
    "DELETE /project/thread": Rule("/project/thread", {"threadId": "{thread}"}, owned=True),
}


OF_ANOTHER_FORM = ("MOUNT /ws/socket.io", "GET /files/")  # read by a library, and by people


def method_of(door: str) -> str:
    """Return with which method to knock."""
    return door.split()[0].replace("MOUNT", "GET")


def filled(what: Any, ids: Mapping[str, str]) -> Any:
    """Return a rule's path or body with things in the place of their kinds."""
    if isinstance(what, dict):
        return {name: filled(value, ids) for name, value in what.items()}
    if isinstance(what, str) and "{" in what:
        return what.format_map(ids)
    return what


async def ask(
    world: World, who: str, door: str, ids: Mapping[str, str] | None = None, **given: Any
) -> httpx2.Response:
    """Go to a door as somebody, and look at what every answer has to be."""
    rule, method = ROUTES[door], method_of(door)
    chosen = world.ids if ids is None else ids
    sent: dict[str, Any] = {"params": filled(dict(rule.query), chosen)}
    if method not in ("GET", "HEAD") and rule.body is not None:
        sent["json"] = filled(rule.body, chosen)
    elif rule.files and "content" not in given:
        sent["files"] = rule.files
    path = quote(filled(rule.path, chosen), safe="/")
    reply = await world.client(who).request(method, path, **{**sent, **given})
    told = f"{who} at {door}: {reply.status_code} {reply.text[:200]!r}"
    assert reply.status_code < 500, told
    assert "Traceback" not in reply.text, told
    if reply.status_code >= 400 and method != "HEAD" and not door.startswith(OF_ANOTHER_FORM):
        assert list(reply.json()) == ["detail"], told
    if who != "anna":
        assert SECRET not in reply.text, told
    return reply


@on_one_store
def test_every_door_has_a_rule(world: World) -> None:
    assert world.doors.routes == frozenset(ROUTES), "A new route needs a rule in this test."
    assert world.doors.events == frozenset(RULES), "A new event needs one in access/guard/events."


async def test_nobody_else_gets_through(world: World) -> None:
    before = world.stored()
    for door, rule in ROUTES.items():
        for who in OTHERS:
            reply = await ask(world, who, door)
            if rule.owned:
                assert 400 <= reply.status_code < 500, (door, who)
            if (rule.owned or rule.personal) and who != "bob":
                assert reply.status_code in (401, 404, 422), (door, who)
    assert world.stored() == before


async def test_what_is_foreign_is_as_if_it_were_not_there(world: World) -> None:
    kinds = ("thread", "step", "element", "feedback", "question", "session", "upload")
    missing = dict.fromkeys(kinds, MISSING)
    for door, rule in ROUTES.items():
        if rule.owned:
            foreign = await ask(world, "bob", door)
            absent = await ask(world, "bob", door, missing)
            assert (foreign.status_code, foreign.text) == (absent.status_code, absent.text), door


MALFORMED: tuple[Any, ...] = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"\xff\xfe",
    b'{"a": NaN}',
    b'{"pagination": {"first": 1e400}, "filter": {}}',
    b'{"pagination": {"first": 9, "cursor": "\\ud800"}, "filter": {"search": "\\u0000"}}',
    b"[" * 50_000,
    b"1" * 5_000,
)
WRONG_IDS = ("\0", "../x", "x" * 300, "é" * 300, "\ud7ff", "%00", "1 OR 1=1", "{}")


async def test_malformed_bodies(world: World) -> None:
    before = world.stored()
    changing = [door for door in ROUTES if door.split()[0] in ("POST", "PUT", "DELETE")]
    kinds = ("application/json", "text/plain", "multipart/form-data", "\xff")
    for door in changing:
        for body in MALFORMED:
            for kind in kinds[:1] if body != b"{" else kinds:
                for who in ("nobody", "anna"):
                    headers = {"Content-Type": kind.encode("latin-1")}
                    given = {"content": body, "headers": headers, "json": None}
                    await ask(world, who, door, **given)
    assert world.stored() == before


async def test_malformed_ids(world: World) -> None:
    before = world.stored()
    for door in ROUTES:
        for wrong in WRONG_IDS:
            for who in ("bob", "anna"):
                await ask(world, who, door, dict.fromkeys(world.ids, wrong))
    assert world.stored() == before


@on_one_store
async def test_bodies_that_are_too_large(world: World) -> None:
    for door in ROUTES:
        if door.split()[0] in ("POST", "PUT", "DELETE"):
            for who in ("nobody", "anna"):
                reply = await ask(world, who, door, content=b"x" * 4_100_000, json=None)
                is_upload = door == "POST /project/file"  # has a limit of its own
                assert reply.status_code in ((401, 422) if is_upload else (413,)), (door, who)


@on_one_store
async def test_pages_of_other_origins_change_nothing(world: World) -> None:
    before = world.stored()
    for door in ROUTES:
        if door.split()[0] in ("POST", "PUT", "DELETE", "MOUNT"):
            for headers in FOREIGN_PAGES:
                reply = await ask(world, "anna", door, headers=headers)
                assert reply.status_code == 403, (door, headers)
    for headers in FOREIGN_PAGES:
        with pytest.raises(Refused):
            async with socket_page(world.app, world.cookies["anna"], headers=headers):
                pass
    assert world.stored() == before


async def test_two_logins_at_once_are_no_better_than_the_first(world: World) -> None:
    """Nobody gets at the owner's with a login of their own, or a dead one, beside a made-up one."""
    token = world.cookies["carl"].partition("=")[2]
    both = {"Authorization": f"Bearer {token}"}
    for door, rule in ROUTES.items():
        if rule.owned or rule.personal:
            for who in ("bob", "carl", "nobody"):
                reply = await ask(world, who, door, headers=both)
                assert reply.status_code >= 400 or not rule.owned, door
                if who != "bob":
                    assert reply.status_code >= 400, (door, who)


async def test_others_get_no_page_of_the_owners(world: World) -> None:
    for who in ("nobody", "carl"):
        with pytest.raises(Refused):
            async with socket_page(world.app, world.cookies.get(who, "x=1")):
                pass
    with pytest.raises(Refused):
        async with socket_page(world.app, world.cookies["bob"], threadId=world.ids["thread"]):
            pass
    with pytest.raises(Refused):
        async with socket_page(world.app, world.cookies["bob"], sessionId=world.ids["session"]):
            pass


async def test_events_that_no_page_sends(world: World) -> None:
    """Of another user's: under the owner's ids, in wrong forms, and those of the server's own."""
    before = world.stored()
    ids = world.ids
    wrong: tuple[Any, ...] = (None, 5, "x", [], {}, {"message": None}, {"message": {}})
    forged = {"HTTP_COOKIE": world.cookies["anna"]}
    auth = {"sessionId": ids["session"], "clientType": "webapp", "threadId": ids["thread"]}
    theirs = [
        {"message": {"id": ids[kind], "type": "user_message", "output": "Changed"}}
        for kind in ("question", "step")
    ]
    async with socket_page(world.app, world.cookies["bob"]) as page:
        await page.barrier()
        await page.emit("connect", forged, auth)
        await page.emit("disconnect", "transport close")
        for event in RULES:
            for sent in wrong:
                await page.emit(event, sent)
                await page.emit(event, sent, sent)
            await page.barrier()
        for event in ("edit_message", "message_favorite"):
            for sent in theirs:
                await page.emit(event, sent)
        await page.barrier()
        assert page.is_connected
        assert SECRET not in json.dumps(page.heard)
    assert world.stored() == before


async def test_a_shared_conversation_is_read_and_not_changed(world: World) -> None:
    share = {"threadId": world.ids["thread"], "isShared": True}
    anna = world.client("anna")
    assert (await anna.put("/project/thread/share", json=share)).status_code == 200
    before = world.stored()
    thread, element = world.ids["thread"], world.ids["element"]
    reading = [
        f"/project/share/{thread}",
        f"/files/{thread}/{element}/any",
        f"/keepchat/export/{thread}.md",
    ]
    for who, status in (("bob", 200), ("carl", 401), ("nobody", 401)):
        for path in reading:
            reply = await world.client(who).get(path)
            assert reply.status_code == status, (who, path)
    for door, rule in ROUTES.items():
        if rule.owned and not any(filled(rule.path, world.ids) == path for path in reading):
            for who in OTHERS:
                assert (await ask(world, who, door)).status_code >= 400, (who, door)
    assert world.stored() == before
    share["isShared"] = False
    assert (await anna.put("/project/thread/share", json=share)).status_code == 200


async def test_the_owner_gets_what_is_hers(world: World) -> None:
    hers = replace(world, ids=await fill(world, "anna", SECRET))  # some of it goes
    for door, rule in ROUTES.items():
        reply = await ask(hers, "anna", door)
        assert reply.status_code in rule.own, (door, reply.status_code, reply.text[:200])
        if rule.personal and method_of(door) == "GET":
            assert reply.headers["cache-control"] == "no-store", door
    assert world.thread("anna", hers.ids["thread"]) is None
