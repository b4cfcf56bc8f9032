"""A program that is killed between any two requests leaves nothing half-seen or half-deleted."""

import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datalayer.errors import StoreUnavailable
from datalayer.stores.base import Store
from datalayer.stores.dynamodb.format.keys import CUT, DELETED, HEAD, Key, is_part, row_of
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.stores.memory import MemoryStore
from datalayer.writes import SaveElement, SaveStep, Write, wall_clock
from tests.support.builders import (
    ALICE,
    delete_after,
    delete_element,
    delete_feedback,
    delete_step,
    delete_thread,
    delete_user,
    element,
    everything,
    favorite,
    feedback,
    keep_up,
    new_id,
    step,
    thread,
    user,
)
from tests.support.dynamodb.stores import opened, when_marks_are_due
from tests.support.random_writes import PlannedWrite, World, planned_writes, shown
from tests.support.servers.dynamodb import DynamoDB

# For one item, however it is deflated.
TOO_LARGE = "".join(map(chr, random.Random(1).choices(range(0x4E00, 0x9E00), k=250_000)))
MANY = 1_000  # requests: no batch takes so many
Items = list[dict[str, Any]]


@dataclass(frozen=True)
class Talk:
    """A thread that is there before a program is killed."""

    first: SaveStep
    child: SaveStep
    other: SaveStep
    large: SaveStep
    shown: SaveElement
    loose: SaveElement
    missing: str
    """A thread that is not there."""

    @classmethod
    def new(cls) -> "Talk":
        home = new_id()
        first = step(home, output="first", metadata={"favorite": True})
        child = step(home, parentId=first.id, output="child")
        return cls(
            first=first,
            child=child,
            other=step(home, output="other"),
            large=step(home, output=TOO_LARGE),
            shown=element(home, forId=child.id, objectKey=f"{home}/shown"),
            loose=element(home, objectKey=f"{home}/loose"),
            missing=new_id(),
        )

    @property
    def home(self) -> str:
        return self.first.thread_id

    @property
    def writes(self) -> list[Write]:
        return [
            thread(self.home, name="A name", metadata={"a": 1}),
            *(self.first, self.child, self.other, self.large, self.shown, self.loose),
            *(feedback(self.first), feedback(self.child, 0)),
        ]


Batch = Callable[[Talk], list[Write]]
SAVES: Mapping[str, Batch] = {
    "a first message": lambda _: [step(new_id(), owner="new", output="x")],
    "a first message of somebody known": lambda _: [step(new_id(), output="x")],
    "a first name": lambda _: [thread(owner="new", name="x", tags=("a",), metadata={"b": 1})],
    "a message": lambda it: [step(it.home, output="x")],
    "a changed message": lambda it: [step(it.home, it.first.id, output="y")],
    "a large message": lambda it: [step(it.home, output=TOO_LARGE)],
    "a message that becomes small": lambda it: [step(it.home, it.large.id, output="y")],
    "an element": lambda it: [element(it.home, objectKey="a/key")],
    "a name": lambda it: [thread(it.home, name="Another", metadata={"a": None, "b": 2})],
    "a user": lambda _: [user(ALICE, {"role": "admin"})],
    "feedback": lambda it: [feedback(it.other, 0, comment="no")],
    "changed feedback": lambda it: [feedback(it.first, 0, comment="no")],
    "feedback that is taken back": lambda it: [delete_feedback(feedback(it.first).id)],
    "a favourite": lambda it: [favorite(it.other)],
    "a favourite no more": lambda it: [favorite(it.first, value=False)],
}
DELETES: Mapping[str, Batch] = {
    "an element": lambda it: [delete_element(it.loose)],
    "a step": lambda it: [delete_step(it.first)],
    "a large step": lambda it: [delete_step(it.large)],
    "what follows a step": lambda it: [delete_after(it.first)],
    "a thread": lambda it: [delete_thread(it.home)],
    "a user": lambda _: [delete_user()],
}


