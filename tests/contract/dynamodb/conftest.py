"""Fixtures on DynamoDB alone: a table, and clients of it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.table import create
from tests.support.dynamodb.clients import MakeClient, client_maker
from tests.support.servers.dynamodb import DynamoDB


@pytest.fixture
def name(dynamodb: DynamoDB) -> Iterator[str]:
    """The name of a table that is not there."""
    with dynamodb.table() as found:
        yield found


@pytest.fixture
async def make(dynamodb: DynamoDB, name: str) -> AsyncIterator[MakeClient]:
    """Makes clients of the table."""
    async with client_maker(dynamodb, name) as maker:
        yield maker


@pytest.fixture
async def client(make: MakeClient) -> Client:
    """A client of the table, which is there."""
    made = make()
    await create(made)
    return made
