"""The one boundary where the errors of DynamoDB and its SDK become ours.

`ConditionFailed` and `TransactionCancelled` are no errors of the data layer: they tell the store
that somebody else was faster, and what is there, and never leave it.

The cause stays attached, but to a refused value: it may show what people wrote.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoRegionError,
    SSLError,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from common.aws import CORRECT_KEYS, RENEW, SET_CLOCK, SIGN_IN, lacks_credentials
from datalayer.errors import (
    DataLayerError,
    StoreHeldUp,
    StoreMisconfigured,
    StoreUnavailable,
    WriteRejected,
)

SdkError = BotoCoreError | ClientError | ResponseParserError | OSError
Item = Mapping[str, Mapping[str, Any]]
"""An item as the SDK has it: attributes by name, each with its type."""

SDK_ERRORS = (BotoCoreError, ClientError, ResponseParserError, OSError)

_SERVER_ERROR = 500
_MIGRATE = "run 'python manage.py migrate', or correct table and region in DATABASE_URL"
_REGION = "add region=eu-central-1, or another, to DATABASE_URL or set AWS_REGION"
_ALLOW = "allow these credentials what deploy/dynamodb/policy.json lists"
_LESS = "it is tried again; if it stays so, look for a limit of the table or of the account"
_AGAIN = "it is tried again"
_SERVICE = (
    "what answers there is no DynamoDB, or not all of it: correct region, endpoint_url and pitr in "
    "DATABASE_URL"
)
_REACH = "check that region, endpoint_url, proxy and firewall let us reach it; it is tried again"
_TLS = "install the service's certificate authority, or correct endpoint_url in DATABASE_URL"


class TableMissing(StoreMisconfigured):
    """There is no such table in this account and region."""


class AccessDenied(StoreMisconfigured):
    """These credentials may not do that."""


class TableInUse(StoreHeldUp):
    """The table is there already, or is just being made, changed or deleted."""


class ConditionFailed(Exception):
    """The condition of a write does not hold.

    `item` is what is there, None for nothing; it is known where the write asked for it
    (`ReturnValuesOnConditionCheckFailure`). With `was_repeated` it was sent before, and may have
    been made then.
    """

    def __init__(self, item: Item | None) -> None:
        super().__init__("The condition of a write does not hold.")
        self.item = item
        self.was_repeated = False


class TransactionCancelled(Exception):
    """A transaction was not made, since conditions do not hold.

    `failed` has what is there, as in `ConditionFailed`, by the places of the actions that failed.
    `was_repeated` is as there.
    """

    def __init__(self, failed: Mapping[int, Item | None]) -> None:
        super().__init__("Conditions of a transaction do not hold.")
        self.failed = failed
        self.was_repeated = False


_FAILED = "ConditionalCheckFailed"
_REFUSED = frozenset({"ItemCollectionSizeLimitExceeded", "ValidationError"})
_CANCELLED = "TransactionCanceledException"
# Too much at once, or somebody else at the same item: the same may succeed a little later.
_HELD_UP = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_CODES: Mapping[str, tuple[type[DataLayerError], str]] = {
    **dict.fromkeys(_HELD_UP, (StoreHeldUp, _LESS)),
    "ResourceInUseException": (TableInUse, _AGAIN),
    "ResourceNotFoundException": (TableMissing, _MIGRATE),
    "TableNotFoundException": (TableMissing, _MIGRATE),
    "ContinuousBackupsUnavailableException": (StoreHeldUp, _AGAIN),
    "AccessDeniedException": (AccessDenied, _ALLOW),
    "UnrecognizedClientException": (StoreMisconfigured, CORRECT_KEYS),
    "InvalidClientTokenId": (StoreMisconfigured, CORRECT_KEYS),
    "InvalidSignatureException": (StoreMisconfigured, CORRECT_KEYS),
    "IncompleteSignatureException": (StoreMisconfigured, CORRECT_KEYS),
    "MissingAuthenticationTokenException": (StoreMisconfigured, CORRECT_KEYS),
    "ExpiredTokenException": (StoreMisconfigured, RENEW),
    "UnknownOperationException": (StoreMisconfigured, _SERVICE),
    "ItemCollectionSizeLimitExceededException": (WriteRejected, ""),
    "SerializationException": (WriteRejected, ""),
    "ValidationException": (WriteRejected, ""),
    "413": (WriteRejected, ""),
}
_OUT_OF_TIME = ("Signature expired", "Signature not yet current")


@contextmanager
def translating(location: str) -> Iterator[None]:
    """Raise in place of the SDK's errors what they mean; `location` names the table."""
    try:
        yield
    except SDK_ERRORS as exc:
        error = _meaning(exc, location)
        raise error from (None if isinstance(error, WriteRejected) else exc)


