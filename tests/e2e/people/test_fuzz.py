"""Whatever anybody sends, there is no 500, nobody's data is touched, and memory and disk are bound.

Schemathesis makes requests of what OpenAPI has to say of the routes; Hypothesis makes others byte
by byte, and what is sent over the socket. `make drills` chooses anew each time, and prints by which
number: `--hypothesis-seed` takes it.
"""

import asyncio
import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import requests

from tests.support.fuzz.described import Described, described_requests
from tests.support.fuzz.packets import Line, Talk, auth_of_page, connect, talks
from tests.support.fuzz.play import play
from tests.support.fuzz.requests import ANSWER_S, RawRequest, answer_to, raw_requests
from tests.support.fuzz.usage import Usage
from tests.support.page.application import Application
from tests.support.page.socket import socket_page
from tests.support.page.world import SECRET, SETTINGS, World, fill, running_world
from tests.support.servers.model import KEY
from tests.support.servers.replies import running_replies

DESCRIBED, RAW, PACKETS = 800, 500, 700
FULL_COUNT = 10  # times as many
AT_ONCE = 12  # raw requests that wait for their answer
# What the program may take beyond what it has at first (docs/security.md). Memory: two passwords
# are hashed at once, in 64 MB each, and a few requests have bodies of 4 MB. Disk: what one person
# may store, and the log.
MEMORY_MB, DISK_MB = 300, 100
# Those on what one user may do at once are tested elsewhere, and would end this at once.
LIMITS = {"USER_MAX_EVENTS": "1000000", "REQUEST_TIMEOUT_S": "2"}
# What Chainlit has to say of refusals.
HARMLESS = (
    "Authentication failed in websocket connect",
    "Authorization for the",
    "Could not find step to update favorite status",
)
PEOPLE = ("bob", "bob", "bob", "nobody", "carl", "anna")  # each as often as they act


