"""What is copied of a thread, and that of a copy there is all or nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from chainlit import Text
from chainlit.user import User

from common.concurrency.blocking import ByteSource
from datalayer.errors import CopyFailed, WriterClosed, WriteRejected
from datalayer.layer import KeepchatDataLayer
from datalayer.records import Result, ThreadRecord
from datalayer.stores.memory import MemoryStore, MemoryTables
from datalayer.writes import SaveElement, SaveStep, Write
from storage.base import Receipt
from storage.local.storage import LocalStorage
from tests.support.builders import (
    ALICE,
    BOB,
    delete_thread,
    element,
    finish,
    get_thread,
    listed,
    new_id,
    save,
    step,
    thread,
    upload,
)

CONTENT = b"some bytes"


class ChokingStore(MemoryStore):
    """A store that never takes the writes that a test names."""

    refuses: type[Write] | None = None

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        if self.refuses and any(isinstance(write, self.refuses) for write in writes):
            message = "It cannot be held."
            raise WriteRejected(message)
        return await super().apply(writes)


class GatedStorage(LocalStorage):
    """A folder in which things wait for their gate."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()
        self.at_once = 0
        self.most_at_once = 0

    async def put(
        self, key: str, source: ByteSource, *, mime: str, filename: str | None = None
    ) -> Receipt:
        self.asked.set()
        await self.gate.wait()
        return await super().put(key, source, mime=mime, filename=filename)

    async def copy(self, source_key: str, target_key: str) -> int:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            return await super().copy(source_key, target_key)
        finally:
            self.at_once -= 1


@dataclass(frozen=True)
class Parts:
    layer: KeepchatDataLayer
    store: ChokingStore
    storage: GatedStorage

    async def copied(self, thread_id: str, **given: Any) -> ThreadRecord:
        """Copy a thread; return the copy."""
        return await get_thread(self.store, await self.layer.copy_thread(thread_id, "B", **given))

    async def keys(self) -> list[str]:
        return [found.key async for found in self.storage.list()]


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    store, storage = ChokingStore(MemoryTables()), GatedStorage(tmp_path / "files")
    layer = KeepchatDataLayer(store, storage)
    await layer.create_user(User(identifier=ALICE))
    yield Parts(layer, store, storage)
    storage.gate.set()
    await layer.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def with_file(parts: Parts, home: str, step_id: str | None = None) -> SaveElement:
    made = upload(home, name="a.txt", forId=step_id)
    await LocalStorage.put(parts.storage, str(made.fields["objectKey"]), CONTENT, mime="")
    await save(parts.store, made, finish(made))
    return made


async def question(parts: Parts, home: str) -> SaveStep:
    made = step(home, type="user_message", output="q")
    await save(parts.store, thread(home, name="A"), made)
    return made


async def nothing_is_left(parts: Parts, thread_id: str, files: Sequence[str]) -> None:
    assert await listed(parts.store) == [thread_id]
    for _ in range(500):
        if await parts.keys() == list(files) and not await parts.store.list_removals(1):
            return
        await asyncio.sleep(0.01)
    pytest.fail("Files of the copy are still there.")


# What is copied


@pytest.mark.parametrize(("owner", "kept"), [(ALICE, {"folder": "Work"}), (BOB, {})])
async def test_a_folder_goes_along_to_nobody_else(
    parts: Parts, owner: str, kept: dict[str, Any]
) -> None:
    talk = thread(name="A", metadata={"folder": "Work", "chat_profile": "small"})
    await save(parts.store, talk)
    made = await parts.layer.copy_part(talk.id, lambda it: replace(it, owner=owner))
    copy = await get_thread(parts.store, made)
    assert (copy.owner, copy.metadata) == (owner, {"chat_profile": "small", **kept})


