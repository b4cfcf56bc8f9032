"""The search by chunks: they hide nothing, show nothing, cost little, and go with what they say."""

import asyncio
import math
import random
import unicodedata
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from datalayer.errors import StoreUnavailable
from datalayer.records import MaintenanceState
from datalayer.search import terms as search_terms
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.search import chunks, find, unbuilt
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.stores.dynamodb.writes import commit
from datalayer.writes import SaveStep, Write, wall_clock
from tests.support.builders import (
    ALICE,
    clock,
    delete_step,
    delete_thread,
    delete_user,
    favorite,
    feedback,
    get_user,
    keep_up,
    listed,
    new_id,
    save,
    step,
    thread,
)
from tests.support.dynamodb import stores
from tests.support.dynamodb.clients import MakeClient
from tests.support.servers.dynamodb import DynamoDB

WORDS = ("lorem", "ipsum", "dolor", "sit", "amet", "consetetur", "sadipscing", "elitr", "sed")
BLOCK = 4_096  # bytes of a read unit


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every thread is quiet."""
    monkeypatch.setattr(unbuilt, "QUIET_S", 0.0)


@pytest.fixture
def opened(client: Client) -> DynamoStore:
    return DynamoStore(client)


@pytest.fixture
def other(opened: DynamoStore, make: MakeClient) -> DynamoStore:
    """Another process on the same table."""
    return DynamoStore(make())


class Table:
    """What lies in the table."""

    def __init__(self, server: DynamoDB, name: str) -> None:
        self._server = server
        self._name = name

    def chunks(self, thread_id: str = "") -> list[dict[str, Any]]:
        """The chunks of a thread, or all."""
        items = self._server.items(self._name)
        return [item for item in items if item["PK"]["S"].startswith(f"TEXT#{thread_id}")]

    def says(self, needle: str) -> bool:
        """Whether a text is in one of the chunks."""
        found = (zlib.decompress(chunk["b"]["B"]) for chunk in self.chunks())
        return any(needle.encode() in text for text in found)

    def lists_chunks(self, thread_id: str) -> bool:
        """Whether a head says that the chunks are what its thread says."""
        [head] = [
            item
            for item in self._server.items(self._name)
            if (item["PK"]["S"], item["SK"]["S"]) == (f"THREAD#{thread_id}", "THREAD")
        ]
        return "folding" in head

    def remove(self, item: dict[str, Any]) -> None:
        """Remove an item behind the stores' backs."""
        key = {name: item[name] for name in ("PK", "SK")}
        self._server.client.delete_item(TableName=self._name, Key=key)


@pytest.fixture
def table(dynamodb: DynamoDB, name: str) -> Table:
    return Table(dynamodb, name)


def words(count: int, seed: int = 0) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=count))


async def talk(store: DynamoStore, *texts: str, name: str = "") -> list[SaveStep]:
    """Save a thread that says something, whose chunks are built."""
    thread_id = new_id()
    steps = [step(thread_id, output=text) for text in texts]
    await save(store, *steps, *([thread(thread_id, name=name)] if name else []))
    await keep_up(store)
    return steps


async def hits(store: DynamoStore, needle: str) -> list[str]:
    """The threads that a search finds; nothing is built afterwards."""
    return await listed(store, search=needle)


class Spent:
    """What is asked of the table from here on."""

    def __init__(self, store: DynamoStore) -> None:
        self._usage = store.client.usage
        self._units = self._usage.read_units
        self._requests = self._usage.requests.copy()

    @property
    def units(self) -> float:
        return self._usage.read_units - self._units

    @property
    def requests(self) -> dict[str, int]:
        return self._usage.requests - self._requests


async def assert_by_chunks(store: DynamoStore, needle: str, expected: list[str]) -> None:
    """What is found is found without reading a thread."""
    spent = Spent(store)
    assert await hits(store, needle) == expected
    assert spent.requests["Query"] == 2  # of the hints where else threads are, and of the index


async def test_every_part_of_a_text_is_found_across_cuts(opened: DynamoStore, table: Table) -> None:
    text = f"{words(1_000)} ünd 文 {words(6_000, 1)} the end"
    [said] = await talk(opened, text, name="A Name")
    assert len(table.chunks()) > 2
    encoded = text.encode()
    across = [
        encoded[at - left : at + 40 - left].decode(errors="ignore")
        for at in (16_384, 32_768)
        for left in (1, 20, 39)
    ]
    for needle in (*across, "ünd 文", "the end", "a name", text[10_000:60_000]):
        await assert_by_chunks(opened, needle, [said.thread_id])
    await assert_by_chunks(opened, "the enda", [])
    await assert_by_chunks(opened, "absent", [])


