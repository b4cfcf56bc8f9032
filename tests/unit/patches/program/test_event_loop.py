"""What Chainlit does to the event loop, and what is put back."""

import asyncio
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import cast

import chainlit as cl
import pytest

from patches.patch import Parts
from patches.program import event_loop
from tests.support.chainlits import in_session

NO_PARTS = cast(Parts, SimpleNamespace())

# In a process of its own: what nest_asyncio does lasts, and is done as Chainlit's command begins.
PUT_BACK = """
import asyncio, threading
import chainlit.cli
from patches.program.event_loop import use_own_loop

use_own_loop(None)

async def main():
    task = asyncio.ensure_future(asyncio.sleep(0, "done"))
    kinds = (type(task).__module__, type(asyncio.get_running_loop().create_future()).__module__)
    assert kinds == ("_asyncio", "_asyncio"), kinds
    assert asyncio.current_task() in asyncio.all_tasks()
    try:
        asyncio.get_event_loop().run_until_complete(asyncio.sleep(0))
    except RuntimeError:
        pass
    else:
        raise AssertionError("the loop runs within itself")
    return await task

assert asyncio.run(main()) == "done"
assert asyncio.run(main()) == "done"
"""


@pytest.mark.slow
def test_what_nest_asyncio_replaced_is_put_back() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PUT_BACK],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def test_where_nothing_was_replaced_nothing_is_put_back() -> None:
    task = asyncio.Task
    event_loop.use_own_loop(NO_PARTS)
    assert asyncio.Task is task


@pytest.mark.usefixtures("_unpatched")
async def test_messages_are_made_without_a_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with in_session("a thread"):
        cl.Message(content="one")
        assert slept == [0.001]
        event_loop.never_pause(NO_PARTS)
        cl.Message(content="two")
        cl.Step(name="three")
    assert slept == [0.001]
