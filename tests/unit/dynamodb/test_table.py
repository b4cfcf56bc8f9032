"""Which tables are taken for ours."""

from copy import deepcopy
from typing import Any

import pytest

from datalayer.stores.dynamodb.table import DEFINITION, TableState


def described(**changes: Any) -> TableState:
    """A table as the service describes one that was made by the definition."""
    found: dict[str, Any] = deepcopy({**DEFINITION, "TableStatus": "ACTIVE"})
    found["GlobalSecondaryIndexes"][0]["IndexStatus"] = "ACTIVE"
    found["BillingModeSummary"] = {"BillingMode": found.pop("BillingMode")}
    return TableState(found | changes)


def keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def types(**kinds: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()]


def test_one_made_by_the_definition_is_ours() -> None:
    state = described()
    assert (state.difference, state.is_ready, state.mode) == ("", True, "PAY_PER_REQUEST")


def test_the_order_of_attributes_and_what_else_there_is_do_not_matter() -> None:
    more = types(UserThreadSK="S", UserThreadPK="S", Other="N", SK="S", PK="S")
    other = {"IndexName": "Other", "KeySchema": keys("Other", "PK"), "IndexStatus": "CREATING"}
    indexes = [other, *described().description["GlobalSecondaryIndexes"]]
    state = described(AttributeDefinitions=more, GlobalSecondaryIndexes=indexes)
    assert (state.difference, state.is_ready) == ("", True)


def test_one_that_is_paid_in_advance() -> None:
    assert described(BillingModeSummary={}).mode == "PROVISIONED"


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"KeySchema": keys("SK", "PK")}, "keys"),
        ({"KeySchema": keys("PK", "SK")[:1]}, "keys"),
        (
            {"AttributeDefinitions": types(PK="S", SK="N", UserThreadPK="S", UserThreadSK="S")},
            "the strings PK and SK",
        ),
        ({"GlobalSecondaryIndexes": []}, "no index UserThread"),
        (
            {
                "GlobalSecondaryIndexes": [
                    {"IndexName": "UserThread", "KeySchema": keys("UserThreadPK", "SK")}
                ]
            },
            "UserThreadPK and UserThreadSK",
        ),
    ],
)
def test_one_with_other_keys_is_not(changes: dict[str, Any], difference: str) -> None:
    assert difference in described(**changes).difference


@pytest.mark.parametrize("status", ["CREATING", "DELETING", ""])
def test_a_table_that_cannot_be_used_yet_or_any_more(status: str) -> None:
    assert not described(TableStatus=status).is_ready


def test_an_index_that_cannot_be_used_yet() -> None:
    [index] = described().description["GlobalSecondaryIndexes"]
    state = described(GlobalSecondaryIndexes=[{**index, "IndexStatus": "CREATING"}])
    assert (state.difference, state.is_ready) == ("", False)
