"""What DynamoDB and its SDK say is wrong, as errors of ours, and what is sent once more."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from datalayer.errors import (
    DataLayerError,
    StoreHeldUp,
    StoreMisconfigured,
    StoreUnavailable,
    WriteRejected,
)
from datalayer.stores.dynamodb.sdk.errors import (
    AccessDenied,
    ConditionFailed,
    SdkError,
    TableInUse,
    TableMissing,
    TransactionCancelled,
    passes,
    translating,
)

WHERE = "chat at eu-central-1"
ITEM = {"PK": {"S": "THREAD#1"}}


def answer(code: str, status: int = 400, message: str = "It said so.", **more: Any) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(response, "PutItem")


def cancelled(*codes: str, **more: Any) -> ClientError:
    reasons = [{"Code": code, **more} for code in codes]
    return answer("TransactionCanceledException", CancellationReasons=reasons)


def meaning(exc: SdkError) -> Exception:
    with pytest.raises(Exception, match=r".+") as caught, translating(WHERE):
        raise exc
    return caught.value


@pytest.mark.parametrize(
    ("code", "status", "kind", "remedy"),
    [
        ("ResourceNotFoundException", 400, TableMissing, "manage.py migrate"),
        ("TableNotFoundException", 400, TableMissing, "manage.py migrate"),
        ("ResourceInUseException", 400, TableInUse, "again"),
        ("ThrottlingException", 400, StoreHeldUp, "limit of the table"),
        ("ProvisionedThroughputExceededException", 400, StoreHeldUp, "limit of the table"),
        ("RequestLimitExceeded", 400, StoreHeldUp, "limit of the table or of the account"),
        ("TransactionConflictException", 400, StoreHeldUp, "again"),
        ("AccessDeniedException", 400, AccessDenied, "deploy/dynamodb/policy.json"),
        ("UnrecognizedClientException", 400, StoreMisconfigured, "AWS_ACCESS_KEY_ID"),
        ("InvalidSignatureException", 400, StoreMisconfigured, "AWS_SECRET_ACCESS_KEY"),
        ("ExpiredTokenException", 400, StoreMisconfigured, "AWS_SESSION_TOKEN"),
        ("UnknownOperationException", 400, StoreMisconfigured, "no DynamoDB"),
        ("404", 404, StoreMisconfigured, "endpoint_url"),
        ("InternalServerError", 500, StoreUnavailable, "again"),
        ("ServiceUnavailable", 503, StoreUnavailable, "again"),
    ],
)
def test_an_answer(code: str, status: int, kind: type[DataLayerError], remedy: str) -> None:
    exc = answer(code, status)
    error = meaning(exc)
    assert type(error) is kind
    assert str(error).startswith(f"The table {WHERE}: It said so ({code}); ")
    assert remedy in str(error)
    assert error.__cause__ is exc


@pytest.mark.parametrize("words", ["Signature expired: 2026 is now", "Signature not yet current"])
def test_a_clock_that_is_wrong(words: str) -> None:
    error = meaning(answer("InvalidSignatureException", message=words))
    assert type(error) is StoreMisconfigured
    assert "clock" in str(error)


@pytest.mark.parametrize(
    ("exc", "kind", "remedy"),
    [
        (NoCredentialsError(), StoreMisconfigured, "AWS_PROFILE"),
        (ProfileNotFound(profile="chat"), StoreMisconfigured, "AWS_PROFILE"),
        (NoRegionError(), StoreMisconfigured, "region=eu-central-1"),
        (EndpointConnectionError(endpoint_url="x"), StoreUnavailable, "firewall"),
        (ReadTimeoutError(endpoint_url="x"), StoreUnavailable, "firewall"),
        (SSLError(endpoint_url="x", error=OSError("y")), StoreUnavailable, "certificate authority"),
        (ResponseParserError("<html>"), StoreMisconfigured, "no DynamoDB"),
        (InterruptedError(4, "Interrupted system call"), StoreUnavailable, "firewall"),
    ],
)
def test_no_answer(exc: Any, kind: type[DataLayerError], remedy: str) -> None:
    error = meaning(exc)
    assert type(error) is kind
    assert remedy in str(error)


@pytest.mark.parametrize(
    "exc",
    [answer("ValidationException"), answer("SerializationException"), answer("413", 413)],
)
def test_a_value_that_is_refused_is_not_shown_by_the_cause(exc: ClientError) -> None:
    error = meaning(exc)
    assert type(error) is WriteRejected
    assert error.__cause__ is None


def test_a_condition_that_does_not_hold() -> None:
    for exc, item in (
        (answer("ConditionalCheckFailedException", Item=ITEM), ITEM),
        (answer("ConditionalCheckFailedException"), None),
    ):
        error = meaning(exc)
        assert isinstance(error, ConditionFailed)
        assert error.item == item


def test_conditions_of_a_transaction_that_do_not_hold() -> None:
    error = meaning(cancelled("None", "ConditionalCheckFailed", "TransactionConflict", Item=ITEM))
    assert isinstance(error, TransactionCancelled)
    assert error.failed == {1: ITEM}


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (["None", "TransactionConflict"], StoreHeldUp),
        (["ThrottlingError", "ProvisionedThroughputExceeded"], StoreHeldUp),
        (["ValidationError", "TransactionConflict"], WriteRejected),
        (["ItemCollectionSizeLimitExceeded"], WriteRejected),
    ],
)
def test_other_reasons_of_a_transaction(codes: list[str], kind: type[DataLayerError]) -> None:
    assert type(meaning(cancelled(*codes))) is kind


@pytest.mark.parametrize(
    "exc",
    [
        answer("ThrottlingException"),
        answer("ProvisionedThroughputExceededException"),
        answer("TransactionConflictException"),
        answer("TransactionInProgressException"),
        answer("InternalServerError", 500),
        answer("", 503),
        cancelled("None", "TransactionConflict", "ThrottlingError"),
        ConnectionClosedError(endpoint_url="x"),
        ReadTimeoutError(endpoint_url="x"),
        SSLError(endpoint_url="x", error=OSError("y")),
    ],
)
def test_what_is_sent_once_more(exc: Exception) -> None:
    assert passes(exc)


@pytest.mark.parametrize(
    "exc",
    [
        answer("ConditionalCheckFailedException"),
        answer("ValidationException"),
        answer("AccessDeniedException"),
        answer("ResourceNotFoundException"),
        cancelled("ConditionalCheckFailed", "TransactionConflict"),
        cancelled("ValidationError", "TransactionConflict"),
        EndpointConnectionError(endpoint_url="x"),
        ConnectTimeoutError(endpoint_url="x"),
        NoCredentialsError(),
    ],
)
def test_what_is_not(exc: Exception) -> None:
    assert not passes(exc)
