"""A move from one store to another: all that the one shows, the other shows afterwards."""

from collections.abc import Sequence
from dataclasses import replace

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from datalayer.migration.moving.conversations import ConversationMove, Moved
from datalayer.migration.moving.rows import content_of, writes_of
from datalayer.stores.accounts import Account
from datalayer.stores.base import Store
from datalayer.stores.memory import MemoryStore
from tests.conftest import is_full_count
from tests.support.builders import finish, get_thread, ids, save, step, thread, upload, user
from tests.support.random_writes import PlannedWrite, World, planned_writes, typed

EPOCH = "1970-01-01T00:00:00.000000Z"
EXAMPLES = 2_000 if is_full_count() else 100


async def move(source: Store, target: Store) -> Moved:
    return await ConversationMove(source, target, lambda _done: None).run()


async def lists(store: Store, world: World) -> object:
    """What a store shows in lists and of users, without what it makes up itself."""
    found: list[object] = []
    for name in filter(None, world.people):
        person = await store.get_user(name)
        if person is None:
            continue
        page = await store.list_threads(person.id, first=9)
        found += [name, person.metadata, person.created_at, await store.get_preferences(name)]
        found += [it.id for it in page.threads if await _has_rows(store, it.id)]
        found += await store.list_folders(person.id)
        found += sorted(it.id for it in await store.get_favorites(person.id))
    return typed(found)


async def _has_rows(store: Store, thread_id: str) -> bool:
    whole = await get_thread(store, thread_id)
    return bool(whole.steps or whole.elements)


@settings(max_examples=EXAMPLES)
@given(st.lists(st.lists(planned_writes(), min_size=1, max_size=5), min_size=1, max_size=6))
def test_whatever_was_written_moves(batches: Sequence[Sequence[PlannedWrite]]) -> None:
    anyio.run(_plays, batches)


async def _plays(batches: Sequence[Sequence[PlannedWrite]]) -> None:
    world, source, target = World.new(), MemoryStore(), MemoryStore()
    count = iter(range(1_000))
    for batch in batches:
        await source.apply([_as_in_life(it, next(count)).write(world) for it in batch])
    before = [content_of(it) async for it in source.threads()]
    for _ in range(2):  # it may be run again
        moved = await move(source, target)
        assert moved.differing == []
        assert moved.counts["threads"] == len(before)
    assert [content_of(it) async for it in source.threads()] == before
    assert sorted(map(repr, before)) == sorted(
        [repr(content_of(it)) async for it in target.threads()]
    )
    assert await lists(source, world) == await lists(target, world)


def _as_in_life(planned: PlannedWrite, number: int) -> PlannedWrite:
    """No two writes have the same revision, and no step is its own ancestor."""
    values = dict(planned.values)
    if values.get("parent") is not None:
        values["parent"] = values["parent"] if values["parent"] < planned.row else None
    return replace(planned, at=planned.at * 1_000 + number, values=values)


async def test_what_was_changed_there_since_stays_and_is_named() -> None:
    source, target = MemoryStore(), MemoryStore()
    [kept, renamed] = ids(2)
    said = step(renamed, output="as it was")
    await save(source, user(), thread(kept, name="a"), thread(renamed, name="b"), said)
    assert (await move(source, target)).differing == []
    await save(target, thread(renamed, name="c"), step(renamed, said.id, output="anew"))
    moved = await move(source, target)
    assert moved.differing == [f"thread {renamed}: name, last activity, steps"]
    assert (await get_thread(target, renamed)).name == "c"
    assert (await get_thread(target, renamed)).steps[0].fields["output"] == "anew"


async def test_files_stay_in_the_order_in_which_they_were_sent() -> None:
    source, target = MemoryStore(), MemoryStore()
    [home] = ids(1)
    first, second = upload(home, name="first.txt"), upload(home, name="second.txt")
    await save(source, user(), thread(home), first, second, finish(second), finish(first))
    assert (await move(source, target)).differing == []
    names = [it.fields["name"] for it in (await get_thread(target, home)).elements]
    assert names == ["first.txt", "second.txt"]


async def test_a_conversation_of_no_time_moves() -> None:
    """As an adopted one that had none."""
    source, target = MemoryStore(), MemoryStore()
    [home] = ids(1)
    await save(source, user(), thread(home, revision=1), step(home, output="a", revision=1))
    [found] = [it async for it in source.threads()]
    old = replace(found, created_at=EPOCH, updated_at=EPOCH)
    await target.apply(list(writes_of(old)))
    assert content_of(await get_thread(target, home)) == content_of(old)


async def test_accounts_move_once() -> None:
    source, target = MemoryStore(), MemoryStore()
    anna = Account(key="anna", identifier="anna", changed_at="2026-01-01", password_hash="$a$")
    bob = Account(key="bob", identifier="bob", changed_at="2026-01-01", status="removed")
    for account in (anna, bob):
        await source.accounts.save_account(account, replaces=None)
    moved = await move(source, target)
    assert (moved.counts["accounts"], moved.differing) == (2, [])
    assert await target.accounts.list_accounts() == [anna, bob]
    await target.accounts.delete_account(anna)
    other = Account(key="anna", identifier="anna", changed_at="2026-02-02", password_hash="$b$")
    await target.accounts.save_account(other, replaces=None)
    assert (await move(source, target)).differing == ["account anna"]
    assert await target.accounts.get_account("anna") == other
