"""The data layer while its database is away: what Chainlit and people are told, and find later."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chainlit.element import Text
from chainlit.types import Feedback, Pagination, ThreadFilter
from chainlit.user import User

from common.concurrency.retry import RetryPolicy
from datalayer.clock import HybridClock
from datalayer.errors import StoreUnavailable
from datalayer.layer import KeepchatDataLayer, base, lists
from datalayer.pipeline import writer as writer_module
from datalayer.pipeline.journal.journal import Journal
from datalayer.records import Saving
from datalayer.stores.memory import MemoryStore
from datalayer.values import time_of_revision
from datalayer.writes import wall_clock
from storage.local.storage import LocalStorage
from tests.support.away import AwayStore
from tests.support.builders import ALICE, delete_thread, new_id, step, thread
from tests.support.waiting import until

ASKED = 4  # a name, a feedback, and two deletes


@dataclass(frozen=True)
class Parts:
    layer: KeepchatDataLayer
    store: AwayStore


@pytest.fixture
async def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    quick = RetryPolicy(first_pause_s=0.001, longest_pause_s=0.002)
    monkeypatch.setattr(writer_module, "RETRY", quick)
    store = AwayStore()
    layer = KeepchatDataLayer(
        store,
        LocalStorage(tmp_path / "files"),
        journal=Journal(tmp_path / "journal", most_bytes=1_000_000),
        journal_after_s=0.01,
    )
    yield Parts(layer, store)
    store.is_away = False
    await layer.close()


def step_dict(thread_id: str, **fields: Any) -> Any:
    return {"id": new_id(), "threadId": thread_id, "type": "user_message", "name": "a", **fields}


def files_of(folder: Path, element: Text) -> list[Path]:
    return [path for path in (folder / "files").rglob(f"{element.id}*") if path.is_file()]


async def test_a_message_is_taken_and_read_later(parts: Parts) -> None:
    parts.store.is_away = True
    thread_id = new_id()
    message = step_dict(thread_id, output="hello")
    await parts.layer.create_step(message)
    await parts.layer.flush(thread_id, message["id"])
    parts.store.is_away = False
    await parts.layer.settle(thread_id)
    found = await parts.layer.get_thread(thread_id)
    assert found
    assert [each["output"] for each in found["steps"]] == ["hello"]


async def test_a_rename_a_feedback_and_deletes_are_taken(parts: Parts) -> None:
    thread_id, deleted = new_id(), new_id()
    await MemoryStore.apply(
        parts.store, [said := step(thread_id), other := step(thread_id), step(deleted)]
    )
    given = Feedback(forId=said.id, threadId=thread_id, value=1)
    parts.store.is_away = True
    await parts.layer.update_thread(thread_id, name="renamed")
    feedback_id = await parts.layer.upsert_feedback(given)
    await parts.layer.delete_thread(deleted)
    assert await parts.layer.delete_feedback(feedback_id)
    parts.store.is_away = False
    await until(lambda: len(parts.store.stored) == ASKED, "all that was asked for")
    found = await parts.layer.get_thread(thread_id)
    assert found
    assert found["name"] == "renamed"
    assert [each["id"] for each in found["steps"]] == [said.id, other.id]
    assert [each.get("feedback") for each in found["steps"]] == [None, None]
    assert await parts.layer.get_thread(deleted) is None


async def test_all_of_a_folder_is_moved_and_all_is_deleted_however_many_pages_it_is(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_AT_ONCE", 2)
    monkeypatch.setattr(base, "CATCH_UP_S", 0.01)
    owner = await parts.layer.create_user(User(identifier=ALICE))
    assert owner
    writes = [thread(name="x", metadata={"folder": "Old"}) for _ in range(5)]
    archived = thread(name="x", metadata={"folder": "Old", "archived": True})
    other = thread(name="x", metadata={"folder": "Other", "archived": True})
    writes += [archived, other]
    await MemoryStore.apply(parts.store, writes)
    parts.store.is_away = True
    assert await parts.layer.rename_folder(owner.id, "Old", "New") == len(writes) - 1
    parts.store.is_away = False
    await asyncio.gather(*(parts.layer.settle(write.id) for write in writes))
    assert await parts.layer.list_folders(owner.id) == ["New"]
    for write, folder in ((archived, "New"), (other, "Other")):
        await parts.layer.update_thread(write.id, metadata={"archived": None})
        assert folder in await parts.layer.list_folders(owner.id)
    parts.store.is_away = True
    assert await parts.layer.delete_threads(owner.id) == len(writes)
    parts.store.is_away = False
    await asyncio.gather(*(parts.layer.settle(write.id) for write in writes))
    assert await parts.layer.list_folders(owner.id) == []


async def test_whose_a_copy_is_that_is_not_stored_yet_is_not_said_to_be_nobodys(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "CATCH_UP_S", 0.01)
    original = thread(name="x")
    await MemoryStore.apply(parts.store, [original, step(original.id)])
    parts.store.is_away = True
    copy = await parts.layer.copy_thread(original.id, "a copy")
    with pytest.raises(StoreUnavailable):
        await parts.layer.get_thread_author(copy)
    parts.store.is_away = False
    assert await parts.layer.get_thread_author(copy) == ALICE


async def test_it_says_that_saving_is_delayed_and_when_it_has_caught_up(parts: Parts) -> None:
    told: list[Saving] = []
    parts.layer.on_saving = told.append
    before = wall_clock()
    thread_id = new_id()
    await parts.layer.create_step(step_dict(thread_id))
    assert told == []
    parts.store.is_away = True
    for _ in range(3):
        await parts.layer.create_step(step_dict(thread_id))
    state = parts.layer.journal_state
    assert state
    assert (told, state.depth, state.failure) == ([Saving.DELAYED], 3, "")
    assert state.since
    assert before < state.since < wall_clock()
    assert state.size > 0
    parts.store.is_away = False
    await parts.layer.settle(thread_id)
    assert told == [Saving.DELAYED, Saving.SAVED]
    assert parts.layer.saving is Saving.SAVED
    assert parts.layer.journal_state == (0, 0, None, "")


async def test_the_bytes_of_a_file_are_stored_while_only_the_database_is_away(
    parts: Parts, tmp_path: Path
) -> None:
    parts.store.is_away = True
    element = Text(thread_id=new_id(), name="a.txt", content="some text")
    await parts.layer.create_element(element)
    [file] = files_of(tmp_path, element)
    assert file.read_text() == "some text"
    parts.store.is_away = False
    await parts.layer.settle(element.thread_id)
    found = await parts.layer.get_element(element.thread_id, element.id)
    assert found
    assert found["name"] == "a.txt"


async def test_the_bytes_for_a_thread_that_was_deleted_meanwhile_are_removed(
    parts: Parts, tmp_path: Path
) -> None:
    """The delete comes from another replica, which reaches the database."""
    parts.store.is_away = True
    element = Text(thread_id=new_id(), name="a.txt", content="some text")
    await parts.layer.create_element(element)
    await MemoryStore.apply(parts.store, [delete_thread(element.thread_id)])
    parts.store.is_away = False
    await until(lambda: files_of(tmp_path, element) == [], "the bytes to be removed")
    assert await parts.layer.get_element(element.thread_id, element.id) is None


async def test_a_clock_that_was_set_back_meanwhile_changes_no_order(
    parts: Parts, tmp_path: Path
) -> None:
    parts.store.is_away = True
    thread_id = new_id()
    message = step_dict(thread_id, output="earlier")
    await parts.layer.create_step(message)
    await parts.layer.close()
    parts.store.is_away = False
    clock = HybridClock(now=lambda: 1)
    layer = KeepchatDataLayer(
        AwayStore(),
        LocalStorage(tmp_path / "files"),
        clock=clock,
        journal=Journal(tmp_path / "journal", most_bytes=1_000_000),
    )
    layer.start()
    await layer.settle(thread_id)
    following = clock.next_of(thread_id)
    found = await layer.get_thread_record(thread_id)
    assert found
    assert following > found.revision
    await layer.close()


async def test_what_is_read_has_what_was_accepted(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what is in the store while the rest of it is on its way there."""
    thread_id, user = new_id(), await known_user(parts)
    await MemoryStore.apply(parts.store, [step(thread_id, output="before")])
    parts.store.is_away = True
    await parts.layer.create_step(step_dict(thread_id, output="after"))
    await parts.layer.update_thread(thread_id, name="renamed")
    monkeypatch.setattr(base, "CATCH_UP_S", 0.01)
    with pytest.raises(StoreUnavailable, match="not stored yet"):
        await parts.layer.get_thread(thread_id)
    monkeypatch.undo()
    parts.store.is_away = False
    listed = await parts.layer.list_threads(Pagination(first=10), ThreadFilter(userId=user))
    assert [each["name"] for each in listed.data] == ["renamed"]
    found = await parts.layer.get_thread(thread_id)
    assert found
    assert [each["output"] for each in found["steps"]] == ["before", "after"]


