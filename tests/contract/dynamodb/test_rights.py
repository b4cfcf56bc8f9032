"""The policy below deploy/ allows what the program calls, and nothing else."""

import ast
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import get_args

import pytest

from datalayer.errors import StoreMisconfigured
from datalayer.stores.dynamodb.sdk import client
from datalayer.stores.dynamodb.sdk.client import Operation
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.stores.options import StoreOptions
from tests.support.builders import (
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
    get_user,
    keep_up,
    new_id,
    save,
    step,
    thread,
    user,
)
from tests.support.dynamodb.rights import IN_A_TRANSACTION, Recorder, given_by
from tests.support.dynamodb.wire import TRANSACTION
from tests.support.servers.dynamodb import ACCESS, DynamoDB

ROOT = Path(__file__).resolve().parents[3]
CALLERS = (ROOT / "datalayer/stores/dynamodb", ROOT / "datalayer/migration/dynamodb")
DECLARING = Path(client.__file__)
POLICY = json.loads((ROOT / "deploy/dynamodb/policy.json").read_text(encoding="utf-8"))
GIVEN = given_by(POLICY, "arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE")
NEVER_HERE = {("UpdateContinuousBackups", "")}  # DynamoDB Local has no backups


def words() -> Iterator[str]:
    """All that stands in quotes in the code that calls DynamoDB."""
    for path in (path for folder in CALLERS for path in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if path != DECLARING and isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_the_code_calls_the_operations_that_the_client_has() -> None:
    assert set(words()) & set(get_args(Operation)) == set(get_args(Operation))
    assert set(get_args(Operation)) >= client.READS


def test_the_policy_has_the_actions_that_the_code_calls_each_once() -> None:
    named = set(words())
    called = set(get_args(Operation)) - {TRANSACTION}
    called |= {action for kind, action in IN_A_TRANSACTION.items() if kind in named}
    assert {action for action, _ in GIVEN} == called
    assert len(GIVEN) == len(set(GIVEN))


@pytest.fixture
async def recorded(dynamodb: DynamoDB, name: str) -> AsyncIterator[tuple[DynamoStore, Recorder]]:
    """A store whose table it has made, and what takes down its rights."""
    recorder = Recorder()
    stores = [
        DynamoStore.from_url(dynamodb.url(name, pitr=pitr), Path(), StoreOptions(aws=ACCESS))
        for pitr in ("true", "false")
    ]
    for store in stores:
        recorder.install(store.client)
    with pytest.raises(StoreMisconfigured, match="unknown operation"):
        await stores[0].migrate()  # the table is there by then
    await stores[1].migrate()
    yield stores[1], recorder
    for store in stores:
        await store.close()


async def test_what_the_policy_gives_is_what_a_life_needs(
    recorded: tuple[DynamoStore, Recorder],
) -> None:
    store, recorder = recorded
    first, second = step(new_id(), output="x" * 900_000), step(new_id(), output="x")
    third = step(first.thread_id, output="y")
    attached, given = element(first.thread_id, objectKey="a/b"), feedback(first, 1)
    await save(store, user(), first, second, third, attached, thread(first.thread_id, name="x"))
    await save(store, favorite(first), given, step(first.thread_id, first.id, output="z"))
    await save(store, favorite(first, False), feedback(first, 0))
    owner = await get_user(store)
    for options in ({}, {"search": "z"}, {"feedback": 0}):
        await store.list_threads(owner.id, first=1, **options)
    await everything(store)
    await store.get_favorites(owner.id)
    assert [found.element_id async for found in store.files()] == [attached.id]
    await store.describe()
    await keep_up(store)
    await save(store, delete_feedback(given.id), delete_element(attached), delete_after(first))
    await save(store, delete_step(first), delete_thread(first.thread_id), delete_user())
    await keep_up(store)
    assert set(GIVEN) == recorder.needed | NEVER_HERE
