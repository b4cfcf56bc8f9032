"""Who we are to Azure Blob Storage: keys, SAS tokens, Entra ID; and that secrets stay secret."""

import asyncio
import logging
import os
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob import ResourceTypes, generate_account_sas

from storage.azure.clock import ServiceClock
from storage.azure.options import AzureOptions
from storage.azure.storage import AzureBlobStorage
from storage.credentials import Credentials
from storage.errors import StorageDenied, StorageError, StorageMisconfigured, StorageUnavailable
from tests.support.azure_storages import (
    OTHER_KEY,
    MakeAzure,
    behind,
    clock_off_by,
    fetch,
    link_to,
    with_sas,
)
from tests.support.servers.azurite import ACCOUNT, Azurite, FakeIdentity, managed_identity
from tests.support.servers.proxy import Proxy
from tests.support.storages import MB, OLD, get, keys, put


async def test_a_wrong_key(azure_options: AzureOptions, make_azure: MakeAzure, key: str) -> None:
    azure = make_azure(
        replace(azure_options, account=replace(azure_options.account, key=OTHER_KEY))
    )
    for refused in (put(azure, key, OLD), get(azure, key), azure.delete([key]), keys(azure)):
        with pytest.raises(StorageDenied, match="AZURE_STORAGE_KEY"):
            await refused
    with pytest.raises(StorageDenied, match=r"keepchat-check/.*AZURE_STORAGE_KEY"):
        await azure.check()


async def test_a_wrong_account(
    azure_options: AzureOptions, make_azure: MakeAzure, key: str
) -> None:
    account = replace(
        azure_options.account, url=azure_options.account.url.replace(ACCOUNT, "other"), name="other"
    )
    with pytest.raises(StorageMisconfigured, match="account_url"):
        await put(make_azure(replace(azure_options, account=account)), key, OLD)


async def test_a_missing_container(
    azure_options: AzureOptions, make_azure: MakeAzure, key: str
) -> None:
    azure = make_azure(replace(azure_options, container="not-there"))
    for refused in (put(azure, key, OLD), get(azure, key), azure.delete([key]), keys(azure)):
        with pytest.raises(StorageMisconfigured, match=r"'not-there'.*create=true"):
            await refused


async def test_a_container_is_created_if_that_is_asked(
    azurite: Azurite, azure_options: AzureOptions, make_azure: MakeAzure, key: str
) -> None:
    wanted = replace(azure_options, container=f"{azure_options.container}-new"[-63:], create=True)
    one, other = make_azure(wanted), make_azure(wanted)
    assert await keys(one) == []
    await asyncio.gather(*(put(storage, key, OLD) for storage in (one, other)))
    assert await keys(one) == [key]
    async with azurite.client() as client:
        assert (await client.get_container_client(wanted.container).exists()) is True
        await client.delete_container(wanted.container)


