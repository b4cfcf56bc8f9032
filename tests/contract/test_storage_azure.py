"""What only Azure Blob Storage can do, and do wrong. The contract of all is `test_storage.py`."""

import asyncio
import logging
import random
import re
import socket
import ssl
import traceback
import tracemalloc
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import httpx2
import pytest
from azure.core.exceptions import ClientAuthenticationError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, ContainerSasPermissions, generate_container_sas

from storage.azure_blob import AzureBlobStorage, Patience
from storage.azure_clock import Clock
from storage.azure_options import AzureOptions, parse
from storage.base import ByteRange, Receipt
from storage.credentials import Credentials
from storage.errors import (
    InvalidKey,
    ObjectMissing,
    StorageDenied,
    StorageError,
    StorageMisconfigured,
    StorageUnavailable,
)
from storage.factory import open_storage
from tests.contract.storages import (
    MB,
    OLD,
    SourceBrokenError,
    big_file,
    file_sha256,
    file_stream,
    get,
    keys,
    put,
)
from tests.e2e.waiting import free_port
from tests.servers.azurite import ACCOUNT, Azurite, Identity
from tests.servers.proxy import Proxy, running_proxy

HASTY = Patience(connect_s=2, read_s=2, retries=2, connect_retries=2, pause_s=0)
MANY = 600  # keys; the service takes 256 in a batch
OTHER_KEY = "b3RoZXIga2V5IG9mIG90aGVyIGFjY291bnQ="

Maker = Callable[..., AzureBlobStorage]


@pytest.fixture
async def container(azurite: Azurite) -> AsyncIterator[str]:
    async with azurite.container() as name:
        yield name


@pytest.fixture
def options(azurite: Azurite, container: str) -> AzureOptions:
    return options_of(azurite, container)


@pytest.fixture
async def made() -> AsyncIterator[Maker]:
    """Makes storages, and closes them."""
    opened: list[AzureBlobStorage] = []

    def make(options: AzureOptions, **settings: Any) -> AzureBlobStorage:
        opened.append(AzureBlobStorage(options, **{"patience": HASTY, **settings}))
        return opened[-1]

    yield make
    for storage in opened:
        await storage.close()


@pytest.fixture
def azure(options: AzureOptions, made: Maker) -> AzureBlobStorage:
    return made(options)


@pytest.fixture
async def proxy(azurite: Azurite) -> AsyncIterator[Proxy]:
    async with running_proxy(azurite.port) as opened:
        yield opened


def options_of(server: Azurite, container: str) -> AzureOptions:
    url = f"azure://{container}/pre/fix?account_url={server.account_url}"
    return parse(url, Credentials(azure_key=server.key))


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
    return parse(url, credentials)


def clock_off_by(minutes: int) -> Clock:
    return Clock(lambda: datetime.now(UTC) + timedelta(minutes=minutes))


async def fetch(link: str, authority: Path | None = None) -> httpx2.Response:
    verify = ssl.create_default_context(cafile=authority) if authority else True
    async with httpx2.AsyncClient(verify=verify) as client:
        return await client.get(link)


async def link_to(storage: AzureBlobStorage, key: str, expires: int = 60, **answer: Any) -> str:
    link = await storage.read_url(key, expires, **answer)
    assert link
    return link


# What is stored


async def test_type_name_and_md5_are_stored(
    azurite: Azurite, azure: AzureBlobStorage, container: str
) -> None:
    name = "中文 «it's» #1?.txt"
    await azure.put("t/1", b"small", mime="text/plain", filename=name)
    await azure.put("t/2", b"x" * (5 * MB), mime="image/png")
    async with azurite.client() as client:
        files = client.get_container_client(container)
        small = await files.get_blob_client("pre/fix/t/1").get_blob_properties()
        big = await files.get_blob_client("pre/fix/t/2").get_blob_properties()
    assert small.content_settings.content_type == "text/plain"
    disposition = str(small.content_settings.content_disposition)
    assert disposition.startswith("attachment; ")
    assert disposition.endswith(f"filename*=UTF-8''{quote(name, safe='!#$&+^`|')}")
    assert big.content_settings.content_type == "image/png"
    assert big.content_settings.content_disposition is None
    assert all(item.content_settings.content_md5 for item in (small, big))


