"""Stores in a table on the server of the run: killed after some requests, or minutes later."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from datalayer.stores.dynamodb.maintenance import LOOK_AFTER
from datalayer.stores.dynamodb.sdk.address import TableAddress
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.writes import wall_clock
from tests.support.dynamodb.faults import Faults
from tests.support.servers.dynamodb import ACCESS, DynamoDB

_NO_FAULTS = 0  # a seed


def when_marks_are_due(looks: int = 1) -> int:
    """The time when maintenance looks again at what is deleted now, or at what that leaves."""
    return wall_clock() + looks * (LOOK_AFTER + 1_000_000)


@asynccontextmanager
async def opened(
    server: DynamoDB, table: str, *, sends: float = math.inf, now: Callable[[], int] = wall_clock
) -> AsyncIterator[DynamoStore]:
    """Open a store of which so many requests get through, as when it is killed after them."""
    client = Client(TableAddress.from_url(server.url(table)), ACCESS)
    faults = Faults(server, _NO_FAULTS, {})
    faults.sends_left = sends
    faults.install(client)
    store = DynamoStore(client, now)
    yield store
    await store.close()
