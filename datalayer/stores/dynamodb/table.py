"""The table: what it is, as one value, how it is made, and whether one that is there is like it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.concurrency.retry import RetryPolicy
from datalayer.errors import SchemaMismatch
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import TableInUse, TableMissing

INDEX = "UserThread"
DEFINITION: Mapping[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"}
        for name in ("PK", "SK", "UserThreadPK", "UserThreadSK")
    ],
    "KeySchema": [
        {"AttributeName": "PK", "KeyType": "HASH"},
        {"AttributeName": "SK", "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": INDEX,
            "KeySchema": [
                {"AttributeName": "UserThreadPK", "KeyType": "HASH"},
                {"AttributeName": "UserThreadSK", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["id", "name"]},
        }
    ],
}
"""What CreateTable takes, beside the name: the table of Chainlit's own layer."""

# Making a table takes some seconds, its index too.
_MADE = RetryPolicy(first_pause_s=0.2, longest_pause_s=2.0, limit_s=120.0)
_OTHER = (
    "The table {table} is not one of Keepchat's or Chainlit's: {difference}. Name another in "
    "DATABASE_URL; it is made by 'python manage.py migrate'."
)


@dataclass(frozen=True, slots=True)
class TableState:
    """What the service says of a table that is there (DescribeTable)."""

    description: Mapping[str, Any]

    @property
    def is_ready(self) -> bool:
        """Whether the table and its index can be used."""
        index = self._index or {}
        return (
            self.description.get("TableStatus") in ("ACTIVE", "UPDATING")
            and index.get("IndexStatus") == "ACTIVE"
        )

    @property
    def mode(self) -> str:
        """How it is paid for: PAY_PER_REQUEST or PROVISIONED."""
        summary = self.description.get("BillingModeSummary", {})
        return str(summary.get("BillingMode", "PROVISIONED"))

    @property
    def difference(self) -> str:
        """What is not as the store needs it; empty where nothing is."""
        if _keys(self.description, self.description) != _keys(DEFINITION, DEFINITION):
            return "its keys are not the strings PK and SK"
        index = self._index
        if index is None:
            return f"it has no index {INDEX}"
        if _keys(index, self.description) != _keys(_index_of(DEFINITION), DEFINITION):
            return (
                f"the keys of its index {INDEX} are not the strings UserThreadPK and UserThreadSK"
            )
        return ""

    @property
    def _index(self) -> Mapping[str, Any] | None:
        return _index_of(self.description)


async def inspect(client: Client) -> TableState | None:
    """Return what is there; None for no table. Raises `SchemaMismatch` for one that is not ours."""
    try:
        answer = await client.call("DescribeTable")
    except TableMissing:
        return None
    state = TableState(answer["Table"])
    if state.difference:
        raise SchemaMismatch(_OTHER.format(table=client.table, difference=state.difference))
    return state


async def is_as_wanted(client: Client) -> bool:
    """Tell whether `create` would change nothing. Raises `SchemaMismatch` as it does."""
    return await inspect(client) is not None and not await _lacks_recovery(client)


async def create(client: Client) -> None:
    """Make the table if there is none, wait until it can be used, and have it recoverable.

    Safe when several processes call it at once. Raises `SchemaMismatch` for a table that is not
    ours.
    """
    state = await inspect(client) or await _make(client)
    if not state.is_ready:
        await _MADE.call(lambda: _ready(client), passes=lambda exc: isinstance(exc, TableInUse))
    if await _lacks_recovery(client):
        await client.call(
            "UpdateContinuousBackups",
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )


async def _make(client: Client) -> TableState:
    try:
        answer = await client.call("CreateTable", **DEFINITION)
    except TableInUse:  # somebody else was faster
        return TableState({})
    return TableState(answer["TableDescription"])


async def _ready(client: Client) -> None:
    state = await inspect(client)
    if state is None or not state.is_ready:
        message = f"The table {client.address} is still being made; try again in a minute."
        raise TableInUse(message)


async def has_recovery(client: Client) -> bool:
    """Tell whether the table can be restored to any second of the last 35 days."""
    answer = await client.call("DescribeContinuousBackups")
    recovery = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return bool(recovery.get("PointInTimeRecoveryStatus") == "ENABLED")


async def _lacks_recovery(client: Client) -> bool:
    return client.address.pitr and not await has_recovery(client)


def _index_of(description: Mapping[str, Any]) -> Mapping[str, Any] | None:
    indexes = description.get("GlobalSecondaryIndexes", ())
    return next((index for index in indexes if index["IndexName"] == INDEX), None)


def _keys(keyed: Mapping[str, Any] | None, described: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return name, kind and type of each key."""
    types = {it["AttributeName"]: it["AttributeType"] for it in described["AttributeDefinitions"]}
    schema = (keyed or {}).get("KeySchema", ())
    return [(it["AttributeName"], it["KeyType"], types[it["AttributeName"]]) for it in schema]
