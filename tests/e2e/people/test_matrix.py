"""Everybody at every door: each route and each event that the program has, found from itself.

Who is nobody, somebody else or removed reads and changes nothing of the owner's; every refusal is a
clear 4xx in one form, nothing is a 500, and no answer shows a way through the program.
"""

import json
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, cast
from urllib.parse import quote

import httpx2
import pytest
import pytest_asyncio
from socketio.exceptions import BadNamespaceError
from socketio.exceptions import ConnectionError as Refused

from access.guard.events import RULES
from tests.support.page.application import Application
from tests.support.page.routes import ROUTES, filled, method_of
from tests.support.page.socket import Header, SocketPage, signed_in, socket_page
from tests.support.page.stored import SQLITE, STORES, Server, on_server
from tests.support.page.world import PEOPLE, SECRET, SETTINGS, World, fill, running_world
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

MISSING = str(uuid.uuid4())
OTHERS = ("nobody", "bob", "carl")
COPIES = "POST /keepchat/share/{thread_id}/copy"
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
def world(running: World) -> Iterator[World]:
    """The running program; what it logs during the test may tell of no fault."""
    running.app.begin_test()
    running.app.expect_in_log("using an unsupported version of the Socket.IO")
    running.app.expect_in_log("Authentication failed in websocket connect")
    running.app.expect_in_log("Authorization for the")
    yield running
    assert running.app.complaints() == []


ENDS = "POST /logout"  # the session of whoever asks
OF_ANOTHER_FORM = ("MOUNT /ws/socket.io", "GET /files/")  # read by a library, and by people


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
    if door == ENDS and reply.is_success:
        await world.sign_in_again(who)
    return reply


def told(reply: httpx2.Response) -> tuple[int, str]:
    """Return what somebody learns by an answer."""
    return reply.status_code, reply.text


@on_one_store
def test_every_door_has_a_rule(world: World) -> None:
    assert world.doors.routes == frozenset(ROUTES), "A new route needs a rule in this test."
    assert world.doors.events == frozenset(RULES), "A new event needs one in access/guard/events."


async def test_nobody_else_gets_through(world: World) -> None:
    before = await world.settled()
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
        for who in OTHERS if rule.owned else ():
            foreign = told(await ask(world, who, door))
            assert foreign == told(await ask(world, who, door, missing)), (door, who)
            for kind in kinds:  # one of several that is hers
                hers = {**missing, kind: world.ids[kind]}
                assert foreign == told(await ask(world, who, door, hers)), (door, who, kind)


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
    before = await world.settled()
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
    before = await world.settled()
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
    before = await world.settled()
    for door in ROUTES:
        if door.split()[0] in ("POST", "PUT", "DELETE", "MOUNT"):
            for headers in FOREIGN_PAGES:
                reply = await ask(world, "anna", door, headers=headers)
                assert reply.status_code == 403, (door, headers)
    for headers in FOREIGN_PAGES:
        with pytest.raises(Refused):
            async with socket_page(world.app, world.cookies["anna"], headers=[*headers.items()]):
                pass
    assert world.stored() == before


def token_of(world: World, who: str) -> str:
    return world.cookies[who].partition("=")[2]


def in_pieces(token: str) -> str:
    """Return a token as a browser has one that is too long for a cookie."""
    return f"access_token_0={token[:99]}; access_token_1={token[99:]}"


def bearer(token: str) -> Header:
    return ("Authorization", f"Bearer {token}")


def two_logins(first: str, second: str) -> dict[str, list[Header]]:
    """Return all ways to send two logins at once."""
    cookie, other = f"access_token={first}", f"access_token={second}"
    return {
        "cookie, bearer": [("Cookie", cookie), bearer(second)],
        "bearer, cookie": [bearer(second), ("Cookie", cookie)],
        "pieces, bearer": [("Cookie", in_pieces(first)), bearer(second)],
        "cookie, pieces": [("Cookie", f"{cookie}; {in_pieces(second)}")],
        "pieces, cookie": [("Cookie", f"{in_pieces(second)}; {cookie}")],
        "pieces, pieces": [("Cookie", f"{in_pieces(first)}; {in_pieces(second)}")],
        "two of a name": [("Cookie", f"{other}; {cookie}")],
        "cookies": [("Cookie", cookie), ("Cookie", other)],
        "bearers": [bearer(first), bearer(second)],
    }


