"""Networks and services that fail before Azure Blob Storage."""

import random
import re
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from storage.azure.options import AzureOptions
from storage.azure.storage import AzureBlobStorage
from storage.base import Receipt
from storage.credentials import Credentials
from storage.errors import (
    InvalidKey,
    StorageDenied,
    StorageError,
    StorageMisconfigured,
    StorageUnavailable,
)
from tests.support.azure_storages import HASTY, OTHER_KEY, MakeAzure, behind, uncommitted
from tests.support.servers.azurite import Azurite
from tests.support.servers.proxy import Proxy
from tests.support.storages import MB, OLD, big_file, file_sha256, file_stream, get, keys, put
from tests.support.waiting import free_port


async def test_an_endpoint_that_is_down(
    azurite: Azurite, azure_options: AzureOptions, make_azure: MakeAzure, key: str
) -> None:
    azure = make_azure(behind(azure_options, azurite, free_port()))
    for refused in (put(azure, key, OLD), get(azure, key), azure.delete([key]), keys(azure)):
        with pytest.raises(StorageUnavailable, match=r"http://127\.0\.0\.1:.*account_url"):
            await refused


async def test_an_endpoint_that_never_answers(
    azurite: Azurite,
    azure_options: AzureOptions,
    make_azure: MakeAzure,
    azure_proxy: Proxy,
    key: str,
) -> None:
    azure_proxy.holds_after = 1
    quick = replace(HASTY, read_s=0.2)
    azure = make_azure(behind(azure_options, azurite, azure_proxy.port), timeouts=quick)
    with pytest.raises(StorageUnavailable):
        await put(azure, key, OLD)


async def test_an_endpoint_that_takes_no_connection(
    azurite: Azurite, azure_options: AzureOptions, make_azure: MakeAzure, key: str
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):  # all that it has room for
            quick = replace(HASTY, connect_s=0.2)
            azure = make_azure(behind(azure_options, azurite, port), timeouts=quick)
            with pytest.raises(StorageUnavailable, match="Timeout"):
                await put(azure, key, OLD)


async def test_an_account_that_nobody_knows(make_azure: MakeAzure, key: str) -> None:
    url = "azure://files?account_url=https://account.blob.keepchat.invalid"
    azure = make_azure(AzureOptions.from_url(url, Credentials(azure_key=OTHER_KEY)))
    with pytest.raises(StorageUnavailable, match=r"DNS.*account_url"):
        await put(azure, key, OLD)


@pytest.mark.parametrize("there_before", [True, False])
async def test_a_connection_that_is_cut_in_the_middle_of_an_upload(
    azurite: Azurite,
    azure_options: AzureOptions,
    azure: AzureBlobStorage,
    proxied: AzureBlobStorage,
    azure_proxy: Proxy,
    key: str,
    tmp_path: Path,
    there_before: bool,
) -> None:
    source = big_file(tmp_path, 20 * MB)
    if there_before:
        await put(azure, key, OLD)

    async def until_it_is_cut() -> AsyncGenerator[bytes]:
        async with aclosing(file_stream(source)) as pieces:
            async for piece in pieces:
                yield piece
                if await uncommitted(azurite, azure_options.container, key):
                    azure_proxy.cut_after, azure_proxy.cuts = MB, 99

    async with aclosing(until_it_is_cut()) as content:
        with pytest.raises(StorageUnavailable, match=key):
            await put(proxied, key, content)
    assert await keys(azure) == ([key] if there_before else [])
    if there_before:
        assert await get(azure, key) == OLD
    # What is left are whole blocks that nobody sees. The next upload clears them away.
    assert await uncommitted(azurite, azure_options.container, key) > 0
    await put(azure, key, source)
    assert await uncommitted(azurite, azure_options.container, key) == 0


