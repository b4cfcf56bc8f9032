"""How long an import waits for a store that takes nothing: the writer alone would for ever."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress

from datalayer.errors import StoreMisconfigured, StoreUnavailable
from datalayer.pipeline.locks import Applies
from datalayer.pipeline.writer import Writer
from datalayer.records import Result
from datalayer.writes import Write

CLOSE_S = 5.0  # for what was on its way when somebody interrupted it
DEADLINE_S = 300.0  # a server that restarts is back long before


class DeadlineStore:
    """The store as the writer sees it; `ended` is given the error that cannot pass, or did not."""

    def __init__(self, store: Applies, deadline_s: float) -> None:
        self.concurrency = store.concurrency
        self.ended: asyncio.Future[StoreUnavailable] = asyncio.get_running_loop().create_future()
        self._store = store
        self._deadline_s = deadline_s
        self._waits_since: float | None = None

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        """Apply writes as the store does; after the end it only ends the writer's tasks."""
        if self.ended.done():
            raise asyncio.CancelledError
        try:
            results = await self._store.apply(writes)
        except StoreMisconfigured as exc:
            self._end(exc)
            raise
        except StoreUnavailable as exc:
            self._wait_on(exc)
            raise
        self._waits_since = None
        return results

    def _wait_on(self, exc: StoreUnavailable) -> None:
        now = asyncio.get_running_loop().time()
        if self._waits_since is None:
            self._waits_since = now
        if now - self._waits_since >= self._deadline_s:
            message = f"{exc} For {self._deadline_s / 60:.0f} minutes nothing could be stored."
            self._end(StoreUnavailable(message))

    def _end(self, exc: StoreUnavailable) -> None:
        if not self.ended.done():
            self.ended.set_result(exc)


class DeadlineWriter:
    """The writer, which isolates what is refused and waits for what is away, but not for ever."""

    def __init__(self, store: Applies, deadline_s: float) -> None:
        self._deadline = DeadlineStore(store, deadline_s)
        self._writer = Writer(self._deadline, close_timeout_s=CLOSE_S)

    async def write(self, writes: Iterable[Write]) -> list[Result | BaseException]:
        """Store writes, and return what became of each, in order.

        Raises `StoreMisconfigured`, and `StoreUnavailable` after the deadline without success.
        """
        done = asyncio.gather(*map(self._writer.submit, writes), return_exceptions=True)
        ended = self._deadline.ended
        await asyncio.wait((done, ended), return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            done.cancel()
            with suppress(asyncio.CancelledError):
                await done
            raise ended.result()
        return done.result()

    async def close(self) -> None:
        """Wait for what is on its way, unless there is no use in it."""
        if not self._deadline.ended.done():
            await self._writer.close()
