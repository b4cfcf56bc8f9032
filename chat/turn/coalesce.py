"""Many small pieces of an answer become few: one batch to the page for about 30 ms."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

T = TypeVar("T")

INTERVAL_S = 0.03


async def coalesced(
    pieces: AsyncIterator[T], interval_s: float = INTERVAL_S
) -> AsyncGenerator[list[T], None]:
    """Yield what arrived since the last time, the first piece at once.

    An error of the pieces is raised after all that came before it was yielded.
    """
    waiting: list[T] = []
    arrived = asyncio.Event()
    task = asyncio.create_task(_collect(pieces, waiting, arrived))
    try:
        while waiting or not task.done():
            await arrived.wait()
            arrived.clear()
            if waiting:
                batch = waiting.copy()
                waiting.clear()
                yield batch
                await asyncio.sleep(interval_s)
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _collect(pieces: AsyncIterator[T], waiting: list[T], arrived: asyncio.Event) -> None:
    try:
        async for piece in pieces:
            waiting.append(piece)
            arrived.set()
    finally:
        arrived.set()