class Bench:
    """A table whose items are put back before each kill, and stores that look at it."""

    def __init__(self, server: DynamoDB, table: str, stores: Sequence[DynamoStore]) -> None:
        self._server = server
        self._table = table
        self.store, *self._later = stores
        self.before: Items = []

    @property
    def items(self) -> Items:
        return self._server.items(self._table)

    def put_back(self) -> None:
        """Have the items there that were `before`, and no others."""
        while items := self.items:
            for item in items:
                key = Key.of(item).attributes
                self._server.client.delete_item(TableName=self._table, Key=key)
        for item in self.before:
            self._server.client.put_item(TableName=self._table, Item=item)

    async def kill(self, batch: Sequence[Write], sends: int) -> bool:
        """Apply a batch until the program is killed; tell whether it was."""
        async with opened(self._server, self._table, sends=sends) as store:
            try:
                await store.apply(batch)
            except StoreUnavailable:
                return True
        return False

    async def maintain(self) -> None:
        """Have maintenance look at all marks, and at those that this leaves."""
        for store in self._later:
            await keep_up(store)


@pytest.fixture
async def bench(dynamodb: DynamoDB) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        table = stack.enter_context(dynamodb.table())
        clocks: list[Callable[[], int]] = [wall_clock]
        clocks += [partial(when_marks_are_due, looks) for looks in (1, 2)]
        stores = [
            await stack.enter_async_context(opened(dynamodb, table, now=now)) for now in clocks
        ]
        await stores[0].migrate()
        yield Bench(dynamodb, table, stores)


async def seen(store: Store) -> Any:
    """All that people may see."""
    users, threads = await everything(store)
    lists: list[Any] = []
    for found in users:
        for value in (None, 0, 1):
            page = await store.list_threads(found.id, first=10, feedback=value)
            lists.append([record.id for record in page.threads])
        lists.append(await store.get_favorites(found.id))
    return users, threads, lists


def timeless(view: Any) -> Any:
    """The same without last activities: one may be moved before what moves it is there."""
    users, threads, lists = view
    return users, [replace(record, updated_at="") for record in threads], lists


@pytest.mark.parametrize("name", SAVES)
async def test_a_save_is_seen_whole_or_not_at_all(bench: Bench, name: str) -> None:
    talk = Talk.new()
    there, batch = talk.writes, SAVES[name](talk)
    await bench.store.apply(there)
    bench.before, before = bench.items, await seen(bench.store)
    await bench.store.apply(batch)
    after = await seen(bench.store)
    assert before != after
    sends, is_killed = 0, True
    while is_killed:
        bench.put_back()
        is_killed = await bench.kill(batch, sends)
        assert timeless(await seen(bench.store)) in (timeless(before), timeless(after))
        assert not await bench.kill(batch, MANY)
        assert await seen(bench.store) == after
        sends += 1
    assert sends > 1


def left_behind(items: Items) -> list[Key]:
    """What nobody sees of threads, and what marks and cuts there are."""
    found = {Key.of(item): item for item in items}
    heads = {key.pk: item for key, item in found.items() if key.sk == HEAD}
    rows = {key: item for key, item in found.items() if key.pk in heads and row_of(key)}
    dead = [key for key in rows if "gone" in heads[key.pk] or is_part(key)]
    whole = {
        Key(key.pk, f"{key.sk}#{item['parts']['S']}#{at:04}")
        for key, item in rows.items()
        if "parts" in item
        for at in range(int(item["count"]["N"]))
    }
    marks = [Key.of(item) for item in items if item.get("UserThreadPK", {}).get("S") == DELETED]
    cuts = [Key.of(item) for item in items if item["SK"]["S"] == CUT or "cut" in item]
    return [*(key for key in dead if key not in whole), *marks, *cuts]


