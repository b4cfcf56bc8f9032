"""The end of the program: each of its steps has so much time, and a second signal hurries them."""

import asyncio
import logging
import os
import signal
from collections.abc import Coroutine
from typing import Any

from common.concurrency.tasks import TaskSet
from common.failures import in_one_line

logger = logging.getLogger("keepchat")


def end_at_a_signal() -> None:
    """Let SIGTERM and Ctrl+C end the program with the code 0 as long as no server takes them.

    At once, for nothing is accepted yet and what it waits for may be silent. The first process of
    a container would not even hear a SIGTERM for which it has no handler.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: os._exit(0))


class Ending:
    """Whether the program is ending, and how much time what is left to do may take.

    As long as it has not begun nothing is limited.
    """

    def __init__(self) -> None:
        self.is_begun = False
        self._hurried = asyncio.Event()
        self._given_up = TaskSet()

    @property
    def is_hurried(self) -> bool:
        """Whether nothing is to be waited for any more."""
        return self._hurried.is_set()

    def begin(self) -> None:
        """Take nothing new from now on."""
        self.is_begun = True

    def hurry(self) -> None:
        """Wait for nothing any more; call it in the event loop."""
        self.begin()
        self._hurried.set()

    async def step(
        self,
        what: str,
        work: Coroutine[Any, Any, object],
        seconds: float,
        *,
        hurries: bool = True,
    ) -> None:
        """Do one of the last things. What fails, or is not done within its time, is logged.

        What does not hurry has its time even after a second signal.
        """
        if not self.is_begun:
            await work
            return
        hurried = self._hurried if hurries else asyncio.Event()
        try:
            if not await self._done(work, seconds, hurried):
                logger.warning("The end of the program does not wait for %s", what)
        except Exception as exc:  # noqa: BLE001 - what comes after it has to be done all the same
            logger.error("The end of the program: %s: %s", what, in_one_line(exc))  # noqa: TRY400

    async def within(self, seconds: float, work: Coroutine[Any, Any, object]) -> bool:
        """Do something for so many seconds at most, and tell whether it is done.

        A second signal ends it, too; it is cancelled then, and not waited for. Raises what it
        raises.
        """
        return await self._done(work, seconds, self._hurried)

    async def _done(
        self, work: Coroutine[Any, Any, object], seconds: float, hurried: asyncio.Event
    ) -> bool:
        task = asyncio.create_task(work)
        given_up = asyncio.create_task(hurried.wait())
        try:
            first = asyncio.FIRST_COMPLETED
            done, _ = await asyncio.wait((task, given_up), timeout=seconds, return_when=first)
        finally:
            if not task.done():
                self._given_up.give_up(task)
            given_up.cancel()
            await asyncio.wait((given_up,))
        if task in done:
            task.result()
        return task in done
