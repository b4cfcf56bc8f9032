"""What only Azure Blob Storage can do. The contract of all is `test_storage.py`."""

import asyncio
import random
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from azure.storage.blob import BlobBlock

from storage.azure.options import AzureOptions
from storage.azure.storage import AzureBlobStorage
from storage.base import ByteRange, Receipt
from storage.credentials import Credentials
from storage.errors import InvalidKey, ObjectMissing, StorageError, StorageUnavailable
from storage.factory import open_storage
from tests.support.azure_storages import MakeAzure, clock_off_by, fetch, link_to, with_sas
from tests.support.servers.azurite import ACCOUNT, Azurite
from tests.support.servers.proxy import Proxy
from tests.support.storages import MB, OLD, SourceBrokenError, get, keys, put

MANY = 600  # keys; the service takes 256 in a batch


async def test_type_name_and_md5_are_stored(
    azurite: Azurite, azure: AzureBlobStorage, azure_options: AzureOptions
) -> None:
    name = "中文 «it's» #1?.txt"
    await azure.put("t/1", b"small", mime="text/plain", filename=name)
    await azure.put("t/2", b"x" * (5 * MB), mime="image/png")
    async with azurite.client() as client:
        files = client.get_container_client(azure_options.container)
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
    azurite: Azurite, azure_options: AzureOptions, make_azure: MakeAzure
) -> None:
    one, other = make_azure(azure_options), make_azure(replace(azure_options, prefix="pre/fixed/"))
    whole = make_azure(replace(azure_options, prefix=""))
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


async def test_more_keys_than_the_service_has_in_a_batch(azure: AzureBlobStorage) -> None:
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
    azurite: Azurite, azure: AzureBlobStorage, azure_options: AzureOptions
) -> None:
    await put(azure, "t/1", b"x")
    async with azurite.client() as client:
        folder = client.get_blob_client(azure_options.container, "pre/fix/t")
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
    azure_options: AzureOptions, make_azure: MakeAzure, key: str, minutes: int
) -> None:
    azure = make_azure(azure_options, clock=clock_off_by(minutes))
    await put(azure, key, OLD)
    assert (await fetch(await link_to(azure, key))).content == OLD
    assert (await fetch(await link_to(azure, key, expires=-60))).status_code == 403


# Opening and closing


async def test_open_storage_with_each_kind_of_credentials(
    azurite: Azurite, azure_options: AzureOptions, tmp_path: Path, key: str
) -> None:
    at = f"azure://{azure_options.container}/a%20b?account_url={azurite.account_url}"
    sas = with_sas(azure_options, "racwdl").account.sas_token
    for url, credentials in (
        (at, Credentials(azure_key=azurite.key)),
        (at, Credentials(azure_account=ACCOUNT, azure_key=azurite.key)),
        (at, Credentials(azure_sas_token=sas)),
        (
            f"azure://{azure_options.container}",
            Credentials(azure_connection_string=azurite.connection_string),
        ),
    ):
        storage = open_storage(url, tmp_path, credentials)
        await storage.check()
        await storage.close()


async def test_close_what_was_never_used() -> None:
    options = AzureOptions.from_url("azure://files", Credentials(azure_account="account"))
    storage = AzureBlobStorage(options)
    await storage.close()
    await storage.close()


async def test_a_put_that_is_cancelled_while_a_block_is_sent(
    azure: AzureBlobStorage, proxied: AzureBlobStorage, azure_proxy: Proxy, key: str
) -> None:
    await put(azure, key, OLD)
    azure_proxy.holds_after = 1
    task = asyncio.create_task(put(proxied, key, b"x" * (9 * MB)))
    await azure_proxy.is_held.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await proxied.close()
    assert await get(azure, key) == OLD
    assert await keys(azure) == [key]


async def test_nothing_is_sent_any_more_after_a_source_broke(
    proxied: AzureBlobStorage, azure_proxy: Proxy, key: str
) -> None:
    azure_proxy.holds_after = 1

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * (5 * MB)
        await azure_proxy.is_held.wait()
        raise SourceBrokenError

    before = asyncio.all_tasks()
    with pytest.raises(SourceBrokenError):
        await put(proxied, key, broken())
    after = asyncio.all_tasks() - before
    assert not [task for task in after if "Upload" in str(task.get_coro())]


async def test_blocks_of_somebody_else_do_no_harm(
    azurite: Azurite, azure: AzureBlobStorage, azure_options: AzureOptions, key: str
) -> None:
    async with azurite.client() as client:
        blob = client.get_blob_client(azure_options.container, f"pre/fix/{key}")
        await blob.stage_block("1".zfill(38), b"left by another upload")
        assert await keys(azure) == []
        await put(azure, key, b"x" * (5 * MB))
        assert await get(azure, key) == b"x" * (5 * MB)
        with pytest.raises(Exception, match="InvalidBlockList"):
            await blob.commit_block_list([BlobBlock("1".zfill(38))])