@pytest.mark.parametrize("name", DELETES)
async def test_a_delete_is_seen_whole_and_is_completed(bench: Bench, name: str) -> None:
    talk = Talk.new()
    there = [*talk.writes, step(new_id(), owner="bob", output="kept")]
    batch = DELETES[name](talk)
    await bench.store.apply(there)
    bench.before, before = bench.items, await seen(bench.store)
    await bench.store.apply(batch)
    after, files = await seen(bench.store), await bench.store.list_removals(10)
    sends, is_killed = 0, True
    while is_killed:
        bench.put_back()
        is_killed = await bench.kill(batch, sends)
        users, threads, lists = view = await seen(bench.store)
        assert (users, lists) in ((before[0], before[2]), (after[0], after[2]))
        assert threads in (before[1], after[1])
        await bench.maintain()
        assert await seen(bench.store) == (before if view == before else after)
        assert not await bench.kill(batch, MANY)
        await bench.maintain()
        assert await seen(bench.store) == after
        assert sorted(await bench.store.list_removals(10)) == sorted(files)
        assert left_behind(bench.items) == []
        sends += 1
    assert sends > 1


def with_files(step_: SaveStep, count: int) -> list[Write]:
    """A step with files."""
    home = step_.thread_id
    return [step_, *(element(home, forId=step_.id, objectKey=f"{home}/{n}") for n in range(count))]


def deleted(step_: SaveStep, count: int = 2) -> list[Write]:
    """A step with files that comes and goes."""
    return [*with_files(step_, count), delete_step(step_)]


# What was deleted before it was stored, with all that was to be with it.
AT_ONCE: Mapping[str, Batch] = {
    "of a thread that is there": lambda it: deleted(step(it.home)),
    "many files": lambda it: deleted(step(it.home), 60),
    "of a thread that is new": lambda it: [step(it.missing), *deleted(step(it.missing))],
    "many files of a thread that is new": lambda it: [
        step(it.missing),
        *deleted(step(it.missing), 60),
    ],
    "with its thread": lambda it: [*with_files(step(it.home), 2), delete_thread(it.home)],
    "with a new thread": lambda it: [*with_files(step(it.missing), 2), delete_thread(it.missing)],
    "of a step that is there": lambda it: [*with_files(it.first, 2), delete_step(it.first)],
}


@pytest.mark.parametrize("name", AT_ONCE)
async def test_the_files_of_what_is_deleted_at_once_are_removed(bench: Bench, name: str) -> None:
    talk = Talk.new()
    batch = AT_ONCE[name](talk)
    await bench.store.apply(talk.writes)
    bench.before = bench.items
    await bench.store.apply(batch)
    files = sorted(await bench.store.list_removals(100))
    assert len(files) >= 2
    sends, is_killed = 0, True
    while is_killed:
        bench.put_back()
        is_killed = await bench.kill(batch, sends)
        assert not await bench.kill(batch, MANY)
        await bench.maintain()
        assert sorted(await bench.store.list_removals(100)) == files
        sends += 1 if len(files) < 10 else 19  # requests
    assert sends > 1


# Of which it is the same whether some or all were applied before: a user who is deleted and made
# again within a batch, or a file that is struck off the list and put on it, is another matter.
KINDS = (
    *("user", "thread", "delete thread", "step", "step", "part of a step", "favorite"),
    *("delete step", "delete what follows", "element", "finish", "delete element"),
    *("feedback", "delete feedback"),
)
BATCHES = st.lists(
    st.tuples(st.lists(planned_writes(KINDS), min_size=1, max_size=4), st.integers(0, 30)),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches=BATCHES)
async def test_what_was_cut_short_and_comes_again_ends_the_same(
    bench: Bench, batches: Sequence[tuple[Sequence[PlannedWrite], int]]
) -> None:
    world, oracle = World.new(), MemoryStore()
    for planned, sends in batches:
        batch = [each.write(world) for each in planned]
        await oracle.apply(batch)
        if await bench.kill(batch, sends):
            assert not await bench.kill(batch, MANY)
    await bench.maintain()
    assert await shown(bench.store, world) == await shown(oracle, world)
