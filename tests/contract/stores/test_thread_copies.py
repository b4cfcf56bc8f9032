"""Copies of threads over every store, with their files in a folder and in S3."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from datalayer.errors import CopyFailed
from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline import writer
from datalayer.records import ThreadRecord
from datalayer.stores.base import Store
from datalayer.writes import SaveElement, SaveStep, SaveThread
from storage.base import Storage
from storage.errors import StorageUnavailable
from tests.support.backends import Backend
from tests.support.builders import (
    element_ids,
    favorite,
    feedback,
    finish,
    found_by,
    get_thread,
    get_user,
    listed,
    save,
    step,
    step_ids,
    thread,
    upload,
)
from tests.support.marks import on
from tests.support.storages import STORAGES, keys, put

CONTENT = b"the bytes of a picture"


@dataclass(frozen=True)
class Parts:
    layer: KeepchatDataLayer
    store: Store
    storage: Storage
    backend: Backend


@pytest.fixture(params=on("local", "s3"))
async def parts(
    request: pytest.FixtureRequest, backend: Backend, tmp_path: Path
) -> AsyncIterator[Parts]:
    async with STORAGES[request.param](request, tmp_path) as storage:
        store = await backend.open_migrated()
        layer = KeepchatDataLayer(store, storage)
        yield Parts(layer, store, storage, backend)
        await layer.close()


@dataclass(frozen=True)
class Talk:
    """Two exchanges, a picture with each."""

    thread: SaveThread
    steps: list[SaveStep]
    pictures: list[SaveElement]

    @property
    def id(self) -> str:
        return self.thread.id


async def talk_in(parts: Parts) -> Talk:
    place = {"pinned": True, "archived": True, "folder": "Work"}
    metadata = {"chat_profile": "small", "is_shared": True, **place}
    home = thread(name="First", tags=["one", "two"], metadata=metadata)
    steps: list[SaveStep] = []
    for number in range(2):
        at = f"2026-01-02T00:00:0{number}"
        asked = step(
            home.id,
            type="user_message",
            name="Alice",
            output=f"question {number}",
            createdAt=f"{at}.1Z",
        )
        run = step(home.id, type="run", name="on_message", parentId=asked.id, createdAt=f"{at}.2Z")
        told = step(
            home.id,
            type="assistant_message",
            name="Keepchat",
            output=f"an answer {number}",
            parentId=run.id,
            createdAt=f"{at}.4Z",
            metadata={"state": "done", "refused": [asked.id]},
        )
        thought = step(
            home.id, type="llm", name="Thoughts", output="hm", parentId=run.id, createdAt=f"{at}.3Z"
        )
        steps += [asked, run, told, thought]
    pictures = [
        upload(home.id, name="文件.png", mime="image/png", type="image", forId=steps[place].id)
        for place in (0, 6)
    ]
    for picture in pictures:
        await put(parts.storage, str(picture.fields["objectKey"]), CONTENT)
    await save(parts.store, home, *steps, *pictures, *map(finish, pictures))
    await save(parts.store, feedback(steps[2]), favorite(steps[4]))
    return Talk(home, steps, pictures)


def shape(record: ThreadRecord) -> tuple[list[Any], list[Any]]:
    """What there is to see of a thread, with places instead of ids."""
    places = {each.id: place for place, each in enumerate(record.steps)}
    steps = [
        (
            found.fields["type"],
            found.fields["output"],
            found.fields["createdAt"],
            places.get(str(found.fields["parentId"])),
        )
        for found in record.steps
    ]
    files = [
        (found.fields["name"], found.size, found.sha256, places.get(str(found.fields["forId"])))
        for found in record.elements
    ]
    return steps, sorted(files, key=repr)


async def contents(parts: Parts, record: ThreadRecord) -> list[bytes]:
    found = []
    for each in record.elements:
        async with parts.layer.open_element(record.id, each.id) as opened:
            found.append(b"".join([piece async for piece in opened.body]))
    return found


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the files of what was deleted are removed."""
    for _ in range(1_500):
        if await check():
            return
        await asyncio.sleep(0.02)
    pytest.fail("The files are still there after half a minute.")


async def test_a_copy_is_what_the_thread_is_under_new_ids(parts: Parts) -> None:
    talk = await talk_in(parts)
    made = await parts.layer.copy_thread(talk.id, "  A \n branch ")
    first, copy = await get_thread(parts.store, talk.id), await get_thread(parts.store, made)
    assert shape(copy) == shape(first)
    assert await contents(parts, copy) == [CONTENT, CONTENT]
    assert (copy.name, copy.owner, list(copy.tags)) == ("A branch", "alice", ["one", "two"])
    assert copy.metadata == {"chat_profile": "small", "folder": "Work"}
    assert not {*step_ids(first), *element_ids(first)} & {*step_ids(copy), *element_ids(copy)}
    thumbs = [[each.feedback and each.feedback.value for each in it.steps] for it in (first, copy)]
    assert thumbs[0] == thumbs[1] != [None] * 8, "it stands for the thread"
    assert copy.steps[3].fields["metadata"] == {"state": "done", "refused": [copy.steps[0].id]}
    assert len(await parts.store.get_favorites((await get_user(parts.store)).id)) == 2
    await parts.backend.settle()
    assert await listed(parts.store) == [made, talk.id]
    assert await found_by(parts.store, "an answer 1") == [made, talk.id]


