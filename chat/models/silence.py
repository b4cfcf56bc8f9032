"""Saying that an answer has not begun, when it has not for a while."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Literal

from chat.models.base import Batch, Waiting

SILENT_S = 10.0


async def with_word_of_silence(
    batches: AsyncIterator[Batch],
    after_s: float = SILENT_S,
    reason: Literal["loading", "slow"] = "slow",
) -> AsyncGenerator[Batch, None]:
    """Yield the same, and once a `Waiting` where the first takes longer than `after_s`."""
    first = asyncio.ensure_future(anext(batches, None))
    try:
        done, _ = await asyncio.wait({first}, timeout=after_s)
        if not done:
            yield [Waiting(reason)]
        batch = await first
    finally:
        if not first.done():
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
    while batch is not None:
        yield batch
        batch = await anext(batches, None)