def one_login(token: str, other: str) -> dict[str, list[Header]]:
    """Return all ways to send one login, and beside it what is none."""
    hidden = f"access_token\u00a0={other}"  # read in another way by the socket's server
    cookie = f"access_token={token}"
    return {
        "cookie": [("Cookie", cookie)],
        "pieces": [("Cookie", in_pieces(token))],
        "bearer": [bearer(token)],
        "both": [bearer(token), ("Cookie", cookie)],
        "for a proxy": [("Authorization", "Basic Og=="), ("Cookie", cookie)],
        "hidden, after": [("Cookie", f"{cookie}; {hidden}")],
        "hidden, before": [("Cookie", f"{hidden}; {cookie}")],
    }


def httpx_headers(headers: Sequence[Header]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers]


async def test_of_two_logins_none_counts(world: World) -> None:
    """Whether both live or one is dead, and whosever they are; also one and the same twice."""
    before = await world.settled()
    hers, his, dead = (token_of(world, who) for who in ("anna", "bob", "carl"))
    for first, second in ((his, hers), (hers, dead), (dead, hers)):
        for how, headers in two_logins(first, second).items():
            for door in ROUTES:
                reply = await ask(world, "nobody", door, headers=httpx_headers(headers))
                assert reply.status_code == 400, (door, how)
            with pytest.raises(Refused):
                async with socket_page(world.app, "", headers=headers):
                    pytest.fail(how)
    assert world.stored() == before


async def test_of_one_login_all_ways_count(world: World) -> None:
    hers, his, dead = (token_of(world, who) for who in ("anna", "bob", "carl"))
    for how, headers in one_login(hers, his).items():
        reply = await world.client("nobody").get("/user", headers=httpx_headers(headers))
        assert reply.json()["identifier"] == "anna", how
        async with socket_page(world.app, "", headers=headers) as page:
            await page.barrier()
            assert page.is_connected, how
    for how, headers in one_login(his, hers).items():
        for named in ({"threadId": world.ids["thread"]}, {"sessionId": world.ids["session"]}):
            with pytest.raises(Refused):
                async with socket_page(world.app, "", headers=headers, **named):
                    pytest.fail(how)
    for how, headers in one_login(dead, hers).items():
        for door, rule in ROUTES.items():
            if rule.owned or rule.personal:
                reply = await ask(world, "nobody", door, headers=httpx_headers(headers))
                assert told(reply) == told(await ask(world, "nobody", door)), (door, how)
        with pytest.raises(Refused):
            async with socket_page(world.app, "", headers=headers):
                pytest.fail(how)


async def test_a_login_that_was_ended_is_as_none(world: World) -> None:
    """By its owner, in each of the ways that there are; it opens nothing, and ends what is open."""
    for end in ("/logout", "/keepchat/account/sessions"):
        ended, kept = [await signed_in(world.app, "anna", PEOPLE["anna"]) for _ in range(2)]
        async with socket_page(world.app, ended) as page:
            await page.barrier()
            before = await world.settled()
            if end == "/logout":
                await world.request("POST", end, ended)
            else:
                await world.request("DELETE", end, kept)
                world.cookies["anna"] = kept
                await world.forget("anna")
            await until(lambda: not page.is_connected, "the end of the page")
            assert page.all_heard("reload")
        world.cookies["gone"] = ended
        await world.forget("gone")
        for door, rule in ROUTES.items():
            if rule.owned or rule.personal:
                reply = told(await ask(world, "gone", door))
                assert reply == told(await ask(world, "nobody", door)), door
        with pytest.raises(Refused):
            async with socket_page(world.app, ended, sessionId=page.session_id):
                pass
        async with socket_page(world.app, kept, sessionId=page.session_id) as page:
            await page.barrier()  # who has signed in anew goes on where they were
            assert page.is_connected
        assert world.stored() == before


async def test_others_get_no_page_of_the_owners(world: World) -> None:
    for who in ("nobody", "carl"):
        with pytest.raises(Refused):
            async with socket_page(world.app, world.cookies.get(who, "x=1")):
                pass
    await others_open_no_page(world)


async def others_open_no_page(world: World) -> None:
    """Look that what is the owner's opens for nobody else who is signed in."""
    for kind in ("thread", "session"):
        named: dict[str, Any] = {f"{kind}Id": world.ids[kind]}
        with pytest.raises(Refused):
            async with socket_page(world.app, world.cookies["bob"], **named):
                pass


