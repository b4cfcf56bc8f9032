"""Of two calls the later one wins, also where the first has to read something for its write."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any, cast

import pytest
from chainlit.step import StepDict
from chainlit.types import Feedback, ThreadDict
from chainlit.user import User

from datalayer.layer import KeepchatDataLayer
from datalayer.records import StepRecord, UserRecord
from datalayer.stores.memory import MemoryStore
from storage.local.storage import LocalStorage
from tests.support.builders import new_id


class SlowStore(MemoryStore):
    """A store that answers what the layer has to know of a call no sooner than it is let."""

    def hold(self) -> None:
        self.asked, self.gate = asyncio.Event(), asyncio.Event()

    async def get_user_by_id(self, user_id: str) -> UserRecord | None:
        await self._wait()
        return await super().get_user_by_id(user_id)

    async def get_step(self, step_id: str) -> StepRecord | None:
        await self._wait()
        return await super().get_step(step_id)

    async def get_feedback_step(self, feedback_id: str) -> StepRecord | None:
        await self._wait()
        return await super().get_feedback_step(feedback_id)

    async def _wait(self) -> None:
        self.asked.set()
        await self.gate.wait()

    async def during(self, first: Awaitable[Any], then: Awaitable[Any]) -> Any:
        """Make a call while a first one waits for what it reads; return the first's result."""
        self.hold()
        waiting = asyncio.ensure_future(first)
        await asyncio.wait_for(self.asked.wait(), 5)
        await then
        self.gate.set()
        return await waiting


@pytest.fixture
async def store() -> SlowStore:
    store = SlowStore()
    store.hold()
    store.gate.set()
    return store


@pytest.fixture
async def layer(store: SlowStore, tmp_path: Path) -> AsyncIterator[KeepchatDataLayer]:
    layer = KeepchatDataLayer(store, LocalStorage(tmp_path / "files"))
    yield layer
    await layer.close()


async def get(layer: KeepchatDataLayer, thread_id: str) -> ThreadDict:
    found = await layer.get_thread(thread_id)
    assert found is not None
    return found


async def a_step(layer: KeepchatDataLayer) -> StepDict:
    given = {"id": new_id(), "threadId": new_id(), "type": "run", "name": "x"}
    await layer.create_step(cast(StepDict, given))
    return cast(StepDict, given)


async def an_unknown_user(store: SlowStore, tmp_path: Path) -> str:
    """A user whom another process has made."""
    other = KeepchatDataLayer(store, LocalStorage(tmp_path / "others"))
    user = await other.create_user(User(identifier="alice"))
    assert user is not None
    return user.id


async def test_a_rename_wins_over_one_that_waits_for_its_user(
    store: SlowStore, layer: KeepchatDataLayer, tmp_path: Path
) -> None:
    user_id, thread_id = await an_unknown_user(store, tmp_path), new_id()

    async def known_meanwhile() -> None:
        await layer.get_user("alice")
        await layer.update_thread(thread_id, name="later", user_id=user_id, metadata={"a": 2})

    metadata: dict[str, Any] = {"a": 1, "b": {"c": 1}}
    first = layer.update_thread(thread_id, name="first", user_id=user_id, metadata=metadata)
    await store.during(first, known_meanwhile())
    found = await get(layer, thread_id)
    assert (found["name"], found["userIdentifier"]) == ("later", "alice")
    assert found["metadata"] == {"a": 2, "b": {"c": 1}}


async def test_what_is_changed_while_a_call_reads_is_not_stored(
    store: SlowStore, layer: KeepchatDataLayer, tmp_path: Path
) -> None:
    user_id, thread_id = await an_unknown_user(store, tmp_path), new_id()
    target = await a_step(layer)
    metadata: dict[str, Any] = {"deep": {"a": 1}}
    tags = ["one"]
    feedback = Feedback(forId=target["id"], value=1, comment="good")

    async def change() -> None:
        metadata["deep"]["a"] = 2
        tags.append("two")
        feedback.value, feedback.comment = 0, "bad"

    update = layer.update_thread(thread_id, name="x", user_id=user_id, metadata=metadata, tags=tags)
    await store.during(asyncio.gather(update, layer.upsert_feedback(feedback)), change())
    found = await get(layer, thread_id)
    assert (found["metadata"], found["tags"]) == ({"deep": {"a": 1}}, ["one"])
    [step] = (await get(layer, target["threadId"]))["steps"]
    given = step["feedback"]
    assert given is not None
    assert (given["value"], given["comment"]) == (1, "good")


async def test_a_feedback_wins_over_one_that_waits_for_its_step(
    store: SlowStore, layer: KeepchatDataLayer
) -> None:
    target = await a_step(layer)
    first = Feedback(forId=target["id"], value=0)
    later = Feedback(forId=target["id"], threadId=target["threadId"], value=1)
    await store.during(layer.upsert_feedback(first), layer.upsert_feedback(later))
    [step] = (await get(layer, target["threadId"]))["steps"]
    assert step["feedback"] is not None
    assert step["feedback"]["value"] == 1


async def test_a_feedback_that_is_given_again_is_not_taken_back(
    store: SlowStore, layer: KeepchatDataLayer
) -> None:
    target = await a_step(layer)
    given = Feedback(forId=target["id"], threadId=target["threadId"], value=0)
    feedback_id = await layer.upsert_feedback(given)
    again = Feedback(forId=target["id"], threadId=target["threadId"], value=1)
    taken_back = layer.delete_feedback(feedback_id)
    assert await store.during(taken_back, layer.upsert_feedback(again)) is False
    [step] = (await get(layer, target["threadId"]))["steps"]
    assert step["feedback"] is not None
    assert step["feedback"]["value"] == 1


async def test_a_feedback_waits_for_its_step_that_is_being_stored(
    store: SlowStore, layer: KeepchatDataLayer
) -> None:
    given = cast(StepDict, {"id": new_id(), "threadId": new_id(), "type": "run", "name": "x"})
    layer.checkpoint(given)
    await layer.upsert_feedback(Feedback(forId=given["id"], value=1))
    [step] = (await get(layer, given["threadId"]))["steps"]
    assert step["feedback"] is not None