@pytest.mark.parametrize(
    "name",
    ["my file #1?.txt", "文件.txt", "🎉👩‍👩‍👧.png", "\"a\" 'b'.txt", "é" * 255, "../../etc/passwd"],
)
async def test_odd_file_names(azure: AzureBlobStorage, key: str, name: str) -> None:
    await azure.put(key, b"content", mime="text/plain", filename=name)
    answer = await fetch(await link_to(azure, key))
    assert answer.content == b"content"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")


async def test_the_prefix_is_a_room_of_its_own(
    azurite: Azurite, options: AzureOptions, made: Maker
) -> None:
    one, other = made(options), made(replace(options, prefix="pre/fixed/"))
    whole = made(replace(options, prefix=""))
    await put(one, "t/1", b"one")
    await put(other, "t/1", b"other")
    assert await get(one, "t/1") == b"one"
    assert await keys(one) == ["t/1"]
    await one.delete(["t/1"])
    assert await keys(whole) == ["pre/fixed/t/1"]
    assert await get(whole, "pre/fixed/t/1") == b"other"


async def test_200_mb_in_constant_memory(azure: AzureBlobStorage, key: str) -> None:
    piece = random.randbytes(MB)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield piece

    tracemalloc.start()
    try:
        receipt = await put(azure, key, pieces())
        async with azure.open(key) as opened:
            async for part in opened.body:
                assert part[:8] == piece[:8]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert receipt.size == opened.size == 200 * MB
    assert peak < 32 * MB


async def test_more_keys_than_the_service_has_in_a_batch(
    azure: AzureBlobStorage,
) -> None:
    names = [f"t/{number:04}" for number in range(MANY)]
    for first in range(0, MANY, 20):
        await asyncio.gather(*(put(azure, name, b"x") for name in names[first : first + 20]))
    assert await keys(azure) == names
    await azure.delete([*names, "t/absent"])
    assert await keys(azure) == []


async def test_names_that_are_too_long(azure: AzureBlobStorage) -> None:
    longest = "a" * (1024 - len("pre/fix/"))
    await put(azure, longest, b"x")
    assert await keys(azure) == [longest]
    for key in (longest + "a", "🎉" * 510, "/".join("a" * 254)):
        with pytest.raises(InvalidKey, match="shorter"):
            await put(azure, key, b"x")


async def test_folders_of_a_data_lake_are_no_objects(
    azurite: Azurite, azure: AzureBlobStorage, container: str
) -> None:
    await put(azure, "t/1", b"x")
    async with azurite.client() as client:
        folder = client.get_blob_client(container, "pre/fix/t")
        await folder.upload_blob(b"", metadata={"hdi_isfolder": "true"})
    assert await keys(azure) == ["t/1"]
    with pytest.raises(ObjectMissing, match="folder"):
        await get(azure, "t")


@pytest.mark.parametrize("byte_range", [ByteRange(-1), ByteRange(5, 2), ByteRange(-5, -2)])
async def test_impossible_ranges(azure: AzureBlobStorage, key: str, byte_range: ByteRange) -> None:
    await put(azure, key, b"0123456789")
    with pytest.raises(StorageError, match="has 10 bytes"):
        await get(azure, key, byte_range)


async def test_a_big_object_that_is_replaced_while_it_is_read_is_never_mixed(
    azure: AzureBlobStorage, key: str
) -> None:
    await put(azure, key, b"a" * (9 * MB))
    async with azure.open(key) as opened:
        await put(azure, key, b"b" * (9 * MB))
        assert set(await anext(opened.body)) == {ord("a")}
        with pytest.raises(StorageUnavailable, match="open it again"):
            await anext(opened.body)


