"""The end: what was taken is stored, and nothing is taken any more."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest

from datalayer.errors import StoreUnavailable, WriterClosed
from datalayer.pipeline import uploads
from datalayer.records import Result
from datalayer.writes import Write
from tests.support.builders import new_id
from tests.support.layers import Parts, step_dict, text_element


async def test_close_stores_what_was_taken(parts: Parts) -> None:
    given = [step_dict(new_id(), output=str(number)) for number in range(50)]
    element = text_element(new_id())
    parts.storage.gate.clear()
    tasks = [asyncio.create_task(parts.layer.create_step(each)) for each in given]
    tasks.append(asyncio.create_task(parts.layer.create_element(element)))
    await asyncio.wait_for(parts.storage.asked.wait(), 5)
    closing = asyncio.create_task(parts.layer.close())
    await asyncio.sleep(0)
    parts.storage.gate.set()
    await closing
    await asyncio.gather(*tasks)
    later = parts.store.reopened()
    assert len([found async for found in later.threads()]) == 51
    assert await later.get_element(element.thread_id, element.id) is not None


async def test_close_stores_what_was_called_just_before(parts: Parts) -> None:
    given = [step_dict(new_id(), output=str(number)) for number in range(50)]
    element = text_element(new_id())
    tasks = [asyncio.create_task(parts.layer.create_step(each)) for each in given]
    tasks.append(asyncio.create_task(parts.layer.create_element(element)))
    await parts.layer.close()
    await asyncio.wait(tasks)
    later = parts.store.reopened()
    assert len([found async for found in later.threads()]) == 51
    assert await later.get_element(element.thread_id, element.id) is not None


@pytest.mark.slow
async def test_close_has_an_end_while_the_database_is_away(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(_: Sequence[Write]) -> list[Result]:
        raise StoreUnavailable("away")

    monkeypatch.setattr(parts.store, "apply", away)
    monkeypatch.setattr(uploads, "END_S", 0.01)
    monkeypatch.setattr(parts.layer._writer, "_close_timeout_s", 0.01)
    element = text_element(new_id())
    calling = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.wait_for(parts.layer.close(), 5)
    await asyncio.wait([calling])
    assert f"The file of element {element.id} is lost" in caplog.text
    assert not parts.storage.asked.is_set()


async def test_close_stores_what_was_written_while_the_storage_does_not_answer(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    release = threading.Event()

    async def hang(_: object) -> None:
        await anyio.to_thread.run_sync(release.wait)  # as an SDK's call does, which nobody can stop

    monkeypatch.setattr(parts.storage, "delete", hang)
    element = text_element(new_id())
    await parts.layer.create_element(element)
    await parts.layer.delete_element(element.id, element.thread_id)
    late = step_dict(new_id(), output="late")
    storing = asyncio.create_task(parts.layer.create_step(late))
    closing = asyncio.create_task(parts.layer.close())
    await storing
    assert not closing.done()
    release.set()
    await closing


async def test_after_close_writes_are_refused(parts: Parts) -> None:
    await parts.layer.close()
    with pytest.raises(WriterClosed):
        await parts.layer.create_step(step_dict(new_id()))
