"""Whose threads are, and in which threads steps are, as they were seen: neither ever changes.

So who may change what can be told while the database is away. What was deleted is still known here;
to change it once more changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import islice

from datalayer.errors import StoreUnavailable
from datalayer.records import ThreadRecord
from datalayer.writes import SaveStep

MOST = 20_000  # threads, and as many steps with their feedback
READ_S = 2.0  # how long the database is waited for where the answer is known


class Known:
    """Remembers values that never change, the newest so many."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._values: dict[str, str] = {}

    def note(self, values: Mapping[str, str]) -> None:
        """Remember what was read."""
        self._values |= values
        if len(self._values) > self._most:
            for name in list(islice(self._values, len(self._values) - self._most // 2)):
                del self._values[name]

    def forget(self, name: str) -> None:
        """Remember no more what may not be so."""
        self._values.pop(name, None)

    def get(self, name: str) -> str:
        """Return what is remembered; empty for nothing."""
        return self._values.get(name, "")

    async def read(self, name: str, read: Callable[[], Awaitable[str]], *, is_away: bool) -> str:
        """Return what the store says, or what is known where the store is away or silent.

        Raises `StoreUnavailable` where that is nothing.
        """
        known = self.get(name)
        if not known:
            return await read()
        if is_away:
            return known
        try:
            async with asyncio.timeout(READ_S):
                return await read()
        except (TimeoutError, StoreUnavailable):
            return known


class Homes:
    """What is known of threads: `owners` by thread, and `threads` by step or feedback."""

    def __init__(self) -> None:
        self.owners = Known()
        self.threads = Known()

    def note_own(self, write: SaveStep) -> None:
        """Remember what is on its way to the store, from a page that was let into its thread."""
        if not self.threads.get(write.id):
            self.threads.note({write.id: write.thread_id})
        if write.owner and not self.owners.get(write.thread_id):
            self.owners.note({write.thread_id: write.owner})

    def forget_own(self, write: SaveStep) -> None:
        """Forget what the store has refused: it may be somebody else's."""
        self.threads.forget(write.id)
        self.owners.forget(write.thread_id)

    def note_listed(self, threads: Iterable[ThreadRecord]) -> None:
        """Remember whose threads are."""
        self.owners.note({thread.id: thread.owner for thread in threads if thread.owner})

    def note(self, thread: ThreadRecord) -> None:
        """Remember whose a thread is, and what is in it."""
        self.note_listed([thread])
        steps = [step.id for step in thread.steps]
        given = [step.feedback.id for step in thread.steps if step.feedback]
        self.threads.note(dict.fromkeys(steps + given, thread.id))