async def test_two_big_uploads_of_one_key_are_never_mixed(
    azure: AzureBlobStorage, key: str
) -> None:
    versions = [letter * (9 * MB) for letter in (b"a", b"b", b"c")]
    done = await asyncio.gather(
        *(put(azure, key, version) for version in versions), return_exceptions=True
    )
    stored = [item for item in done if isinstance(item, Receipt)]
    assert stored
    assert all(isinstance(item, Receipt | StorageUnavailable) for item in done)
    assert await get(azure, key) in versions


# Links


@pytest.mark.parametrize("minutes", [-120, 120])
async def test_links_are_right_although_our_clock_is_wrong(
    options: AzureOptions, made: Maker, key: str, minutes: int
) -> None:
    azure = made(options, clock=clock_off_by(minutes))
    await put(azure, key, OLD)
    assert (await fetch(await link_to(azure, key))).content == OLD
    assert (await fetch(await link_to(azure, key, expires=-60))).status_code == 403


# Who we are


async def test_a_wrong_key(options: AzureOptions, made: Maker, key: str) -> None:
    azure = made(replace(options, account=replace(options.account, key=OTHER_KEY)))
    for refused in (put(azure, key, OLD), get(azure, key), azure.delete([key]), keys(azure)):
        with pytest.raises(StorageDenied, match="AZURE_STORAGE_KEY"):
            await refused
    with pytest.raises(StorageDenied, match=r"keepchat-check/.*AZURE_STORAGE_KEY"):
        await azure.check()


async def test_a_wrong_account(options: AzureOptions, made: Maker, key: str) -> None:
    account = replace(
        options.account, url=options.account.url.replace(ACCOUNT, "other"), name="other"
    )
    with pytest.raises(StorageMisconfigured, match="account_url"):
        await put(made(replace(options, account=account)), key, OLD)


async def test_a_missing_container(options: AzureOptions, made: Maker, key: str) -> None:
    azure = made(replace(options, container="not-there"))
    for refused in (put(azure, key, OLD), get(azure, key), azure.delete([key]), keys(azure)):
        with pytest.raises(StorageMisconfigured, match=r"'not-there'.*create=true"):
            await refused


async def test_a_container_is_created_if_that_is_asked(
    azurite: Azurite, options: AzureOptions, made: Maker, key: str
) -> None:
    wanted = replace(options, container=f"{options.container}-new"[-63:], create=True)
    one, other = made(wanted), made(wanted)
    assert await keys(one) == []
    await asyncio.gather(*(put(storage, key, OLD) for storage in (one, other)))
    assert await keys(one) == [key]
    async with azurite.client() as client:
        assert (await client.get_container_client(wanted.container).exists()) is True
        await client.delete_container(wanted.container)


async def test_a_container_that_may_not_be_created(
    options: AzureOptions, made: Maker, key: str
) -> None:
    azure = made(replace(with_sas(options, "racwdl"), container="not-there", create=True))
    with pytest.raises(StorageDenied, match="AZURE_STORAGE_SAS_TOKEN"):
        await put(azure, key, OLD)


async def test_a_sas_token(options: AzureOptions, made: Maker, key: str) -> None:
    azure = made(with_sas(options, "racwdl"))
    await azure.check()
    await put(azure, key, b"x" * (5 * MB))
    assert await keys(azure) == [key]
    assert await azure.delete_file(key) is True
    assert await azure.read_url(key, 60) is None, "a link would tell everybody the SAS token"
    assert (
        await azure.get_read_url(key) == f"{options.account.url}/{options.container}/pre/fix/{key}"
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
    options: AzureOptions,
    made: Maker,
    key: str,
    allowed: str,
    begins: int,
    ends: int,
    remedy: str,
) -> None:
    azure = made(with_sas(options, allowed, begins, ends))
    with pytest.raises(StorageDenied, match=remedy):
        await put(azure, key, OLD)
    assert await keys(made(options)) == []


