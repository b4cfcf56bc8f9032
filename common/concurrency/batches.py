"""What comes one after another, some at a time."""

from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def in_batches(found: AsyncIterator[T], size: int) -> AsyncIterator[list[T]]:
    """Yield lists of `size` items, the last one with what is left, if anything is."""
    batch: list[T] = []
    async for each in found:
        batch.append(each)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
