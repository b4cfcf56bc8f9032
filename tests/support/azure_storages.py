"""Storages on Azurite for the tests, with what the tests of Azure do again and again."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContainerSasPermissions, generate_container_sas

from storage.azure.clock import ServiceClock
from storage.azure.options import AzureOptions
from storage.azure.storage import AzureBlobStorage, Timeouts
from storage.credentials import Credentials
from tests.support.servers.azurite import ACCOUNT, Azurite

HASTY = Timeouts(connect_s=2, read_s=2, retries=2, connect_retries=2, backoff_s=0)
OTHER_KEY = "b3RoZXIga2V5IG9mIG90aGVyIGFjY291bnQ="

MakeAzure = Callable[..., AzureBlobStorage]


@asynccontextmanager
async def azure_maker() -> AsyncIterator[MakeAzure]:
    """Makes storages that soon give up, and closes them."""
    opened: list[AzureBlobStorage] = []

    def make(options: AzureOptions, **settings: Any) -> AzureBlobStorage:
        opened.append(AzureBlobStorage(options, **{"timeouts": HASTY, **settings}))
        return opened[-1]

    yield make
    for storage in opened:
        await storage.close()


def options_of(server: Azurite, container: str) -> AzureOptions:
    url = f"azure://{container}/pre/fix?account_url={server.account_url}"
    return AzureOptions.from_url(url, Credentials(azure_key=server.key))


def behind(options: AzureOptions, server: Azurite, port: int) -> AzureOptions:
    account = replace(options.account, url=server.account_url_at(port))
    return replace(options, account=account)


def with_sas(
    options: AzureOptions, allowed: str, begins: int = -60, ends: int = 60
) -> AzureOptions:
    """The options with a SAS token for the container instead of the key; times in minutes."""
    now = datetime.now(UTC)
    token = generate_container_sas(
        ACCOUNT,
        options.container,
        account_key=options.account.key,
        permission=ContainerSasPermissions.from_string(allowed),
        start=now + timedelta(minutes=begins),
        expiry=now + timedelta(minutes=ends),
    )
    credentials = Credentials(azure_sas_token=f"?{token}")
    url = f"azure://{options.container}/pre/fix?account_url={options.account.url}"
    return AzureOptions.from_url(url, credentials)


def clock_off_by(minutes: int) -> ServiceClock:
    return ServiceClock(lambda: datetime.now(UTC) + timedelta(minutes=minutes))


async def fetch(link: str, ca_file: Path | None = None) -> httpx2.Response:
    verify = ssl.create_default_context(cafile=ca_file) if ca_file else True
    async with httpx2.AsyncClient(verify=verify) as client:
        return await client.get(link)


async def link_to(storage: AzureBlobStorage, key: str, expires: int = 60, **answer: Any) -> str:
    link = await storage.read_url(key, expires, **answer)
    assert link
    return link


async def uncommitted(server: Azurite, container: str, key: str) -> int:
    """How many blocks lie there that are in no blob."""
    async with server.client() as client:
        blob = client.get_blob_client(container, f"pre/fix/{key}")
        try:
            return len((await blob.get_block_list("uncommitted"))[1])
        except ResourceNotFoundError:
            return 0
