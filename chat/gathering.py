"""Many small pieces of an answer become few: one event to the page for about 30 ms."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

INTERVAL_S = 0.03


async def gathered(
    pieces: AsyncIterator[str], interval_s: float = INTERVAL_S
) -> AsyncGenerator[str, None]:
    """Yield what arrived since the last time, the first piece at once.

    An error of the pieces is raised after all that came before it was yielded.
    """
    waiting: list[str] = []
    arrived = asyncio.Event()
    task = asyncio.create_task(_collect(pieces, waiting, arrived))
    try:
        while waiting or not task.done():
            await arrived.wait()
            arrived.clear()
            if waiting:
                text = "".join(waiting)
                waiting.clear()
                yield text
                await asyncio.sleep(interval_s)
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _collect(pieces: AsyncIterator[str], waiting: list[str], arrived: asyncio.Event) -> None:
    try:
        async for piece in pieces:
            waiting.append(piece)
            arrived.set()
    finally:
        arrived.set()
