"""The tasks that Chainlit begins and nobody waits for: held, waited for, and heard."""

import asyncio
import gc
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import chainlit
import chainlit as cl
import chainlit.data
import pytest
from chainlit.data.base import BaseDataLayer

from common.concurrency.tasks import TaskSet
from datalayer.errors import WriteRefused
from patches.patch import Parts
from patches.program.background import STORING, Holding, hold_tasks
from tests.support.builders import new_id
from tests.support.chainlits import in_session

# Its own integrations of models, of which the program uses none.
UNUSED = {"llama_index/callbacks.py", "mistralai/__init__.py", "openai/__init__.py"}
BEGINS = re.compile(r"create_task\(")


class Layer:
    """Stands for a data layer in which everything goes wrong."""

    def __init__(self, exc: Exception) -> None:
        self.exc = exc
        self.waits = asyncio.Event()
        self.waits.set()

    async def create_step(self, step_dict: Any) -> None:
        await self.waits.wait()
        raise self.exc

    async def delete_step(self, step_id: str) -> None:
        raise self.exc

    async def create_element(self, element: Any) -> None:
        raise self.exc


@pytest.fixture
def tasks(_unpatched: None) -> TaskSet:
    found = TaskSet()
    hold_tasks(cast(Parts, SimpleNamespace(background=found)))
    return found


def use(layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chainlit.data, "_data_layer", cast(BaseDataLayer, layer))
    monkeypatch.setattr(chainlit.data, "_data_layer_initialized", True)


def test_all_modules_that_begin_tasks_are_known() -> None:
    root = Path(str(chainlit.__file__)).parent
    sources = {path.relative_to(root).as_posix(): path for path in root.rglob("*.py")}
    begin = {name for name, path in sources.items() if BEGINS.search(path.read_text("utf-8"))}
    held = {Path(str(module.__file__)).relative_to(root).as_posix() for module in STORING}
    assert begin - UNUSED == held | {"server.py"}


@pytest.mark.parametrize(
    ("exc", "level"),
    [(WriteRefused("It is not theirs."), "WARNING"), (ZeroDivisionError("a fault"), "ERROR")],
)
async def test_what_goes_wrong_is_told_with_thread_and_step(
    tasks: TaskSet,
    exc: Exception,
    level: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    use(Layer(exc), monkeypatch)
    thread_id = new_id()
    with in_session(thread_id):
        message = cl.Message(content="one")
        await message.send()
        await message.remove()
        element = cl.Text(name="notes", content="two", display="inline")
        await element.send(for_id=message.id)
        await tasks.ended()
    told = [it.message for it in caplog.records if it.levelname == level]
    assert [said.partition(":")[0] for said in told] == [
        f"In the background, {what} of step {step_id} in thread {thread_id}"
        for what, step_id in (
            ("create_step", message.id),
            ("delete_step", message.id),
            ("create_element", element.id),
        )
    ]
    assert all(str(exc) in said for said in told)


async def test_a_task_is_held_and_waited_for(
    tasks: TaskSet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    layer = Layer(WriteRefused("It is not theirs."))
    layer.waits.clear()
    use(layer, monkeypatch)
    with in_session(new_id()):
        await cl.Message(content="one").send()
    ended = asyncio.create_task(tasks.ended())
    await asyncio.sleep(0)
    gc.collect()
    assert not ended.done()
    layer.waits.set()
    await ended
    assert "It is not theirs." in caplog.text


async def test_all_else_of_asyncio_is_as_it_was() -> None:
    holding = Holding(asyncio, TaskSet())
    assert holding.CancelledError is asyncio.CancelledError
    assert await holding.create_task(asyncio.sleep(0, "done"), name="a name") == "done"
