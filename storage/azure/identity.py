"""Who we are to Entra ID."""

from typing import Any, Self

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import DefaultAzureCredential


class NotSignedIn(Exception):
    """Entra ID gives us no token.

    No error of the SDK's, since the storage's client would ask four times, for many seconds, what
    `azure.identity` has asked as often as it makes sense.
    """


class EntraIdentity:
    """A credential, by default what Azure's own tools would take: environment, machine, `az`."""

    def __init__(self, credential: AsyncTokenCredential | None = None) -> None:
        self._credential = credential or DefaultAzureCredential()

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token. Raises `NotSignedIn`."""
        try:
            return await self._credential.get_token(*scopes, **options)
        except ClientAuthenticationError as exc:
            message = "Entra ID gave no token."
            raise NotSignedIn(message) from exc

    async def close(self) -> None:
        """Close the credential."""
        await self._credential.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()
