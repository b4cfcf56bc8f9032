"""The contract of stores: the sections of the sidebar, pinned threads first, page by page."""

import pytest

from datalayer.records import Outcome
from datalayer.sections import ARCHIVE, MAIN, section_of_folder
from datalayer.stores.base import Store
from datalayer.writes import SaveThread
from tests.support.builders import (
    BOB,
    clock,
    delete_thread,
    get_user,
    listed,
    outcome,
    save,
    step,
    thread,
)

WORK = section_of_folder("Work")


def place(thread_id: str, **metadata: object) -> SaveThread:
    """What puts a thread elsewhere."""
    return SaveThread(id=thread_id, metadata=metadata, revision=clock.next())  # type: ignore[arg-type]


async def section(store: Store, name: str, first: int = 50) -> list[str]:
    """The ids of all of Alice's threads in a section, read page by page."""
    owner = await get_user(store)
    found: list[str] = []
    cursor: str | None = None
    while not found or cursor is not None:
        page = await store.list_section(owner.id, name, first=first, after=cursor)
        assert len(page.threads) == first or page.next_cursor is None
        found += [record.id for record in page.threads]
        if (cursor := page.next_cursor) is None:
            break
    return found


async def some(store: Store, count: int) -> list[str]:
    """Save threads and return their ids, oldest first."""
    writes = [thread(name=f"number {number}") for number in range(count)]
    await save(store, *writes)
    return [write.id for write in writes]


async def test_a_thread_is_in_one_section_and_in_the_whole_list_always(store: Store) -> None:
    a, b, c, d = await some(store, 4)
    await save(store, place(a, archived=True, folder="Work"), place(b, folder="  Work "))
    assert await section(store, MAIN) == [d, c]
    assert await section(store, WORK) == [b]
    assert await section(store, ARCHIVE) == [a]
    assert await listed(store) == [d, c, b, a]
    await save(store, place(a, archived=None), place(b, folder=None))
    assert await section(store, MAIN) == [d, c, b]
    assert await section(store, WORK) == [a]
    assert await section(store, ARCHIVE) == []


async def test_pinned_threads_come_first_each_by_its_activity(store: Store) -> None:
    a, b, c, d = await some(store, 4)
    await save(store, place(b, pinned=True), place(a, pinned=True))
    assert await section(store, MAIN) == [b, a, d, c]
    await save(store, step(a, output="x"), step(c, output="x"))
    assert await section(store, MAIN) == [a, b, c, d]
    await save(store, place(a, pinned=False))
    assert await section(store, MAIN) == [b, c, a, d]


@pytest.mark.parametrize("first", [1, 2, 3, 7])
async def test_pages_leave_nothing_out_and_name_nothing_twice(store: Store, first: int) -> None:
    ids = await some(store, 7)
    await save(store, *(place(name, pinned=True) for name in ids[1::2]))
    pinned, others = ids[1::2][::-1], ids[0::2][::-1]
    assert await section(store, MAIN, first) == [*pinned, *others]


async def test_folders_are_those_with_threads_in_them(store: Store) -> None:
    a, b, c, d = await some(store, 4)
    owner = await get_user(store)
    await save(
        store,
        place(a, folder="work"),
        place(b, folder="Art"),
        place(c, folder="生活"),
        place(d, folder="Old", archived=True),
    )
    assert await store.list_folders(owner.id) == ["Art", "work", "生活"]
    await save(store, place(b, folder=None), delete_thread(c))
    assert await store.list_folders(owner.id) == ["work"]


async def test_what_says_no_place_is_in_the_main_list(store: Store) -> None:
    ids = await some(store, 4)
    odd: list[dict[str, object]] = [
        {"folder": 7},
        {"folder": "  "},
        {"archived": "yes"},
        {"pinned": 1},
    ]
    await save(store, *(place(name, **each) for name, each in zip(ids, odd, strict=True)))
    assert await section(store, MAIN) == ids[::-1]


async def test_a_thread_may_begin_in_its_place(store: Store) -> None:
    plain, pinned = thread(name="x"), thread(name="y", metadata={"folder": "Work", "pinned": True})
    other = thread(name="z", metadata={"folder": "Work"})
    await save(store, plain, pinned, other)
    assert await section(store, WORK) == [pinned.id, other.id]
    assert await section(store, MAIN) == [plain.id]


async def test_sections_are_of_one_user(store: Store) -> None:
    theirs = thread(owner=BOB, name="x", metadata={"folder": "Work"})
    [own] = await some(store, 1)
    await save(store, theirs)
    owner = await get_user(store)
    assert await store.list_folders(owner.id) == []
    assert await section(store, WORK) == []
    assert await section(store, MAIN) == [own]


async def test_the_newest_place_counts_in_whatever_order_they_arrive(store: Store) -> None:
    [name] = await some(store, 1)
    early, late = place(name, archived=True), place(name, archived=None)
    await save(store, late)
    assert await outcome(store, early) is Outcome.STALE
    assert await section(store, MAIN) == [name]
    assert await section(store, ARCHIVE) == []


async def test_a_cursor_that_no_page_gave_is_refused(store: Store) -> None:
    await some(store, 2)
    owner = await get_user(store)
    page = await store.list_threads(owner.id, first=1)
    for cursor in (page.next_cursor, "x", "W10="):
        with pytest.raises(ValueError, match="none that a page gave"):
            await store.list_section(owner.id, MAIN, first=1, after=cursor)