@pytest.mark.parametrize(("minutes", "said"), [(60, "60 minutes fast"), (-60, "60 minutes slow")])
async def test_a_clock_that_is_wrong_is_told(
    options: AzureOptions, made: Maker, key: str, minutes: int, said: str
) -> None:
    """A SAS token that was made just now by such a clock; Azurite looks at no other times."""
    signed = with_sas(options, "racwdl", minutes, minutes + 5)
    azure = made(signed, clock=clock_off_by(minutes))
    with pytest.raises(StorageDenied, match=f"clock is {said}"):
        await put(azure, key, OLD)


# Entra ID


@pytest.fixture
async def entra(azurite_with_entra_id: Azurite) -> AsyncIterator[AzureOptions]:
    server = azurite_with_entra_id
    async with server.container() as container:
        yield parse(f"azure://{container}?account_url={server.account_url}", Credentials())


async def test_entra_id(azurite_with_entra_id: Azurite, entra: AzureOptions, key: str) -> None:
    authority, identity = azurite_with_entra_id.certificate, Identity()
    azure = AzureBlobStorage(entra, identity=identity, authority=authority)
    await azure.check()
    await put(azure, key, b"x" * (5 * MB))
    for _ in range(3):
        link = await link_to(azure, key, mime="image/png")
        answer = await fetch(link, authority=authority)
        assert (answer.status_code, len(answer.content)) == (200, 5 * MB)
        assert answer.headers["content-type"] == "image/png"
        assert "skoid=" in link, "signed with a user delegation key"
    expired = await fetch(await link_to(azure, key, expires=-60), authority=authority)
    assert expired.status_code == 403
    assert identity.asked == 1
    await azure.close()
    assert identity.closed


async def test_a_key_that_signs_for_an_identity_is_used_while_it_lasts(
    azurite_with_entra_id: Azurite, entra: AzureOptions, made: Maker, key: str
) -> None:
    now = [datetime.now(UTC)]
    authority, clock = azurite_with_entra_id.certificate, Clock(lambda: now[0])
    azure = made(entra, identity=Identity(), authority=authority, clock=clock)

    async def end_of_the_key() -> str:
        return parse_qs(await link_to(azure, key))["ske"][0]

    first = await end_of_the_key()
    now[0] += timedelta(hours=20)
    assert await end_of_the_key() == first
    now[0] += timedelta(hours=5)
    assert await end_of_the_key() > first


async def test_links_of_more_than_a_week_are_not_promised(
    azurite_with_entra_id: Azurite, entra: AzureOptions, key: str
) -> None:
    authority = azurite_with_entra_id.certificate
    azure = AzureBlobStorage(entra, identity=Identity(), authority=authority)
    six_days, eight_days = 6 * 86_400, 8 * 86_400
    await put(azure, key, OLD)
    assert (await fetch(await link_to(azure, key, six_days), authority=authority)).content == OLD
    with pytest.raises(StorageError, match="7 days"):
        await azure.read_url(key, eight_days)
    await azure.close()


async def test_a_token_that_is_refused(
    azurite_with_entra_id: Azurite, entra: AzureOptions, made: Maker, key: str
) -> None:
    authority = azurite_with_entra_id.certificate
    azure = made(entra, identity=Identity(lives_s=-60), authority=authority)
    with pytest.raises(StorageDenied, match="Storage Blob Data Contributor"):
        await put(azure, key, OLD)


class Nobody(Identity):
    """What DefaultAzureCredential is where nobody is signed in."""

    async def get_token(self, *scopes: str, **options: object) -> Any:
        self.asked += 1
        raise ClientAuthenticationError(message="DefaultAzureCredential failed to retrieve a token")


async def test_nobody_is_signed_in(
    azurite_with_entra_id: Azurite, entra: AzureOptions, made: Maker, key: str
) -> None:
    nobody = Nobody()
    azure = made(entra, identity=nobody, authority=azurite_with_entra_id.certificate)
    with pytest.raises(StorageDenied, match=rf"{key}.*az login") as caught:
        await put(azure, key, OLD)
    assert "DefaultAzureCredential failed" in "".join(traceback.format_exception(caught.value))
    assert nobody.asked == 1, "it would be asked again and again, for many seconds"


