"""Two replicas behind a real nginx, with the file that people are told to use."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat
from tests.support.builders import new_id
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.database import ServerDatabase
from tests.support.servers.balancer import SWITCHED, Balancer, Routed, running_balancer
from tests.support.servers.model import KEY
from tests.support.servers.postgres import Postgres
from tests.support.servers.replies import RepliesServer, running_replies
from tests.support.servers.teller import Teller
from tests.support.waiting import until

PEOPLE = {"anna": "correct horse", "bob": "battery staple"}
BROKE_OFF = "The answer broke off because the program was stopped."
SECRET = "kZ0v3WQm9aRt1LxYc5Ue8HbNn2Pq4SdF7Gj6TtBw"
MANY = 20  # logins, of which not all are led to the same replica, but for once in a million

pytestmark = pytest.mark.server


@dataclass
class Person:
    """Somebody with two tabs."""

    token: str
    tabs: Sequence[Chat]

    @property
    def login(self) -> str:
        """What the proxy knows them by."""
        return self.token.split(".")[1]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def replies() -> AsyncIterator[RepliesServer]:
    """The model's server."""
    async with running_replies() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where both are."""
    return tmp_path_factory.mktemp("replicas")


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> Iterator[ServerDatabase]:
    """The database of both."""
    with postgres.database(new_id()) as name:
        yield ServerDatabase(postgres, name)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(
    project: Path, folder: Path, replies: RepliesServer, database: ServerDatabase
) -> AsyncIterator[dict[str, Application]]:
    """Two programs, by the addresses that nginx knows."""
    settings = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{replies.url}/v1",
        "OPENAI_MODEL": "scripted",
        "AUTH_MODE": "password",
        "CHAINLIT_AUTH_SECRET": SECRET,
        "STORAGE_URL": f"file:{folder / 'files'}",
        **database.settings(),
    }
    both = [Application(project, folder / name, settings) for name in ("one", "other")]
    try:
        for one in both:
            await one.start()
        for name, password in PEOPLE.items():
            await both[0].manage("user", "add", name, "--password-stdin", typed=password)
        yield {f"127.0.0.1:{one.port}": one for one in both}
        await asyncio.gather(*(one.stop() for one in both))
        assert [*both[0].complaints(), *both[1].complaints()] == []
    finally:
        await asyncio.gather(*(one.kill() for one in both))


@pytest.fixture(scope="module")
def balancer(pair: dict[str, Application], folder: Path) -> Iterator[Balancer]:
    """The proxy before both."""
    with running_balancer([one.port for one in pair.values()], folder) as running:
        yield running


@pytest.fixture
def nginx(balancer: Balancer) -> Balancer:
    """The same, which has not been asked anything."""
    balancer.forget()
    return balancer


async def come(open_chat: OpenChat, nginx: Balancer, name: str) -> Person:
    """Sign somebody in, with two tabs."""
    first = await open_chat(nginx, sign_in=(name, PEOPLE[name]))
    second = await open_chat(nginx, beside=first)
    cookies = {it.get("name"): it.get("value", "") for it in await first.page.context.cookies()}
    return Person(cookies["access_token"], (first, second))


async def come_elsewhere(open_chat: OpenChat, nginx: Balancer, name: str, than: Person) -> Person:
    """Sign somebody in until they are led to another replica."""
    for _ in range(MANY):
        person = await come(open_chat, nginx, name)
        if nginx.replicas_of(person.login) != nginx.replicas_of(than.login):
            return person
        await person.tabs[0].page.context.close()
    raise AssertionError(nginx.routed())


def sockets_of(nginx: Balancer, person: Person) -> list[Routed]:
    """The lines of somebody's pages that are closed, in the order in which they were."""
    return [it for it in nginx.routed() if it.status == SWITCHED and it.login == person.login]


async def ask(chat: Chat, question: str) -> None:
    await chat.ask(question)
    await chat.answered(f"Answer to: {question}")


