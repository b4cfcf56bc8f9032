"""What accounts and sessions cost in a table, and what is told of them there."""

import uuid
from collections.abc import AsyncIterator

import pytest

from datalayer.stores.accounts import Account, LoginSession
from datalayer.stores.dynamodb.logins.accounts import _seen_up_to
from datalayer.stores.dynamodb.store import DynamoStore
from tests.support.builders import everything
from tests.support.dynamodb.clients import MakeClient
from tests.support.dynamodb.units import units

ANNA = Account(
    key="anna", identifier="Anna", changed_at="2026-01-01T00:00:00.000000Z", password_hash="$" * 97
)


def login() -> LoginSession:
    return LoginSession(
        id=str(uuid.uuid4()),
        identifier="Anna",
        created_at="2026-01-01T00:00:00.000000Z",
        expires_at="2026-01-16T00:00:00.000000Z",
        mode="password",
        client="Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
        address="203.0.113.7",
    )


@pytest.fixture
async def dynamo(make: MakeClient) -> AsyncIterator[DynamoStore]:
    store = DynamoStore(make())
    await store.migrate()
    yield store
    await store.close()


async def test_what_a_login_a_logout_and_a_poll_cost(dynamo: DynamoStore) -> None:
    accounts = dynamo.accounts
    await accounts.save_account(ANNA, replaces=None)
    cursor = ""
    for _ in range(8):
        session = login()
        async with units(dynamo, reads=1, writes=0):
            await accounts.get_account("anna")
        async with units(dynamo, reads=2, writes=8):
            assert await accounts.begin_session(session, ANNA)
        async with units(dynamo, reads=2, writes=10):
            assert await accounts.end_sessions("Anna", [session.id])
        async with units(dynamo, reads=1, writes=0):
            _, cursor = await accounts.ended_sessions(cursor)


async def test_conversations_know_nothing_of_accounts(dynamo: DynamoStore) -> None:
    await dynamo.accounts.save_account(ANNA, replaces=None)
    await dynamo.accounts.begin_session(login(), ANNA)
    await dynamo.accounts.end_sessions("Anna")
    assert await everything(dynamo) == ([], [])


@pytest.mark.parametrize(
    ("last", "numbers", "seen"),
    [(0, [], 0), (3, [], 3), (0, [4, 5], 5), (3, [4, 5], 5), (3, [5, 6], 3), (3, [4, 6, 7], 4)],
)
def test_what_may_be_on_its_way_is_asked_for_again(
    last: int, numbers: list[int], seen: int
) -> None:
    assert _seen_up_to(last, numbers) == seen
