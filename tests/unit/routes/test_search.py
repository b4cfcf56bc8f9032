"""The route that finds conversations: whose, what is told of each, and what one may ask of it."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from chainlit.auth import get_current_user
from chainlit.user import User
from fastapi import FastAPI

from access.guard.user_limits import LIMITS, LimitReached, UserLimits
from datalayer.layer import KeepchatDataLayer
from datalayer.records import SearchPage
from datalayer.stores.memory import MemoryStore
from routes.limits import limit_reached
from routes.search import PAGE, search_router
from storage.local.storage import LocalStorage
from tests.support.builders import ALICE, BOB, ids, save, step, thread, user

BIRDS, CITY, BOBS, SAID = ids(4)
PATH = "/keepchat/search"


class SlowStore(MemoryStore):
    """A store whose searches never end by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.given_up = asyncio.Queue[None](), asyncio.Event()

    async def search(self, *_args: Any, **_named: Any) -> SearchPage:
        self.begun.put_nowait(None)
        try:
            await asyncio.Event().wait()
        finally:
            self.given_up.set()
        raise AssertionError


@dataclass
class Searching:
    """Alice, who asks for conversations of hers; `store` has those of two people."""

    store: MemoryStore
    app: FastAPI = field(default_factory=FastAPI)

    async def find(self, query: str = "", cursor: str | None = None) -> dict[str, Any]:
        """What she is told."""
        reply = await self.ask(query, cursor)
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    async def ask(self, query: str = "", cursor: str | None = None) -> httpx2.Response:
        """How she is answered."""
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post(PATH, json={"query": query, "cursor": cursor})

    def serve(self, folder: Path) -> None:
        """Answer her."""
        layer = KeepchatDataLayer(self.store, LocalStorage(folder))
        limits = UserLimits(dict.fromkeys(LIMITS, 2))
        self.app.include_router(search_router(layer, limits, ""))
        self.app.add_exception_handler(LimitReached, limit_reached)
        self.app.dependency_overrides[get_current_user] = lambda: User(identifier=ALICE)


@pytest.fixture
async def alice(tmp_path: Path) -> Searching:
    alice = Searching(MemoryStore())
    alice.serve(tmp_path)
    await save(
        alice.store,
        user(ALICE),
        user(BOB),
        thread(CITY, name="Málaga <b>by night</b>"),
        thread(BIRDS, name="Birds"),
        step(BIRDS, SAID, type="assistant_message", output="The ibis **breeds** 𐐀n cliffs."),
        thread(BOBS, name="An ibis of Bob's", owner=BOB),
    )
    return alice


async def test_what_is_found_is_told_with_plain_and_marked_parts_in_turn(alice: Searching) -> None:
    found = await alice.find("cliffs breeds")
    [hit] = found["hits"]
    assert found["cursor"] is None
    assert (hit["thread"], hit["step"], hit["name"]) == (BIRDS, SAID, ["Birds"])
    assert hit["snippet"] == ["The ibis **", "breeds", "** 𐐀n ", "cliffs", "."]
    assert hit["when"].endswith("Z")


async def test_a_name_that_is_found_is_marked_itself(alice: Searching) -> None:
    [hit] = (await alice.find("malaga"))["hits"]
    assert (hit["step"], hit["snippet"]) == (None, [])
    assert hit["name"] == ["", "Málaga", " <b>by night</b>"]


async def test_nothing_of_anybody_else_is_found(alice: Searching) -> None:
    assert [hit["thread"] for hit in (await alice.find("ibis"))["hits"]] == [BIRDS]
    assert (await alice.find("of Bob's"))["hits"] == []


@pytest.mark.parametrize("blank", ["", "  \n"])
async def test_who_says_nothing_gets_the_latest(alice: Searching, blank: str) -> None:
    assert [hit["thread"] for hit in (await alice.find(blank))["hits"]] == [BIRDS, CITY]


@pytest.mark.parametrize("query", ["", "many"])
async def test_more_than_a_page_comes_by_its_cursor(alice: Searching, query: str) -> None:
    many = [thread(name=f"many {number}") for number in range(PAGE + 5)]
    await save(alice.store, *many)
    first = await alice.find(query)
    rest = await alice.find(query, first["cursor"])
    names = ["".join(hit["name"]) for hit in first["hits"] + rest["hits"]]
    assert len(first["hits"]) == PAGE
    assert names[: len(many)] == [f"many {number}" for number in reversed(range(PAGE + 5))]
    assert rest["cursor"] is None


@pytest.mark.parametrize("query", ["", "ibis"])
async def test_a_cursor_that_no_page_gave_is_refused(alice: Searching, query: str) -> None:
    assert (await alice.ask(query, "nonsense")).status_code == 400


async def test_so_many_searches_of_one_user_go_on_at_once(tmp_path: Path) -> None:
    alice, store = await slowed(tmp_path)
    running = [asyncio.create_task(alice.ask("slow")) for _ in range(2)]
    for _ in running:
        await store.begun.get()
    refused = await alice.ask("one more")
    assert (refused.status_code, "searches" in refused.json()["detail"]) == (429, True)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_what_nobody_waits_for_any_more_is_given_up(tmp_path: Path) -> None:
    alice, store = await slowed(tmp_path)
    messages = asyncio.Queue[dict[str, Any]]()
    messages.put_nowait({"type": "http.request", "body": b'{"query": "slow"}'})
    answer = asyncio.create_task(alice.app(_POST, messages.get, _nobody))
    await store.begun.get()
    assert not store.given_up.is_set()
    messages.put_nowait({"type": "http.disconnect"})
    await asyncio.wait_for(answer, 5)
    assert store.given_up.is_set()


async def slowed(folder: Path) -> tuple[Searching, SlowStore]:
    """Alice, whose searches never end."""
    store = SlowStore()
    alice = Searching(store)
    alice.serve(folder)
    await save(store, user(ALICE))
    return alice, store


_POST = {
    "type": "http",
    "method": "POST",
    "path": PATH,
    "query_string": b"",
    "headers": [(b"content-type", b"application/json")],
}


async def _nobody(_message: object) -> None:
    """Hear what nobody waits for."""
