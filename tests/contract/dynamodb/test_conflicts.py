"""A batch that meets others is given up only where nothing gets done for too long."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, repeat
from typing import Any

import pytest

from datalayer.errors import ThreadsLocked
from datalayer.records import Outcome
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import new_nonce, text
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.sdk.client import Client, Operation
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.stores.dynamodb.writes import apply
from datalayer.writes import SaveStep
from tests.support.builders import delete_step, element, get_thread, new_id, save, step


@pytest.fixture(autouse=True)
def no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attempt takes too long."""
    monkeypatch.setattr(apply, "AGAIN", replace(apply.AGAIN, limit_s=0.0))


@pytest.fixture
async def rows(client: Client) -> list[SaveStep]:
    """Steps of a thread that are there."""
    home = new_id()
    stored = [step(home, output="old") for _ in range(4)]
    await save(DynamoStore(client), *stored)
    return stored


def race(
    client: Client, thread_id: str, raced: Iterator[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let somebody else be faster with a step of a thread, put by put as is given."""
    call = client.call

    async def call_late(operation: Operation, **parameters: Any) -> dict[str, Any]:
        key = Key.of(parameters["Item"]) if operation == "PutItem" else None
        if key and key.pk == keys.partition(thread_id) and keys.row_of(key) and next(raced):
            await call(
                "UpdateItem",
                Key=key.attributes,
                UpdateExpression="SET v = :v",
                ExpressionAttributeValues={":v": text(new_nonce())},
            )
        return await call(operation, **parameters)

    monkeypatch.setattr(client, "call", call_late)


async def test_what_gets_on_is_stored_whole(
    client: Client, rows: list[SaveStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    race(client, rows[0].thread_id, cycle([False, True]), monkeypatch)
    store = DynamoStore(client)
    changed = [step(row.thread_id, row.id, output="new") for row in rows]
    results = await store.apply(changed)
    assert [result.outcome for result in results] == [Outcome.APPLIED] * 4
    found = await get_thread(store, rows[0].thread_id)
    assert [it.fields["output"] for it in found.steps] == ["new"] * 4


async def test_what_its_own_delete_has_removed_was_stored_before(
    client: Client, rows: list[SaveStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    race(client, rows[0].thread_id, iter([True, False]), monkeypatch)
    thread_id = rows[0].thread_id
    results = await DynamoStore(client).apply(
        [
            element(thread_id, forId=rows[0].id),
            delete_step(rows[0]),
            step(thread_id, rows[1].id, output="new"),
        ]
    )
    assert [result.outcome for result in results] == [Outcome.APPLIED] * 3


async def test_other_threads_are_stored_meanwhile(
    client: Client, rows: list[SaveStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    race(client, rows[0].thread_id, iter([True, False]), monkeypatch)
    store, other = DynamoStore(client), step(new_id(), output="other")
    changed = step(rows[0].thread_id, rows[0].id, output="new")
    results = await store.apply([other, changed])
    assert [result.outcome for result in results] == [Outcome.APPLIED] * 2


async def test_what_does_not_get_on_is_given_up(
    client: Client, rows: list[SaveStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    race(client, rows[0].thread_id, repeat(True), monkeypatch)
    changed = [step(row.thread_id, row.id, output="new") for row in rows]
    with pytest.raises(ThreadsLocked, match=rows[0].thread_id):
        await DynamoStore(client).apply(changed)
