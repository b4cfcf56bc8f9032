"""What S3 and its SDK say is wrong, as errors of ours. Pure functions."""

from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    ParamValidationError,
    SSLError,
)

from common.aws import CORRECT_KEYS, RENEW, SET_CLOCK, SIGN_IN, lacks_credentials
from storage.errors import (
    InvalidKey,
    ObjectMissing,
    RangeNotSatisfiable,
    StorageDenied,
    StorageError,
    StorageMisconfigured,
    StorageUnavailable,
)

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import ErrorTypeDef

SdkError = BotoCoreError | ClientError | OSError

_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _SERVER_ERROR = 400, 401, 403, 500
_TRANSIENT_STATUSES = (408, 409, 429)
_TRANSIENT_CODES = ("RequestTimeout", "ServiceUnavailable", "SlowDown")

_ALLOW = (
    "allow these credentials s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket and "
    "s3:AbortMultipartUpload there"
)
_KMS = "allow these credentials to use the KMS key, or correct sse and kms_key_id in STORAGE_URL"
_BUCKET = "make the bucket, or correct STORAGE_URL"
_REGION = "correct region and endpoint_url in STORAGE_URL; without a region it is found"
_VIRTUAL = "add addressing_style=virtual to STORAGE_URL"
_SERVICE = "what answers there is no S3 service: correct endpoint_url in STORAGE_URL"
_OPTIONS = "this service does not take that: correct the options in STORAGE_URL"
_SHORTER = "use a shorter key"
_RESTORE = "it was deleted, or restore it from a backup"
_LESS = "ask for less"
_AGAIN = "try again; if it stays so, look into the log of the service"
_OWN = "look into the log of the service for what is with this object, or remove it there"
_REACH = "check that the service runs and that endpoint_url, proxy and firewall let us reach it"
_HOST = f"{_REACH}; where the host begins with the bucket's name, try addressing_style=path"
_TLS = "install the service's certificate authority, or correct endpoint_url in STORAGE_URL"

_CODES: dict[str, tuple[type[StorageError], str]] = {
    "404": (StorageMisconfigured, _SERVICE),  # S3 itself would name what is not there
    "NoSuchKey": (ObjectMissing, _RESTORE),
    "InvalidRange": (RangeNotSatisfiable, _LESS),
    "416": (RangeNotSatisfiable, _LESS),
    "NoSuchBucket": (StorageMisconfigured, _BUCKET),
    "InvalidBucketName": (StorageMisconfigured, _BUCKET),
    "301": (StorageMisconfigured, _REGION),
    "PermanentRedirect": (StorageMisconfigured, _REGION),
    "SecondLevelDomainForbidden": (StorageMisconfigured, _VIRTUAL),
    "AuthorizationHeaderMalformed": (StorageMisconfigured, _REGION),
    "InvalidAccessKeyId": (StorageDenied, CORRECT_KEYS),
    "SignatureDoesNotMatch": (StorageDenied, CORRECT_KEYS),
    "ExpiredToken": (StorageDenied, RENEW),
    "InvalidToken": (StorageDenied, RENEW),
    "TokenRefreshRequired": (StorageDenied, RENEW),
    "RequestTimeTooSkewed": (StorageDenied, SET_CLOCK),
    "NotImplemented": (StorageMisconfigured, _OPTIONS),
    "403": (StorageDenied, _ALLOW),
    "AccessDenied": (StorageDenied, _ALLOW),
    "AllAccessDisabled": (StorageDenied, _ALLOW),
    "KeyTooLongError": (InvalidKey, _SHORTER),
    "NoSuchUpload": (StorageUnavailable, _AGAIN),
    "BadDigest": (StorageUnavailable, _AGAIN),
    "IncompleteBody": (StorageUnavailable, _AGAIN),
    "OperationAborted": (StorageUnavailable, _AGAIN),
    "PreconditionFailed": (StorageUnavailable, _AGAIN),  # it was replaced while it was copied
    "RequestTimeout": (StorageUnavailable, _AGAIN),
    "XAmzContentSHA256Mismatch": (StorageUnavailable, _AGAIN),
}


def translate(exc: SdkError, key: str, location: str) -> StorageError:
    """Return our error for one that came up while this key was worked on."""
    kind, remedy = _classify(exc)
    return kind(f"{key!r} in {location}: {_describe(exc)}; {remedy}.")


def translate_delete_error(error: "ErrorTypeDef", key: str, location: str) -> StorageError:
    """Return our error for one key of several that the service did not delete."""
    code, text = error.get("Code", ""), error.get("Message", "").rstrip(".")
    kind, remedy = _classify_delete_error(code)
    return kind(f"{key!r} in {location}: {text} ({code}); {remedy}.")


def code_of(exc: ClientError) -> str:
    """Return the service's name for what is wrong, or the HTTP status."""
    return str(exc.response.get("Error", {}).get("Code", ""))


def _classify(exc: SdkError) -> tuple[type[StorageError], str]:
    if isinstance(exc, ClientError):
        status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return _classify_code(code_of(exc), status)
    if lacks_credentials(exc):
        return StorageDenied, SIGN_IN
    if isinstance(exc, EndpointConnectionError):
        return StorageUnavailable, _HOST
    if isinstance(exc, SSLError):
        return StorageUnavailable, _TLS
    if isinstance(exc, ParamValidationError):
        return StorageMisconfigured, _BUCKET
    return StorageUnavailable, _REACH


def _classify_code(code: str, status: int) -> tuple[type[StorageError], str]:
    """Classify by the service's own code, or where we do not know it by the HTTP status."""
    if code.startswith("KMS."):
        return StorageDenied, _KMS
    if code in _CODES:
        return _CODES[code]
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        return StorageDenied, _ALLOW
    if _BAD_REQUEST <= status < _SERVER_ERROR and status not in _TRANSIENT_STATUSES:
        return StorageMisconfigured, _OPTIONS
    return StorageUnavailable, _AGAIN


def _classify_delete_error(code: str) -> tuple[type[StorageError], str]:
    """Classify what is wrong with one key: unless it surely passes it must not hold up others."""
    if code in _TRANSIENT_CODES:
        return StorageUnavailable, _AGAIN
    kind, remedy = _classify_code(code, 0)
    return (StorageDenied, _OWN) if kind is StorageUnavailable else (kind, remedy)


def _describe(exc: SdkError) -> str:
    if not isinstance(exc, ClientError):
        return str(exc).rstrip(".")
    error = exc.response.get("Error", {})
    text = str(error.get("Message", "")).rstrip(".")
    return f"{text} ({code_of(exc)})"
