"""Pieces are coalesced without being lost, held back or reordered."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chat.turn.coalesce import coalesced


async def pieces(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


async def test_nothing_is_lost_and_the_order_is_kept() -> None:
    texts = [str(number) for number in range(500)]
    got = [batch async for batch in coalesced(pieces(*texts), interval_s=0)]
    assert [text for batch in got for text in batch] == texts


async def test_what_arrives_together_goes_together() -> None:
    got = [batch async for batch in coalesced(pieces(*"abcdefgh"), interval_s=0.01)]
    assert len(got) < 8


async def test_the_first_piece_does_not_wait_for_the_second() -> None:
    release = asyncio.Event()

    async def slow() -> AsyncIterator[str]:
        yield "first"
        await release.wait()
        yield "second"

    stream = coalesced(slow(), interval_s=0)
    assert await anext(stream) == ["first"]
    release.set()
    assert await anext(stream) == ["second"]
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_an_error_comes_after_what_was_before_it() -> None:
    async def broken() -> AsyncIterator[str]:
        yield "a"
        raise ConnectionError

    stream = coalesced(broken(), interval_s=0)
    assert await anext(stream) == ["a"]
    with pytest.raises(ConnectionError):
        await anext(stream)


async def test_closing_it_closes_the_pieces_and_leaves_no_task() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[str]:
        try:
            while True:
                yield "x"
                await asyncio.Event().wait()
        finally:
            closed.set()

    stream = coalesced(endless(), interval_s=0)
    await anext(stream)
    await stream.aclose()
    assert closed.is_set()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_empty_stream_is_empty() -> None:
    assert [batch async for batch in coalesced(pieces(), interval_s=0)] == []
