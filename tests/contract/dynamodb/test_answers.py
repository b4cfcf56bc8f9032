"""What the board of running answers costs in a table."""

from collections.abc import AsyncIterator, Sequence

import pytest

from datalayer.stores.answers import RunningAnswer
from datalayer.stores.dynamodb.store import DynamoStore
from tests.support.builders import everything, ids, new_id
from tests.support.dynamodb.clients import MakeClient
from tests.support.dynamodb.units import units


@pytest.fixture
async def dynamo(make: MakeClient) -> AsyncIterator[DynamoStore]:
    store = DynamoStore(make())
    await store.migrate()
    yield store
    await store.close()


def several(count: int) -> Sequence[RunningAnswer]:
    """Answers with ten steps each."""
    return [
        RunningAnswer(
            turn=new_id(),
            thread_id=new_id(),
            owner="anna.smith@example.com",
            step_ids=tuple(ids(10)),
            version=1_767_268_800_000_000,
            replica=new_id(),
        )
        for _ in range(count)
    ]


async def test_what_the_board_costs(dynamo: DynamoStore) -> None:
    board, answers = dynamo.answers, several(8)
    async with units(dynamo, reads=0, writes=1):
        await board.announce(new_id(), 5)
    async with units(dynamo, reads=0.5, writes=0):
        await board.read()
    async with units(dynamo, reads=0, writes=8):
        await board.post(answers)
    async with units(dynamo, reads=0.5, writes=0):
        assert len((await board.read()).answers) == 8
    async with units(dynamo, reads=1, writes=1):
        await board.watch([answers[0].thread_id], 5)
    async with units(dynamo, reads=1, writes=1):
        await board.ask_stop(answers[0].thread_id)
    async with units(dynamo, reads=1, writes=0):
        await board.watch([new_id()], 5)


async def test_conversations_know_nothing_of_the_board(dynamo: DynamoStore) -> None:
    [answer] = several(1)
    await dynamo.answers.announce(answer.replica, 5)
    await dynamo.answers.post([answer])
    assert await everything(dynamo) == ([], [])
