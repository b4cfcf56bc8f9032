"""What stands between the SDK and the wire, and goes wrong as a busy service and a network do.

A request may meet one fault; which one is drawn from a seed. All are things that the service may
do at any time, and none changes what a store is to say in the end, but that what is sent once more
as its reply was lost may have been stored before.
"""

import math
import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from datalayer.stores.dynamodb.sdk.client import Client
from tests.support.dynamodb.index import LaggingIndex
from tests.support.dynamodb.wire import (
    BATCHES,
    ON_ITEMS,
    PAGED,
    SINGLE_WRITES,
    TRANSACTION,
    WRITES,
    Body,
    Request,
    answer,
    content_of,
    key_of,
    refusal,
    stand_before,
)
from tests.support.servers.dynamodb import DynamoDB

T = TypeVar("T")

MIXED: Mapping[str, float] = {
    "throttled": 0.03,
    "failed": 0.01,
    "unsent": 0.01,
    "lost": 0.03,
    "conflict": 0.03,
    "raced": 0.05,
    "partial": 0.2,
    "short": 0.2,
}
"""How often each fault is met, by the requests that can meet it."""
NONCE = "v"
"""The attribute by which a write tells whether an item is as it was read."""


class Faults:
    """What goes wrong for all clients of one table; `met` counts it, by name.

    With an `index` what is read of it is some seconds old. After `most` faults there are no more.
    So many requests as `sends_left` get through, and then none, as when a program is killed or
    the network goes away.
    """

    def __init__(
        self,
        server: DynamoDB,
        seed: int,
        rates: Mapping[str, float] = MIXED,
        index: LaggingIndex | None = None,
        most: float = math.inf,
    ) -> None:
        self.met: Counter[str] = Counter()
        self.sends_left = math.inf
        self.index = index
        self.server = server
        self.rates = dict(rates)
        self._most = most
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def install(self, client: Client) -> None:
        """Stand before the wire of a client that has sent nothing yet."""
        stand_before(client, lambda session: _Wire(session, self))

    def draw(self, request: Request) -> str:
        """Return the name of the fault that a request is to meet; empty for none."""
        with self._lock:
            for name, rate in self.rates.items():
                if request.operation not in FAULTS[name].among or self._random.random() >= rate:
                    continue
                if self.met.total() < self._most:
                    self.met[name] += 1
                    return name
        return ""

    def take_send(self) -> bool:
        """Tell whether one more request gets through."""
        with self._lock:
            self.sends_left -= 1
            return self.sends_left >= 0

    def below(self, limit: int) -> int:
        """Return a number from 0 to below the limit."""
        with self._lock:
            return self._random.randrange(limit)


class _Wire:
    """Takes the place of the SDK's HTTP session."""

    def __init__(self, session: Any, faults: Faults) -> None:
        self._session = session
        self.faults = faults

    def send(self, prepared: AWSPreparedRequest) -> AWSResponse:
        """Send a request, unless something else is to happen."""
        if not self.faults.take_send():
            raise EndpointConnectionError(endpoint_url=prepared.url)
        request = Request.read(prepared)
        fault = self.faults.draw(request)
        return FAULTS[fault].act(self, request) if fault else self.really_send(request)

    def really_send(self, request: Request) -> AWSResponse:
        """Send a request to the server, or a read of the index to what is seen of it."""
        index = self.faults.index
        if index and "IndexName" in request.body:
            request = index.seen_by(request)
        response: AWSResponse = self._session.send(request.finished())
        if index and request.operation in WRITES:
            index.note(request)
        return response

    def close(self) -> None:
        """Close the session."""
        self._session.close()


def _throttled(wire: _Wire, request: Request) -> AWSResponse:
    codes = ("ProvisionedThroughputExceededException", "ThrottlingException")
    return refusal(request, codes[wire.faults.below(len(codes))])


def _failed(_wire: _Wire, request: Request) -> AWSResponse:
    return refusal(request, "InternalServerError", 500)


def _unsent(_wire: _Wire, request: Request) -> AWSResponse:
    raise ReadTimeoutError(endpoint_url=request.prepared.url)


def _lost(wire: _Wire, request: Request) -> AWSResponse:
    wire.really_send(request)
    raise ConnectionClosedError(endpoint_url=request.prepared.url)


def _conflict(wire: _Wire, request: Request) -> AWSResponse:
    if request.operation != TRANSACTION:
        return refusal(request, "TransactionConflictException")
    reasons = [{"Code": "None"} for _ in request.writes()]
    reasons[wire.faults.below(len(reasons))] = {"Code": "TransactionConflict"}
    return refusal(request, "TransactionCanceledException", CancellationReasons=reasons)


def _raced(wire: _Wire, request: Request) -> AWSResponse:
    """Let somebody else store the same under another nonce before."""
    client = wire.faults.server.client
    writes = request.writes()
    action = writes[wire.faults.below(len(writes))]
    pk, sk = key_of(action)
    with suppress(client.exceptions.ConditionalCheckFailedException):
        client.update_item(
            TableName=action["TableName"],
            Key={"PK": {"S": pk}, "SK": {"S": sk}},
            UpdateExpression="SET #nonce = :nonce",
            ConditionExpression="attribute_exists(#nonce)",
            ExpressionAttributeNames={"#nonce": NONCE},
            ExpressionAttributeValues={":nonce": {"S": uuid.uuid4().hex}},
        )
    return wire.really_send(request)


def _partial(wire: _Wire, request: Request) -> AWSResponse:
    """Do some of what is asked, and say what was not done."""
    [(table, asked)] = request.body["RequestItems"].items()
    many = asked["Keys"] if isinstance(asked, dict) else asked
    count = wire.faults.below(len(many)) + 1
    done, left = _half(asked, many[:count]), _half(asked, many[count:])
    response = wire.really_send(request.changed(RequestItems={table: done}))
    if response.status_code != 200 or count == len(many):
        return response
    name = "UnprocessedKeys" if isinstance(asked, dict) else "UnprocessedItems"
    return answer(request, 200, {**content_of(response), name: {table: left}})


def _half(asked: Any, many: list[Body]) -> Any:
    return {**asked, "Keys": many} if isinstance(asked, dict) else many


def _short(wire: _Wire, request: Request) -> AWSResponse:
    """End a page early, as one does that has 1 MB."""
    limit = min(request.body.get("Limit", 5), 1 + wire.faults.below(5))
    return wire.really_send(request.changed(Limit=limit))


class Fault(NamedTuple):
    """What happens, and to which operations."""

    among: frozenset[str]
    act: Callable[[_Wire, Request], AWSResponse]


FAULTS: Mapping[str, Fault] = {
    "throttled": Fault(ON_ITEMS, _throttled),
    "failed": Fault(ON_ITEMS, _failed),
    "unsent": Fault(ON_ITEMS, _unsent),
    "lost": Fault(ON_ITEMS, _lost),
    "conflict": Fault(frozenset({*SINGLE_WRITES, TRANSACTION}), _conflict),
    "raced": Fault(frozenset({*SINGLE_WRITES, TRANSACTION}), _raced),
    "partial": Fault(frozenset(BATCHES), _partial),
    "short": Fault(frozenset(PAGED), _short),
}
