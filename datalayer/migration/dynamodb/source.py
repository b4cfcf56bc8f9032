"""A table of Chainlit's DynamoDB layer, thread by thread; it is read and never written."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from common.aws import AwsAccess
from datalayer.errors import SourceUnusable
from datalayer.migration.dynamodb.attributes import plain_item
from datalayer.migration.importing.source import about_source
from datalayer.migration.sqlalchemy.rows import Raw
from datalayer.stores.dynamodb.address import TableAddress
from datalayer.stores.dynamodb.client import Client, Operation
from datalayer.stores.dynamodb.errors import TableMissing
from datalayer.stores.dynamodb.table import TableState

AT_ONCE = 25  # threads that are read side by side, and are in memory together

_NO_TABLE = "There is no table {address}. Name the one that your old program used, and its region."
_OTHER = "The table {address} is none of Chainlit's DynamoDB layer: {difference}. Name that one."
_OURS = (
    "The table {address} is Keepchat's, or an adoption of it has begun: name it in DATABASE_URL, "
    "there is nothing to import. 'python manage.py migrate --adopt' ends an adoption that was "
    "interrupted."
)
_KEYS = {"ProjectionExpression": "PK, SK, v", "ConsistentRead": True}
_USERS = {
    "FilterExpression": "SK = :user AND begins_with(PK, :prefix)",
    "ExpressionAttributeValues": {":user": {"S": "USER"}, ":prefix": {"S": "USER#"}},
    "ConsistentRead": True,
}


def kind_of(pk: str, sk: str) -> str | None:
    """Return what an item of that key is; None for what Chainlit's layer does not make."""
    if pk.startswith("USER#"):
        return "users" if sk == "USER" else None
    if not pk.startswith("THREAD#"):
        return None
    if sk == "THREAD":
        return "threads"
    return {"STEP": "steps", "ELEMENT": "elements"}.get(sk.partition("#")[0]) if "#" in sk else None


@dataclass(slots=True)
class Conversation:
    """All that the table has of a thread; `items` by their kinds."""

    id: str
    items: dict[str, list[Raw]] = field(
        default_factory=lambda: {"threads": [], "steps": [], "elements": []}
    )

    @property
    def thread(self) -> Raw | None:
        """What the thread says of itself; None where only what is in it is there."""
        return next(iter(self.items["threads"]), None)


class ChainlitTable:
    """Iterates over what is in a table.

    `total` is about how many items there are. All methods raise `SourceUnusable` when the table
    cannot be read, or is not one of Chainlit's layer.
    """

    def __init__(self, client: Client) -> None:
        self.total = 0
        self._client = client
        self._seen: Counter[str | None] = Counter()
        self._read: Counter[str | None] = Counter()

    @property
    def is_changed(self) -> bool:
        """Whether somebody has changed it while all of it was read."""
        return self._seen != self._read

    @property
    def others(self) -> int:
        """How many items there are that Chainlit's layer does not make."""
        return self._seen[None]

    async def inspect(self) -> None:
        """Make sure that it is there and has the keys of Chainlit's layer."""
        try:
            with about_source():
                answer = await self._client.call("DescribeTable")
        except SourceUnusable as exc:
            if isinstance(exc.__cause__, TableMissing):
                raise SourceUnusable(_NO_TABLE.format(address=self._client.address)) from exc
            raise
        state = TableState(answer["Table"])
        if state.difference:
            message = _OTHER.format(address=self._client.address, difference=state.difference)
            raise SourceUnusable(message)
        self.total = answer["Table"]["ItemCount"]

    async def users(self) -> AsyncIterator[Raw]:
        """Iterate over the users."""
        async for page in self._pages("Scan", _USERS):
            for item in page:
                self._read["users"] += 1
                yield plain_item(item)

    async def conversations(self) -> AsyncIterator[list[Conversation]]:
        """Iterate over the threads, `AT_ONCE` at a time, those without an item of theirs too."""
        group: list[Mapping[str, Any]] = []
        async for key in self._first_keys():
            group.append(key)
            if len(group) == AT_ONCE:
                yield await self._conversations(group)
                group = []
        yield await self._conversations(group)

    async def _first_keys(self) -> AsyncIterator[Mapping[str, Any]]:
        """Iterate over the keys that a scan gives first of each thread.

        A partition lies together, and a scan gives it in order. That is not promised: who reads
        it has to look whether the key is the first of it.
        """
        last = ""
        async for page in self._pages("Scan", _KEYS):
            for item in page:
                pk = item["PK"]["S"]
                kind = kind_of(pk, item["SK"]["S"])
                self._note(kind, item)
                if pk != last and pk.startswith("THREAD#"):
                    yield {name: item[name] for name in ("PK", "SK")}
                last = pk

    def _note(self, kind: str | None, item: Mapping[str, Any]) -> None:
        if "v" in item:
            raise SourceUnusable(_OURS.format(address=self._client.address))
        self._seen[kind] += 1
        if kind is None:
            self._read[None] += 1

    async def _conversations(self, keys: Sequence[Mapping[str, Any]]) -> list[Conversation]:
        found = await asyncio.gather(*map(self._conversation, keys))
        return [one for one in found if one is not None]

    async def _conversation(self, first: Mapping[str, Any]) -> Conversation | None:
        """Return a thread whole; None unless it begins with that key."""
        pk = first["PK"]["S"]
        asked = {
            "KeyConditionExpression": "PK = :pk",
            "ExpressionAttributeValues": {":pk": first["PK"]},
            "ConsistentRead": True,
        }
        items = [item async for page in self._pages("Query", asked) for item in page]
        if not items or items[0]["SK"] != first["SK"]:
            return None
        found = Conversation(pk.removeprefix("THREAD#"))
        for item in items:
            if kind := kind_of(pk, item["SK"]["S"]):
                self._read[kind] += 1
                found.items[kind].append(plain_item(item))
        return found

    async def _pages(
        self, operation: Operation, asked: Mapping[str, Any]
    ) -> AsyncIterator[list[Mapping[str, Any]]]:
        start: Mapping[str, Any] = {}
        while True:
            with about_source():
                answer = await self._client.call(operation, **asked, **start)
            yield answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


@asynccontextmanager
async def open_table(url: str, access: AwsAccess) -> AsyncIterator[ChainlitTable]:
    """Give the table that a URL names. Raises `SourceUnusable`, which says what to do."""
    with about_source():
        client = Client(TableAddress.from_url(url), access)
    try:
        table = ChainlitTable(client)
        await table.inspect()
        yield table
    finally:
        await client.close()
