"""Keepchat's layer and Chainlit's own, each on a table of DynamoDB with the same history."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import boto3
from chainlit.data.dynamodb import DynamoDBDataLayer
from chainlit.step import StepDict
from chainlit.types import Pagination, ThreadDict, ThreadFilter
from chainlit.user import PersistedUser, User

from benchmarks.data import OWNER, History, Message, Thread
from benchmarks.layers.base import PAGE, Layer, batches
from benchmarks.steps import message as step_of
from benchmarks.units import Meter, MeteredClient
from datalayer.layer import KeepchatDataLayer
from datalayer.rules.loading import Need
from datalayer.rules.process import process
from datalayer.stores.dynamodb.format.items import Attributes
from datalayer.stores.dynamodb.requests import chunks, put_many
from datalayer.stores.dynamodb.sdk.address import TableAddress
from datalayer.stores.dynamodb.sdk.client import Client, Operation
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.stores.dynamodb.table import DEFINITION
from datalayer.stores.dynamodb.writes.load import State
from datalayer.stores.dynamodb.writes.plan import Plan, plan
from datalayer.values import derived_id, iso_time, time_of_revision
from datalayer.writes import SaveStep, SaveThread, SaveUser, Write, wall_clock
from storage.local.storage import LocalStorage
from tests.support.servers.dynamodb import ACCESS, REGION, DynamoDB

OURS, THEIRS = "Keepchat", "Chainlit's layer"
_BATCH = 25  # items that a request can put
_TOGETHER = 10  # threads


class DynamoLayer(Layer, Protocol):
    """The methods of Chainlit's interface that are measured on DynamoDB."""

    async def get_user(self, identifier: str) -> PersistedUser | None:
        """Return a user."""

    async def update_thread(
        self,
        thread_id: str,
        name: str | None = None,
        user_id: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Make a thread, or change it."""

    async def delete_thread(self, thread_id: str) -> None:
        """Delete a thread whole."""


@dataclass(frozen=True, slots=True)
class Metered:
    """A layer under measure: whose, as who its user is known, and what it asks for."""

    name: str
    layer: DynamoLayer
    user_id: str
    meter: Meter

    async def page(self, search: str | None = None) -> list[ThreadDict]:
        """Return the sidebar's first page, however many requests that takes."""
        found: list[ThreadDict] = []
        cursor: str | None = None
        while len(found) < PAGE:
            answer = await self.layer.list_threads(
                Pagination(first=PAGE - len(found), cursor=cursor),
                ThreadFilter(userId=self.user_id, search=search),
            )
            found += answer.data
            cursor = answer.pageInfo.endCursor
            if not answer.pageInfo.hasNextPage:
                break
        return found


class Clock:
    """The wall clock, which can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0  # microseconds

    def __call__(self) -> int:
        """Return microseconds since 1970."""
        return wall_clock() + self.ahead


# What both are filled with


def step_dict(thread: Thread, message: Message) -> StepDict:
    """Return a message of the history as Chainlit sends it."""
    at = iso_time(message.created_at)
    changes: dict[str, Any] = {"id": message.id, "createdAt": at, "start": at, "end": at}
    if not message.is_question:
        changes |= {"name": "Assistant", "type": "assistant_message"}
    return step_of(thread.id, message.text, **changes)


# Ours


@dataclass(frozen=True, slots=True)
class Keepchat:
    """Our layer, with its store and the clock of that."""

    metered: Metered
    store: DynamoStore
    clock: Clock


@asynccontextmanager
async def keepchat(server: DynamoDB, table: str, history: History) -> AsyncIterator[Keepchat]:
    """Give our layer on a table that is made and filled."""
    client, clock = MeteredClient(TableAddress.from_url(server.url(table)), ACCESS), Clock()
    store = DynamoStore(client, clock)
    with tempfile.TemporaryDirectory() as folder:
        layer = KeepchatDataLayer(store, LocalStorage(Path(folder)))
        try:
            await store.migrate()
            await _fill(store, history)
            user_id = derived_id("user", OWNER.identifier)
            yield Keepchat(Metered(OURS, layer, user_id, client.meter), store, clock)
        finally:
            await layer.close()


async def _fill(store: DynamoStore, history: History) -> None:
    """Put a history into the table: the items that the store would put, many at a time."""
    await store.apply([SaveUser(identifier=OWNER.identifier, revision=1)])
    nothing_there = _Empty(store.client.address, ACCESS)
    for threads in batches(history, _TOGETHER):
        writes = [write for thread in threads for write in _writes(thread)]
        await put_many(store.client, _items(await _plan(nothing_there, writes)))


def _writes(thread: Thread) -> Iterator[Write]:
    revisions = [round(it.created_at.timestamp() * 1_000_000) for it in thread.messages]
    owner = OWNER.identifier
    yield SaveThread(id=thread.id, owner=owner, name=thread.name, revision=revisions[0] - 1)
    for message, revision in zip(thread.messages, revisions, strict=True):
        yield SaveStep(
            id=message.id,
            thread_id=thread.id,
            owner=owner,
            fields=dict(step_dict(thread, message)),
            revision=revision,
        )


class _Empty(Client):
    """A table in which there is nothing, without a server."""

    async def call(self, operation: Operation, **_: Any) -> dict[str, Any]:
        """Return the answer of an operation."""
        assert operation == "BatchGetItem"
        return {"Responses": {}, "UnprocessedKeys": {}}


async def _plan(client: Client, writes: Sequence[Write]) -> Plan:
    state, steps = State(client, writes), process(writes)
    step = next(steps)
    while isinstance(step, Need):
        step = steps.send(await state.load(step))
    return plan(step, state, writes, time_of_revision(wall_clock()))


def _items(plan: Plan) -> Iterator[Attributes]:
    for thread in plan.threads:
        rows = [it for row in thread.rows for it in (row.claim, row.put)]
        yield from (it.item for it in (thread.made, thread.details, *rows) if it)


# Theirs


class _Undecorated(DynamoDBDataLayer):
    """Without the decorator that needs a browser's session."""

    create_step = cast(Any, DynamoDBDataLayer.create_step).__wrapped__
    update_step = cast(Any, DynamoDBDataLayer.update_step).__wrapped__


@asynccontextmanager
async def chainlits(server: DynamoDB, table: str, history: History) -> AsyncIterator[Metered]:
    """Give Chainlit's layer on a table that is made and filled."""
    client, meter = _metered_client(server), Meter()
    client.create_table(TableName=table, **DEFINITION)
    layer = _Undecorated(table, client)
    try:
        await layer.create_user(User(identifier=OWNER.identifier))
        await asyncio.to_thread(_fill_theirs, layer, history)
        _count(client, meter)
        yield Metered(THEIRS, cast(DynamoLayer, layer), OWNER.identifier, meter)
    finally:
        await layer.close()


def _metered_client(server: DynamoDB) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=server.endpoint,
        aws_access_key_id=ACCESS.access_key_id,
        aws_secret_access_key=ACCESS.secret_access_key,
        region_name=REGION,
    )