async def test_a_page_that_was_open_before_its_person_was_removed(world: World) -> None:
    await world.add(dora="light bulb")
    async with socket_page(world.app, world.cookies["dora"]) as page:
        await page.barrier()
        before = await world.settled()
        await world.remove("dora")
        ids = {**world.ids, "session": page.session_id}
        for door, rule in ROUTES.items():
            if rule.owned or rule.personal:
                assert (await ask(world, "dora", door, ids)).status_code in (401, 404, 422), door
        with suppress(BadNamespaceError):  # it is ended by itself, too
            await page.ask(f"What is the capital of France? {SECRET}")
            for event, sent in played(world):
                await page.emit(event, *sent)
        await until(lambda: not page.is_connected, "the end of the page")
        assert not page.all_heard("first_interaction")
    assert world.stored() == before


def played(world: World) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield each event as a page sends it, under ids of the owner's."""
    shown = {name: world.ids[name] for name in ("thread", "question")}
    message = {"type": "user_message", "output": "Changed", "metadata": {"favorite": True}}
    for event, rule in RULES.items():
        if rule.shapes:
            for thread in ("", shown["thread"]):
                named = {**message, "id": shown["question"], "threadId": thread, "parentId": thread}
                yield event, ({"message": named} if "message" in event else {"system_prompt": "x"},)
        elif not rule.by_server:
            yield event, ()


async def test_events_that_no_page_sends(world: World) -> None:
    """Of another user's: under the owner's ids, in wrong forms, and those of the server's own."""
    before = await world.settled()
    ids = world.ids
    wrong: tuple[Any, ...] = (None, 5, "x", [], {}, {"message": None}, {"message": {}})
    forged = {"HTTP_COOKIE": world.cookies["anna"]}
    auth = {"sessionId": ids["session"], "clientType": "webapp", "threadId": ids["thread"]}
    async with socket_page(world.app, world.cookies["bob"]) as page:
        await page.barrier()
        await page.emit("connect", forged, auth)
        await page.emit("disconnect", "transport close")
        for event in RULES:
            for made_up in wrong:
                await page.emit(event, made_up)
                await page.emit(event, made_up, made_up)
            await page.barrier()
        for event, sent in played(world):
            await page.emit(event, *sent)
        await page.barrier()
        assert page.is_connected
        assert SECRET not in json.dumps(page.heard)
    assert world.stored() == before


async def test_a_shared_conversation_is_read_and_not_changed(world: World) -> None:
    thread, element = world.ids["thread"], world.ids["element"]
    shown = {
        f"/project/share/{thread}",
        f"/files/{thread}/{element}/any",
        f"/keepchat/export/{thread}.md",
    }
    notes = f"/keepchat/answers/{thread}"
    await share(world, shared=True)
    before = await world.settled()
    for who, status in (("bob", 200), ("carl", 401), ("nobody", 401)):
        for path in shown:
            reply = await world.client(who).get(path)
            assert (reply.status_code, SECRET in reply.text) == (status, status == 200), path
            assert world.ids["feedback"] not in reply.text
        reply = await world.client(who).get(notes)
        assert (reply.status_code, world.ids["step"] in reply.text) == (status, status == 200)
    shown.add(notes)
    for door, rule in ROUTES.items():
        is_read = method_of(door) in ("GET", "HEAD") and filled(rule.path, world.ids) in shown
        if rule.owned and not is_read:
            for who in OTHERS if door != COPIES else ("nobody", "carl"):  # what is Bob's then
                assert (await ask(world, who, door)).status_code >= 400, (who, door)
    await others_open_no_page(world)
    async with socket_page(world.app, world.cookies["bob"]) as page:
        for event, sent in played(world):
            await page.emit(event, *sent)
        await page.barrier()
        assert SECRET not in json.dumps(page.heard)
    assert world.stored() == before
    await share(world, shared=False)
    for path in shown:
        gone = await world.client("bob").get(path)
        absent = await world.client("bob").get(path.replace(thread, MISSING))
        assert told(gone) == told(absent) == (404, gone.text), path


