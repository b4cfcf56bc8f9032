"""Clocks hours apart, and clocks that are set back: nothing is lost or turned round."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from chainlit.step import StepDict
from chainlit.types import Feedback, Pagination, ThreadFilter
from chainlit.user import PersistedUser, User

from datalayer.clock import HybridClock
from datalayer.layer import KeepchatDataLayer
from datalayer.values import iso_time
from storage.local.storage import LocalStorage
from tests.support.backends import BACKENDS, Backend
from tests.support.builders import new_id
from tests.support.chainlits import in_session

HOUR = timedelta(hours=1)


class Replica:
    """A data layer whose computer's clock is off by so much, Chainlit's times included."""

    def __init__(self, backend: Backend, files: Path) -> None:
        self.off = timedelta()
        self.settle = backend.settle
        self.clock = HybridClock(lambda: round(self.now.timestamp() * 1_000_000))
        self.layer = KeepchatDataLayer(backend.open(), LocalStorage(files), clock=self.clock)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.off

    async def say(self, thread_id: str, text: str, **fields: Any) -> str:
        """Save a message as Chainlit does: dated by the computer's clock."""
        step_id = new_id()
        step = {"id": step_id, "threadId": thread_id, "type": "user_message", "output": text}
        await self.layer.create_step(
            cast(StepDict, {**step, "createdAt": iso_time(self.now), **fields})
        )
        return step_id

    async def edit(self, thread_id: str, step_id: str, text: str) -> None:
        step = {"id": step_id, "threadId": thread_id, "type": "user_message", "output": text}
        await self.layer.update_step(cast(StepDict, step))

    async def texts(self, thread_id: str) -> list[str]:
        thread = await self.layer.get_thread(thread_id)
        return [step["output"] for step in thread["steps"]] if thread else []

    async def name(self, thread_id: str) -> str | None:
        return await self.layer.get_thread_name(thread_id)


@pytest.fixture(params=BACKENDS)
async def replicas(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Replica, Replica]]:
    """Two replicas on one database."""
    async with AsyncExitStack() as stack:
        backend = await stack.enter_async_context(BACKENDS[request.param](request, False))
        await (await backend.open_migrated()).close()
        made = [Replica(backend, tmp_path) for _ in range(2)]
        for one in made:
            stack.push_async_callback(one.layer.close)
        yield made[0], made[1]


async def a_thread(replica: Replica) -> tuple[PersistedUser, str]:
    user = await replica.layer.create_user(User(identifier=f"ann {new_id()}"))
    assert user
    thread_id = new_id()
    await replica.layer.update_thread(thread_id, name="first", user_id=user.id)
    return user, thread_id


@pytest.mark.drill
async def test_replicas_hours_apart(replicas: tuple[Replica, Replica]) -> None:
    ahead, behind = replicas
    ahead.off, behind.off = 2 * HOUR, -HOUR
    _, thread_id = await a_thread(ahead)
    said = []
    for number in range(6):
        one = replicas[number % 2]
        await one.texts(thread_id)  # as a page that is opened does
        await one.say(thread_id, said_now := f"message {number}")
        said.append(said_now)
    assert await ahead.texts(thread_id) == await behind.texts(thread_id) == said


@pytest.mark.drill
async def test_changes_take_though_another_replica_is_ahead(
    replicas: tuple[Replica, Replica],
) -> None:
    ahead, behind = replicas
    ahead.off = 3 * HOUR
    user, thread_id = await a_thread(ahead)
    step_id = await ahead.say(thread_id, "as it was")
    await ahead.layer.upsert_feedback(Feedback(forId=step_id, threadId=thread_id, value=0))
    # The other one has seen nothing of it.
    await behind.layer.update_thread(thread_id, name="renamed")
    await behind.edit(thread_id, step_id, "as it is")
    feedback = Feedback(forId=step_id, threadId=thread_id, value=1)
    await behind.layer.upsert_feedback(feedback)
    star = cast(StepDict, {"id": step_id, "threadId": thread_id})
    with in_session(thread_id, user):
        await behind.layer.set_step_favorite(star, True)
    assert await ahead.name(thread_id) == "renamed"
    thread = await ahead.layer.get_thread(thread_id)
    [step] = thread["steps"] if thread else []
    assert (step["output"], step["metadata"]["favorite"]) == ("as it is", True)
    given = step["feedback"]
    assert given is not None
    assert given["value"] == 1


@pytest.mark.drill
async def test_a_clock_that_was_ahead_and_is_set_right(replicas: tuple[Replica, Replica]) -> None:
    before, after = replicas  # the same computer, before and after its restart
    before.off = 5 * HOUR
    user, thread_id = await a_thread(before)
    first = await before.say(thread_id, "first")
    before.off = timedelta()  # set right while it runs
    await before.say(thread_id, "second")
    await after.settle()
    listed = await after.layer.list_threads(Pagination(first=5), ThreadFilter(userId=user.id))
    assert [thread["id"] for thread in listed.data] == [thread_id]
    await after.say(thread_id, "third")
    await after.edit(thread_id, first, "first, edited")
    await after.layer.update_thread(thread_id, name="renamed")
    assert await after.texts(thread_id) == ["first, edited", "second", "third"]
    assert await before.name(thread_id) == "renamed"