async def test_nothing_is_built_before_a_thread_is_quiet(
    opened: DynamoStore, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unbuilt, "QUIET_S", 120.0)
    [said] = await talk(opened, "needle")
    assert table.chunks() == []
    assert await hits(opened, "needle") == [said.thread_id]
    assert await opened.maintain() is MaintenanceState.HELD_UP


async def test_a_search_has_that_built_which_it_misses(
    opened: DynamoStore, other: DynamoStore, table: Table
) -> None:
    said = step(new_id(), output="needle")
    await save(opened, said)
    await keep_up(other)
    assert table.chunks() == []
    assert await hits(other, "needle") == [said.thread_id]
    await keep_up(other)
    await assert_by_chunks(other, "needle", [said.thread_id])


async def test_a_chunk_that_is_lost_is_built_again(opened: DynamoStore, table: Table) -> None:
    [said] = await talk(opened, "needle")
    [chunk] = table.chunks()
    table.remove(chunk)
    assert await hits(opened, "needle") == [said.thread_id]
    await keep_up(opened)
    assert table.chunks() == [chunk]


# What is saved when chunks are there


async def test_what_is_saved_is_found_at_once_and_what_it_replaces_is_not(
    opened: DynamoStore, table: Table
) -> None:
    [first, second] = await talk(opened, "before", words(6_000), name="old name")
    kept = {chunk["SK"]["S"] for chunk in table.chunks()}
    for write, needle, gone in (
        (step(first.thread_id, second.id, output="after"), "after", "lorem"),
        (step(first.thread_id, output="more"), "more", "absent"),
        (thread(first.thread_id, name="new"), "new", "old name"),
    ):
        await save(opened, write)
        for _ in range(2):
            assert await hits(opened, needle) == [first.thread_id]
            assert await hits(opened, gone) == []
            await keep_up(opened)
    assert kept.isdisjoint(chunk["SK"]["S"] for chunk in table.chunks())
    assert not table.says("lorem")


async def test_what_comes_late_is_found_at_once(opened: DynamoStore) -> None:
    """A write of long ago moves no last activity."""
    early = clock.next()
    [said] = await talk(opened, "needle")
    await save(opened, step(said.thread_id, output="late", revision=early))
    assert await hits(opened, "late") == [said.thread_id]


async def test_what_others_save_is_found_at_once(opened: DynamoStore, other: DynamoStore) -> None:
    [said] = await talk(opened, "needle")
    await save(other, step(said.thread_id, said.id, output="other"))
    assert await hits(opened, "needle") == []
    assert await hits(opened, "other") == [said.thread_id]


async def test_what_changes_no_text_leaves_chunks_as_they_are(opened: DynamoStore) -> None:
    [said] = await talk(opened, "needle")
    await save(opened, feedback(said), favorite(said))
    await save(opened, thread(said.thread_id, metadata={"key": "value"}))
    await assert_by_chunks(opened, "needle", [said.thread_id])