def passes(exc: BaseException) -> bool:
    """Tell whether the same request is to be sent again: it may succeed, or has already.

    Where nothing can be reached whoever calls waits, as for every database.
    """
    if not isinstance(exc, ClientError):
        return isinstance(exc, HTTPClientError | SSLError)
    if code_of(exc) == _CANCELLED:
        return not (_reasons(exc) & {_FAILED, *_REFUSED})
    return code_of(exc) in _HELD_UP or _status(exc) >= _SERVER_ERROR


def code_of(exc: SdkError) -> str:
    """Return the service's name for what is wrong, or that of the SDK."""
    if isinstance(exc, ClientError):
        return str(exc.response.get("Error", {}).get("Code", ""))
    return type(exc).__name__


def _meaning(exc: SdkError, location: str) -> Exception:
    if code_of(exc) == "ConditionalCheckFailedException":
        return ConditionFailed(_response(exc).get("Item"))
    if failed := {place: it.get("Item") for place, it in _failed(exc)}:
        return TransactionCancelled(failed)
    kind, remedy = _classify(exc)
    if issubclass(kind, WriteRejected):
        return kind(f"The database refuses a value: {_describe(exc)}.")
    return kind(f"The table {location}: {_describe(exc)}; {remedy}.")


def _classify(exc: SdkError) -> tuple[type[DataLayerError], str]:
    if isinstance(exc, ClientError):
        return _classify_answer(exc)
    if lacks_credentials(exc):
        return StoreMisconfigured, SIGN_IN
    if isinstance(exc, NoRegionError):
        return StoreMisconfigured, _REGION
    if isinstance(exc, SSLError):
        return StoreUnavailable, _TLS
    if isinstance(exc, NoConnectionError | HTTPClientError | OSError):
        return StoreUnavailable, _REACH
    return StoreMisconfigured, _SERVICE


def _classify_answer(exc: ClientError) -> tuple[type[DataLayerError], str]:
    code, status = code_of(exc), _status(exc)
    if any(words in _describe(exc) for words in _OUT_OF_TIME):
        return StoreMisconfigured, SET_CLOCK
    if code == _CANCELLED:
        return (WriteRejected, "") if _reasons(exc) & _REFUSED else (StoreHeldUp, _LESS)
    if code in _CODES:
        return _CODES[code]
    return (StoreUnavailable, _AGAIN) if status >= _SERVER_ERROR else (StoreMisconfigured, _SERVICE)


def _response(exc: SdkError) -> Mapping[str, Any]:
    return exc.response if isinstance(exc, ClientError) else {}


def _status(exc: ClientError) -> int:
    return int(exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _failed(exc: SdkError) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for place, reason in enumerate(_cancellation(exc)):
        if reason.get("Code") == _FAILED:
            yield place, reason


def _reasons(exc: SdkError) -> set[str]:
    return {str(reason.get("Code")) for reason in _cancellation(exc)}


def _cancellation(exc: SdkError) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = _response(exc).get("CancellationReasons", ())
    return found


def _describe(exc: SdkError) -> str:
    if not isinstance(exc, ClientError):
        return str(exc).rstrip(".")
    text = str(exc.response.get("Error", {}).get("Message", "")).rstrip(".")
    return f"{text} ({code_of(exc)})" if text else code_of(exc)
