"""Clients of a table on the server of the run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from common.aws import AwsAccess
from datalayer.stores.dynamodb.sdk.address import TableAddress
from datalayer.stores.dynamodb.sdk.client import Client
from tests.support.servers.dynamodb import ACCESS, DynamoDB


class MakeClient(Protocol):
    """Makes a client, by way of another port if one is given, with options of DATABASE_URL."""

    def __call__(self, *, port: int = 0, access: AwsAccess = ACCESS, **options: str) -> Client: ...


@asynccontextmanager
async def client_maker(server: DynamoDB, table: str) -> AsyncIterator[MakeClient]:
    """Give what makes clients of a table, and close them; none may be at work by then."""
    made: list[Client] = []

    def make(*, port: int = 0, access: AwsAccess = ACCESS, **options: str) -> Client:
        url = server.url(table, port=port, **options)
        made.append(Client(TableAddress.from_url(url), access))
        return made[-1]

    yield make
    for each in made:
        await each.close()
        assert each.running == 0


async def read(client: Client, key: dict[str, Any]) -> dict[str, Any] | None:
    """Read an item as it is now, in one call; None for none."""
    asked = {client.table: {"Keys": [key], "ConsistentRead": True}}
    answer = await client.call("BatchGetItem", RequestItems=asked)
    found: list[dict[str, Any]] = answer["Responses"][client.table]
    return found[0] if found else None