async def test_an_answer_that_streams_is_interrupted_in_the_copy(parts: Parts) -> None:
    home = new_id()
    steps = [
        step(home, type="assistant_message", output="so far", **fields)
        for fields in (
            {"streaming": True},
            {"metadata": {"state": "streaming", "model": "m"}},
            {"metadata": {"state": "stopped"}},
        )
    ]
    await save(parts.store, *steps)
    found = (await parts.copied(home)).steps
    assert [each.fields["metadata"] for each in found] == [
        {"state": "interrupted"},
        {"state": "interrupted", "model": "m"},
        {"state": "stopped"},
    ]
    assert not any(each.fields["streaming"] for each in found)
    assert [each.fields["output"] for each in found] == ["so far"] * 3
    first = await get_thread(parts.store, home)
    assert first.steps[0].fields["streaming"] is True


async def test_ids_are_those_of_the_copy_wherever_metadata_names_them(parts: Parts) -> None:
    home, ids = new_id(), [new_id() for _ in range(3)]
    metadata = {"sibling_of": ids[0], "refused": [ids[0], "x"], "deep": {"of": ids[2]}}
    await save(
        parts.store,
        step(home, ids[0], type="user_message", output=ids[2]),
        step(home, ids[1], type="user_message", metadata=metadata, later={"step": ids[0]}),
        step(home, ids[2], parentId=ids[1], output="x"),
    )
    first, second, last = (await parts.copied(home)).steps
    assert second.fields["metadata"] == {
        "sibling_of": first.id,
        "refused": [first.id, "x"],
        "deep": {"of": last.id},
    }
    assert second.fields["later"] == {"step": first.id}
    assert last.fields["parentId"] == second.id
    assert first.fields["output"] == ids[2], "what somebody said stays as it is"


async def test_the_only_one_of_a_group_that_is_copied_is_nobodys_sibling(parts: Parts) -> None:
    home, ids = new_id(), [new_id() for _ in range(2)]
    await save(
        parts.store,
        step(home, ids[0], type="user_message", hidden=True),
        step(home, ids[1], type="user_message", metadata={"sibling_of": ids[0], "a": 1}),
    )
    assert [each.fields["metadata"] for each in (await parts.copied(home, until=ids[1])).steps] == [
        {"a": 1}
    ]
    whole = (await parts.copied(home)).steps
    assert len(whole) == 2
    assert whole[1].fields["metadata"] == {"sibling_of": whole[0].id, "a": 1}


async def test_what_is_shown_because_the_others_are_hidden_too_is_not_hidden_in_the_copy(
    parts: Parts,
) -> None:
    """As a crash may leave it."""
    home = new_id()
    asked = step(home, type="user_message", output="q")
    steps: list[SaveStep] = []
    for number in range(2):
        run = step(home, type="run", name="on_message", parentId=asked.id, hidden=True)
        answer = f"answer {number}"
        told = step(home, type="assistant_message", parentId=run.id, output=answer, hidden=True)
        steps += [run, told]
    await save(parts.store, asked, *steps)
    copy = await parts.copied(home, until=steps[3].id)
    assert [each.fields["output"] for each in copy.steps] == ["q", None, "answer 1"]
    assert not any(each.fields["hidden"] for each in copy.steps)
    whole = await parts.copied(home)
    assert [each.fields["hidden"] for each in whole.steps] == [None, True, True, True, True]


async def test_all_of_the_run_of_an_answer_is_copied_with_it(parts: Parts) -> None:
    """Also what came after the answer began, as thoughts do of one that was gone on with."""
    home = new_id()
    asked = step(home, type="user_message", output="q")
    run = step(home, type="run", parentId=asked.id, output="run")
    answer = step(home, type="assistant_message", parentId=run.id, output="a")
    tool = step(home, type="tool", parentId=run.id, output="tool")
    below = step(home, type="tool", parentId=tool.id, output="below")
    later = step(home, type="user_message", output="q2")
    await save(parts.store, asked, run, answer, tool, below, later)
    copy = await parts.copied(home, until=answer.id)
    assert [each.fields["output"] for each in copy.steps] == ["q", "run", "a", "tool", "below"]
    copy = await parts.copied(home, until=later.id)
    assert len(copy.steps) == 6