async def test_a_certificate_that_nobody_vouches_for(
    entra: AzureOptions, made: Maker, key: str
) -> None:
    with pytest.raises(StorageUnavailable, match="Certificate"):
        await put(made(entra, identity=Identity()), key, OLD)


# Faults


async def test_an_endpoint_that_is_down(
    azurite: Azurite, options: AzureOptions, made: Maker, key: str
) -> None:
    azure = made(behind(options, azurite, free_port()))
    for refused in (put(azure, key, OLD), get(azure, key), azure.delete([key]), keys(azure)):
        with pytest.raises(StorageUnavailable, match=r"http://127\.0\.0\.1:.*account_url"):
            await refused


async def test_an_endpoint_that_never_answers(
    azurite: Azurite, options: AzureOptions, made: Maker, proxy: Proxy, key: str
) -> None:
    proxy.holds_after = 1
    quick = replace(HASTY, read_s=0.2)
    azure = made(behind(options, azurite, proxy.port), patience=quick)
    with pytest.raises(StorageUnavailable):
        await put(azure, key, OLD)


async def test_an_endpoint_that_takes_no_connection(
    azurite: Azurite, options: AzureOptions, made: Maker, key: str
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):  # all that it has room for
            quick = replace(HASTY, connect_s=0.2)
            azure = made(behind(options, azurite, port), patience=quick)
            with pytest.raises(StorageUnavailable, match="Timeout"):
                await put(azure, key, OLD)


async def test_an_account_that_nobody_knows(made: Maker, key: str) -> None:
    url = "azure://files?account_url=https://account.blob.keepchat.invalid"
    azure = made(parse(url, Credentials(azure_key=OTHER_KEY)))
    with pytest.raises(StorageUnavailable, match=r"DNS.*account_url"):
        await put(azure, key, OLD)


async def uncommitted(server: Azurite, container: str, key: str) -> int:
    """How many blocks lie there that are in no blob."""
    async with server.client() as client:
        blob = client.get_blob_client(container, f"pre/fix/{key}")
        try:
            return len((await blob.get_block_list("uncommitted"))[1])
        except ResourceNotFoundError:
            return 0


@pytest.mark.parametrize("there_before", [True, False])
async def test_a_connection_that_is_cut_in_the_middle_of_an_upload(
    azurite: Azurite,
    options: AzureOptions,
    made: Maker,
    proxy: Proxy,
    key: str,
    tmp_path: Path,
    there_before: bool,
) -> None:
    direct, azure = made(options), made(behind(options, azurite, proxy.port))
    source = big_file(tmp_path, 20 * MB)
    if there_before:
        await put(direct, key, OLD)

    async def until_it_is_cut() -> AsyncIterator[bytes]:
        async for piece in file_stream(source):
            yield piece
            if await uncommitted(azurite, options.container, key):
                proxy.cut_after, proxy.cuts = MB, 99

    with pytest.raises(StorageUnavailable, match=key):
        await put(azure, key, until_it_is_cut())
    assert await keys(direct) == ([key] if there_before else [])
    if there_before:
        assert await get(direct, key) == OLD
    # What is left are whole blocks that nobody sees. The next upload clears them away.
    assert await uncommitted(azurite, options.container, key) > 0
    await put(direct, key, source)
    assert await uncommitted(azurite, options.container, key) == 0


async def test_connections_that_are_cut_now_and_then_do_no_harm(
    azurite: Azurite, options: AzureOptions, made: Maker, proxy: Proxy, key: str, tmp_path: Path
) -> None:
    azure = made(behind(options, azurite, proxy.port))
    source = big_file(tmp_path, 20 * MB)
    proxy.cut_after, proxy.cuts = 6 * MB, 3
    receipt = await put(azure, key, source)
    assert proxy.cuts == 0
    assert receipt == Receipt(20 * MB, file_sha256(source))
    assert await get(azure, key) == source.read_bytes()


