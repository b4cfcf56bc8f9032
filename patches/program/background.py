"""The tasks in which Chainlit stores things, and that nobody holds or waits for.

The event loop does not hold them either: what is collected as garbage never ends. What they raise
is a traceback, or nothing.
"""

import asyncio
import inspect
import logging
import sys
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any

import chainlit.server
import chainlit.socket
from chainlit.context import ChainlitContext, context_var
from chainlit.element import Element
from chainlit.emitter import ChainlitEmitter
from chainlit.message import Message
from chainlit.step import Step

from common.concurrency.tasks import TaskSet
from common.failures import in_one_line
from datalayer.errors import DataLayerError, level_of
from patches.originals import replace
from patches.patch import Parts

logger = logging.getLogger("keepchat")

# Where it begins such tasks. Some of its server's last as long as that: nobody waits for them.
STORING = tuple(
    sys.modules[name]
    for name in (
        chainlit.socket.__name__,
        *(it.__module__ for it in (ChainlitContext, ChainlitEmitter, Element, Message, Step)),
    )
)


def hold_tasks(parts: Parts) -> None:
    """Hold the tasks that Chainlit begins, and say what went wrong in them."""
    for module in STORING:
        replace(module, asyncio.__name__, lambda original: Holding(original, parts.background))
    lasting = TaskSet()
    replace(chainlit.server, asyncio.__name__, lambda original: Holding(original, lasting))


class Holding:
    """What stands for `asyncio` in a module of Chainlit's: its tasks are held."""

    def __init__(self, original: Any, tasks: TaskSet) -> None:
        self._original = original
        self._tasks = tasks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def create_task(self, work: Coroutine[Any, Any, Any], **given: Any) -> asyncio.Task[Any]:
        """Begin a task, and hold it until it has ended."""
        about = subject(work)
        task: asyncio.Task[Any] = self._original.create_task(work, **given)
        self._tasks.add(task)
        task.add_done_callback(partial(_tell, about))
        return task


def subject(work: Coroutine[Any, Any, Any]) -> str:
    """Return what a coroutine that has not begun is about: its name, the thread and the step."""
    given = inspect.getcoroutinelocals(work) if inspect.iscoroutine(work) else {}
    step = given.get("step_dict")
    step = step if isinstance(step, Mapping) else {}
    own = given.get("element", given.get("self"))
    found = context_var.get(None)
    thread_id = (
        given.get("thread_id")
        or step.get("threadId")
        or getattr(own, "thread_id", None)
        or (found.session.thread_id if found else None)
    )
    step_id = given.get("step_id") or step.get("id") or getattr(own, "id", None)
    return f"{getattr(work, '__name__', 'a task')} of step {step_id} in thread {thread_id}"


def _tell(about: str, task: asyncio.Task[Any]) -> None:
    """Say in one line what went wrong; what the data layer refuses is no fault of the program."""
    exc = None if task.cancelled() else task.exception()
    if isinstance(exc, DataLayerError):
        logger.log(level_of(exc), "In the background, %s: %s", about, in_one_line(exc))
    elif exc:
        logger.error("In the background, %s: %s", about, in_one_line(exc))