@dataclass
class Fuzz:
    """What is done to the program, by which number it is chosen, and what was found."""

    world: World
    session: str
    times: int
    number: int
    done: int = 0
    faults: list[str] = field(default_factory=list)

    async def things(self) -> list[dict[str, str]]:
        """What there is, by kind: bob's own, made anew, and the owner's."""
        own = await fill(self.world, "bob", "an elk")
        return [own | {"session": self.session}, self.world.ids]

    async def ids(self) -> tuple[str, ...]:
        """What there is, and what is not."""
        return *(one for some in await self.things() for one in some.values()), str(uuid.uuid4())

    def headers(self, who: str) -> dict[str, str]:
        """What signs somebody in."""
        return {"Cookie": self.world.cookies[who]} if who in self.world.cookies else {}

    def note(self, wrong: str, who: str, asked: object) -> None:
        """Note what was found."""
        self.faults.append(f"{wrong}: {who} with {asked!r:.3000}")

    def judge(self, who: str, asked: object, status: int, text: str) -> None:
        """Count one more, and look at its answer."""
        self.done += 1
        if status >= 500:
            self.note(f"{status} {text[:300]}", who, asked)
        if "Traceback" in text or (SECRET in text and who != "anna"):
            self.note(f"it says {text[-300:]}", who, asked)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(project: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The program, and conversations of two people."""
    home = tmp_path_factory.mktemp("fuzz") / "keepchat"
    (temporary := home.with_name("temporary")).mkdir()
    async with running_replies() as model:
        settings = {"OPENAI_BASE_URL": f"{model.url}/v1", "OPENAI_API_KEY": KEY, **LIMITS}
        settings |= {"OPENAI_MODEL": "scripted", "TMPDIR": str(temporary), **SETTINGS}
        async with running_world(Application(project, home, settings)) as world:
            world.ids |= await fill(world, "anna", SECRET)
            yield world


@pytest.fixture(scope="module")
def usage(running: World) -> Iterator[Usage]:
    """What the program takes throughout."""
    usage = Usage(running.app.pid, running.app.home.parent)
    with usage.watched():
        yield usage


@pytest.fixture
def number(full_count: bool, pytestconfig: pytest.Config) -> int:
    """The number that chooses what is sent: always the same in `make test`."""
    given = pytestconfig.getoption("--hypothesis-seed")
    return int(given or (random.SystemRandom().getrandbits(32) if full_count else 0))


@pytest_asyncio.fixture(loop_scope="session")
async def fuzz(
    running: World, usage: Usage, number: int, full_count: bool, report: Callable[[str], None]
) -> AsyncIterator[Fuzz]:
    """What a test does to the program; nothing may come of it."""
    app, before, began = running.app, running.stored_of("anna"), time.monotonic()
    app.begin_test()
    for phrase in HARMLESS:
        app.expect_in_log(phrase)
    async with socket_page(app, running.cookies["bob"]) as page:
        doing = Fuzz(running, page.session_id, FULL_COUNT if full_count else 1, number)
        yield doing
    if full_count:
        took = f"{doing.done:,} by number {number} in {time.monotonic() - began:.0f} s"
        report(f"{took}: {usage}")
    assert not doing.faults, "\n".join(doing.faults)
    assert not app.complaints(), "\n".join(app.complaints())
    assert running.stored_of("anna") == before
    assert usage.memory - usage.first_memory < MEMORY_MB, usage
    assert usage.disk - usage.first_disk < DISK_MB, usage


@pytest.mark.drill
@pytest.mark.timeout(1_200)
async def test_requests_of_all_forms_to_all_routes(fuzz: Fuzz) -> None:
    async def send(it: Described) -> None:
        given: dict[str, Any] = {"headers": fuzz.headers(it.who), "timeout": ANSWER_S}
        try:
            reply = await asyncio.to_thread(it.case.call, fuzz.world.app.url, **given)
        except requests.RequestException as exc:
            fuzz.note(repr(exc), it.who, it.case)
        else:
            fuzz.judge(it.who, it.case, reply.status_code, reply.text)

    numbers = count()
    while fuzz.done < DESCRIBED * fuzz.times:
        things = await fuzz.things()
        for strategy in described_requests(fuzz.world.doors.description, PEOPLE, things):
            await play(strategy, send, 12, f"{fuzz.number} {next(numbers)}")


@pytest.mark.drill
@pytest.mark.timeout(1_200)
async def test_requests_that_are_none(fuzz: Fuzz) -> None:
    waiting: set[asyncio.Task[None]] = set()

    async def judge(request: RawRequest) -> None:
        try:
            status, answer = await answer_to(request, fuzz.world.app.port)
        except TimeoutError:
            fuzz.note("no answer", request.who, request.sent)
        else:
            fuzz.judge(request.who, request.sent, status, answer.decode(errors="replace"))

    async def send(request: RawRequest) -> None:
        if len(waiting) >= AT_ONCE:
            _, left = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            waiting.intersection_update(left)
        waiting.add(asyncio.create_task(judge(request)))

    doors, cookies = sorted(fuzz.world.doors.routes), fuzz.world.cookies
    strategy = raw_requests(doors, cookies, PEOPLE, await fuzz.ids())
    await play(strategy, send, RAW * fuzz.times, str(fuzz.number))
    await asyncio.gather(*waiting)
    assert fuzz.done + len(fuzz.faults) >= RAW * fuzz.times


@pytest.mark.drill
@pytest.mark.timeout(1_200)
async def test_sockets_that_send_what_no_page_sends(fuzz: Fuzz) -> None:
    lines: dict[str, Line] = {}

    async def line_of(talk: Talk) -> Line:
        line = lines.get(talk.who)
        if line is None or talk.auth is not None or not line.is_open:
            if line:
                await line.close()
            auth = json.dumps(auth_of_page()) if talk.auth is None else talk.auth
            line = await connect(http, fuzz.world.app.url, fuzz.headers(talk.who), auth)
            lines[talk.who] = line
        return line

    async def send(talk: Talk) -> None:
        try:
            line = await line_of(talk)
            await line.talk(talk.packets)
        except TimeoutError:
            fuzz.note("no answer", talk.who, talk)
        else:
            fuzz.judge(talk.who, talk, 200, line.heard)
            fuzz.done += len(talk.packets) - 1

    async with aiohttp.ClientSession() as http:
        numbers = count()
        while fuzz.done < PACKETS * fuzz.times:
            strategy = talks(PEOPLE[:-1], await fuzz.ids())
            await play(strategy, send, 80, f"{fuzz.number} {next(numbers)}")
        for line in lines.values():
            await line.close()
