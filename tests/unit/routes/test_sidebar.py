"""The routes by which a person orders their conversations: what each does, and to whose."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from chainlit.auth import get_current_user
from chainlit.user import User
from fastapi import FastAPI

from datalayer.errors import StoreUnavailable
from datalayer.layer import KeepchatDataLayer, lists
from datalayer.stores.memory import MemoryStore
from routes.sidebar import PATH, sidebar_router
from storage.local.storage import LocalStorage
from tests.support.builders import ALICE, BOB, ids, listed, save, thread, user

OWN = ids(7)
[BOBS] = ids(1)


@dataclass
class Ordering:
    """Alice, who has seven conversations; one of Bob's is beside them."""

    store: MemoryStore
    layer: KeepchatDataLayer
    app: FastAPI = field(default_factory=FastAPI)

    async def ask(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        """How she is answered."""
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, PATH + path, json=body)

    async def place(self, thread_id: str, **place: Any) -> dict[str, Any]:
        """Put a conversation somewhere; what its metadata say then."""
        reply = await self.ask("PUT", f"/threads/{thread_id}", place)
        assert reply.status_code == 200, reply.text
        return dict(await self.store.get_thread_metadata(thread_id) or {})


@pytest.fixture
async def alice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ordering:
    monkeypatch.setattr(lists, "_AT_ONCE", 2)
    store = MemoryStore()
    found = Ordering(store, KeepchatDataLayer(store, LocalStorage(tmp_path)))
    found.app.include_router(sidebar_router(found.layer, ""))
    found.app.dependency_overrides[get_current_user] = lambda: User(identifier=ALICE)
    await save(store, user(ALICE), user(BOB), *(thread(name, name="x") for name in OWN))
    await save(store, thread(BOBS, owner=BOB, name="x", metadata={"folder": "Work"}))
    return found


async def test_what_is_not_said_of_a_place_stays(alice: Ordering) -> None:
    assert await alice.place(OWN[0], pinned=True) == {"pinned": True}
    assert await alice.place(OWN[0], folder="  a \n b ") == {"pinned": True, "folder": "a b"}
    assert await alice.place(OWN[0]) == {"pinned": True, "folder": "a b"}
    assert await alice.place(OWN[0], archived=True) == {"folder": "a b", "archived": True}
    assert await alice.place(OWN[0], archived=False) == {"folder": "a b"}
    assert await alice.place(OWN[0], folder=" ") == {}
    assert await alice.place(OWN[0], folder="x" * 150) == {"folder": "x" * 100}


async def test_nobody_places_what_is_not_theirs(alice: Ordering) -> None:
    for thread_id in (BOBS, ids(1)[0], "x"):
        reply = await alice.ask("PUT", f"/threads/{thread_id}", {"pinned": True})
        assert reply.status_code == 404
    assert await alice.store.get_thread_metadata(BOBS) == {"folder": "Work"}


async def test_a_folder_of_many_gets_another_name_and_goes(alice: Ordering) -> None:
    for name in OWN[:5]:
        await alice.place(name, folder="Work")
    await alice.place(OWN[5], folder="Work", archived=True)
    reply = await alice.ask("PUT", "/folders", {"folder": "Work", "name": " Job "})
    assert reply.json() == {"moved": 6}  # one of them within the archive
    assert (await alice.ask("GET", "/folders")).json() == {"folders": ["Job"]}
    assert await alice.store.get_thread_metadata(BOBS) == {"folder": "Work"}
    assert (await alice.ask("PUT", "/folders", {"folder": "Job", "name": " "})).status_code == 422
    assert (await alice.ask("PUT", "/folders", {"folder": "Job"})).json() == {"moved": 6}
    assert (await alice.ask("GET", "/folders")).json() == {"folders": []}


async def test_all_of_ones_own_is_deleted_if_it_is_said_so(alice: Ordering) -> None:
    await alice.place(OWN[0], archived=True)
    await alice.place(OWN[1], folder="Work", pinned=True)
    for body in (None, {}, {"all": False}):
        assert (await alice.ask("DELETE", "/threads", body)).status_code == 422
    assert len(await listed(alice.store)) == 7
    assert (await alice.ask("DELETE", "/threads", {"all": True})).json() == {"deleted": 7}
    assert await listed(alice.store) == []
    assert await alice.store.get_thread(BOBS) is not None
    assert (await alice.ask("DELETE", "/threads", {"all": True})).json() == {"deleted": 0}


async def test_what_cannot_be_listed_is_not_deleted(alice: Ordering) -> None:
    await alice.store.close()
    with pytest.raises(StoreUnavailable):
        await alice.ask("DELETE", "/threads", {"all": True})
