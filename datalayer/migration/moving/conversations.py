"""Users, accounts and conversations of one store on their way into another, which is compared."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from datalayer.migration.importing.deadline import DEADLINE_S, DeadlineWriter
from datalayer.migration.moving.rows import FIRST, content_of, writes_of
from datalayer.records import ThreadRecord, UserRecord
from datalayer.stores.base import Store
from datalayer.values import revision_of_time
from datalayer.writes import SavePreferences, SaveUser, Write

MOST_ROWS = 2_000  # of the threads that are on their way together
_AT_ONCE = 16  # threads that are compared

Progress = Callable[[int], None]


@dataclass(slots=True)
class Moved:
    """How much there is of each kind, and what is not the same at both places."""

    counts: Counter[str] = field(default_factory=Counter)
    differing: list[str] = field(default_factory=list)


class ConversationMove:
    """Makes `target` have what `source` has, which is only read.

    It can be gone on with: what is there and the same is left. What has been changed or deleted at
    either place since does not follow; what is changed is named as differing. Raises
    `StoreUnavailable` where nothing can be stored for minutes.
    """

    def __init__(
        self, source: Store, target: Store, progress: Progress, deadline_s: float = DEADLINE_S
    ) -> None:
        self.moved = Moved()
        self._source = source
        self._target = target
        self._progress = progress
        self._writer = DeadlineWriter(target, deadline_s)

    async def run(self) -> Moved:
        """Move everything, and return what there is."""
        try:
            async for user in self._source.users():
                await self._user(user)
            await self._accounts()
            async for window in _windows(self._source.threads()):
                await self._threads(window)
        finally:
            await self._writer.close()
        return self.moved

    async def _user(self, user: UserRecord) -> None:
        """Move a user; the preferences are theirs, and as old as they are."""
        self.moved.counts["users"] += 1
        since = max(FIRST, revision_of_time(user.created_at))
        preferences = await self._source.get_preferences(user.identifier)
        writes: list[Write] = [
            SaveUser(identifier=user.identifier, metadata=user.metadata, revision=since)
        ]
        if preferences:
            writes.append(
                SavePreferences(identifier=user.identifier, preferences=preferences, revision=since)
            )
        await self._writer.write(writes)
        found = await self._target.get_user(user.identifier)
        is_same = found is not None and found.metadata == user.metadata
        if not is_same or preferences != await self._target.get_preferences(user.identifier):
            self.moved.differing.append(f"user {user.identifier}")

    async def _accounts(self) -> None:
        """Move the accounts; who has signed in signs in anew."""
        accounts = self._target.accounts
        for account in await self._source.accounts.list_accounts():
            self.moved.counts["accounts"] += 1
            await accounts.save_account(account, replaces=None)
            if await accounts.get_account(account.key) != account:
                self.moved.differing.append(f"account {account.key}")

    async def _threads(self, window: Sequence[ThreadRecord]) -> None:
        """Move threads; what does not arrive is seen by comparing them."""
        found = zip(window, await self._differences(window), strict=True)
        new = [thread for thread, differs in found if differs]
        await self._writer.write([write for thread in new for write in writes_of(thread)])
        for thread, differs in zip(new, await self._differences(new), strict=True):
            if differs:
                self.moved.differing.append(f"thread {thread.id}: {', '.join(differs)}")
        for thread in window:
            self._count(thread)
        self._progress(self.moved.counts["threads"])

    def _count(self, thread: ThreadRecord) -> None:
        self.moved.counts["threads"] += 1
        self.moved.counts["steps"] += len(thread.steps)
        self.moved.counts["feedbacks"] += sum(step.feedback is not None for step in thread.steps)
        self.moved.counts["elements"] += len(thread.elements)

    async def _differences(self, threads: Sequence[ThreadRecord]) -> list[list[str]]:
        """Return, for each thread, what of it is not the same at the target."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def difference(thread: ThreadRecord) -> list[str]:
            async with turns:
                there = await self._target.get_thread(thread.id)
            if there is None:
                return ["it is not there"]
            wanted, found = content_of(thread), content_of(there)
            return [name for name, value in wanted.items() if found[name] != value]

        return await asyncio.gather(*map(difference, threads))


async def _windows(threads: AsyncIterator[ThreadRecord]) -> AsyncIterator[list[ThreadRecord]]:
    window: list[ThreadRecord] = []
    rows = 0
    async for thread in threads:
        window.append(thread)
        rows += 1 + len(thread.steps) + len(thread.elements)
        if rows >= MOST_ROWS:
            yield window
            window, rows = [], 0
    if window:
        yield window