async def test_a_save_that_takes_long_says_again_that_a_text_changes(
    opened: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread_id = new_id()
    await save(opened, step(thread_id, output="first"))
    monkeypatch.setattr(commit, "_STIR_AFTER_S", 0.0)
    spent = Spent(opened)
    await save(opened, *(step(thread_id, output="slow") for _ in range(3)))
    assert spent.requests["UpdateItem"] == 1 + 3


# What is saved while they are built


def before(client: Client, operation: str, act: Callable[[], Awaitable[None]]) -> None:
    """Have something happen before the next call of an operation."""
    really_call = client.call
    waiting = [act]

    async def call(called: Any, **parameters: Any) -> Any:
        if called == operation and waiting:
            await waiting.pop()()
        return await really_call(called, **parameters)

    client.call = call  # type: ignore[assignment, method-assign]


async def test_a_head_says_that_a_text_changes_before_the_text_is_put(
    opened: DynamoStore, table: Table
) -> None:
    [said] = await talk(opened, "before", name="old")
    seen = []

    async def look() -> None:
        seen.append(table.lists_chunks(said.thread_id))

    for write in (
        step(said.thread_id, said.id, output="after"),
        thread(said.thread_id, name="new"),
    ):
        assert table.lists_chunks(said.thread_id)
        before(opened.client, "PutItem", look)
        await save(opened, write)
        await keep_up(opened)
    assert seen == [False, False]


@pytest.mark.parametrize("operation", ["BatchWriteItem", "UpdateItem"])
async def test_a_save_while_chunks_are_built(
    opened: DynamoStore, other: DynamoStore, table: Table, operation: str
) -> None:
    said = step(new_id(), output="before")
    await save(opened, said)
    before(
        opened.client,
        operation,
        lambda: save(other, replace(said, fields={"output": "after"}, revision=clock.next())),
    )
    await keep_up(opened)
    for _ in range(2):
        assert await hits(opened, "before") == []
        assert await hits(opened, "after") == [said.thread_id]
        await keep_up(opened)
    assert not table.says("before")
    await assert_by_chunks(opened, "after", [said.thread_id])


async def test_two_that_build_at_once(
    opened: DynamoStore, other: DynamoStore, table: Table
) -> None:
    said = step(new_id(), output="needle")
    await save(opened, said)
    assert await hits(other, "needle") == [said.thread_id]
    before(opened.client, "UpdateItem", lambda: keep_up(other))
    await keep_up(opened)
    await assert_by_chunks(opened, "needle", [said.thread_id])
    assert len(table.chunks()) == 1


async def test_what_is_maintained_twice_at_once_is_built_once(opened: DynamoStore) -> None:
    await save(opened, *(step(new_id(), output="needle") for _ in range(6)))
    spent = Spent(opened)
    await asyncio.gather(keep_up(opened), keep_up(opened))
    assert spent.requests["UpdateItem"] == 6


async def test_a_delete_while_chunks_are_built(
    opened: DynamoStore, other: DynamoStore, table: Table
) -> None:
    """What was built too late is removed by the second look."""
    said = step(new_id(), output="needle")
    await save(opened, said)
    before(opened.client, "BatchWriteItem", lambda: save(other, delete_thread(said.thread_id)))
    await keep_up(opened)
    assert await hits(opened, "needle") == []
    await keep_up(later(opened))
    assert table.chunks() == []


def later(store: DynamoStore) -> DynamoStore:
    """A process that looks at deletes again, and knows nothing of what was saved."""
    return DynamoStore(store.client, stores.when_marks_are_due)


# Deletes


async def test_a_deleted_thread_leaves_no_text(opened: DynamoStore, table: Table) -> None:
    said, _ = await talk(opened, words(6_000), "needle")
    [kept] = await talk(opened, "needle")
    await save(opened, delete_thread(said.thread_id))
    assert table.chunks(said.thread_id) == []
    assert await hits(opened, "needle") == [kept.thread_id]
    await save(opened, delete_user(ALICE))
    assert table.chunks() == []


async def test_the_text_of_a_deleted_step_is_found_by_nobody_and_removed(
    opened: DynamoStore, other: DynamoStore, table: Table
) -> None:
    kept, gone = await talk(opened, words(6_000), "needle")
    await save(opened, delete_step(gone))
    for store in (opened, other):
        assert await hits(store, "needle") == []
        assert await hits(store, "lorem") == [kept.thread_id]
    await keep_up(opened)
    assert not table.says("needle")
    await assert_by_chunks(other, "lorem", [kept.thread_id])


async def test_the_text_of_a_deleted_step_is_removed_where_nobody_builds_anew(
    opened: DynamoStore, table: Table
) -> None:
    kept, gone = await talk(opened, "hay", "needle")
    await save(opened, delete_step(gone))
    assert table.says("needle")
    await keep_up(later(opened))
    assert table.chunks() == []
    assert await hits(opened, "hay") == [kept.thread_id]


@pytest.mark.parametrize("sends", range(1, 8))
@pytest.mark.parametrize("delete", [delete_step, lambda gone: delete_thread(gone.thread_id)])
async def test_a_delete_that_is_killed_leaves_no_text_for_long(
    opened: DynamoStore,
    dynamodb: DynamoDB,
    table: Table,
    name: str,
    delete: Callable[[SaveStep], Write],
    sends: int,
) -> None:
    _, gone = await talk(opened, "hay", "needle")
    async with stores.opened(dynamodb, name, sends=sends) as killed:
        with suppress(StoreUnavailable):
            await killed.apply([delete(gone)])
    is_there = await opened.get_step(gone.id) is not None
    assert await hits(opened, "needle") == ([gone.thread_id] if is_there else [])
    await keep_up(later(opened))
    assert table.says("needle") is is_there


# An older folding


def fold_without_accents(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


async def test_what_an_older_version_folded_is_folded_anew(
    opened: DynamoStore, other: DynamoStore, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    [said] = await talk(opened, "Café")
    monkeypatch.setattr(chunks, "FOLDING", 4)
    for module in (chunks, search_terms):
        monkeypatch.setattr(module, "fold", fold_without_accents)
    for _ in range(2):
        assert await hits(other, "CAFE") == [said.thread_id]
        await keep_up(other)
    assert table.says("cafe")
    assert len(table.chunks()) == 1
    await assert_by_chunks(other, "cafe", [said.thread_id])


# Names alone


async def test_a_search_of_names_alone(opened: DynamoStore, make: MakeClient, table: Table) -> None:
    store = DynamoStore(make(), names_only=True)
    said = await talk(store, "needle", name="Some Name")
    await talk(store, "some name")
    assert await hits(store, "ME n") == [said[0].thread_id]
    assert await hits(store, "needle") == []
    assert table.chunks() == []
    assert await hits(opened, "needle") == [said[0].thread_id]


# What it costs


@pytest.fixture
async def history(opened: DynamoStore) -> list[str]:
    """Forty threads of some 20 KB, newest first, one of which says something else.

    Between two of them is a minute: in the index each is in its place.
    """
    writes = [
        step(
            new_id(),
            output=words(3_000, seed) + (" needle" if seed == 7 else ""),
            revision=wall_clock() - (40 - seed) * 60_000_000,
        )
        for seed in range(40)
    ]
    await save(opened, *writes)
    await keep_up(opened)
    return [write.thread_id for write in writes][::-1]


def blocks(size: int) -> int:
    return math.ceil(size / BLOCK)


async def test_a_search_of_a_quiet_history_reads_heads_and_chunks(
    opened: DynamoStore, table: Table, history: list[str]
) -> None:
    limit = sum(blocks(len(chunk["b"]["B"]) + 100) / 2 for chunk in table.chunks())
    for needle, expected in (("needle", [history[-8]]), ("absent", [])):
        spent = Spent(opened)
        assert await hits(opened, needle) == expected
        entries = blocks(40 * 250)
        assert spent.units <= limit + len(history) + entries + 5
        assert spent.requests["Query"] == 3


async def test_no_more_is_in_memory_than_has_to_be(
    opened: DynamoStore, history: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where the chunks of one thread are too many."""
    monkeypatch.setattr(find, "_CHUNKS", 1)
    spent = Spent(opened)
    assert await hits(opened, "needle") == [history[-8]]
    assert spent.requests["BatchGetItem"] == len(history) + 4  # the user, heads twice, a name
    assert await hits(opened, "lorem") == history


async def test_a_common_word_reads_the_newest_threads_alone(
    opened: DynamoStore, history: list[str]
) -> None:
    owner = await get_user(opened)
    spent = Spent(opened)
    page = await opened.list_threads(owner.id, first=20, search="lorem")
    assert [found.id for found in page.threads] == history[:20]
    assert spent.requests == {"Query": 2, "BatchGetItem": 3}  # heads, chunks, names


async def test_what_is_hidden_goes_from_the_chunks(opened: DynamoStore, table: Table) -> None:
    said, other = await talk(opened, "needle", "hay")
    assert table.says("needle")
    await save(opened, step(said.thread_id, said.id, hidden=True))
    assert not table.lists_chunks(said.thread_id)
    assert await hits(opened, "needle") == []
    await keep_up(opened)
    assert not table.says("needle")
    await assert_by_chunks(opened, "hay", [other.thread_id])
    await save(opened, step(said.thread_id, said.id, hidden=False))
    await keep_up(opened)
    await assert_by_chunks(opened, "needle", [said.thread_id])


async def test_what_is_hidden_by_a_late_write_goes_from_the_chunks(opened: DynamoStore) -> None:
    said, other = await talk(opened, "needle", "hay")
    late = said.revision + 1  # no activity of the thread
    assert late <= other.revision
    await save(opened, step(said.thread_id, said.id, hidden=True, revision=late))
    assert await hits(opened, "needle") == []
    await keep_up(opened)
    await assert_by_chunks(opened, "hay", [other.thread_id])