async def test_a_sas_token_of_the_account_may_create_the_container(
    azurite: Azurite, azure_options: AzureOptions, make_azure: MakeAzure, key: str
) -> None:
    token = generate_account_sas(
        ACCOUNT,
        azurite.key,
        resource_types=ResourceTypes(container=True, object=True),
        permission="rwdlac",
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    url = (
        f"azure://new-{azure_options.container[:50]}?account_url={azurite.account_url}&create=true"
    )
    azure = make_azure(
        AzureOptions.from_url(url.replace("-?", "?"), Credentials(azure_sas_token=token))
    )
    await azure.check()
    assert await keys(azure) == []


async def test_a_container_that_may_not_be_created(
    azure_options: AzureOptions, make_azure: MakeAzure, key: str
) -> None:
    azure = make_azure(
        replace(with_sas(azure_options, "racwdl"), container="not-there", create=True)
    )
    with pytest.raises(StorageDenied, match="AZURE_STORAGE_SAS_TOKEN"):
        await put(azure, key, OLD)


async def test_a_sas_token(azure_options: AzureOptions, make_azure: MakeAzure, key: str) -> None:
    azure = make_azure(with_sas(azure_options, "racwdl"))
    await azure.check()
    await put(azure, key, b"x" * (5 * MB))
    assert await keys(azure) == [key]
    assert await azure.delete_file(key) is True
    assert await azure.read_url(key, 60) is None, "a link would tell everybody the SAS token"
    assert (
        await azure.get_read_url(key)
        == f"{azure_options.account.url}/{azure_options.container}/pre/fix/{key}"
    )


@pytest.mark.parametrize(
    ("allowed", "begins", "ends", "remedy"),
    [
        ("r", -60, 60, r"sp=r; make|sp=r: make"),
        ("racwdl", -60, -5, "expired at"),
        ("racwdl", 5, 60, "is valid from"),
    ],
)
async def test_a_sas_token_that_does_not_do(
    azure_options: AzureOptions,
    make_azure: MakeAzure,
    key: str,
    allowed: str,
    begins: int,
    ends: int,
    remedy: str,
) -> None:
    azure = make_azure(with_sas(azure_options, allowed, begins, ends))
    with pytest.raises(StorageDenied, match=remedy):
        await put(azure, key, OLD)
    assert await keys(make_azure(azure_options)) == []


@pytest.mark.parametrize(("minutes", "shown"), [(60, "60 minutes fast"), (-60, "60 minutes slow")])
async def test_a_clock_that_is_wrong_is_told(
    azure_options: AzureOptions, make_azure: MakeAzure, key: str, minutes: int, shown: str
) -> None:
    """A SAS token that was made just now by such a clock; Azurite looks at no other times."""
    signed = with_sas(azure_options, "racwdl", minutes, minutes + 5)
    azure = make_azure(signed, clock=clock_off_by(minutes))
    with pytest.raises(StorageDenied, match=f"clock is {shown}"):
        await put(azure, key, OLD)


# Entra ID


async def test_entra_id(
    azurite_with_entra_id: Azurite, azure_entra_options: AzureOptions, key: str
) -> None:
    ca_file, identity = azurite_with_entra_id.certificate, FakeIdentity()
    azure = AzureBlobStorage(azure_entra_options, identity=identity, ca_file=ca_file)
    await azure.check()
    await put(azure, key, b"x" * (5 * MB))
    for _ in range(3):
        link = await link_to(azure, key, mime="image/png")
        answer = await fetch(link, ca_file=ca_file)
        assert (answer.status_code, len(answer.content)) == (200, 5 * MB)
        assert answer.headers["content-type"] == "image/png"
        assert "skoid=" in link, "signed with a user delegation key"
    expired = await fetch(await link_to(azure, key, expires=-60), ca_file=ca_file)
    assert expired.status_code == 403
    assert identity.requests == 1
    await azure.close()
    assert identity.closed


async def test_a_key_that_signs_for_an_identity_is_used_while_it_lasts(
    azurite_with_entra_id: Azurite,
    azure_entra_options: AzureOptions,
    make_azure: MakeAzure,
    key: str,
) -> None:
    now = [datetime.now(UTC)]
    ca_file, clock = azurite_with_entra_id.certificate, ServiceClock(lambda: now[0])
    azure = make_azure(azure_entra_options, identity=FakeIdentity(), ca_file=ca_file, clock=clock)

    async def end_of_the_key() -> str:
        return parse_qs(await link_to(azure, key))["ske"][0]

    first = await end_of_the_key()
    now[0] += timedelta(hours=20)
    assert await end_of_the_key() == first
    now[0] += timedelta(hours=5)
    assert await end_of_the_key() > first


async def test_links_of_more_than_a_week_are_not_promised(
    azurite_with_entra_id: Azurite, azure_entra_options: AzureOptions, key: str
) -> None:
    ca_file = azurite_with_entra_id.certificate
    azure = AzureBlobStorage(azure_entra_options, identity=FakeIdentity(), ca_file=ca_file)
    six_days, eight_days = 6 * 86_400, 8 * 86_400
    await put(azure, key, OLD)
    assert (await fetch(await link_to(azure, key, six_days), ca_file=ca_file)).content == OLD
    with pytest.raises(StorageError, match="7 days"):
        await azure.read_url(key, eight_days)
    await azure.close()


async def test_a_token_that_is_refused(
    azurite_with_entra_id: Azurite,
    azure_entra_options: AzureOptions,
    make_azure: MakeAzure,
    key: str,
) -> None:
    ca_file = azurite_with_entra_id.certificate
    azure = make_azure(azure_entra_options, identity=FakeIdentity(lives_s=-60), ca_file=ca_file)
    with pytest.raises(StorageDenied, match="Storage Blob Data Contributor"):
        await put(azure, key, OLD)


class Nobody(FakeIdentity):
    """What DefaultAzureCredential is where nobody is signed in."""

    async def get_token(self, *scopes: str, **options: object) -> Any:
        self.requests += 1
        raise ClientAuthenticationError(message="DefaultAzureCredential failed to retrieve a token")


async def test_nobody_is_signed_in(
    azurite_with_entra_id: Azurite,
    azure_entra_options: AzureOptions,
    make_azure: MakeAzure,
    key: str,
) -> None:
    nobody = Nobody()
    azure = make_azure(
        azure_entra_options, identity=nobody, ca_file=azurite_with_entra_id.certificate
    )
    with pytest.raises(StorageDenied, match=rf"{key}.*az login") as caught:
        await put(azure, key, OLD)
    assert "DefaultAzureCredential failed" in "".join(traceback.format_exception(caught.value))
    assert nobody.requests == 1, "it would be asked again and again, for many seconds"


async def test_the_identity_of_the_machine(
    azurite_with_entra_id: Azurite,
    azure_entra_options: AzureOptions,
    make_azure: MakeAzure,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in os.environ if name.startswith(("AZURE_", "IDENTITY_", "MSI_"))]:
        monkeypatch.delenv(name)
    async with managed_identity() as (endpoint, requests):
        monkeypatch.setenv("IDENTITY_ENDPOINT", endpoint)
        monkeypatch.setenv("IDENTITY_HEADER", "a header")
        ca_file = azurite_with_entra_id.certificate
        azure = make_azure(azure_entra_options, ca_file=ca_file)
        await azure.check()
        assert "skoid=" in await link_to(azure, key)
    assert len(requests) == 1
    assert "resource=https://storage.azure.com" in requests[0]


async def test_a_certificate_that_nobody_vouches_for(
    azure_entra_options: AzureOptions, make_azure: MakeAzure, key: str
) -> None:
    with pytest.raises(StorageUnavailable, match="Certificate"):
        await put(make_azure(azure_entra_options, identity=FakeIdentity()), key, OLD)


# Secrets


async def test_secrets_are_never_told(
    azurite: Azurite,
    azure_options: AzureOptions,
    make_azure: MakeAzure,
    azure_proxy: Proxy,
    key: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = []
    for signed in (azure_options, with_sas(azure_options, "racwdl")):
        token = signed.account.sas_token
        signature = token.partition("sig=")[2] if token else azurite.key
        # What is no HTTP makes the SDK tell the address, signature and all.
        for answer in (b"no http\r\n\r\n", b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"):
            azure = make_azure(behind(signed, azurite, azure_proxy.port))
            azure_proxy.answers = [answer] * 9
            with pytest.raises(StorageError) as caught:
                await put(azure, key, OLD)
            shown += ["".join(traceback.format_exception(caught.value))]
            shown += [repr(azure), str(azure), repr(signed), str(signed)]
        assert signature
        assert not any(signature in text for text in (*shown, caplog.text))
