"""The contract of stores: a search tells where in each thread and when that was said."""

from datalayer.records import SearchHit, SearchPage
from datalayer.search.terms import LONGEST_SEARCH
from datalayer.stores.base import Store
from datalayer.values import time_of_revision
from tests.support.builders import (
    ALICE,
    BOB,
    delete_step,
    delete_thread,
    get_user,
    keep_up,
    new_id,
    save,
    step,
    thread,
    user,
)

FIRST = 20


async def search(store: Store, text: str, identifier: str = ALICE) -> SearchPage:
    """What a search finds, which is the same before and after maintenance."""
    owner = await get_user(store, identifier)
    page = await store.search(owner.id, text, first=FIRST)
    await keep_up(store)
    assert await store.search(owner.id, text, first=FIRST) == page
    return page


async def hit(store: Store, text: str) -> SearchHit:
    (found,) = (await search(store, text)).hits
    return found


def shown(found: SearchHit) -> str:
    return "".join(f"[{it}]" if is_marked else it for it, is_marked in found.excerpt.parts())


async def test_a_hit_is_the_step_that_says_most_of_it(store: Store) -> None:
    named = thread(name="a journey to Málaga")
    one = step(named.id, output="Málaga first")
    two = step(named.id, output="In Málaga\nand İstanbul", createdAt="2026-01-02T03:04:05Z")
    three = step(named.id, output="Malaga, Istanbul")
    await save(store, named, one, two, three)
    found = await hit(store, "istanbul malaga")
    assert (found.thread.id, found.step_id) == (named.id, two.id)
    assert found.at == "2026-01-02T03:04:05.000000Z"
    assert shown(found) == "In [Málaga] and [İstanbul]"
    assert (await hit(store, "first")).step_id == one.id
    assert (await hit(store, "malaga")).step_id == one.id
    assert (await hit(store, "first")).at == time_of_revision(one.revision)


async def test_a_hit_is_the_name_where_no_step_says_it(store: Store) -> None:
    named = thread(name="Die Straße")
    await save(store, named, step(named.id, output="something"))
    found = await hit(store, "strasse something")
    assert found.step_id is not None
    found = await hit(store, "strasse")
    assert (found.step_id, shown(found)) == (None, "Die [Straße]")
    assert found.at == found.thread.updated_at
    assert found.thread.name == "Die Straße"


async def test_what_is_hidden_or_deleted_is_no_hit(store: Store) -> None:
    thread_id = new_id()
    hidden = step(thread_id, output="needle one", hidden=True)
    gone = step(thread_id, output="needle two")
    left = step(thread_id, output="needle three")
    await save(store, hidden, gone, left)
    await save(store, delete_step(gone))
    assert shown(await hit(store, "needle")) == "[needle] three"
    await save(store, delete_thread(thread_id))
    assert (await search(store, "needle")).hits == []


async def test_anothers_threads_are_no_hits(store: Store) -> None:
    await save(store, user(), step(new_id(), owner=BOB, output="needle"))
    assert (await search(store, "needle")).hits == []
    assert len((await search(store, "needle", BOB)).hits) == 1


async def test_pages_of_hits_stay_while_threads_are_added(store: Store) -> None:
    said = [step(new_id(), output=f"{number} needle in hay") for number in range(25)]
    await save(store, *said)
    owner = await get_user(store)
    first = await store.search(owner.id, "hay needle", first=FIRST)
    await save(store, step(new_id(), output="a new needle in hay"))
    second = await store.search(owner.id, "hay needle", first=FIRST, after=first.next_cursor)
    found = [it.step_id for page in (first, second) for it in page.hits]
    assert found == [it.id for it in reversed(said)]
    assert second.next_cursor is None
    listed = await store.list_threads(owner.id, first=FIRST, search="hay needle")
    assert (
        listed.next_cursor == (await store.search(owner.id, "hay needle", first=FIRST)).next_cursor
    )


async def test_nothing_is_found_by_nothing(store: Store) -> None:
    await save(store, step(new_id(), output="hay"))
    for nothing in ("", " ", '"', "“ ”", '""'):
        page = await search(store, nothing)
        assert (list(page.hits), page.next_cursor, page.is_shortened) == ([], None, False)


async def test_of_very_much_the_beginning_is_looked_for(store: Store) -> None:
    words = [f"w{number:04}x" for number in range(3_000)]
    await save(store, step(new_id(), output=" ".join(words[:40])))
    page = await search(store, " ".join(words))
    assert page.is_shortened
    assert len(page.hits) == 1
    assert (await search(store, "absent " + " ".join(words))).hits == []
    assert (await search(store, "x" * 10 * LONGEST_SEARCH)).is_shortened
    assert not (await search(store, " ".join(words[:30]))).is_shortened


async def test_what_stands_far_on_in_a_long_text_is_shown(store: Store) -> None:
    said = step(new_id(), output="Ü" * 300_000 + " the last words")
    await save(store, said)
    assert shown(await hit(store, "last words")).endswith("the [last] [words]")
