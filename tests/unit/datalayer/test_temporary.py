"""Temporary threads take the way of all others, and reach neither store, storage nor journal."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from chainlit.context import context_var
from chainlit.element import Text
from chainlit.types import Feedback, Pagination, ThreadFilter
from chainlit.user import User

from datalayer.errors import StepGone
from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline.journal.journal import Journal
from datalayer.values import as_id, is_temporary, new_temporary_id
from storage.local.storage import LocalStorage
from tests.support.away import AwayStore
from tests.support.builders import ALICE, new_id

CONTENT = "what was attached"
PAGE = new_id()


@dataclass(frozen=True)
class Parts:
    layer: KeepchatDataLayer
    store: AwayStore
    folder: Path

    def is_untouched(self) -> bool:
        """Tell whether nothing was given to the store, and nothing is on the disk."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return not self.store.stored and not [path for path in files if path.stat().st_size]


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    store = AwayStore()
    layer = KeepchatDataLayer(
        store,
        LocalStorage(tmp_path / "files"),
        journal=Journal(tmp_path / "journal", most_bytes=1_000_000),
        journal_after_s=0.01,
    )
    yield Parts(layer, store, tmp_path)
    store.is_away = False
    await layer.close()


@contextmanager
def signed_in(thread_id: str) -> Iterator[None]:
    """As in a page of Alice's that has a thread open."""
    session = SimpleNamespace(
        user=User(identifier=ALICE), thread_id=thread_id, has_first_interaction=True
    )
    token = context_var.set(cast(Any, SimpleNamespace(session=session)))
    try:
        yield
    finally:
        context_var.reset(token)


def step(thread_id: str, **fields: Any) -> Any:
    return {"id": new_id(), "threadId": thread_id, "type": "user_message", "name": "a"} | fields


async def begun(layer: KeepchatDataLayer, output: str = "asked") -> tuple[str, Any]:
    """Begin a thread with a question; returns its id and the question."""
    thread_id = layer.temporary.begin(ALICE, PAGE)
    question = step(thread_id, output=output)
    with signed_in(thread_id):
        await layer.update_thread(thread_id, name="asked")
        await layer.create_step(question)
    return thread_id, question


def test_their_ids_are_told_from_all_others() -> None:
    made = {new_temporary_id() for _ in range(100)}
    assert len(made) == 100
    assert all(is_temporary(it) and as_id(it) == it for it in made)
    assert not any(is_temporary(new_id()) for _ in range(100))
    assert not is_temporary("74656d70-0000-4000-8000-000000000000")


async def test_one_is_read_as_any_other_and_stored_nowhere(parts: Parts) -> None:
    layer = parts.layer
    thread_id, question = await begun(layer)
    element = Text(name="a.txt", content=CONTENT, thread_id=thread_id, for_id=question["id"])
    with signed_in(thread_id):
        await layer.create_element(element)
    await layer.flush(thread_id, question["id"])
    await layer.flush_files(thread_id, [element.id])
    record = await layer.get_thread_record(thread_id)
    assert record
    assert [it.fields["output"] for it in record.steps] == ["asked"]
    assert await layer.get_thread_author(thread_id) == ALICE
    assert await layer.get_step_thread(question["id"]) == thread_id
    async with layer.open_element(thread_id, element.id) as opened:
        assert b"".join([chunk async for chunk in opened.body]) == CONTENT.encode()
    assert await layer.storage.read_url(f"{thread_id}/{element.id}", 60) is None
    copies = await layer.copy_elements(thread_id, question["id"], question["id"])
    assert [it["name"] for it in copies] == ["a.txt"]
    await layer.upsert_feedback(Feedback(forId=question["id"], value=1, threadId=thread_id))
    await layer.settle(thread_id)
    assert parts.is_untouched()


async def test_nobody_reads_one_that_is_said_to_be_shared_or_finds_it(parts: Parts) -> None:
    thread_id, _ = await begun(parts.layer)
    await parts.layer.update_thread(thread_id, metadata={"is_shared": True})
    assert await parts.layer.reads.get_thread_metadata(thread_id) is None
    listed = await parts.layer.list_threads(Pagination(first=9), ThreadFilter(userId=new_id()))
    found = await parts.layer.search(new_id(), "asked", first=9)
    assert not listed.data
    assert not found.hits


async def test_a_database_that_is_away_is_not_missed(parts: Parts) -> None:
    parts.store.is_away = True
    thread_id, question = await begun(parts.layer)
    await parts.layer.flush(thread_id, question["id"])
    assert await parts.layer.get_thread_record(thread_id)
    assert parts.is_untouched()


async def test_what_comes_after_its_end_comes_to_nothing(parts: Parts) -> None:
    layer = parts.layer
    thread_id, question = await begun(layer)
    element = Text(name="late.txt", content=CONTENT, thread_id=thread_id)
    layer.temporary.end(thread_id)
    assert await layer.get_thread_record(thread_id) is None
    assert await layer.get_thread_author(thread_id) == ""
    assert await layer.get_step_thread(question["id"]) == ""
    late = step(thread_id, output="late")
    with signed_in(thread_id):
        await layer.update_step(step(thread_id, id=question["id"], output="changed"))
        await layer.create_step(late)
        await layer.create_element(element)
    with pytest.raises(StepGone):
        await layer.flush(thread_id, late["id"])
    await layer.update_thread(thread_id, metadata={"chat_profile": "a"})
    assert await layer.get_thread_record(thread_id) is None
    assert parts.is_untouched()


async def test_an_id_that_was_never_begun_is_as_one_that_has_ended(parts: Parts) -> None:
    thread_id = new_temporary_id()
    with signed_in(thread_id):
        await parts.layer.create_step(step(thread_id, output="asked"))
    assert await parts.layer.get_thread_record(thread_id) is None
    assert parts.is_untouched()


async def test_it_is_counted_what_they_hold(parts: Parts) -> None:
    layer = parts.layer
    thread_id, question = await begun(layer, "x" * 1_000)
    with signed_in(thread_id):
        await layer.update_step(step(thread_id, id=question["id"], output="x" * 2_000))
    element = Text(name="a.txt", content=CONTENT, thread_id=thread_id)
    with signed_in(thread_id):
        await layer.create_element(element)
    await layer.flush_files(thread_id, [element.id])
    [thread] = layer.temporary.of_user(ALICE)
    assert thread.size == 2_000 + len(CONTENT)
    assert list(layer.temporary.of_user("bob")) == []
    layer.temporary.end(thread_id)
    assert list(layer.temporary.of_user(ALICE)) == []
