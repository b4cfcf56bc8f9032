"""What Azure's errors mean to us. The one place where they are translated."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote

from azure.core.exceptions import AzureError, HttpResponseError

from storage.azure.clock import ServiceClock
from storage.azure.identity import NotSignedIn
from storage.azure.options import AzureOptions, StorageAccount
from storage.errors import (
    InvalidKey,
    ObjectMissing,
    StorageDenied,
    StorageError,
    StorageMisconfigured,
    StorageUnavailable,
)

_SKEW = timedelta(minutes=5)  # the service itself forgives 15

_LATER = "try again later"
_SPACE = "have the account looked at in the portal"
_NETWORK = "check account_url and the network between here and there"
_ROLE = (
    "give this identity the role 'Storage Blob Data Contributor' on the container and, for signed "
    "links, 'Storage Blob Delegator' on the account"
)
_IDENTITY = (
    "Entra ID does not know us: set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, run this where "
    "there is a managed identity, or sign in with 'az login'"
)
_SOMEBODY_ELSE = "something else than Azure answers: check account_url"
_SHORTER = "use another key"

# By the code that the service gives: https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
_CODES: dict[str, tuple[type[StorageError], str]] = {
    "BlobNotFound": (ObjectMissing, "it was deleted, or restore it from a backup"),
    "ContainerNotFound": (
        StorageMisconfigured,
        "there is no such container: create it, or add create=true to STORAGE_URL",
    ),
    "ContainerBeingDeleted": (StorageUnavailable, "the container is being deleted: " + _LATER),
    "ContainerDisabled": (StorageMisconfigured, "the container is disabled: " + _SPACE),
    "AccountIsDisabled": (StorageMisconfigured, "the account is disabled: " + _SPACE),
    "AccountBeingCreated": (StorageUnavailable, "the account is being created: " + _LATER),
    "ResourceNotFound": (StorageMisconfigured, "there is no such account: check account_url"),
    "KeyBasedAuthenticationNotPermitted": (
        StorageDenied,
        "the account takes no keys: remove AZURE_STORAGE_KEY and use Entra ID",
    ),
    "AuthorizationProtocolMismatch": (StorageDenied, "use an account_url that begins with https"),
    "AuthorizationSourceIPMismatch": (StorageDenied, "the SAS token is for other addresses"),
    "PublicAccessNotPermitted": (StorageDenied, _IDENTITY),
    "LeaseIdMissing": (StorageDenied, "somebody holds a lease on it: break the lease"),
    "BlobImmutableDueToPolicy": (StorageDenied, "a policy keeps it from being changed"),
    "BlobArchived": (StorageDenied, "it is archived: move it to the hot or cool tier"),
    "InvalidResourceName": (InvalidKey, _SHORTER),
    "InvalidUri": (InvalidKey, _SHORTER),
    "OutOfRangeInput": (InvalidKey, _SHORTER),
    "ConditionNotMet": (StorageUnavailable, "it was replaced while it was read: open it again"),
    "SourceConditionNotMet": (StorageUnavailable, "it was replaced while it was copied: try again"),
    "BlobModifiedWhileReading": (
        StorageUnavailable,
        "it was replaced while it was read: open it again",
    ),
    "InvalidBlockList": (
        StorageUnavailable,
        "another upload to the same key was faster: try again",
    ),
    "InvalidBlobOrBlock": (
        StorageUnavailable,
        "another upload to the same key was faster: try again",
    ),
    "Md5Mismatch": (StorageUnavailable, "its bytes arrived changed: try again"),
}


class ErrorTranslator:
    """Raises our errors for Azure's, with what their messages need to know."""

    def __init__(self, options: AzureOptions, clock: ServiceClock) -> None:
        self._account = options.account
        self._location = f"container {options.container!r} of {options.account.url}"
        self._clock = clock

    @contextmanager
    def translated(self, key: str) -> Iterator[None]:
        """Raise our error for one of Azure's about this key."""
        try:
            yield
        except (AzureError, NotSignedIn) as exc:
            raise self._error(exc, key) from self._without_secret(exc)
        except ValueError as exc:  # the SDK's for an answer that it cannot read
            message = f"{key!r} in {self._location}: the answer cannot be read; {_SOMEBODY_ELSE}."
            raise StorageMisconfigured(message) from self._without_secret(exc)

    def _error(self, exc: AzureError | NotSignedIn, key: str) -> StorageError:
        kind, remedy = self._classify(exc)
        return kind(f"{key!r} in {self._location}: {_describe(exc)}; {remedy}.")

    def _classify(self, exc: AzureError | NotSignedIn) -> tuple[type[StorageError], str]:
        code, status = code_of(exc), getattr(exc, "status_code", None)
        if code in _CODES:
            return _CODES[code]
        if isinstance(exc, NotSignedIn):
            return StorageDenied, _IDENTITY
        if status in (401, 403):
            return StorageDenied, self._refusal_remedy(status)
        if status is None or status in (408, 429) or status >= 500:
            return StorageUnavailable, _LATER if status else _NETWORK
        if not code:
            return StorageMisconfigured, _SOMEBODY_ELSE
        return StorageError, "look the code up in Azure's documentation"

    def _refusal_remedy(self, status: int) -> str:
        ahead = self._clock.ahead
        if abs(ahead) > _SKEW:
            direction = "fast" if ahead > timedelta() else "slow"
            minutes = round(abs(ahead).total_seconds() / 60)
            return f"this computer's clock is {minutes} minutes {direction}: set it"
        if self._account.sas_token:
            return _sas_remedy(self._account.sas_token, self._clock.now())
        if self._account.key:
            return f"check AZURE_STORAGE_KEY: it is not a key of {self._account.name!r}"
        return _ROLE if status == 403 else _IDENTITY

    def _without_secret(self, exc: Exception) -> Exception | None:
        """Return the cause to show, or None if it would tell a secret, as a URL with a SAS does."""
        shown = "".join(traceback.format_exception(exc))
        return None if any(secret in shown for secret in _secrets_of(self._account)) else exc


