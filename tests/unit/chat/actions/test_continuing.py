"""Who asks twice for a copy, before there is one, gets one."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from chat.actions.continuing import Continuing
from datalayer.errors import CopyFailed
from datalayer.layer import KeepchatDataLayer
from datalayer.records import ThreadRecord


class Layer:
    """Makes copies once its gate is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.asked: list[str] = []
        self.fails = False

    async def copy_part(
        self, thread_id: str, _part: Callable[[ThreadRecord], ThreadRecord | None]
    ) -> str:
        self.asked.append(thread_id)
        number = len(self.asked)
        await self.gate.wait()
        if self.fails:
            raise CopyFailed("no room")
        return f"copy {number}"


@pytest.fixture
def layer() -> Layer:
    return Layer()


@pytest.fixture
def continuing(layer: Layer) -> Continuing:
    return Continuing(cast(KeepchatDataLayer, layer), lambda thread, _reader: thread)


async def test_the_same_reader_gets_the_same_copy(layer: Layer, continuing: Continuing) -> None:
    asked = [("t", "bob"), ("t", "bob"), ("t", "carol"), ("other", "bob")]
    waiting = [asyncio.ensure_future(continuing.copy(*each)) for each in asked]
    await asyncio.sleep(0)
    waiting[0].cancel()  # whose page was closed
    await asyncio.sleep(0)
    layer.gate.set()
    assert await asyncio.gather(*waiting[1:]) == ["copy 1", "copy 2", "copy 3"]
    assert await continuing.copy("t", "bob") == "copy 4"


async def test_what_failed_is_tried_again(layer: Layer, continuing: Continuing) -> None:
    layer.gate.set()
    layer.fails = True
    with pytest.raises(CopyFailed):
        await continuing.copy("t", "bob")
    layer.fails = False
    assert await continuing.copy("t", "bob") == "copy 2"
