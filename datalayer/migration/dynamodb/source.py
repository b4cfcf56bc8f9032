"""A table of Chainlit's DynamoDB layer, thread by thread; it is read and never written."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from common.aws import AwsAccess
from datalayer.errors import SourceUnusable
from datalayer.migration.dynamodb.attributes import plain_item
from datalayer.migration.importing.source import about_source
from datalayer.migration.sqlalchemy.rows import Raw
from datalayer.migration.sqlalchemy.values import row_id
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import nonce_of, text_of
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.requests import get, pages, scanned
from datalayer.stores.dynamodb.sdk.address import TableAddress
from datalayer.stores.dynamodb.sdk.client import Client, Operation
from datalayer.stores.dynamodb.sdk.connection import Answer
from datalayer.stores.dynamodb.sdk.errors import Item, TableMissing
from datalayer.stores.dynamodb.table import TableState

KEPT = "FEEDBACK"
"""How an adoption names the feedback of a step until both are ours."""
AT_ONCE = 25  # threads that are read side by side, and are in memory together

_NO_TABLE = "There is no table {address}. Name the one that your old program used, and its region."
_OTHER = "The table {address} is none of Chainlit's DynamoDB layer: {difference}. Name that one."
_OURS = (
    "The table {address} is Keepchat's, or an adoption of it has begun: name it in DATABASE_URL, "
    "there is nothing to import. 'python manage.py migrate --adopt' ends an adoption that was "
    "interrupted."
)
_KEYS = {"ProjectionExpression": "PK, SK, v"}
_THEIRS = {**_KEYS, "FilterExpression": "attribute_not_exists(v)"}
_USERS = {
    "FilterExpression": "SK = :user AND begins_with(PK, :prefix)",
    "ExpressionAttributeValues": {":user": {"S": "USER"}, ":prefix": {"S": "USER#"}},
}

_THREAD = "THREAD#"
_IN_THREADS = {"STEP": "steps", "ELEMENT": "elements", KEPT: "feedbacks"}


def kind_of(pk: str, sk: str) -> str | None:
    """Return what an item of that key is; None for what Chainlit's layer does not make."""
    if pk.startswith("USER#"):
        return "users" if sk == "USER" else None
    if not pk.startswith(_THREAD):
        return None
    if sk == keys.HEAD:
        return "threads"
    return _IN_THREADS.get(sk.partition("#")[0]) if "#" in sk else None


@dataclass(slots=True)
class Conversation:
    """All that the table has of a thread; `items` by their kinds.

    `adopted_at` is the time of a thread that an adoption has made ours already.
    """

    id: str
    items: dict[str, list[Raw]] = field(
        default_factory=lambda: {"threads": [], "steps": [], "elements": [], "feedbacks": []}
    )
    adopted_at: str | None = None

    @property
    def thread(self) -> Raw | None:
        """What the thread says of itself; None where only what is in it is there."""
        return next(iter(self.items["threads"]), None)


class ChainlitTable:
    """Iterates over what is in a table.

    `total` is about how many items there are, `others` how many of those that were read are none of
    Chainlit's layer. Of the source of an import all methods raise
    `SourceUnusable` when it cannot be read, or is not one of Chainlit's layer. With `adopts` it is
    the store's own table: the errors are the store's, and what is ours already is passed over.
    """

    def __init__(self, client: Client, *, adopts: bool = False) -> None:
        self.total = 0
        self.others = 0
        self._client = client
        self._adopts = adopts
        self._seen: Counter[str] = Counter()
        self._read: Counter[str] = Counter()

    @property
    def is_changed(self) -> bool:
        """Whether somebody else has changed it while all of it was read."""
        return not self._adopts and self._seen != self._read

    async def inspect(self) -> None:
        """Make sure that it is there and has the keys of Chainlit's layer."""
        try:
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
        async for page in scanned(self._client, **_USERS):
            for item in filter(self._is_theirs, page):
                self._read["users"] += 1
                yield plain_item(item)

    async def conversations(self) -> AsyncIterator[list[Conversation]]:
        """Iterate over the threads, `AT_ONCE` at a time, those without an item of theirs too."""
        self.others = 0
        group: list[Key] = []
        async for key in self._first_keys():
            group.append(key)
            if len(group) == AT_ONCE:
                yield await self._conversations(group)
                group = []
        yield await self._conversations(group)

    async def has_rows(self) -> bool:
        """Tell whether anything of theirs is left."""
        async for page in scanned(self._client, **_THEIRS):
            if any(kind_of(*Key.of(item)) for item in page):
                return True
        return False

    async def _first_keys(self) -> AsyncIterator[Key]:
        """Iterate over the keys that a scan gives first of each thread.

        A partition lies together, and a scan gives it in order. That is not promised: who reads
        it has to look whether the key is the first of it.
        """
        last = ""
        async for page in scanned(self._client, **_KEYS):
            for item in filter(self._is_theirs, page):
                key = Key.of(item)
                if kind := kind_of(*key):
                    self._seen[kind] += 1
                else:
                    self.others += 1
                if key.pk != last and key.pk.startswith(_THREAD):
                    yield key
                last = key.pk

    def _is_theirs(self, item: Item) -> bool:
        """Tell whether an item is not ours. Raises `SourceUnusable` for one that cannot be."""
        if "v" in item and not self._adopts:
            raise SourceUnusable(_OURS.format(address=self._client.address))
        return "v" not in item and not item["PK"]["S"].startswith(keys.favorites(""))

    async def _conversations(self, first: Sequence[Key]) -> list[Conversation]:
        found = await asyncio.gather(*map(self._conversation, first))
        return [one for one in found if one is not None]

    async def _conversation(self, first: Key) -> Conversation | None:
        """Return a thread whole; None unless what is theirs of it begins with that key."""
        items = [item async for page in pages(self._client, first.pk) for item in page]
        theirs = list(filter(self._is_theirs, items))
        if not theirs or Key.of(theirs[0]) != first:
            return None
        found = Conversation(first.pk.removeprefix(_THREAD))
        for item in theirs:
            if kind := kind_of(*Key.of(item)):
                self._read[kind] += 1
                found.items[kind].append(plain_item(item))
        if self._adopts and found.thread is None:
            found.adopted_at = await self._adopted_at(found.id)
        return found

    async def _adopted_at(self, thread_id: str) -> str | None:
        """Return the time of a thread whose own item is ours, under whatever id; None for none."""
        head = await get(self._client, keys.head(row_id("thread", thread_id) or thread_id))
        return text_of(head, "createdAt") if head and nonce_of(head) else None


class SourceClient(Client):
    """A client of a table that is imported: what is wrong is said of the source."""

    async def call(self, operation: Operation, **parameters: Any) -> Answer:
        with about_source():
            return await super().call(operation, **parameters)


@asynccontextmanager
async def open_table(url: str, access: AwsAccess) -> AsyncIterator[ChainlitTable]:
    """Give the table that a URL names. Raises `SourceUnusable`, which says what to do."""
    with about_source():
        client = SourceClient(TableAddress.from_url(url), access)
    try:
        table = ChainlitTable(client)
        await table.inspect()
        yield table
    finally:
        await client.close()