def code_of(exc: Exception) -> str:
    """Return the service's code for an error, or an empty text."""
    code: Any = getattr(exc, "error_code", None)
    return str(getattr(code, "value", code) or "")


def _describe(exc: AzureError | NotSignedIn) -> str:
    """Say in few words what happened; never the SDK's own text, which may show a signed URL."""
    if isinstance(exc, NotSignedIn):
        return "no credentials were found"
    if isinstance(exc, HttpResponseError) and exc.status_code:
        return f"the answer was {exc.status_code} {code_of(exc) or exc.reason or ''}".rstrip()
    return f"the service cannot be reached ({type(exc.inner_exception or exc).__name__})"


def _sas_remedy(token: str, now: datetime) -> str:
    fields = {name: values[0] for name, values in parse_qs(token).items()}
    ends, begins = _parse_time(fields.get("se")), _parse_time(fields.get("st"))
    if ends and ends <= now:
        return f"AZURE_STORAGE_SAS_TOKEN expired at {fields['se']}: make a new one"
    if begins and begins > now:
        return f"AZURE_STORAGE_SAS_TOKEN is valid from {fields['st']} on: wait, or make a new one"
    return (
        f"AZURE_STORAGE_SAS_TOKEN allows sp={fields.get('sp', '')}: make one that allows "
        "read, add, create, write, delete and list (racwdl) on this container"
    )


def _parse_time(text: str | None) -> datetime | None:
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time if time.tzinfo else None


def _secrets_of(account: StorageAccount) -> list[str]:
    signed = re.findall("sig=([^&]+)", account.sas_token or "")  # as a URL shows it
    return [secret for secret in (account.key, *signed, *map(unquote, signed)) if secret]
