"""What a client does when all is well, when it is not, and when its caller leaves."""

import asyncio
import logging
import re
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from common.aws import AwsAccess
from datalayer.errors import StoreHeldUp, StoreMisconfigured, StoreUnavailable, WriteRejected
from datalayer.stores.dynamodb.sdk import client as client_module
from datalayer.stores.dynamodb.sdk.address import TableAddress
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.connection import POOL_SIZE
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed, TableMissing, TransactionCancelled
from tests.support.dynamodb.clients import MakeClient, read
from tests.support.servers.dynamodb import ACCESS, REGION, DynamoDB
from tests.support.servers.proxy import Proxy, running_proxy
from tests.support.waiting import free_port, until

NOTHING_THERE: dict[str, Any] = {
    "ConditionExpression": "attribute_not_exists(PK)",
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}
HEAD = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
JSON = b"application/x-amz-json-1.0"
THROTTLED = b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"Slower."}'


def item(name: str, **attributes: str) -> dict[str, Any]:
    return {key: {"S": value} for key, value in {"PK": name, "SK": "X", **attributes}.items()}


def key(name: str) -> dict[str, Any]:
    return item(name)


def says(status: bytes, content: bytes, kind: bytes = JSON, *, length: int | None = None) -> bytes:
    """An answer over the wire; with another length it is cut."""
    return HEAD % (status, kind, len(content) if length is None else length, content)


def put_of(client: Client, name: str, **attributes: str) -> dict[str, Any]:
    return {"Put": {"TableName": client.table, "Item": item(name, **attributes), **NOTHING_THERE}}


@pytest.fixture
async def proxy(dynamodb: DynamoDB) -> AsyncIterator[Proxy]:
    """What stands before the server and breaks what it is told to."""
    async with running_proxy(dynamodb.port) as opened:
        yield opened


@pytest.fixture
async def behind(client: Client, make: MakeClient, proxy: Proxy) -> Client:
    """A client of the same table by way of the proxy."""
    return make(port=proxy.port)


def loses_answer_to(proxy: Proxy, operation: str) -> None:
    proxy.losses.append(re.compile(rb"(?s).*\.%b\b" % operation.encode()))


# All is well


async def test_what_is_put_is_got_and_counted(client: Client) -> None:
    before = replace(client.usage, requests=client.usage.requests.copy())
    await client.call("PutItem", Item=item("a", b="x" * 3_000))
    assert await read(client, key("a")) == item("a", b="x" * 3_000)
    assert client.usage.write_units - before.write_units == 3
    assert client.usage.read_units - before.read_units == 1
    assert client.usage.requests - before.requests == {"PutItem": 1, "BatchGetItem": 1}
    await client.call("BatchGetItem", RequestItems={client.table: {"Keys": [key("a")]}})
    assert client.usage.read_units - before.read_units == 1.5  # half as much without consistency


async def test_conditions_that_do_not_hold(client: Client) -> None:
    await client.call("PutItem", Item=item("a", v="1"))
    with pytest.raises(ConditionFailed) as failed:
        await client.call("PutItem", Item=item("a"), **NOTHING_THERE)
    assert failed.value.item == item("a", v="1")
    assert not failed.value.was_repeated
    actions = [put_of(client, "b"), put_of(client, "a")]
    with pytest.raises(TransactionCancelled) as cancelled:
        await client.call("TransactWriteItems", TransactItems=actions)
    assert cancelled.value.failed == {1: item("a", v="1")}
    assert await read(client, key("b")) is None


@pytest.mark.parametrize(
    "refused", [item("a", v="x" * 500_000), item(""), {**item("a"), "n": {"N": "9" * 39}}]
)
async def test_a_value_that_cannot_be_stored(client: Client, refused: dict[str, Any]) -> None:
    with pytest.raises(WriteRejected, match="refuses a value") as caught:
        await client.call("PutItem", Item=refused)
    assert "x" * 100 not in str(caught.value)
    assert client.usage.requests["PutItem"] == 1