@pytest.mark.parametrize(
    "request_line", [rb"PUT .*comp=block&", rb"PUT .*comp=blocklist", rb"DELETE "]
)
async def test_a_request_whose_answer_was_lost_is_sent_again(
    azurite: Azurite,
    options: AzureOptions,
    made: Maker,
    proxy: Proxy,
    key: str,
    request_line: bytes,
) -> None:
    azure = made(behind(options, azurite, proxy.port))
    proxy.losses = [re.compile(request_line)]
    content = random.randbytes(9 * MB)
    await put(azure, key, content)
    assert await get(azure, key) == content
    await azure.delete([key])
    assert await keys(azure) == []
    assert proxy.losses == []


async def test_a_download_that_is_cut_for_good(
    azurite: Azurite, options: AzureOptions, made: Maker, proxy: Proxy, key: str
) -> None:
    azure = made(behind(options, azurite, proxy.port))
    await put(azure, key, b"x" * (9 * MB))
    async with azure.open(key) as opened:
        assert await anext(opened.body)
        proxy.cuts = 99
        with pytest.raises(StorageUnavailable, match=key):
            await anext(opened.body)


async def test_a_download_that_is_cut_once_goes_on(
    azurite: Azurite, options: AzureOptions, made: Maker, proxy: Proxy, key: str
) -> None:
    await put(made(options), key, b"0123456789")
    head = "HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\nContent-Range: bytes 0-9/10\r\n"
    proxy.answers = [f"{head}x-ms-blob-type: BlockBlob\r\n\r\n01234".encode()]
    assert await get(made(behind(options, azurite, proxy.port)), key) == b"0123456789"
    assert proxy.answers == []


@pytest.mark.parametrize("size", [1000, 5 * MB])
async def test_bytes_that_change_on_the_way_are_not_stored(
    azurite: Azurite, options: AzureOptions, made: Maker, proxy: Proxy, key: str, size: int
) -> None:
    azure = made(behind(options, azurite, proxy.port))
    proxy.change = lambda said: said.replace(b"payload", b"PAYLOAD")
    with pytest.raises(StorageUnavailable, match=r"Md5Mismatch; its bytes arrived changed"):
        await put(azure, key, b"payload".ljust(size, b" "))
    assert await keys(azure) == []


@pytest.mark.parametrize("status", ["500 Error", "503 Busy", "429 Many", "408 Late"])
async def test_what_may_pass_is_tried_again(
    azurite: Azurite, options: AzureOptions, made: Maker, proxy: Proxy, key: str, status: str
) -> None:
    azure = made(behind(options, azurite, proxy.port))
    answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    proxy.answers = [answer] * 9
    with pytest.raises(StorageUnavailable, match=rf"{status.partition(' ')[0]}.*try again later"):
        await put(azure, key, OLD)
    proxy.answers = [answer] * (HASTY.retries if status[0] == "5" else 0)
    await put(azure, key, OLD)
    assert await get(azure, key) == OLD


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("403 Refused", "AuthorizationPermissionMismatch", StorageDenied),
        ("403 Refused", "KeyBasedAuthenticationNotPermitted", StorageDenied),
        ("409 Conflict", "ContainerBeingDeleted", StorageUnavailable),
        ("409 Conflict", "BlobImmutableDueToPolicy", StorageDenied),
        ("400 Bad", "OutOfRangeInput", InvalidKey),
        ("400 Bad", "SomethingNew", StorageError),
        ("404 Missing", "", StorageMisconfigured),
    ],
)
async def test_other_answers_have_names(
    azurite: Azurite,
    options: AzureOptions,
    made: Maker,
    proxy: Proxy,
    key: str,
    status: str,
    code: str,
    expected: type[StorageError],
) -> None:
    azure = made(behind(options, azurite, proxy.port))
    head = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n"
    proxy.answers = [f"{head}x-ms-error-code: {code}\r\n\r\n".encode()]
    with pytest.raises(StorageError, match=rf"{key}.*{status[:3]} {code}") as caught:
        await put(azure, key, OLD)
    assert type(caught.value) is expected


PAGE = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
ODD_DATES = ("nonsense", "Mon, 23 Nov 2026 16:00:00 -0000", "")