async def test_a_copy_of_more_than_goes_into_one_batch(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_BATCH", 50)
    home = thread(name="Long")
    steps = [step(home.id, output=f"step {number}") for number in range(170)]
    await save(parts.store, home, *steps)
    made = await parts.layer.copy_thread(home.id, "A branch")
    copy = await get_thread(parts.store, made)
    assert shape(copy) == shape(await get_thread(parts.store, home.id))
    assert len(copy.steps) == 170


@pytest.mark.parametrize("deleted", ["first", "copy"])
async def test_deleting_either_leaves_the_other_whole(parts: Parts, deleted: str) -> None:
    talk = await talk_in(parts)
    before = shape(await get_thread(parts.store, talk.id))
    made = await parts.layer.copy_thread(talk.id, "A branch")
    gone, kept = (talk.id, made) if deleted == "first" else (made, talk.id)
    await parts.layer.delete_thread(gone)
    await eventually(lambda: none_below(parts.storage, gone))
    left = await get_thread(parts.store, kept)
    assert await parts.store.get_thread(gone) is None
    assert shape(left) == before
    assert await contents(parts, left) == [CONTENT, CONTENT]


async def none_below(storage: Storage, thread_id: str) -> bool:
    return await keys(storage, f"{thread_id}/") == []


async def test_a_copy_up_to_an_answer(parts: Parts) -> None:
    talk = await talk_in(parts)
    await save(parts.store, step(talk.id, talk.steps[5].id, hidden=True))
    made = await parts.layer.copy_thread(talk.id, "A branch", until=talk.steps[2].id)
    copy = await get_thread(parts.store, made)
    assert [each.fields["output"] for each in copy.steps] == [
        "question 0",
        None,
        "hm",
        "an answer 0",
    ]
    assert [each.fields["forId"] for each in copy.elements] == [copy.steps[0].id]
    assert len(await keys(parts.storage, f"{made}/")) == 1


async def test_the_files_of_a_question_for_another_one(parts: Parts) -> None:
    talk = await talk_in(parts)
    sibling = step(talk.id, type="user_message", output="asked otherwise")
    await save(parts.store, sibling)
    [made] = await parts.layer.copy_elements(talk.id, talk.steps[0].id, sibling.id)
    assert (made["forId"], made["name"]) == (sibling.id, "文件.png")
    assert made["id"] != talk.pictures[0].id
    await parts.layer.delete_element(talk.pictures[0].id, talk.id)
    await eventually(lambda: is_gone(parts.storage, str(talk.pictures[0].fields["objectKey"])))
    async with parts.layer.open_element(talk.id, made["id"]) as opened:
        assert b"".join([piece async for piece in opened.body]) == CONTENT


async def is_gone(storage: Storage, key: str) -> bool:
    return key not in await keys(storage)


@pytest.mark.parametrize("of", ["thread", "elements"])
async def test_of_a_copy_that_fails_nothing_stays(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    talk = await talk_in(parts)
    more = upload(talk.id, name="b.png", forId=talk.steps[0].id)
    await save(parts.store, more, finish(more))
    await put(parts.storage, str(more.fields["objectKey"]), CONTENT)
    before = await get_thread(parts.store, talk.id)
    there = await keys(parts.storage)
    copy, copied = parts.storage.copy, asyncio.Event()

    async def failing(source: str, target: str) -> int:
        if source == more.fields["objectKey"]:
            await copied.wait()
            message = "The storage is away."
            raise StorageUnavailable(message)
        size = await copy(source, target)
        copied.set()
        return size

    monkeypatch.setattr(parts.storage, "copy", failing)
    asked = (
        parts.layer.copy_thread(talk.id, "A branch")
        if of == "thread"
        else parts.layer.copy_elements(talk.id, talk.steps[0].id, talk.steps[4].id)
    )
    with pytest.raises(CopyFailed, match="The storage is away"):
        await asked
    await parts.backend.settle()
    assert await listed(parts.store) == [talk.id]
    assert await get_thread(parts.store, talk.id) == before
    await eventually(lambda: are(parts, there))


async def are(parts: Parts, wanted: list[str]) -> bool:
    return await keys(parts.storage) == wanted and not await parts.store.list_removals(1)