async def test_many_at_once_are_sent_side_by_side_but_no_more_than_there_are_connections(
    behind: Client, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.holds_after = 1
    count = POOL_SIZE + 10
    calls = [asyncio.create_task(behind.call("PutItem", Item=item(str(n)))) for n in range(count)]
    await until(lambda: proxy.connections == POOL_SIZE, "as many requests as there may be")
    proxy.go_on.set()
    await asyncio.gather(*calls)
    assert behind.usage.requests == {"PutItem": count}
    assert proxy.connections == POOL_SIZE  # all of them are kept for the next ones
    assert caplog.records == []  # the pool would tell of one too many


async def test_each_request_is_logged_where_that_is_asked_for(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    await read(client, key("a"))
    assert caplog.records == []
    with caplog.at_level(logging.DEBUG, "keepchat.dynamodb"):
        await client.call("PutItem", Item=item("THREAD#1", v="secret"))
        await client.call(
            "Query",
            IndexName="UserThread",
            KeyConditionExpression="UserThreadPK = :pk",
            ExpressionAttributeValues={":pk": {"S": "USER#1"}},
        )
        await client.call("TransactWriteItems", TransactItems=[put_of(client, "a")])
        await client.call("BatchGetItem", RequestItems={client.table: {"Keys": [key("a")]}})
        with pytest.raises(ConditionFailed):
            await client.call("PutItem", Item=item("a"), **NOTHING_THERE)
    said = [re.sub(r"[\d.]+ ms", "N ms", record.getMessage()) for record in caplog.records]
    assert said == [
        "PutItem THREAD#1/X: 1 units, N ms",
        "Query UserThread USER#1: 0 units, N ms",
        "TransactWriteItems 1 items: 2 units, N ms",
        "BatchGetItem 1 items: 0.5 units, N ms",
        "PutItem a/X: ConditionalCheckFailedException, N ms",
    ]


@pytest.mark.usefixtures("no_aws")
@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
async def test_where_it_is_may_be_left_to_the_settings_or_to_the_sdk(
    client: Client, dynamodb: DynamoDB, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    await client.call("PutItem", Item=item("a"))
    told = replace(ACCESS, region=REGION, endpoint_url=dynamodb.endpoint)
    monkeypatch.setenv(name, dynamodb.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for access in (told, ACCESS):
        other = Client(TableAddress(client.table), access)
        assert await read(other, key("a")) == item("a")
        await other.close()


@pytest.mark.usefixtures("no_aws")
async def test_there_is_no_region(client: Client) -> None:
    other = Client(TableAddress(client.table), ACCESS)
    with pytest.raises(StoreMisconfigured, match="region=eu-central-1"):
        await read(other, key("a"))
    await other.close()


# It is not


@pytest.mark.parametrize(
    "answer",
    [
        says(b"400 Bad Request", THROTTLED),
        says(b"503 Service Unavailable", b"<html>", b"text/html"),
        says(b"200 OK", b"{", length=2),
        says(b"200 OK", b'{"Item": {}', length=500),
    ],
    ids=["throttled", "unavailable", "cut", "cut later"],
)
async def test_what_may_be_better_a_little_later_is_sent_again(
    client: Client, behind: Client, proxy: Proxy, answer: bytes
) -> None:
    await client.call("PutItem", Item=item("a"))
    proxy.answers = [answer, answer]
    assert await read(behind, key("a")) == item("a")
    assert behind.usage.requests == {"BatchGetItem": 3}


async def test_it_is_sent_again_for_a_while_only(
    behind: Client, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    briefly = replace(client_module.RETRY, first_pause_s=0.01, longest_pause_s=0.01, limit_s=1.0)
    monkeypatch.setattr(client_module, "RETRY", briefly)
    proxy.answers = [says(b"400 Bad Request", THROTTLED)] * 1_000
    with pytest.raises(StoreHeldUp, match=r"Slower \(ThrottlingException\)"):
        await read(behind, key("a"))
    assert behind.usage.requests["BatchGetItem"] > 1
    assert proxy.answers


async def test_while_it_is_away_nobody_waits_for_it_again(
    behind: Client, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    briefly = replace(client_module.RETRY, first_pause_s=0.01, longest_pause_s=0.01, limit_s=1.0)
    monkeypatch.setattr(client_module, "RETRY", briefly)
    await proxy.cut()
    with pytest.raises(StoreUnavailable, match="check that region, endpoint_url"):
        await behind.call("PutItem", Item=item("a"))
    assert behind.usage.requests["PutItem"] > 1
    with pytest.raises(StoreUnavailable, match="check that region, endpoint_url"):
        await behind.call("DeleteItem", Key=key("a"))
    assert behind.usage.requests["DeleteItem"] == 1
    proxy.is_cut = False
    await behind.call("PutItem", Item=item("a"))
    proxy.cuts = 1
    assert await read(behind, key("a")) == item("a")
    assert behind.usage.requests["BatchGetItem"] == 2


async def test_a_write_whose_answer_is_lost_finds_itself(behind: Client, proxy: Proxy) -> None:
    loses_answer_to(proxy, "PutItem")
    with pytest.raises(ConditionFailed) as failed:
        await behind.call("PutItem", Item=item("a", v="mine"), **NOTHING_THERE)
    assert failed.value.item == item("a", v="mine")
    assert failed.value.was_repeated
    assert behind.usage.requests == {"PutItem": 2}


async def test_a_transaction_whose_answer_is_lost_is_made_once(
    behind: Client, proxy: Proxy
) -> None:
    loses_answer_to(proxy, "TransactWriteItems")
    await behind.call("TransactWriteItems", TransactItems=[put_of(behind, "a")])
    assert behind.usage.requests == {"TransactWriteItems": 2}


async def test_nobody_answers(make: MakeClient) -> None:
    client = make(port=free_port())
    with pytest.raises(StoreUnavailable, match="firewall"):
        await read(client, key("a"))
    assert client.usage.requests == {"BatchGetItem": 1}


@pytest.mark.parametrize(
    "answer",
    [
        says(b"200 OK", b"<html>Sign in</html>", b"text/html"),
        says(b"404 Not Found", b"<html>", b"text/html"),
    ],
)
async def test_somebody_else_answers(behind: Client, proxy: Proxy, answer: bytes) -> None:
    proxy.answers = [answer]
    with pytest.raises(StoreMisconfigured, match="no DynamoDB"):
        await read(behind, key("a"))


async def test_there_is_no_table(make: MakeClient) -> None:
    client = make()
    with pytest.raises(TableMissing, match=r"manage\.py migrate") as caught:
        await read(client, key("a"))
    assert client.table in str(caught.value)


@pytest.mark.usefixtures("no_aws")
async def test_there_are_no_credentials(make: MakeClient) -> None:
    client = make(access=AwsAccess())
    with pytest.raises(StoreMisconfigured, match="set AWS_ACCESS_KEY_ID"):
        await read(client, key("a"))


@pytest.mark.usefixtures("no_aws")
async def test_there_is_a_profile_that_nobody_has(make: MakeClient) -> None:
    client = make(access=AwsAccess(profile="nobody"))
    with pytest.raises(StoreMisconfigured, match="AWS_PROFILE"):
        await read(client, key("a"))


# Its caller leaves, or all do


async def test_a_call_whose_caller_was_cancelled_is_carried_to_its_end(
    client: Client, behind: Client, proxy: Proxy
) -> None:
    proxy.holds_after = 1
    call = asyncio.create_task(behind.call("PutItem", Item=item("a")))
    await proxy.is_held.wait()
    call.cancel()
    with suppress(asyncio.CancelledError):
        await call
    assert behind.running == 1
    closing = asyncio.create_task(behind.close())
    await asyncio.sleep(0)
    assert not closing.done()
    proxy.go_on.set()
    await closing
    assert behind.running == 0
    assert await read(client, key("a")) == item("a")


async def test_a_failure_that_nobody_waits_for_is_not_told(
    behind: Client, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.holds_after = 1
    call = asyncio.create_task(read(behind, key("")))
    await proxy.is_held.wait()
    call.cancel()
    proxy.go_on.set()
    await behind.close()
    assert call.cancelled() or await asyncio.wait([call])
    assert caplog.records == []


async def test_a_closed_client_is_unavailable(client: Client) -> None:
    await client.close()
    await client.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await read(client, key("a"))


async def test_what_is_read_is_computed_in_a_worker_thread(client: Client) -> None:
    assert await client.compute(threading.get_ident) != threading.get_ident()
    assert await client.compute(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await client.compute(divmod, 1, 0)