async def test_of_what_is_below_no_run_all_before_is_copied(parts: Parts) -> None:
    home = new_id()
    steps = [step(home, type=kind, output=kind) for kind in ("user_message", "assistant_message")]
    await save(parts.store, *steps, step(home, type="assistant_message", output="later"))
    copy = await parts.copied(home, until=steps[1].id)
    assert [each.fields["output"] for each in copy.steps] == ["user_message", "assistant_message"]


async def test_elements_without_a_file_are_copied(parts: Parts) -> None:
    home = new_id()
    asked = await question(parts, home)
    custom = element(home, type="custom", name="Box", props={"a": 1}, forId=asked.id)
    linked = element(home, type="image", url="https://example.com/a.png", page=3)
    await save(parts.store, custom, linked)
    copy = await parts.copied(home)
    found = {each.fields["type"]: each.fields for each in copy.elements}
    assert found["custom"]["props"] == {"a": 1}
    assert found["custom"]["forId"] == copy.steps[0].id
    assert (found["image"]["url"], found["image"]["page"]) == ("https://example.com/a.png", 3)


async def test_a_file_of_which_nobody_knows_the_hash_is_copied(parts: Parts) -> None:
    """As those of threads that were adopted."""
    home = new_id()
    await LocalStorage.put(parts.storage, "user/old.txt", CONTENT, mime="")
    await save(parts.store, element(home, type="text", name="old.txt", objectKey="user/old.txt"))
    copy = await parts.copied(home)
    [found] = copy.elements
    assert found.fields["objectKey"] == f"{copy.id}/{found.id}"
    async with parts.layer.open_element(copy.id, found.id) as opened:
        assert b"".join([piece async for piece in opened.body]) == CONTENT


