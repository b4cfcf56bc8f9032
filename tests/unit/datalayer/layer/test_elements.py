"""Elements, and their files in the storage."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from chainlit import CustomElement, File, Image, TaskList
from chainlit.session import WebsocketSession

from datalayer.domains import LAST_REVISION
from datalayer.errors import WriteRefused
from datalayer.layer import KeepchatDataLayer
from datalayer.writes import DeleteElement
from storage.errors import ObjectMissing, StorageDenied, StorageError, StorageUnavailable
from tests.support.builders import BOB, new_id
from tests.support.layers import (
    Parts,
    enter,
    eventually,
    files,
    get,
    nothing_is_left,
    step_dict,
    text_element,
    thread_of,
    user,
)
from tests.support.pauses import skip_pauses


async def test_the_stored_bytes_of_an_element_can_be_read(layer: KeepchatDataLayer) -> None:
    thread_id = await thread_of(layer, await user(layer))
    element = text_element(thread_id, "some text")
    await layer.create_element(element)
    async with layer.open_element(thread_id, element.id) as opened:
        assert b"".join([chunk async for chunk in opened.body]) == b"some text"
    with pytest.raises(ObjectMissing):
        async with layer.open_element(thread_id, new_id()):
            pass


async def test_an_element_with_content(parts: Parts) -> None:
    element = text_element(new_id(), "ü")
    await parts.layer.create_element(element)
    found = cast(Any, await parts.layer.get_element(element.thread_id, element.id))
    assert found["url"] == f"/files/{element.thread_id}/{element.id}/a.txt"
    assert (await get(parts.layer, element.thread_id))["elements"] == [found]
    async with parts.storage.open(f"{element.thread_id}/{element.id}") as opened:
        assert b"".join([piece async for piece in opened.body]) == "ü".encode()


async def test_an_element_with_a_path(parts: Parts, tmp_path: Path) -> None:
    path = tmp_path / "upload.bin"
    path.write_bytes(b"some bytes")
    element = File(thread_id=new_id(), name="a b.bin", path=str(path), chainlit_key="key")
    await parts.layer.create_element(element)
    record = await parts.store.get_element(element.thread_id, element.id)
    assert record is not None
    assert record.size == 10
    found = cast(Any, await parts.layer.get_element(element.thread_id, element.id))
    assert found["url"] == f"/files/{element.thread_id}/{element.id}/a%20b.bin"
    assert (found["chainlitKey"], found["name"]) == (None, "a b.bin")


async def test_an_empty_file(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    element = File(thread_id=new_id(), name="empty", path=str(tmp_path / "empty"))
    await parts.layer.create_element(element)
    record = await parts.store.get_element(element.thread_id, element.id)
    assert record is not None
    assert record.size == 0


async def test_an_element_elsewhere_keeps_its_link(parts: Parts) -> None:
    element = Image(thread_id=new_id(), name="a.png", url="https://example.org/a.png?b=c")
    await parts.layer.create_element(element)
    found = cast(Any, await parts.layer.get_element(element.thread_id, element.id))
    assert found["url"] == "https://example.org/a.png?b=c"
    assert await files(parts) == []


async def test_a_custom_element_keeps_its_props_and_needs_no_file(parts: Parts) -> None:
    element = CustomElement(thread_id=new_id(), name="Card", props={"a": [1]})
    await parts.layer.create_element(element)
    element.props = {"a": [1, 2]}
    await parts.layer.create_element(element)
    found = cast(Any, await parts.layer.get_element(element.thread_id, element.id))
    assert (found["props"], found["type"]) == ({"a": [1, 2]}, "custom")
    assert await files(parts) == []


async def test_a_task_list_is_stored(parts: Parts) -> None:
    element = TaskList(thread_id=new_id(), content='{"status": "Ready"}', for_id="")
    await parts.layer.create_element(element)
    found = cast(Any, await parts.layer.get_element(element.thread_id, element.id))
    assert (found["type"], found["forId"]) == ("tasklist", None)
    assert found["url"].startswith("/files/")


async def test_an_element_changed_after_the_call(parts: Parts) -> None:
    element = text_element(new_id(), "as it was")
    task = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.sleep(0)
    element.name, element.content, element.chainlit_key = "changed", "changed", "key"
    await task
    found = cast(Any, await parts.layer.get_element(element.thread_id, element.id))
    assert found["name"] == "a.txt"
    async with parts.storage.open(f"{element.thread_id}/{element.id}") as opened:
        assert b"".join([piece async for piece in opened.body]) == b"as it was"


async def test_an_element_is_not_seen_before_its_file(parts: Parts) -> None:
    element = text_element(new_id())
    parts.storage.gate.clear()
    task = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.wait_for(parts.storage.asked.wait(), 5)
    assert await parts.layer.get_element(element.thread_id, element.id) is None
    await parts.layer.create_step(step_dict(element.thread_id, output="not held up"))
    parts.storage.gate.set()
    await task
    assert await parts.layer.get_element(element.thread_id, element.id) is not None


@pytest.mark.parametrize("error", [StorageUnavailable("away"), StorageDenied("refused")])
async def test_an_upload_that_fails_is_an_error_and_no_element(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: StorageError,
) -> None:
    pauses = skip_pauses(monkeypatch)
    element = text_element(new_id())
    parts.storage.failures += [error] * 20
    with pytest.raises(type(error)):
        await parts.layer.create_element(element)
    expected = [0.5, 1, 2, 4, 8, 16, 20] if isinstance(error, StorageUnavailable) else []
    assert (pauses, len(parts.storage.failures)) == (expected, 19 - len(expected))
    parts.storage.failures.clear()
    assert parts.lost == ["a.txt"]
    assert element.id in caplog.text
    assert await parts.layer.get_element(element.thread_id, element.id) is None
    await parts.layer.create_element(element)
    assert await parts.layer.get_element(element.thread_id, element.id) is not None


async def test_a_storage_that_comes_back_gets_the_file(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = skip_pauses(monkeypatch)
    element = text_element(new_id())
    parts.storage.failures += [StorageUnavailable("away")] * 2
    await parts.layer.create_element(element)
    assert pauses == [0.5, 1]
    assert await parts.layer.get_element(element.thread_id, element.id) is not None
    assert parts.lost == []


async def test_a_file_that_is_removed_while_it_waits_is_stored_all_the_same(
    parts: Parts, tmp_path: Path
) -> None:
    """As Chainlit removes those of a session that ends."""
    path = tmp_path / "upload.bin"
    path.write_bytes(b"some bytes" * 100_000)
    element = File(thread_id=new_id(), name="a.bin", path=str(path))
    parts.store.gate.clear()
    task = asyncio.create_task(parts.layer.create_element(element))
    process = psutil.Process()
    await eventually(lambda: str(path) in {file.path for file in process.open_files()})
    path.unlink()
    parts.store.gate.set()
    await task
    record = await parts.store.get_element(element.thread_id, element.id)
    assert record is not None
    assert record.size == 1_000_000


async def test_a_file_that_is_not_there_is_lost_and_it_is_said(
    parts: Parts, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    element = File(thread_id=new_id(), name="a.bin", path=str(tmp_path / "gone"))
    with pytest.raises(FileNotFoundError):
        await parts.layer.create_element(element)
    assert parts.lost == ["a.bin"]
    assert element.id in caplog.text


async def test_an_element_deleted_while_its_upload_runs_leaves_no_file(parts: Parts) -> None:
    element = text_element(new_id())
    parts.storage.gate.clear()
    task = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.wait_for(parts.storage.asked.wait(), 5)
    await parts.layer.delete_element(element.id, element.thread_id)
    parts.storage.gate.set()
    await task
    await eventually(lambda: nothing_is_left(parts))
    assert await parts.layer.get_element(element.thread_id, element.id) is None


async def test_a_cancelled_caller_does_not_stop_the_upload(parts: Parts) -> None:
    element = text_element(new_id())
    parts.storage.gate.clear()
    task = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.wait_for(parts.storage.asked.wait(), 5)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    parts.storage.gate.set()
    await eventually(lambda: parts.layer.get_element(element.thread_id, element.id))


async def test_a_cancelled_caller_does_not_stop_an_upload_that_has_not_begun(parts: Parts) -> None:
    element = text_element(new_id())
    parts.store.gate.clear()
    task = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    parts.store.gate.set()
    await eventually(lambda: parts.layer.get_element(element.thread_id, element.id))


async def test_of_two_uploads_the_later_counts(parts: Parts) -> None:
    element = text_element(new_id(), "first")
    parts.storage.gate.clear()
    first = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.wait_for(parts.storage.asked.wait(), 5)
    parts.storage.gate, held = asyncio.Event(), parts.storage.gate
    parts.storage.gate.set()
    element.content = "second"
    second = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.wait([second], timeout=0.2)
    held.set()
    await asyncio.gather(first, second)
    async with parts.storage.open(f"{element.thread_id}/{element.id}") as opened:
        assert b"".join([piece async for piece in opened.body]) == b"second"


@pytest.mark.parametrize("how", ["element", "step", "thread"])
async def test_deleting_removes_files(parts: Parts, how: str) -> None:
    layer, thread_id = parts.layer, new_id()
    step = step_dict(thread_id, output="x")
    await layer.create_step(step)
    element = text_element(thread_id)
    element.for_id = step["id"]
    await layer.create_element(element)
    assert len(await files(parts)) == 1
    if how == "element":
        await layer.delete_element(element.id, thread_id)
    elif how == "step":
        await layer.delete_step(step["id"])
    else:
        await layer.delete_thread(thread_id)
    await eventually(lambda: nothing_is_left(parts))
    assert await layer.get_element(thread_id, element.id) is None


async def test_files_left_over_are_removed_after_the_start(parts: Parts) -> None:
    element = text_element(new_id())
    await parts.layer.create_element(element)
    write = DeleteElement(id=element.id, thread_id=element.thread_id, revision=LAST_REVISION)
    await parts.store.apply([write])
    assert len(await files(parts)) == 1
    parts.layer.start()
    await eventually(lambda: nothing_is_left(parts))


async def test_an_element_of_another_thread_is_left_alone(parts: Parts) -> None:
    element, other = text_element(new_id()), new_id()
    await parts.layer.create_element(element)
    await parts.layer.create_step(step_dict(other))
    with pytest.raises(WriteRefused):
        await parts.layer.delete_element(element.id, other)
    stolen = Image(thread_id=other, id=element.id, name="x", url="https://example.org")
    with pytest.raises(WriteRefused):
        await parts.layer.create_element(stolen)
    assert await parts.layer.get_element(element.thread_id, element.id) is not None


@pytest.mark.parametrize("mine", [True, False])
async def test_a_refused_element_touches_no_file(
    parts: Parts, session: WebsocketSession, mine: bool
) -> None:
    theirs = text_element(await thread_of(parts.layer, await user(parts.layer, BOB)), "Bob's")
    await parts.layer.create_element(theirs)
    before = await files(parts)
    enter(session)
    session.has_first_interaction = True
    stolen = text_element(session.thread_id if mine else theirs.thread_id, "stolen")
    stolen.id = theirs.id
    with pytest.raises(WriteRefused):
        await parts.layer.create_element(stolen)
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=0.2)
    async with parts.storage.open(f"{theirs.thread_id}/{theirs.id}") as opened:
        assert b"".join([piece async for piece in opened.body]) == b"Bob's"
    assert await files(parts) == before


async def test_an_element_without_its_thread_is_an_error(layer: KeepchatDataLayer) -> None:
    with pytest.raises(ValueError, match="thread"):
        await layer.delete_element(new_id())
