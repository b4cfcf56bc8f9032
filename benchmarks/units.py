"""Requests and capacity units, as the service counts them. Pure but for the client at the end.

DynamoDB Local says what a request took, but for two cases, in which the units are computed here: it
counts any transaction as two, where each kilobyte of each item takes two and its index one more;
and nothing for keys of a batch that are not there, where each takes one, read consistently.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datalayer.stores.dynamodb.sdk.client import READS, Client, Operation

READ_PRICE, WRITE_PRICE = 0.125e-6, 0.625e-6  # dollars a unit, on demand, us-east-1
_KB = 1024

Request = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took."""

    requests: int = 0
    read: float = 0.0
    write: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        """Return what both took."""
        return Cost(
            self.requests + other.requests, self.read + other.read, self.write + other.write
        )

    @property
    def dollars(self) -> float:
        """What Amazon asks for it."""
        return self.read * READ_PRICE + self.write * WRITE_PRICE

    def __str__(self) -> str:
        """Return requests, read units and write units."""
        return f"{self.requests} / {self.read:g} / {self.write:g}"


class Meter:
    """Adds up what requests took."""

    def __init__(self) -> None:
        self._cost = Cost()

    def add(self, operation: str, request: Request, answer: Request) -> None:
        """Count a request."""
        self._cost += cost(operation, request, answer)

    def lap(self) -> Cost:
        """Return what was taken since the last time."""
        taken, self._cost = self._cost, Cost()
        return taken


def cost(operation: str, request: Request, answer: Request) -> Cost:
    """Return what a request took."""
    if operation == "TransactWriteItems":
        return Cost(1, write=sum(map(_of_action, request["TransactItems"])))
    consumed = answer.get("ConsumedCapacity", [])
    units = sum(
        it["CapacityUnits"] for it in (consumed if isinstance(consumed, list) else [consumed])
    )
    if operation == "BatchGetItem":
        units += _missing(request, answer)
    return Cost(1, read=units) if operation in READS else Cost(1, write=units)


def _of_action(action: Mapping[str, Request]) -> int:
    """Return the units of one item of a transaction; what is not put is taken for small."""
    item = action["Put"]["Item"] if "Put" in action else {}
    kilobytes = max(1, math.ceil(item_size(item) / _KB))
    return 2 * kilobytes + ("UserThreadPK" in item)


def _missing(request: Request, answer: Request) -> int:
    """Return the units of keys that are not there; those of a read that may be late take half."""
    asked = sum(len(of_table["Keys"]) for of_table in request["RequestItems"].values())
    left = sum(len(of_table["Keys"]) for of_table in answer["UnprocessedKeys"].values())
    return asked - left - sum(map(len, answer["Responses"].values()))


def item_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the bytes of an item with attributes of text, bytes, numbers and sets."""
    return sum(len(name) + sum(map(_size, of_kind.values())) for name, of_kind in item.items())


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if isinstance(value, bytes) else sum(map(len, value))


class MeteredClient(Client):
    """Our client, its requests counted."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.meter = Meter()

    async def call(self, operation: Operation, **parameters: Any) -> dict[str, Any]:
        """Return the answer of an operation."""
        answer = await super().call(operation, **parameters)
        self.meter.add(operation, parameters, answer)
        return answer
