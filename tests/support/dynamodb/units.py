"""What is done to a table may take so many units, and no more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from datalayer.stores.dynamodb.sdk.client import Usage
from datalayer.stores.dynamodb.store import DynamoStore
from tests.support.backends import client_of


@asynccontextmanager
async def units(store: DynamoStore, *, reads: float, writes: float) -> AsyncIterator[None]:
    """Fail when what is done takes more units."""
    usage = client_of(store).usage
    before = Usage(read_units=usage.read_units, write_units=usage.write_units)
    yield
    assert usage.read_units - before.read_units <= reads
    assert usage.write_units - before.write_units <= writes