def _count(client: Any, meter: Meter) -> None:
    """Have a client's requests counted."""

    def ask(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "TOTAL"
        context["asked"] = params

    def add(parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        meter.add(model.name, context["asked"], parsed)

    client.meta.events.register("before-parameter-build.dynamodb", ask)
    client.meta.events.register("after-call.dynamodb", add)


def _fill_theirs(layer: DynamoDBDataLayer, history: History) -> None:
    """Put a history into the table: the items that their layer would put, many at a time."""
    for threads in batches(history, _TOGETHER):
        items = [item for thread in threads for item in _their_items(thread)]
        for some in chunks(items, _BATCH):
            puts = [{"PutRequest": {"Item": layer._serialize_item(item)}} for item in some]
            layer.client.batch_write_item(RequestItems={layer.table_name: puts})


def _their_items(thread: Thread) -> Iterator[dict[str, Any]]:
    at, pk = iso_time(thread.messages[-1].created_at), f"THREAD#{thread.id}"
    yield {
        "PK": pk,
        "SK": "THREAD",
        "UserThreadPK": f"USER#{OWNER.identifier}",
        "UserThreadSK": f"TS#{at}",
        "id": thread.id,
        "createdAt": at,
        "name": thread.name,
        "userId": OWNER.identifier,
        "userIdentifier": OWNER.identifier,
        "metadata": {},
    }
    for message in thread.messages:
        yield {**step_dict(thread, message), "PK": pk, "SK": f"STEP#{message.id}"}
