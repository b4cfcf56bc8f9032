"""Chainlit's own SQLAlchemy layer with a storage of ours as its `storage_provider`."""

from typing import Any
from urllib.parse import unquote, urlsplit

import httpx2
import pytest

from storage.base import Storage
from storage.errors import InvalidKey
from tests.support.chainlits import MakeDatabase, fill, undecorated
from tests.support.marks import on
from tests.support.storages import get, keys

ODD = "my file #1? 文件 🎉 \"quoted\" 'name' 100%"


@pytest.fixture(params=on("sqlite", "postgres"))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def content_behind(link: str, storage: Storage) -> bytes:
    """What a browser gets, where it gets something: links in memory are for nobody."""
    if link.startswith("memory:"):
        return await get(storage, link.removeprefix("memory:"))
    return fetched(link)


def fetched(link: str) -> bytes:
    """What a browser gets; the local storage's links are for this machine only."""
    if link.startswith("file:"):
        with open(unquote(urlsplit(link).path), "rb") as file:  # noqa: PTH123
            return file.read()
    return httpx2.get(link).raise_for_status().content


async def only_element(layer: Any, thread_id: str) -> Any:
    [element] = (await layer.get_thread(thread_id))["elements"]
    return element


async def test_an_element_is_stored_shown_and_deleted(
    storage: Storage, make: MakeDatabase, kind: str
) -> None:
    theirs = make("B", kind)
    [sample] = await fill(theirs, ODD, storage=storage)
    [key] = await keys(storage)
    assert key == f"{sample.user}/{sample.element}/{ODD} notes.txt"
    assert await get(storage, key) == sample.content
    async with theirs.layer(storage) as layer:
        element = await only_element(layer, sample.thread)
        assert element["objectKey"] == key
        assert await content_behind(element["url"], storage) == sample.content
        await undecorated(layer, "delete_element")(sample.element, sample.thread)
        assert await keys(storage) == []


async def test_files_go_with_their_thread(storage: Storage, make: MakeDatabase, kind: str) -> None:
    theirs = make("B", kind)
    first, second = await fill(theirs, "first", "second", storage=storage)
    async with theirs.layer(storage) as layer:
        await layer.delete_thread(first.thread)
    [key] = await keys(storage)
    assert second.element in key


async def test_a_name_that_leads_elsewhere_is_refused(
    storage: Storage, make: MakeDatabase, kind: str
) -> None:
    with pytest.raises(InvalidKey):
        await fill(make("B", kind), "../../../etc/passwd", storage=storage)
    assert await keys(storage) == []


@pytest.mark.server
async def test_the_layer_closes_its_storage(storage: Storage, make: MakeDatabase) -> None:
    async with make("B", "postgres").layer(storage) as layer:
        await layer.close()