async def known_user(parts: Parts) -> str:
    """The id of a user who has a name here."""
    user = await parts.layer.create_user(User(identifier=ALICE))
    assert user
    return user.id


async def test_whose_a_thread_is_and_what_is_in_it_is_known_meanwhile(parts: Parts) -> None:
    said, other = step(new_id()), new_id()
    await MemoryStore.apply(parts.store, [said])
    assert await parts.layer.get_thread(said.thread_id)
    parts.store.cannot_be_read = True
    assert await parts.layer.get_thread_author(said.thread_id) == said.owner
    assert await parts.layer.get_step_thread(said.id, wait=True) == said.thread_id
    feedback_id = await parts.layer.upsert_feedback(Feedback(forId=said.id, value=1))
    assert await parts.layer.get_feedback_thread(feedback_id) == said.thread_id
    assert await parts.layer.delete_feedback(feedback_id)
    for read in (parts.layer.get_thread_author, parts.layer.get_feedback_thread):
        with pytest.raises(StoreUnavailable):
            await read(other)


async def test_a_clock_that_was_set_back_changes_no_order_after_a_start_in_an_outage(
    parts: Parts, tmp_path: Path
) -> None:
    """What an earlier run has accepted is known by its revisions before it can be stored."""
    thread_id, now = new_id(), wall_clock()
    dead = Journal(tmp_path / "journal", most_bytes=1_000_000)
    first = step(thread_id, output="one", createdAt=time_of_revision(now), revision=now)
    await dead.append([first, thread(thread_id, name="older", revision=now + 1)])
    await dead.close()
    parts.store.is_away = True
    hours = 5 * 3600 * 1_000_000
    parts.layer._clock.now = lambda: wall_clock() - hours
    parts.layer.start()
    await until(lambda: parts.layer.journal_state and parts.layer.journal_state.depth, "the older")
    moment = time_of_revision(wall_clock() - hours)
    await parts.layer.create_step(step_dict(thread_id, output="two", createdAt=moment))
    await parts.layer.update_thread(thread_id, name="newer")
    parts.store.is_away = False
    found = await parts.layer.get_thread(thread_id)
    assert found
    assert found["name"] == "newer"
    assert [each["output"] for each in found["steps"]] == ["one", "two"]
