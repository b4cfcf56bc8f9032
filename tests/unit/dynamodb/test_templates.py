"""The templates below deploy/ make the table that the program makes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from datalayer.stores.dynamodb.sdk.address import TableAddress
from datalayer.stores.dynamodb.table import DEFINITION, INDEX

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "dynamodb"
CLOUDFORMATION = json.loads((FOLDER / "cloudformation.json").read_text(encoding="utf-8"))
TERRAFORM = (FOLDER / "main.tf").read_text(encoding="utf-8")
OPTIONS = {"TableName", "PointInTimeRecoverySpecification", "SSESpecification"}


def sections(opening: str, text: str, indent: str = "") -> list[str]:
    """What Terraform has between an opening line and the brace that closes it, each time."""
    pattern = rf"^{indent}{opening} \{{\n(.*?)^{indent}\}}"
    return re.findall(pattern, text, re.DOTALL | re.MULTILINE)


def given(section: str, indent: str = "  ") -> dict[str, Any]:
    """What a section sets by itself, not in the blocks within."""
    found = re.findall(rf"^{indent}(\w+) += (.*)$", section, re.MULTILINE)
    return {name: value if value.startswith("var.") else json.loads(value) for name, value in found}


def keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def test_cloudformation_makes_the_table() -> None:
    resource = CLOUDFORMATION["Resources"]["DynamoDBTable"]
    made = resource["Properties"]
    assert {name: made[name] for name in DEFINITION} == DEFINITION
    assert made.keys() - DEFINITION.keys() == OPTIONS
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_a_stack_of_chainlits_template_keeps_its_table() -> None:
    """CloudFormation would make another one for another name of the resource."""
    [name] = CLOUDFORMATION["Resources"]
    assert name == "DynamoDBTable"


def test_cloudformation_names_only_what_it_has() -> None:
    text = json.dumps(CLOUDFORMATION)
    refs = set(re.findall(r'"Ref": "([A-Za-z]+)"', text))
    assert refs == set(CLOUDFORMATION["Parameters"])
    assert set(re.findall(r'"Fn::If": \["(\w+)"', text)) == set(CLOUDFORMATION["Conditions"])


def test_terraform_makes_the_table() -> None:
    [table] = sections('resource "aws_dynamodb_table" "keepchat"', TERRAFORM)
    made = given(table)
    assert made["billing_mode"] == DEFINITION["BillingMode"]
    assert keys(made["hash_key"], made["range_key"]) == DEFINITION["KeySchema"]
    attributes = [given(it, " {4}") for it in sections("attribute", table, "  ")]
    assert [
        {"AttributeName": it["name"], "AttributeType": it["type"]} for it in attributes
    ] == DEFINITION["AttributeDefinitions"]
    [index] = [given(it, " {4}") for it in sections("global_secondary_index", table, "  ")]
    [ours] = DEFINITION["GlobalSecondaryIndexes"]
    assert index["name"] == ours["IndexName"]
    assert keys(index["hash_key"], index["range_key"]) == ours["KeySchema"]
    assert index["projection_type"] == ours["Projection"]["ProjectionType"]
    assert index["non_key_attributes"] == ours["Projection"]["NonKeyAttributes"]


@pytest.mark.parametrize(
    ("theirs", "terraforms"),
    [
        ("TableName", "table_name"),
        ("PointInTimeRecovery", "point_in_time_recovery"),
        ("KmsKeyArn", "kms_key_arn"),
    ],
)
def test_both_ask_for_the_same_with_the_same_defaults(theirs: str, terraforms: str) -> None:
    asked = CLOUDFORMATION["Parameters"][theirs]
    [section] = sections(f'variable "{terraforms}"', TERRAFORM)
    [default] = re.findall("^  default += (.*)$", section, re.MULTILINE)
    assert f'description = "{asked["Description"]}"' in section
    assert default == {"": "null", "true": "true"}.get(asked["Default"], f'"{asked["Default"]}"')


def test_both_say_a_url_that_can_be_read() -> None:
    urls = [
        CLOUDFORMATION["Outputs"]["DatabaseUrl"]["Value"]["Fn::Sub"],
        *re.findall(r'"(dynamodb://.*)"$', TERRAFORM, re.MULTILINE),
    ]
    assert len(urls) == 2
    for url in urls:
        table, region = re.split(r"\?region=", re.sub(r"^dynamodb://", "", url))
        filled = url.replace(table, "keepchat").replace(region, "eu-central-1")
        assert TableAddress.from_url(filled) == TableAddress("keepchat", "eu-central-1")


def test_the_policy_that_terraform_gives_is_of_its_table() -> None:
    policy = (FOLDER / "policy.json").read_text(encoding="utf-8")
    [replaced] = re.findall(r'"(arn:aws:dynamodb:[^"]*)"', TERRAFORM)
    resources = {
        resource.removeprefix(replaced) for resource in re.findall(r'"Resource": "([^"]*)"', policy)
    }
    assert resources == {"", f"/index/{INDEX}"}
