"""Going on with what somebody else shares: its reader gets a conversation of their own."""

import asyncio
from collections.abc import Callable

from common.concurrency.tasks import TaskSet
from datalayer.layer import KeepchatDataLayer
from datalayer.records import ThreadRecord

Seen = Callable[[ThreadRecord, str], ThreadRecord | None]
"""Returns what of a thread its reader sees, as theirs; None where that is nothing."""


class Continuing:
    """Copies what is shared; who asks again before there is a copy gets that one."""

    def __init__(self, layer: KeepchatDataLayer, seen: Seen) -> None:
        self._layer = layer
        self._seen = seen
        self._making: dict[tuple[str, str], asyncio.Task[str]] = {}
        self._tasks = TaskSet()

    async def copy(self, thread_id: str, reader: str) -> str:
        """Return the id of a reader's copy of a thread.

        It is made to its end, though who asked may be gone. Raises `CopyFailed`, `LimitReached`,
        and as the data layer does.
        """
        key = thread_id, reader
        task = self._making.get(key)
        if task is None:
            task = asyncio.create_task(
                self._layer.copy_part(thread_id, lambda thread: self._seen(thread, reader))
            )
            self._making[key] = task
            task.add_done_callback(lambda _task: self._making.pop(key, None))
            self._tasks.add(task)
        return await asyncio.shield(task)