async def test_connections_that_are_cut_now_and_then_do_no_harm(
    proxied: AzureBlobStorage, azure_proxy: Proxy, key: str, tmp_path: Path
) -> None:
    source = big_file(tmp_path, 20 * MB)
    azure_proxy.cut_after, azure_proxy.cuts = 6 * MB, 3
    receipt = await put(proxied, key, source)
    assert azure_proxy.cuts == 0
    assert receipt == Receipt(20 * MB, file_sha256(source))
    assert await get(proxied, key) == source.read_bytes()


@pytest.mark.parametrize(
    "request_line", [rb"PUT .*comp=block&", rb"PUT .*comp=blocklist", rb"DELETE "]
)
async def test_a_request_whose_answer_was_lost_is_sent_again(
    proxied: AzureBlobStorage, azure_proxy: Proxy, key: str, request_line: bytes
) -> None:
    azure_proxy.losses = [re.compile(request_line)]
    content = random.randbytes(9 * MB)
    await put(proxied, key, content)
    assert await get(proxied, key) == content
    await proxied.delete([key])
    assert await keys(proxied) == []
    assert azure_proxy.losses == []


async def test_a_download_that_is_cut_for_good(
    proxied: AzureBlobStorage, azure_proxy: Proxy, key: str
) -> None:
    await put(proxied, key, b"x" * (9 * MB))
    async with proxied.open(key) as opened:
        assert await anext(opened.body)
        azure_proxy.cuts = 99
        with pytest.raises(StorageUnavailable, match=key):
            await anext(opened.body)


async def test_a_download_that_is_cut_once_goes_on(
    azurite: Azurite,
    azure_options: AzureOptions,
    make_azure: MakeAzure,
    azure_proxy: Proxy,
    key: str,
) -> None:
    await put(make_azure(azure_options), key, b"0123456789")
    head = "HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\nContent-Range: bytes 0-9/10\r\n"
    azure_proxy.answers = [f"{head}x-ms-blob-type: BlockBlob\r\n\r\n01234".encode()]
    assert (
        await get(make_azure(behind(azure_options, azurite, azure_proxy.port)), key)
        == b"0123456789"
    )
    assert azure_proxy.answers == []


@pytest.mark.parametrize("size", [1000, 5 * MB])
async def test_bytes_that_change_on_the_way_are_not_stored(
    proxied: AzureBlobStorage, azure_proxy: Proxy, key: str, size: int
) -> None:
    azure_proxy.change = lambda body: body.replace(b"payload", b"PAYLOAD")
    with pytest.raises(StorageUnavailable, match=r"Md5Mismatch; its bytes arrived changed"):
        await put(proxied, key, b"payload".ljust(size, b" "))
    assert await keys(proxied) == []


@pytest.mark.parametrize("status", ["500 Error", "503 Busy", "429 Many", "408 Late"])
async def test_what_may_pass_is_tried_again(
    proxied: AzureBlobStorage, azure_proxy: Proxy, key: str, status: str
) -> None:
    answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    azure_proxy.answers = [answer] * 9
    with pytest.raises(StorageUnavailable, match=rf"{status.partition(' ')[0]}.*try again later"):
        await put(proxied, key, OLD)
    azure_proxy.answers = [answer] * (HASTY.retries if status[0] == "5" else 0)
    await put(proxied, key, OLD)
    assert await get(proxied, key) == OLD


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
    proxied: AzureBlobStorage,
    azure_proxy: Proxy,
    key: str,
    status: str,
    code: str,
    expected: type[StorageError],
) -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n"
    azure_proxy.answers = [f"{head}x-ms-error-code: {code}\r\n\r\n".encode()]
    with pytest.raises(StorageError, match=rf"{key}.*{status[:3]} {code}") as caught:
        await put(proxied, key, OLD)
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
    proxied: AzureBlobStorage, azure_proxy: Proxy, key: str, answer: str
) -> None:
    for refused in (
        put(proxied, key, OLD),
        get(proxied, key),
        proxied.delete([key]),
        keys(proxied),
    ):
        azure_proxy.answers = [answer.encode()]
        with pytest.raises(StorageMisconfigured, match="something else than Azure answers"):
            await refused
