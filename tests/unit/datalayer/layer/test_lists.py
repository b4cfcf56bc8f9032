"""Lists of threads, and the search."""

from typing import Any, cast

import pytest
from chainlit.types import Feedback, Pagination, ThreadFilter

from datalayer.layer import KeepchatDataLayer
from tests.support.builders import new_id
from tests.support.layers import get, step_dict, thread_of, user


async def test_the_list_says_the_last_activity_as_the_creation(layer: KeepchatDataLayer) -> None:
    owner = await user(layer)
    first, second = await thread_of(layer, owner), await thread_of(layer, owner)
    before = await get(layer, first)
    await layer.create_step(step_dict(first, output="x"))
    page = await layer.list_threads(Pagination(first=5), ThreadFilter(userId=owner.id))
    assert [found["id"] for found in page.data] == [first, second]
    assert page.data[0]["createdAt"] > page.data[1]["createdAt"] > before["createdAt"]
    assert (await get(layer, first))["createdAt"] == before["createdAt"]
    assert page.data[0]["steps"] == page.data[0]["elements"] == []


async def test_pages_of_a_list(layer: KeepchatDataLayer) -> None:
    owner = await user(layer)
    expected = [await thread_of(layer, owner, name=f"number {n}") for n in range(5)][::-1]
    found, cursor, more = [], None, True
    while more:
        page = await layer.list_threads(
            Pagination(first=2, cursor=cursor), ThreadFilter(userId=owner.id)
        )
        found.append([thread["id"] for thread in page.data])
        more, cursor = page.pageInfo.hasNextPage, page.pageInfo.endCursor
    assert found == [expected[:2], expected[2:4], expected[4:]]
    assert cursor is None


async def test_search_and_feedback_of_a_list(layer: KeepchatDataLayer) -> None:
    owner, thread_id = await user(layer), new_id()
    await layer.update_thread(thread_id, name="Ünder", user_id=owner.id)
    await thread_of(layer, owner, name="Other")
    step = step_dict(thread_id, output="中文")
    await layer.create_step(step)
    await layer.upsert_feedback(Feedback(forId=step["id"], threadId=thread_id, value=0))
    for given in ({"search": "ünd"}, {"search": "文"}, {"feedback": 0}):
        filters = ThreadFilter(userId=owner.id, **cast(Any, given))
        page = await layer.list_threads(Pagination(first=5), filters)
        assert [found["id"] for found in page.data] == [thread_id], given


async def test_a_search_tells_where_and_when(layer: KeepchatDataLayer) -> None:
    owner, thread_id = await user(layer), new_id()
    await layer.update_thread(thread_id, name="Spain", user_id=owner.id)
    step = step_dict(thread_id, output="From Málaga to Sevilla")
    await layer.create_step(step)
    await layer.settle(thread_id)
    page = await layer.search(owner.id, "sevilla malaga", first=5)
    (hit,) = page.hits
    assert (hit.thread.id, hit.step_id) == (thread_id, step["id"])
    assert list(hit.excerpt.parts()) == [
        ("From ", False),
        ("Málaga", True),
        (" to ", False),
        ("Sevilla", True),
        ("", False),
    ]
    assert (await layer.search(owner.id, "  ", first=5)).hits == ()


async def test_nobody_lists_everybodys_threads(layer: KeepchatDataLayer) -> None:
    await thread_of(layer, await user(layer))
    with pytest.raises(ValueError, match="userId"):
        await layer.list_threads(Pagination(first=5), ThreadFilter())
