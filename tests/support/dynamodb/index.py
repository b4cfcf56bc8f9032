"""An index that lags: its reads are answered by a copy to which changes come seconds later."""

import random
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from datalayer.stores.dynamodb.table import DEFINITION
from tests.support.dynamodb.wire import Body, Key, Request, key_of
from tests.support.servers.dynamodb import DynamoDB

LAG_S = 3.0
_PROJECTED = (
    *(it["AttributeName"] for it in DEFINITION["AttributeDefinitions"]),
    *DEFINITION["GlobalSecondaryIndexes"][0]["Projection"]["NonKeyAttributes"],
)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one entry of the index, and when it is seen."""

    due: float
    key: Key
    entry: Body | None


class LaggingIndex:
    """The index of a table, as it was up to `lag_s` seconds ago.

    Changes of one item come in their order, those of several in any. `copy` is the name of a table
    with the same definition, which holds what is to be seen of the index now.
    """

    def __init__(
        self, server: DynamoDB, table: str, copy: str, seed: int, lag_s: float = LAG_S
    ) -> None:
        self._server = server
        self._table = table
        self._copy = copy
        self._random = random.Random(seed)
        self._lag_s = lag_s
        self._lock = threading.Lock()
        self._latest: dict[Key, Body | None] = {}
        self._due: dict[Key, float] = {}
        self._coming: deque[Change] = deque()
        server.client.create_table(TableName=copy, **DEFINITION)

    def note(self, request: Request) -> None:
        """Take up what the table holds after a write."""
        for action in request.writes():
            if action.get("TableName", self._table) == self._table:
                self._note(key_of(action))

    def seen_by(self, request: Request) -> Request:
        """Return a read of the index as one of what is to be seen of it."""
        self._show(time.monotonic())
        return request.changed(TableName=self._copy)

    def catch_up(self) -> None:
        """Let all be seen that was written."""
        self._show(float("inf"))

    def _note(self, key: Key) -> None:
        with self._lock:  # so that what was read last is noted last
            entry = self._entry(key)
            if entry == self._latest.get(key):
                return
            self._latest[key] = entry
            soonest = max(time.monotonic(), self._due.get(key, 0.0))
            self._due[key] = due = soonest + self._random.uniform(0, self._lag_s)
            self._coming.append(Change(due, key, entry))

    def _entry(self, key: Key) -> Body | None:
        answer = self._server.client.get_item(
            TableName=self._table, Key=_key(key), ConsistentRead=True
        )
        item: Body = answer.get("Item", {})
        if not {"UserThreadPK", "UserThreadSK"} <= item.keys():
            return None
        return {name: item[name] for name in _PROJECTED if name in item}

    def _show(self, now: float) -> None:
        with self._lock:
            due = [change for change in self._coming if change.due <= now]
            self._coming = deque(change for change in self._coming if change.due > now)
            for change in due:
                if change.entry is None:
                    self._server.client.delete_item(TableName=self._copy, Key=_key(change.key))
                else:
                    self._server.client.put_item(TableName=self._copy, Item=change.entry)


def _key(key: Key) -> dict[str, Any]:
    return {"PK": {"S": key[0]}, "SK": {"S": key[1]}}
