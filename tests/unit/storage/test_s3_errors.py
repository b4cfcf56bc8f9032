"""What S3 and its SDK say is wrong, as errors of ours."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
)

from storage.errors import (
    InvalidKey,
    ObjectMissing,
    RangeNotSatisfiable,
    StorageDenied,
    StorageError,
    StorageMisconfigured,
    StorageUnavailable,
)
from storage.s3.errors import translate, translate_delete_error

LOCATION = "s3://files at https://host"


def answer(code: str, status: int, message: str = "It said so.") -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "PutObject")


@pytest.mark.parametrize(
    ("code", "status", "kind", "remedy"),
    [
        ("NoSuchKey", 404, ObjectMissing, "backup"),
        ("InvalidRange", 416, RangeNotSatisfiable, "less"),
        ("KeyTooLongError", 400, InvalidKey, "shorter"),
        ("NoSuchBucket", 404, StorageMisconfigured, "make the bucket"),
        ("404", 404, StorageMisconfigured, "no S3 service"),
        ("PermanentRedirect", 301, StorageMisconfigured, "region"),
        ("AuthorizationHeaderMalformed", 400, StorageMisconfigured, "region"),
        ("SecondLevelDomainForbidden", 403, StorageMisconfigured, "addressing_style=virtual"),
        ("NotImplemented", 501, StorageMisconfigured, "options in STORAGE_URL"),
        ("InvalidArgument", 400, StorageMisconfigured, "options in STORAGE_URL"),
        ("InvalidAccessKeyId", 403, StorageDenied, "AWS_ACCESS_KEY_ID"),
        ("SignatureDoesNotMatch", 403, StorageDenied, "AWS_SECRET_ACCESS_KEY"),
        ("ExpiredToken", 400, StorageDenied, "AWS_SESSION_TOKEN"),
        ("RequestTimeTooSkewed", 403, StorageDenied, "clock"),
        ("AccessDenied", 403, StorageDenied, "s3:PutObject"),
        ("SomethingNew", 403, StorageDenied, "s3:PutObject"),
        ("KMS.DisabledException", 400, StorageDenied, "kms_key_id"),
        ("SlowDown", 503, StorageUnavailable, "try again"),
        ("TooManyRequests", 429, StorageUnavailable, "try again"),
        ("RequestTimeout", 400, StorageUnavailable, "try again"),
        ("NoSuchUpload", 404, StorageUnavailable, "try again"),
        ("BadDigest", 400, StorageUnavailable, "try again"),
        ("InternalError", 500, StorageUnavailable, "try again"),
        ("", 0, StorageUnavailable, "try again"),
    ],
)
def test_an_answer(code: str, status: int, kind: type[StorageError], remedy: str) -> None:
    error = translate(answer(code, status), "t/1", LOCATION)
    assert type(error) is kind
    assert str(error).startswith(f"'t/1' in {LOCATION}: It said so ({code}); ")
    assert remedy in str(error)


@pytest.mark.parametrize(
    ("code", "kind", "remedy"),
    [
        ("SlowDown", StorageUnavailable, "try again"),
        ("ServiceUnavailable", StorageUnavailable, "try again"),
        ("RequestTimeout", StorageUnavailable, "try again"),
        ("InternalError", StorageDenied, "log of the service"),
        ("SomethingNew", StorageDenied, "log of the service"),
        ("", StorageDenied, "log of the service"),
        ("AccessDenied", StorageDenied, "s3:DeleteObject"),
        ("NoSuchBucket", StorageMisconfigured, "make the bucket"),
    ],
)
def test_a_refusal_of_one_key(code: str, kind: type[StorageError], remedy: str) -> None:
    error = translate_delete_error({"Code": code, "Message": "It said so."}, "t/1", LOCATION)
    assert type(error) is kind
    assert str(error).startswith(f"'t/1' in {LOCATION}: It said so ({code}); ")
    assert remedy in str(error)


@pytest.mark.parametrize(
    ("fault", "kind", "remedy"),
    [
        (NoCredentialsError(), StorageDenied, "AWS_ACCESS_KEY_ID"),
        (ProfileNotFound(profile="chat"), StorageDenied, "AWS_PROFILE"),
        (EndpointConnectionError(endpoint_url="x"), StorageUnavailable, "addressing_style=path"),
        (ConnectionClosedError(endpoint_url="x"), StorageUnavailable, "firewall"),
        (InterruptedError(4, "Interrupted system call"), StorageUnavailable, "service runs"),
    ],
)
def test_no_answer(fault: Any, kind: type[StorageError], remedy: str) -> None:
    error = translate(fault, "t/1", LOCATION)
    assert type(error) is kind
    assert remedy in str(error)
