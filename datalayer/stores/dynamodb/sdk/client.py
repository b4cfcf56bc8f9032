"""Calls to DynamoDB that keep nobody waiting, are sent again where that helps, and are counted."""

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar, TypeVarTuple

from anyio import CapacityLimiter

from common.aws import AwsAccess
from common.concurrency.blocking import BlockingPool
from common.concurrency.once import Once
from common.concurrency.retry import RetryPolicy
from datalayer.errors import StoreHeldUp, StoreUnavailable
from datalayer.stores.dynamodb.sdk.address import TableAddress
from datalayer.stores.dynamodb.sdk.connection import POOL_SIZE, Answer, Connection
from datalayer.stores.dynamodb.sdk.errors import (
    SDK_ERRORS,
    ConditionFailed,
    TransactionCancelled,
    code_of,
    passes,
    translating,
)

logger = logging.getLogger("keepchat.dynamodb.calls")

T = TypeVar("T")
_Args = TypeVarTuple("_Args")

Operation = Literal[
    "BatchGetItem",
    "BatchWriteItem",
    "CreateTable",
    "DeleteItem",
    "DescribeContinuousBackups",
    "DescribeTable",
    "PutItem",
    "Query",
    "Scan",
    "TransactWriteItems",
    "UpdateContinuousBackups",
    "UpdateItem",
]
READS = frozenset({"BatchGetItem", "Query", "Scan"})

# A request lives for this long, and then for the time-outs of one attempt.
RETRY = RetryPolicy(first_pause_s=0.05, longest_pause_s=1.0, limit_s=10.0, jitter=0.5)
IN_PROGRESS = 4 * POOL_SIZE  # calls whose time runs; others have to wait for their turn
NO_ACCESS = AwsAccess()
_CLOSED = "The store was closed: the program is shutting down."


@dataclass(slots=True)
class Usage:
    """What was asked of the service: requests by operation, repeats too, and the units of answers.

    A write whose condition did not hold costs units that no answer tells.
    """

    requests: Counter[str] = field(default_factory=Counter)
    read_units: float = 0.0
    write_units: float = 0.0

    def add(self, operation: str, answer: Answer) -> float:
        """Count the units of an answer, and return them."""
        consumed = answer.get("ConsumedCapacity") or []
        tables = consumed if isinstance(consumed, list) else [consumed]
        units = float(sum(table["CapacityUnits"] for table in tables))
        if operation in READS:
            self.read_units += units
        else:
            self.write_units += units
        return units


@dataclass(slots=True)
class _State:
    """How it stands with the calls of a client."""

    running: set[asyncio.Task[Answer]] = field(default_factory=set)
    is_away: bool = False  # a call was sent again in vain, and no other has got through since
    is_closed: bool = False


class Client:
    """One table in DynamoDB. Errors are those of `datalayer.errors`, and of this room.

    Each call is logged at DEBUG: the operation, the key, the units, the time.
    """

    def __init__(self, address: TableAddress, access: AwsAccess = NO_ACCESS) -> None:
        self.address = address
        self.table = address.table
        self.usage = Usage()
        self._connection = Connection(address, access)
        self._pool = BlockingPool(POOL_SIZE)
        self._computing = BlockingPool(1)
        self._turn = CapacityLimiter(IN_PROGRESS)
        self._state = _State()
        self._prepared: Once | None = None

    @property
    def running(self) -> int:
        """How many calls have not ended, those of cancelled callers included."""
        return len(self._state.running)

    def waiting_for(self, prepare: Callable[[], Coroutine[Any, Any, None]]) -> "Client":
        """Return this client as one whose calls wait until the table is prepared.

        The calls of what prepares it are made by this one. To close either closes both.
        """
        waiting = copy(self)
        waiting._prepared = Once(prepare)
        return waiting

    async def call(self, operation: Operation, **parameters: Any) -> Answer:
        """Return the answer of an operation; the table's name is added where it takes one.

        What is throttled, held up by somebody else or lost on the way is sent again, for ten
        seconds; while the service is away, as one call has found in vain, others are sent once. A
        write may then find itself made already, and its condition not to hold: whoever calls has
        to know their own. A transaction is recognised by the service.

        A cancelled call is carried to its end. Raises `ConditionFailed`, `TransactionCancelled`,
        `WriteRejected` for a value that cannot be stored, or `StoreUnavailable`.
        """
        if self._prepared:
            await self._prepared.done()
        if self._state.is_closed:
            raise StoreUnavailable(_CLOSED)
        if operation == "TransactWriteItems":
            parameters.setdefault("ClientRequestToken", str(uuid.uuid4()))
        task = asyncio.create_task(self._repeat(operation, parameters))
        self._state.running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def compute(self, function: Callable[[*_Args], T], *args: *_Args) -> T:
        """Return what a pure function makes of much that was read, in a worker thread.

        Answers come at once, and the event loop would stand still while it sees to all of them.
        """
        return await self._computing.run(self._connection.compute, function, *args)

    async def close(self) -> None:
        """Wait for the calls that run, and close; further ones raise `StoreUnavailable`."""
        self._state.is_closed = True
        if self._prepared:
            self._prepared.cancel()
            await self._prepared.ended()
        if self._state.running:
            await asyncio.wait(self._state.running)
        await self._pool.run(self._connection.close)

    def _ended(self, task: asyncio.Task[Answer]) -> None:
        self._state.running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever was cancelled does not fetch it

    async def _repeat(self, operation: str, parameters: dict[str, Any]) -> Answer:
        attempt = partial(self._attempt, operation, parameters)
        missed: list[BaseException] = []
        try:
            async with self._turn:
                with translating(str(self.address)):
                    return await RETRY.call(
                        attempt, passes=self._passes, before_pause=missed.append
                    )
        except (ConditionFailed, TransactionCancelled) as failed:
            failed.was_repeated = bool(missed)
            raise
        except StoreHeldUp:
            raise
        except StoreUnavailable:
            self._state.is_away = self._state.is_away or bool(missed)
            raise

    def _passes(self, exc: BaseException) -> bool:
        return not self._state.is_away and passes(exc)

    async def _attempt(self, operation: str, parameters: dict[str, Any]) -> Answer:
        began = time.perf_counter()
        self.usage.requests[operation] += 1
        try:
            answer = await self._pool.run(self._connection.call, operation, parameters)
        except SDK_ERRORS as exc:
            _log(operation, parameters, code_of(exc), began)
            raise
        self._state.is_away = False
        units = self.usage.add(operation, answer)
        _log(operation, parameters, f"{units:g} units", began)
        return answer


def _log(operation: str, parameters: Mapping[str, Any], outcome: str, began: float) -> None:
    if logger.isEnabledFor(logging.DEBUG):
        took_ms = (time.perf_counter() - began) * 1_000
        logger.debug("%s %s: %s, %.1f ms", operation, _subject(parameters), outcome, took_ms)


def _subject(parameters: Mapping[str, Any]) -> str:
    """Return the key that a request is about, or how many."""
    if key := parameters.get("Key") or parameters.get("Item"):
        return "/".join(key[name]["S"] for name in ("PK", "SK") if name in key)
    values = parameters.get("ExpressionAttributeValues", {})
    if partition := values.get(":pk"):
        return f"{parameters.get('IndexName', 'table')} {partition['S']}"
    several = parameters.get("TransactItems") or parameters.get("RequestItems")
    return f"{_count(several)} items" if several else "table"


def _count(several: Any) -> int:
    if isinstance(several, list):
        return len(several)
    [requests] = several.values()  # of the one table
    return len(requests["Keys"] if isinstance(requests, dict) else requests)
