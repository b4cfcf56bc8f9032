"""Signed links (SAS) to single blobs, for reading only."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure.storage.blob import BlobSasPermissions, UserDelegationKey, generate_blob_sas
from azure.storage.blob.aio import BlobServiceClient

from storage.azure.clock import ServiceClock
from storage.azure.options import AzureOptions
from storage.errors import StorageError

# A key that signs for an identity lives for at most 7 days, and a link no longer than its key.
_KEY_LIFETIME = timedelta(days=1)
_KEY_MAX_LIFETIME = timedelta(days=7)
_KEY_BACKDATE = timedelta(minutes=15)  # clocks of the service's machines differ as well


@dataclass(frozen=True, slots=True)
class _Delegation:
    key: UserDelegationKey
    until: datetime


class LinkSigner:
    """Signs links, with the account's key or with one that Entra ID lets us ask for."""

    def __init__(
        self, options: AzureOptions, service: BlobServiceClient, clock: ServiceClock
    ) -> None:
        self._options = options
        self._service = service
        self._clock = clock
        self._delegation: _Delegation | None = None
        self._lock = asyncio.Lock()

    async def sign(
        self, name: str, expires: timedelta, mime: str | None, disposition: str | None
    ) -> str | None:
        """Return what follows the ? of a link to a blob.

        None for who has a SAS token only: nothing can be signed with it, and it would itself let
        everybody write and delete.
        """
        account = self._options.account
        if account.sas_token:
            return None
        delegation_key = None if account.key else await self._delegation_key(name, expires)
        return generate_blob_sas(
            account.name,
            self._options.container,
            name,
            account_key=account.key,
            user_delegation_key=delegation_key,
            permission=BlobSasPermissions(read=True),
            expiry=self._clock.now() + expires,
            protocol="https" if account.url.startswith("https:") else None,
            content_type=mime,
            content_disposition=disposition,
        )

    async def _delegation_key(self, name: str, expires: timedelta) -> UserDelegationKey:
        if expires > _KEY_MAX_LIFETIME - _KEY_BACKDATE:
            message = f"With Entra ID a link to {name!r} lives for less than 7 days; ask for less."
            raise StorageError(message)
        async with self._lock:
            if not self._delegation or self._delegation.until < self._clock.now() + expires:
                self._delegation = await self._request_key(expires)
            return self._delegation.key

    async def _request_key(self, expires: timedelta) -> _Delegation:
        now = self._clock.now()
        until = now + min(expires + _KEY_LIFETIME, _KEY_MAX_LIFETIME - _KEY_BACKDATE)
        key = await self._service.get_user_delegation_key(now - _KEY_BACKDATE, until)
        return _Delegation(key, until)