@pytest.mark.parametrize(
    "answer",
    [
        PAGE,
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        *(f"HTTP/1.1 400 No\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n" for date in ODD_DATES),
    ],
)
async def test_something_else_than_azure_answers(
    azurite: Azurite, options: AzureOptions, made: Maker, proxy: Proxy, key: str, answer: str
) -> None:
    azure = made(behind(options, azurite, proxy.port))
    for refused in (put(azure, key, OLD), get(azure, key), azure.delete([key]), keys(azure)):
        proxy.answers = [answer.encode()]
        with pytest.raises(StorageMisconfigured, match="something else than Azure answers"):
            await refused


# Secrets


async def test_secrets_are_never_told(
    azurite: Azurite,
    options: AzureOptions,
    made: Maker,
    proxy: Proxy,
    key: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    told = []
    for signed in (options, with_sas(options, "racwdl")):
        token = signed.account.sas_token
        signature = token.partition("sig=")[2] if token else azurite.key
        # What is no HTTP makes the SDK tell the address, signature and all.
        for answer in (b"no http\r\n\r\n", b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"):
            azure = made(behind(signed, azurite, proxy.port))
            proxy.answers = [answer] * 9
            with pytest.raises(StorageError) as caught:
                await put(azure, key, OLD)
            told += ["".join(traceback.format_exception(caught.value))]
            told += [repr(azure), str(azure), repr(signed), str(signed)]
        assert signature
        assert not any(signature in text for text in (*told, caplog.text))


# Opening and closing


async def test_open_storage_with_each_kind_of_credentials(
    azurite: Azurite, container: str, tmp_path: Path, key: str
) -> None:
    at = f"azure://{container}/a%20b?account_url={azurite.account_url}"
    sas = with_sas(options_of(azurite, container), "racwdl").account.sas_token
    for url, credentials in (
        (at, Credentials(azure_key=azurite.key)),
        (at, Credentials(azure_account=ACCOUNT, azure_key=azurite.key)),
        (at, Credentials(azure_sas_token=sas)),
        (f"azure://{container}", Credentials(azure_connection_string=azurite.connection_string)),
    ):
        storage = open_storage(url, tmp_path, credentials)
        await storage.check()
        await storage.close()


async def test_close_what_was_never_used() -> None:
    options = parse("azure://files", Credentials(azure_account="account"))
    storage = AzureBlobStorage(options)
    await storage.close()
    await storage.close()


async def test_a_put_that_is_cancelled_while_a_block_is_sent(
    azurite: Azurite, options: AzureOptions, made: Maker, proxy: Proxy, key: str
) -> None:
    direct, azure = made(options), made(behind(options, azurite, proxy.port))
    await put(direct, key, OLD)
    proxy.holds_after = 1
    task = asyncio.create_task(put(azure, key, b"x" * (9 * MB)))
    await proxy.is_held.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await azure.close()
    assert await get(direct, key) == OLD
    assert await keys(direct) == [key]


async def test_nothing_is_sent_any_more_after_a_source_broke(
    azurite: Azurite, options: AzureOptions, made: Maker, proxy: Proxy, key: str
) -> None:
    azure = made(behind(options, azurite, proxy.port))
    proxy.holds_after = 1

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * (5 * MB)
        await proxy.is_held.wait()
        raise SourceBrokenError

    before = asyncio.all_tasks()
    with pytest.raises(SourceBrokenError):
        await put(azure, key, broken())
    after = asyncio.all_tasks() - before
    assert not [task for task in after if "Upload" in str(task.get_coro())]


async def test_blocks_of_somebody_else_do_no_harm(
    azurite: Azurite, azure: AzureBlobStorage, container: str, key: str
) -> None:
    async with azurite.client() as client:
        blob = client.get_blob_client(container, f"pre/fix/{key}")
        await blob.stage_block("1".zfill(38), b"left by another upload")
        assert await keys(azure) == []
        await put(azure, key, b"x" * (5 * MB))
        assert await get(azure, key) == b"x" * (5 * MB)
        with pytest.raises(Exception, match="InvalidBlockList"):
            await blob.commit_block_list([BlobBlock("1".zfill(38))])