@pytest.mark.timeout(300)
async def test_a_login_stays_with_a_replica_and_goes_on_at_the_other(
    pair: dict[str, Application],
    nginx: Balancer,
    open_chat: OpenChat,
    replies: RepliesServer,
    database: ServerDatabase,
    tmp_path: Path,
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("some notes")
    anna = await come(open_chat, nginx, "anna")
    bob = await come_elsewhere(open_chat, nginx, "bob", anna)
    for person in (anna, bob):
        for tab in person.tabs:
            await tab.attach(notes)
            await tab.ask("Is that there?")
            await expect(tab.said.last).to_contain_text("some notes")
            await tab.turn_ended()
        await person.tabs[1].thread_id()
        await person.tabs[1].page.reload()
        await expect(person.tabs[1].said.last).to_contain_text("Answer to: Is that there?")
    [hers], [his] = nginx.replicas_of(anna.login), nginx.replicas_of(bob.login)
    assert {hers, his} == set(pair)

    teller = Teller(replies)
    telling, beside = anna.tabs
    await telling.ask("Tell me a story")
    await expect(telling.said.last).to_have_text(teller.tell(3))
    thread_id = await telling.thread_id()
    await until(lambda: teller.text in database.messages(thread_id)[-1].text, "its checkpoint")
    before = len(sockets_of(nginx, anna))
    await pair[hers].kill()
    # A page that finds no line at once tries again, so others may follow: at the other replica.
    await until(lambda: len(sockets_of(nginx, anna)) >= before + len(anna.tabs), "broken lines")
    broken = sockets_of(nginx, anna)[: before + len(anna.tabs)]
    assert {it.to for it in broken} == {hers}
    await expect(telling.answers.get_by_text(BROKE_OFF)).to_be_visible()
    await expect(telling.said.last).to_have_text(teller.text)
    await telling.turn_ended()
    await telling.do("Go on")
    await expect(telling.said.last).to_contain_text(f"{teller.text} Answer to: ")
    await ask(beside, "Are you there again?")
    await ask(bob.tabs[0], "And are you?")
    assert nginx.replicas_of(bob.login) == {his}

    await pair[hers].start()
    nginx.forget()
    with httpx2.Client(base_url=nginx.url, headers={"Cookie": f"access_token={anna.token}"}) as one:
        await until(
            lambda: one.get("/health/live").is_success and nginx.replicas_of(anna.login) >= {hers},
            "the first request to a replica that is back",
        )
    nginx.forget()
    await beside.page.reload()
    await beside.attach(notes)
    await beside.ask("Is that there, too?")
    await expect(beside.said.last).to_contain_text("some notes")
    assert nginx.replicas_of(anna.login) == {hers}


def has_said_it(one: Application) -> bool:
    return "Files lie in the folder" in one.log()


async def test_each_says_what_it_keeps_for_itself(pair: dict[str, Application]) -> None:
    """As soon as it has heard of the other, and so does the doctor while both run."""
    for one in pair.values():
        await until(partial(has_said_it, one), "what it keeps")
        assert "Another program runs on the same database." in one.log()
        assert "Logins are signed" not in one.log()
    told = json.loads(await next(iter(pair.values())).manage("doctor", "--json"))
    [finding] = [it for it in told["checks"] if it["subject"] == "replicas"]
    assert finding["status"] == "warning"
    assert finding["message"].startswith("2 programs run on the database. Files lie in")


async def test_it_passes_on_what_is_large_and_who_asks(
    pair: dict[str, Application], nginx: Balancer
) -> None:
    async with httpx2.AsyncClient(base_url=nginx.url) as client:
        assert (await client.get("/health/ready")).json()["status"] == "ready"
        assert (await client.get("/metrics")).status_code == 404
        parts = {"Cookie": "; ".join(f"access_token_{it}={'x' * 3_000}" for it in range(5))}
        assert (await client.get("/health/live", headers=parts)).status_code == 200
        large = {"file": ("large.bin", bytes(3_000_000), "text/plain")}
        address = f"/project/file?session_id={new_id()}"
        assert (await client.post(address, files=large)).status_code == 401
    # nginx may close a line on which it has answered before all had come; a browser asks again.
    async with httpx2.AsyncClient(base_url=nginx.url) as client:
        larger = {"file": ("larger.bin", bytes(70_000_000), "text/plain")}
        refused = await client.post(address, files=larger)
        assert refused.status_code == 413
        assert refused.json()["detail"] == "A file may have 50 MB at most."
    async with httpx2.AsyncClient(base_url=nginx.url) as client:
        wrong = {"username": "anna", "password": "wrong"}
        sent = {"X-Forwarded-For": "203.0.113.9"}
        assert (await client.post("/login", data=wrong, headers=sent)).status_code == 401
    logs = [one.log() for one in pair.values()]
    assert any("'127.0.0.1'" in log and "anna" in log for log in logs)
    assert not any("203.0.113.9" in log for log in logs)


async def test_a_login_is_known_by_its_claims(nginx: Balancer) -> None:
    async with httpx2.AsyncClient(base_url=nginx.url) as client:
        for number in range(6):  # the signature changes with the secret, other cookies with the tab
            whole = f"X-Chainlit-Session-id={number}; access_token=head.whole.{number}; a=b"
            await client.get("/health/live", headers={"Cookie": whole})
            parts = f"access_token_1=b.{number}; access_token_0=head.part{number % 2}"
            await client.get("/health/live", headers={"Cookie": parts})
            await client.get("/health/live")
    await until(lambda: len(asked(nginx)) == 18, "what nginx logs")
    logins = {it.login for it in asked(nginx)}
    assert logins == {"whole", "part0", "part1", "127.0.0.1"}
    assert all(len(nginx.replicas_of(login)) == 1 for login in logins)


def asked(nginx: Balancer) -> list[Routed]:
    """What this asked, and no page that has just gone."""
    return [it for it in nginx.routed() if it.path == "/health/live"]