async def test_answers_are_changed_in_ones_own_pages_alone(world: World) -> None:
    """Whichever page and step is named, and whatever is to be done."""
    his = await fill(world, "bob", "an elk")
    hers = world.ids
    async with (
        opened(world, "anna", hers["thread"]) as her_page,
        opened(world, "bob", his["thread"]) as his_page,
    ):
        before = await world.settled()
        begun = [turns(her_page), turns(his_page)]
        for action in ("again", "goOn", "branch", "show"):
            for who, thread, step, page, status in (
                ("bob", hers["thread"], hers["step"], her_page, 404),
                ("bob", hers["thread"], his["step"], his_page, 404),
                ("bob", his["thread"], hers["step"], her_page, 409),
                ("bob", his["thread"], hers["question"], his_page, 409),
                ("bob", his["thread"], MISSING, his_page, 409),
                ("nobody", hers["thread"], hers["step"], her_page, 401),
                ("carl", hers["thread"], hers["step"], her_page, 401),
            ):
                asked = {"action": action, "step": step, "session": page.session_id}
                reply = await world.client(who).post(f"/keepchat/answers/{thread}", json=asked)
                assert reply.status_code == status, (action, who, reply.text)
                assert SECRET not in reply.text
        assert begun == [turns(her_page), turns(his_page)], "nothing was begun"
        assert world.stored() == before
        named = {"action": "again", "step": his["step"], "session": her_page.session_id}
        reply = await world.client("bob").post(f"/keepchat/answers/{his['thread']}", json=named)
        assert reply.status_code == 200, reply.text
        await until(lambda: turns(his_page) == (begun[1][0] + 1, begun[1][1] + 1), "the answer")
        assert turns(her_page) == begun[0]
        assert world.stored() == before


def turns(page: SocketPage) -> tuple[int, int]:
    """Return how often a page was told that something is answered, and that it has ended."""
    return len(page.all_heard("task_start")), len(page.all_heard("task_end"))


@asynccontextmanager
async def opened(world: World, who: str, thread_id: str) -> AsyncIterator[SocketPage]:
    """Open a page of somebody's conversation."""
    async with socket_page(world.app, world.cookies[who], threadId=thread_id) as page:
        await until(lambda: page.all_heard("resume_thread"), "the conversation")
        yield page


async def share(world: World, *, shared: bool) -> None:
    given = {"threadId": world.ids["thread"], "isShared": shared}
    reply = await world.client("anna").put("/project/thread/share", json=given)
    assert reply.status_code == 200


@on_one_store
async def test_what_a_page_says_of_a_conversation_has_an_end(world: World) -> None:
    """However often it says so, in however many ways."""
    hers = replace(world, ids=await fill(world, "anna", SECRET))
    before = sum(map(len, hers.stored()))
    many = "x" * 20_000
    feedback = {"forId": hers.ids["step"], "threadId": hers.ids["thread"], "value": 1}
    comment = {"feedback": {**feedback, "comment": many}, "sessionId": "x"}
    name = {"threadId": hers.ids["thread"], "name": many}
    async with socket_page(world.app, world.cookies["anna"], threadId=hers.ids["thread"]) as page:
        await until(lambda: page.all_heard("resume_thread"), "the conversation")
        await page.emit("chat_settings_change", {"system_prompt": many})
        for number in range(20):
            await page.emit("chat_settings_change", {"system_prompt": many * 10})
            await page.emit("chat_settings_change", {f"{number}": many, "system_prompt": many})
            assert (await world.client("anna").put("/feedback", json=comment)).status_code == 413
            assert (await world.client("anna").put("/project/thread", json=name)).status_code == 413
        await page.barrier()
    for told in ({"userEnv": json.dumps({"A": many})}, {"chatProfile": many}):
        with pytest.raises(Refused):
            async with socket_page(world.app, world.cookies["anna"], **cast(Any, told)):
                pass
    await until(lambda: many in str(world.thread("anna", hers.ids["thread"])["metadata"]), "it")
    assert sum(map(len, hers.stored())) < before + 64_000


async def test_the_owner_gets_what_is_hers(world: World) -> None:
    hers = replace(world, ids=await fill(world, "anna", SECRET))  # some of it goes
    for door, rule in ROUTES.items():
        reply = await ask(hers, "anna", door)
        assert reply.status_code in rule.own, (door, reply.status_code, reply.text[:200])
        if rule.personal and method_of(door) == "GET":
            assert reply.headers["cache-control"] == "no-store", door
    assert world.thread("anna", hers.ids["thread"]) is None