async def test_a_file_on_its_way_is_waited_for(parts: Parts) -> None:
    home = new_id()
    await question(parts, home)
    parts.storage.gate.clear()
    text = Text(thread_id=home, name="a.txt", content="x", mime="text/plain")
    storing = asyncio.create_task(parts.layer.create_element(text))
    await parts.storage.asked.wait()
    copying = asyncio.create_task(parts.layer.copy_thread(home, "B"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not copying.done()
    parts.storage.gate.set()
    copy = await get_thread(parts.store, await copying)
    await storing
    assert [each.fields["name"] for each in copy.elements] == ["a.txt"]


async def test_what_is_not_ready_or_lost_is_left_out(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    home = new_id()
    await question(parts, home)
    await save(parts.store, upload(home, name="never came"))
    lost, kept = await with_file(parts, home), await with_file(parts, home)
    await parts.storage.delete([str(lost.fields["objectKey"])])
    copy = await parts.copied(home)
    assert len(copy.elements) == 1
    assert await parts.keys() == sorted(
        [str(kept.fields["objectKey"]), str(copy.elements[0].fields["objectKey"])]
    )
    assert f"Element {lost.id} is not copied" in caplog.text


async def test_what_is_on_its_way_to_the_database_is_copied(parts: Parts) -> None:
    home = new_id()
    made = step(home, type="user_message", output="q")
    parts.layer.checkpoint({"id": made.id, "threadId": home, "type": "run", "output": "newest"})
    assert (await parts.copied(home)).steps[0].fields["output"] == "newest"


async def test_a_thread_of_nobody_stays_one(parts: Parts) -> None:
    home = thread(name="A", owner=None)
    await save(parts.store, home, step(home.id, owner=None))
    assert (await parts.copied(home.id)).owner is None


async def test_only_some_files_are_copied_at_once(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = new_id()
    await question(parts, home)
    for _ in range(20):
        await with_file(parts, home)
    assert len((await parts.copied(home)).elements) == 20
    assert 1 < parts.storage.most_at_once <= 8


# All or nothing


@pytest.mark.parametrize("thread_id", [str(UUID(int=7)), "no id", ""])
async def test_a_thread_that_is_not_there(parts: Parts, thread_id: str) -> None:
    with pytest.raises(CopyFailed, match="There is no thread"):
        await parts.layer.copy_thread(thread_id, "B")


async def test_a_step_that_is_not_shown(parts: Parts) -> None:
    home = new_id()
    hidden = step(home, hidden=True)
    await save(parts.store, hidden, step(home))
    for step_id in (hidden.id, new_id(), "no id"):
        with pytest.raises(CopyFailed, match=step_id):
            await parts.layer.copy_thread(home, "B", until=step_id)
    assert await listed(parts.store) == [home]


@pytest.mark.parametrize("kind", [SaveStep, SaveElement])
async def test_a_write_that_is_never_taken(parts: Parts, kind: type[Write]) -> None:
    home = new_id()
    await question(parts, home)
    kept = await with_file(parts, home)
    parts.store.refuses = kind
    with pytest.raises(CopyFailed, match="cannot be held"):
        await parts.layer.copy_thread(home, "B")
    await nothing_is_left(parts, home, [str(kept.fields["objectKey"])])


async def test_a_thread_that_is_deleted_meanwhile(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, other = new_id(), new_id()
    await question(parts, home)
    await question(parts, other)
    await with_file(parts, home)
    copy = parts.storage.copy

    async def late(source: str, target: str) -> int:
        size = await copy(source, target)
        await save(parts.store, delete_thread(home))
        return size

    monkeypatch.setattr(parts.storage, "copy", late)
    with pytest.raises(CopyFailed, match="was deleted"):
        await parts.layer.copy_thread(home, "B")
    await nothing_is_left(parts, other, [])


@pytest.mark.parametrize("held", ["files", "writes"])
async def test_a_copy_that_is_cancelled(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    home = new_id()
    await question(parts, home)
    kept = await with_file(parts, home)
    reached = asyncio.Event()
    copy, name = parts.storage.copy, parts.store.get_thread_name

    async def hold_file(source: str, target: str) -> int:
        await copy(source, target)
        reached.set()
        return await asyncio.Future()

    async def hold_name(thread_id: str) -> str | None:
        reached.set()
        return await asyncio.Future() if thread_id == home else await name(thread_id)

    if held == "files":
        monkeypatch.setattr(parts.storage, "copy", hold_file)
    else:
        monkeypatch.setattr(parts.store, "get_thread_name", hold_name)
    copying = asyncio.create_task(parts.layer.copy_thread(home, "B"))
    await reached.wait()
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    await nothing_is_left(parts, home, [str(kept.fields["objectKey"])])


async def test_what_is_too_much_for_who_asks_is_not_begun(parts: Parts) -> None:
    home = new_id()
    asked = await question(parts, home)
    kept = await with_file(parts, home, asked.id)
    told: list[tuple[str, int]] = []

    def refuse(owner: str, size: int) -> AbstractContextManager[None]:
        told.append((owner, size))
        raise PermissionError

    parts.layer.limit_copies(refuse)
    with pytest.raises(PermissionError):
        await parts.layer.copy_thread(home, "B")
    with pytest.raises(PermissionError):
        await parts.layer.copy_elements(home, asked.id, new_id())
    assert await parts.layer.copy_elements(home, new_id(), asked.id) == []
    assert told == [(ALICE, 3), (ALICE, 3)], "what is stored of the size"
    assert await parts.keys() == [str(kept.fields["objectKey"])]


async def test_a_copy_when_the_program_stops_is_refused(parts: Parts) -> None:
    home = new_id()
    await question(parts, home)
    await parts.layer._writer.close()
    with pytest.raises(WriterClosed):
        await parts.layer.copy_thread(home, "B")
