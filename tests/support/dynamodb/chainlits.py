"""Tables of Chainlit's own DynamoDB layer, filled by the layer itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import boto3
from boto3.dynamodb.types import TypeSerializer
from chainlit.data.dynamodb import DynamoDBDataLayer
from chainlit.user import User

from datalayer.stores.dynamodb.table import DEFINITION
from tests.support.chainlits import Conversation, Folder, converse
from tests.support.servers.dynamodb import ACCESS, REGION, DynamoDB


class ChainlitTable:
    """A table as Chainlit's documentation has it made."""

    def __init__(self, server: DynamoDB, name: str, place: Path) -> None:
        self.name = name
        self.url = server.url(name)
        self.files = place / "dynamodb-files"
        self._server = server
        server.client.create_table(TableName=name, **DEFINITION)

    @asynccontextmanager
    async def layer(self) -> AsyncIterator[DynamoDBDataLayer]:
        """Chainlit's own layer on it, with a folder for its files."""
        client = boto3.client(
            "dynamodb",
            endpoint_url=self._server.endpoint,
            aws_access_key_id=ACCESS.access_key_id,
            aws_secret_access_key=ACCESS.secret_access_key,
            region_name=REGION,
        )
        opened = DynamoDBDataLayer(self.name, client, Folder(self.files))
        try:
            yield opened
        finally:
            await opened.close()

    def put(self, pk: str, sk: str, **attributes: Any) -> None:
        """Put an item; the attributes are as Python has them, fractions as decimals."""
        item = {"PK": pk, "SK": sk, **attributes}
        serialize = TypeSerializer().serialize
        self._server.client.put_item(
            TableName=self.name, Item={name: serialize(value) for name, value in item.items()}
        )

    def change(self, pk: str, sk: str, **attributes: Any) -> None:
        """Change attributes of an item."""
        serialize = TypeSerializer().serialize
        updates = {
            name: {"Action": "PUT", "Value": serialize(value)} for name, value in attributes.items()
        }
        key = {"PK": {"S": pk}, "SK": {"S": sk}}
        self._server.client.update_item(TableName=self.name, Key=key, AttributeUpdates=updates)

    def delete(self, pk: str, sk: str) -> None:
        """Delete an item."""
        self._server.client.delete_item(TableName=self.name, Key={"PK": {"S": pk}, "SK": {"S": sk}})

    def copy(self, name: str, place: Path) -> "ChainlitTable":
        """Return another table with the same items."""
        other = ChainlitTable(self._server, name, place)
        for item in self.items():
            self._server.client.put_item(TableName=name, Item=item)
        return other

    def keys(self) -> set[tuple[str, str]]:
        """The keys of all items."""
        return {(item["PK"]["S"], item["SK"]["S"]) for item in self.items()}

    def dump(self) -> list[str]:
        """All items, for comparing."""
        return sorted(map(repr, self.items()))

    def items(self) -> list[dict[str, Any]]:
        """All items, their values with their types."""
        pages = self._server.client.get_paginator("scan").paginate(TableName=self.name)
        return [item for page in pages for item in page["Items"]]


async def fill(theirs: ChainlitTable, *names: str, owner: str = "alice") -> list[Conversation]:
    """Have Chainlit's layer store a conversation of each name."""
    async with theirs.layer() as layer:
        user = await layer.create_user(User(identifier=owner, metadata={"role": "admin"}))
        return [await converse(layer, user, name, ["a", "b c"]) for name in names]
