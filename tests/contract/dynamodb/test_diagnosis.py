"""What the doctor is told of a table: what it is, what is denied, and how far clocks are apart."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from datalayer.stores.dynamodb.diagnosis import describe, probes
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import AccessDenied
from datalayer.stores.dynamodb.table import create
from tests.support.dynamodb.clients import MakeClient
from tests.support.dynamodb.rights import Right, given_by, needed_for
from tests.support.dynamodb.wire import Request, answer, refusal, stand_before
from tests.support.servers.dynamodb import DynamoDB

POLICY = Path(__file__).resolve().parents[3] / "deploy/dynamodb/policy.json"


class Denying:
    """Takes the place of the SDK's HTTP session; some rights are denied, backups are told of."""

    def __init__(self, session: Any, denied: set[Right]) -> None:
        self._session = session
        self._denied = denied

    def send(self, prepared: AWSPreparedRequest) -> AWSResponse:
        request = Request.read(prepared)
        if needed_for(request) & self._denied:
            return refusal(request, "AccessDeniedException")
        if request.operation == "DescribeContinuousBackups":
            on = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}
            return answer(request, 200, {"ContinuousBackupsDescription": on})
        response: AWSResponse = self._session.send(prepared)
        return response

    def close(self) -> None:
        self._session.close()


def denies(client: Client, *rights: Right) -> Client:
    stand_before(client, lambda session: Denying(session, set(rights)))
    return client


async def test_it_says_what_the_table_is_and_leaves_it_alone(
    client: Client, dynamodb: DynamoDB
) -> None:
    await client.call("PutItem", Item={"PK": {"S": "a"}, "SK": {"S": "b"}})
    about = await describe(client)
    assert about.summary == (
        f"DynamoDB, table {client.address}, paid by request, point-in-time recovery not to be "
        "asked for"
    )
    assert (about.is_there, about.warning, about.remedy) == (True, "", "")
    assert dynamodb.items(client.table) == [{"PK": {"S": "a"}, "SK": {"S": "b"}}]


async def test_it_says_how_it_is_paid_for_and_backed_up(
    make: MakeClient, dynamodb: DynamoDB
) -> None:
    await create(make())
    client = denies(make())
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    index = {"Update": {"IndexName": "UserThread", "ProvisionedThroughput": units}}
    dynamodb.client.update_table(
        TableName=client.table,
        BillingMode="PROVISIONED",
        ProvisionedThroughput=units,
        GlobalSecondaryIndexUpdates=[index],
    )
    about = await describe(client)
    assert about.summary.endswith("of provisioned capacity, point-in-time recovery on")


def test_every_right_of_the_chat_is_asked_for() -> None:
    given = given_by(json.loads(POLICY.read_text()), "arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE")
    for_tables = {"CreateTable", "DescribeTable"}
    needed = {action for action, _ in given if "Backups" not in action} - for_tables
    asked = {probe.right.removesuffix(" on index/UserThread") for probe in probes("t")}
    assert asked == needed
    assert len(probes("t")) == len(needed) + 1


async def test_all_that_is_denied_is_named(make: MakeClient) -> None:
    await create(make())
    rights = ("PutItem", ""), ("ConditionCheckItem", ""), ("Query", "/index/UserThread")
    client = denies(make(), *rights)
    with pytest.raises(AccessDenied) as caught:
        await describe(client)
    assert str(caught.value) == (
        f"These credentials may not use the table {client.address} as it is needed: allow them "
        "dynamodb:ConditionCheckItem, dynamodb:PutItem, dynamodb:Query on index/UserThread, as "
        "deploy/dynamodb/policy.json does."
    )


async def test_who_may_not_even_look_is_told_so(make: MakeClient) -> None:
    client = denies(make(), ("DescribeTable", ""))
    with pytest.raises(AccessDenied, match=r"deploy/dynamodb/policy\.json"):
        await describe(client)


@pytest.mark.parametrize(("off_s", "words"), [(90, "s ahead of"), (-90, "s behind")])
async def test_a_clock_that_is_off_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch, off_s: int, words: str
) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + off_s)
    about = await describe(client)
    assert words in about.warning
    assert "NTP" in about.remedy
