"""The export of a conversation in which something has alternatives."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from chainlit.auth import get_current_user
from chainlit.user import User
from fastapi import FastAPI

from datalayer.layer import KeepchatDataLayer
from datalayer.stores.memory import MemoryStore
from routes.export.route import export_router
from storage.local.storage import LocalStorage
from tests.support.builders import ALICE, BOB, element, ids, save, step, thread

QUESTION, FIRST, SECOND = ids(3)


@dataclass
class Asker:
    """Somebody who asks for an export."""

    client: httpx2.AsyncClient
    path: str
    name: str = ALICE

    async def get(self, query: str = "") -> str:
        """What they get."""
        reply = await self.client.get(f"{self.path}{query}")
        assert reply.status_code == 200
        return reply.text


@pytest.fixture
async def asker(tmp_path: Path) -> AsyncIterator[Asker]:
    store, thread_id = MemoryStore(), str(uuid.uuid4())
    layer = KeepchatDataLayer(store, LocalStorage(tmp_path))
    said = step(thread_id, type="assistant_message", output="before", parentId=FIRST, hidden=True)
    await save(
        store,
        thread(thread_id, name="x"),
        step(thread_id, QUESTION, type="user_message", name="alice", output="why"),
        step(thread_id, FIRST, type="run", name="on_message", parentId=QUESTION, hidden=True),
        said,
        step(thread_id, SECOND, type="run", name="on_message", parentId=QUESTION),
        step(thread_id, type="assistant_message", output="now", parentId=SECOND),
        element(thread_id, forId=said.id, name="a.txt", url="https://example.org/a.txt"),
        thread(thread_id, metadata={"is_shared": True}),
    )
    app = FastAPI()
    app.include_router(export_router(store, layer, "", sharing=True))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        asker = Asker(client, f"/keepchat/export/{thread_id}.md")
        app.dependency_overrides[get_current_user] = lambda: User(identifier=asker.name)
        yield asker
    await layer.close()


async def test_the_export_has_what_is_shown(asker: Asker) -> None:
    text = await asker.get()
    assert "now" in text
    assert "before" not in text
    assert "a.txt" not in text
    assert "alternative" not in text


async def test_its_author_gets_the_other_answers_on_request(asker: Asker) -> None:
    _, question, before, now = (await asker.get("?siblings=all")).split("\n\n---\n\n")
    assert question.endswith("why")
    assert "alternative 1 of 2\n\nbefore\n\n- [a.txt](<https://example.org/a.txt>)" in before
    assert "alternative 2 of 2, shown\n\nnow" in now


async def test_nobody_else_gets_them(asker: Asker) -> None:
    asker.name = BOB
    text = await asker.get("?siblings=all")
    assert "now" in text
    assert "before" not in text
    assert "a.txt" not in text


async def test_a_request_for_something_else_is_refused(asker: Asker) -> None:
    assert (await asker.client.get(f"{asker.path}?siblings=some")).status_code == 422


async def test_it_comes_for_other_programs_too(asker: Asker) -> None:
    asker.path = asker.path.replace(".md", ".json")
    reply = await asker.client.get(asker.path)
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["content-disposition"].startswith("attachment")
    assert [one["text"] for one in reply.json()["messages"]] == ["why", "now"]
    assert (await asker.client.get(asker.path.replace(".json", ".exe"))).status_code == 422
