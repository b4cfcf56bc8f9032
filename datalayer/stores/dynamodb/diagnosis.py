"""What an operator should know of a table: what it is, what we may do, whether the clocks agree."""

import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from datalayer.errors import StoreMisconfigured
from datalayer.reports import StoreDescription
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.requests import together
from datalayer.stores.dynamodb.sdk.client import Client, Operation
from datalayer.stores.dynamodb.sdk.connection import Answer
from datalayer.stores.dynamodb.sdk.errors import AccessDenied, ConditionFailed, TransactionCancelled
from datalayer.stores.dynamodb.table import INDEX, TableState, has_recovery, inspect

MOST_SKEW_S = 10
"""The service's clock is told in whole seconds, and refuses us beyond five minutes."""
_MODES = {"PAY_PER_REQUEST": "paid by request", "PROVISIONED": "of provisioned capacity"}
_RECOVERY = {True: "on", False: "off", None: "not to be asked for"}
_NOTHING = Key("keepchat-doctor", "keepchat-doctor").attributes
_WHERE_IT_IS: dict[str, Any] = {"Key": _NOTHING, "ConditionExpression": "attribute_exists(PK)"}


class Probe(NamedTuple):
    """A request that needs a right and changes nothing: it is about an item that is not there."""

    right: str
    operation: Operation
    parameters: dict[str, Any]


def probes(table: str) -> list[Probe]:
    """Return one for each right that the chat needs, but for describing the table."""
    values = {":pk": _NOTHING["PK"]}
    partition = {"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": values}
    of_index = {**partition, "KeyConditionExpression": "UserThreadPK = :pk", "IndexName": INDEX}
    check = {"ConditionCheck": {"TableName": table, **_WHERE_IT_IS}}
    put = {"Item": _NOTHING, "ConditionExpression": _WHERE_IT_IS["ConditionExpression"]}
    delete = {"DeleteRequest": {"Key": _NOTHING}}
    return [
        Probe("BatchGetItem", "BatchGetItem", {"RequestItems": {table: {"Keys": [_NOTHING]}}}),
        Probe("BatchWriteItem", "BatchWriteItem", {"RequestItems": {table: [delete]}}),
        Probe("ConditionCheckItem", "TransactWriteItems", {"TransactItems": [check]}),
        Probe("DeleteItem", "DeleteItem", _WHERE_IT_IS),
        Probe("PutItem", "PutItem", put),
        Probe("Query", "Query", partition),
        Probe(f"Query on index/{INDEX}", "Query", of_index),
        Probe("Scan", "Scan", {"Limit": 1}),
        Probe("UpdateItem", "UpdateItem", _WHERE_IT_IS),
    ]


async def describe(client: Client) -> StoreDescription:
    """Say what the table is, changing nothing. Raises `AccessDenied` with all that is denied."""
    state = await inspect(client)
    if state is None:
        return StoreDescription(
            "DynamoDB",
            f"There is no table {client.address} yet.",
            "Start the program or run 'python manage.py migrate'.",
            is_there=False,
        )
    denied = await together(_is_denied(client, probe) for probe in probes(client.table))
    _check(client, [it.right for it, no in zip(probes(client.table), denied, strict=True) if no])
    about = f"DynamoDB, table {client.address}, {await _summary(client, state)}"
    return StoreDescription(about, *_skew(await client.call("DescribeTable")))


async def _is_denied(client: Client, probe: Probe) -> bool:
    try:
        await client.call(probe.operation, **probe.parameters)
    except (ConditionFailed, TransactionCancelled):
        return False
    except AccessDenied:
        return True
    return False


def _check(client: Client, denied: Iterable[str]) -> None:
    if names := ", ".join(f"dynamodb:{right}" for right in denied):
        message = (
            f"These credentials may not use the table {client.address} as it is needed: allow "
            f"them {names}, as deploy/dynamodb/policy.json does."
        )
        raise AccessDenied(message)


async def _summary(client: Client, state: TableState) -> str:
    try:
        recovers = await has_recovery(client)
    except StoreMisconfigured:  # another right, or not Amazon's own service
        recovers = None
    return f"{_MODES.get(state.mode, state.mode)}, point-in-time recovery {_RECOVERY[recovers]}"


def _skew(answer: Answer) -> tuple[str, str]:
    """Return what is wrong with this machine's clock and its remedy, by the date of an answer."""
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    ahead_s = round(time.time() - parsedate_to_datetime(said).timestamp()) if said else 0
    if abs(ahead_s) <= MOST_SKEW_S:
        return "", ""
    side = "ahead of" if ahead_s > 0 else "behind"
    return (
        f"This machine's clock is {abs(ahead_s)} s {side} that of DynamoDB.",
        "Set it, best by NTP: with more than five minutes every request is refused.",
    )
