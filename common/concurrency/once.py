"""Work that is done once for all who wait for it, and again only where it failed."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any


class Once:
    """Work that has to be done before something else, as soon as it can be done."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._work = work
        self._attempt: asyncio.Task[None] | None = None

    async def done(self) -> None:
        """Wait for the one attempt of all who wait; the next call makes another if it fails.

        Raises what the work raises. A cancelled caller leaves the attempt to the others.
        """
        if self._attempt is None or _has_failed(self._attempt):
            self._attempt = asyncio.create_task(self._work(), context=contextvars.Context())
            self._attempt.add_done_callback(_has_failed)
        if not self._attempt.done():
            await asyncio.shield(self._attempt)

    def cancel(self) -> None:
        """Cancel the attempt that runs, for all who wait."""
        if self._attempt:
            self._attempt.cancel()

    async def ended(self) -> None:
        """Wait until no attempt runs, whatever comes of it."""
        if self._attempt:
            await asyncio.wait([self._attempt])


def _has_failed(attempt: asyncio.Task[None]) -> bool:
    return attempt.done() and (attempt.cancelled() or attempt.exception() is not None)
