"""DATABASE_URL for DynamoDB: what it may say, and what is said about one that may not be."""

import pytest

from datalayer.errors import StoreMisconfigured
from datalayer.stores.dynamodb.sdk.address import TableAddress

LOCAL = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("dynamodb://keepchat", TableAddress("keepchat")),
        ("DynamoDB://My.Table_1-2/", TableAddress("My.Table_1-2")),
        ("dynamodb://chat?region=eu-central-1", TableAddress("chat", "eu-central-1")),
        (
            f"dynamodb://chat?region=local&endpoint_url={LOCAL}",
            TableAddress("chat", "local", LOCAL),
        ),
        (
            "dynamodb://chat?endpoint_url=https%3A%2F%2Fvpce.example%2F",
            TableAddress("chat", endpoint_url="https://vpce.example/"),
        ),
        ("dynamodb://chat?pitr=true", TableAddress("chat", pitr=True)),
        ("dynamodb://chat?pitr=0", TableAddress("chat", pitr=False)),
    ],
)
def test_a_url(url: str, expected: TableAddress) -> None:
    assert TableAddress.from_url(url) == expected


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("dynamodb:chat", "dynamodb://table?region=eu-central-1"),
        ("dynamodb://", "dynamodb://table?region=eu-central-1"),
        ("dynamodb://[geheim", "dynamodb://table?region=eu-central-1"),
        ("dynamodb://ab", "the table by its name alone"),
        ("dynamodb://key:geheim@chat", "without keys"),
        ("dynamodb://chat:8000", "without keys, ports"),
        ("dynamodb://chat/geheim", "or paths"),
        ("dynamodb://chat#geheim", "by its name alone"),
        ("dynamodb://chat?secret=geheim", "'secret' is not known; known are endpoint_url"),
        ("dynamodb://chat?Region=eu", "pitr, region"),
        ("dynamodb://chat?region=", "region needs one value"),
        ("dynamodb://chat?region=a&region=b", "region needs one value"),
        ("dynamodb://chat?region=EU%20geheim", "eu-central-1"),
        ("dynamodb://chat?endpoint_url=host:8000", "https://host:port"),
        ("dynamodb://chat?endpoint_url=http://u:geheim@host", "https://host:port"),
        ("dynamodb://chat?pitr=geheim", "pitr is true or false"),
    ],
)
def test_a_wrong_url_is_one_sentence_that_shows_no_value(url: str, hint: str) -> None:
    with pytest.raises(StoreMisconfigured) as caught:
        TableAddress.from_url(url)
    assert hint in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (TableAddress("chat"), "chat"),
        (TableAddress("chat", "eu-central-1"), "chat at eu-central-1"),
        (TableAddress("chat", "local", LOCAL), f"chat at {LOCAL}"),
    ],
)
def test_how_people_are_told_of_it(address: TableAddress, shown: str) -> None:
    assert str(address) == shown
