"""Copies within a storage: what all of them promise, and how S3 and Azure make them."""

import asyncio
import random
import re
import uuid
from dataclasses import replace
from typing import Any

import pytest
from azure.storage.blob.aio import BlobClient

from storage.azure.options import AzureOptions
from storage.azure.storage import AzureBlobStorage
from storage.azure.upload import CopySource
from storage.base import Storage
from storage.errors import (
    ObjectMissing,
    StorageDenied,
    StorageMisconfigured,
    StorageUnavailable,
)
from storage.s3.copy import S3Copy
from tests.support.azure_storages import MakeAzure, behind, uncommitted, with_sas
from tests.support.s3_storages import OpenS3, heads_of, through_proxy
from tests.support.servers.azurite import Azurite, FakeIdentity
from tests.support.servers.proxy import Proxy
from tests.support.servers.seaweedfs import BUCKET, READER, SeaweedFS
from tests.support.storages import MB, OLD, get, keys, put


@pytest.mark.parametrize("size", [0, 10, 6 * MB], ids=["empty", "small", "big"])
async def test_copy(storage: Storage, key: str, size: int) -> None:
    content = random.randbytes(size)
    await put(storage, "source/1", content)
    assert await storage.copy("source/1", key) == size
    assert await get(storage, key) == await get(storage, "source/1") == content
    assert await keys(storage) == sorted([key, "source/1"])


async def test_a_copy_replaces_what_was_there(storage: Storage, key: str) -> None:
    await put(storage, key, b"the longer version that was there before")
    await put(storage, "source", b"the second")
    await storage.copy("source", key)
    assert await get(storage, key) == b"the second"


async def test_a_copy_and_its_source_have_nothing_to_do_with_each_other(storage: Storage) -> None:
    await put(storage, "a/1", OLD)
    for target in ("b/1", "b/2", "b/3"):
        await storage.copy("a/1", target)
    await put(storage, "b/1", b"replaced")
    await storage.delete(["b/2"])
    assert await get(storage, "a/1") == await get(storage, "b/3") == OLD
    await put(storage, "a/1", b"replaced")
    assert await get(storage, "b/3") == OLD
    await storage.delete(["a/1"])
    assert await get(storage, "b/3") == OLD
    assert await keys(storage) == ["b/1", "b/3"]


@pytest.mark.parametrize("there_before", [True, False])
async def test_a_copy_of_what_is_not_there(storage: Storage, key: str, there_before: bool) -> None:
    if there_before:
        await put(storage, key, OLD)
    for missing in ("absent/1", key.partition("/")[0], f"{key}/below"):
        with pytest.raises(ObjectMissing, match=missing):
            await storage.copy(missing, key)
    assert await keys(storage) == ([key] if there_before else [])


@pytest.mark.parametrize("odd", ["hash#and?question&amp;=%2F+", "中文/🎉 .png", "'a' \"b\"/c:;,*|"])
async def test_copies_of_odd_keys(storage: Storage, key: str, odd: str) -> None:
    await put(storage, odd, odd.encode())
    await storage.copy(odd, key)
    await storage.delete([odd])
    await storage.copy(key, odd)
    assert await get(storage, odd) == odd.encode()
    assert await keys(storage) == sorted([key, odd])


async def test_copies_at_a_time_leave_one_whole_version(storage: Storage, key: str) -> None:
    versions = [random.randbytes(MB) for _ in range(4)]
    for number, version in enumerate(versions):
        await put(storage, f"source/{number}", version)
    copies = (storage.copy(f"source/{number}", key) for number in range(len(versions)))
    found = await asyncio.gather(*copies, return_exceptions=True)
    # On Azure the slower may be refused.
    assert {type(each) for each in found} <= {int, StorageUnavailable}
    assert await get(storage, key) in versions


async def test_a_copy_cancelled_at_any_moment_leaves_one_whole_version(storage: Storage) -> None:
    new = random.randbytes(2 * MB)
    await put(storage, "source", new)
    for attempt in range(20):
        key = f"{uuid.uuid4()}/{attempt}"
        await put(storage, key, OLD)
        task = asyncio.create_task(storage.copy("source", key))
        await asyncio.sleep(attempt / 2_000)
        task.cancel()
        await asyncio.wait({task})
        assert await get(storage, key) in ((new, OLD) if task.cancelled() else (new,))


# S3


@pytest.fixture
def parts_of_5_mb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.s3.copy.PART_SIZE", 5 * MB)


SIZES = pytest.mark.parametrize("size", [10, 12 * MB], ids=["at once", "by parts"])


@pytest.mark.usefixtures("parts_of_5_mb")
@SIZES
async def test_s3_copies_by_itself_what_the_object_says_it_is(
    seaweedfs: SeaweedFS, prefix: str, size: int
) -> None:
    async with through_proxy(seaweedfs, prefix, "&region=us-east-1&sse=AES256") as (proxy, storage):
        content = random.randbytes(size)
        await storage.put("t/1", content, mime="image/png", filename="文件.png")
        proxy.heads.clear()
        assert await storage.copy("t/1", "u/1") == size
        sent = heads_of(proxy, "PUT")
        assert len(sent) == (1 if size == 10 else 3)
        assert all("content-length: 0" in head for head in sent)
        assert heads_of(proxy, "GET") == []
        encrypted = sent if size == 10 else heads_of(proxy, "POST")
        assert "x-amz-server-side-encryption: aes256" in encrypted[0]
        assert await get(storage, "u/1") == content
    first, copy = (
        seaweedfs.client.head_object(Bucket=BUCKET, Key=f"{prefix}/{name}")
        for name in ("t/1", "u/1")
    )
    assert copy["ContentType"] == "image/png"
    assert copy["ContentDisposition"] == first["ContentDisposition"]
    assert seaweedfs.unfinished(prefix) == []


async def test_who_may_not_copy_in_s3_is_told_why(s3: OpenS3, key: str) -> None:
    await put(s3(), key, OLD)
    with pytest.raises(StorageDenied, match="s3:PutObject"):
        await s3(READER).copy(key, "u/1")
    with pytest.raises(StorageMisconfigured, match=r"not-there.*STORAGE_URL"):
        await s3(bucket="not-there").copy(key, "u/1")


@pytest.mark.usefixtures("parts_of_5_mb")
@SIZES
async def test_an_answer_to_a_copy_that_is_lost_is_no_fault(
    seaweedfs: SeaweedFS, prefix: str, size: int
) -> None:
    async with through_proxy(seaweedfs, prefix) as (proxy, storage):
        content = random.randbytes(size)
        await put(storage, "t/1", content)
        proxy.losses = [re.compile(rb"PUT [^ ]*/u/1")]
        await storage.copy("t/1", "u/1")
        assert proxy.losses == []
        assert await get(storage, "u/1") == content
    assert seaweedfs.unfinished(prefix) == []


@pytest.mark.usefixtures("parts_of_5_mb")
async def test_parts_of_a_copy_that_fails_are_forgotten(seaweedfs: SeaweedFS, prefix: str) -> None:
    async with through_proxy(seaweedfs, prefix) as (proxy, storage):
        await put(storage, "t/1", random.randbytes(12 * MB))
        await put(storage, "u/1", OLD)
        proxy.losses = [re.compile(rb"PUT [^ ]*partNumber=2")] * 3
        with pytest.raises(StorageUnavailable, match="t/1"):
            await storage.copy("t/1", "u/1")
        assert await get(storage, "u/1") == OLD
    assert seaweedfs.unfinished(prefix) == []


@pytest.mark.usefixtures("parts_of_5_mb")
@SIZES
async def test_a_source_in_s3_that_is_replaced_meanwhile_is_not_mixed(
    s3: OpenS3, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    storage, head = s3(), S3Copy._head_source
    await put(storage, "t/1", random.randbytes(size))
    stale = {"ETag": '"of-the-version-before"'}
    monkeypatch.setattr(S3Copy, "_head_source", lambda copy: head(copy) | stale)
    with pytest.raises(StorageUnavailable, match=r"t/1.*try again"):
        await storage.copy("t/1", "u/1")
    assert await keys(storage) == ["t/1"]


# Azure


@pytest.fixture
def blocks_of_1_mb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.azure.upload.COPY_BLOCK_SIZE", MB)


@pytest.mark.usefixtures("blocks_of_1_mb")
@pytest.mark.parametrize("size", [0, 10, 5 * MB - 1])
@pytest.mark.parametrize("by", ["key", "sas"])
async def test_azure_copies_by_itself_what_the_blob_says_it_is(
    azurite: Azurite,
    azure_options: AzureOptions,
    make_azure: MakeAzure,
    azure_proxy: Proxy,
    size: int,
    by: str,
) -> None:
    options = with_sas(azure_options, "racwdl") if by == "sas" else azure_options
    azure = make_azure(behind(options, azurite, azure_proxy.port))
    content = random.randbytes(size)
    await azure.put("t/1", content, mime="image/png", filename="文件.png")
    azure_proxy.heads.clear()
    assert await azure.copy("t/1", "u/1") == size
    assert heads_of(azure_proxy, "GET") == []
    assert await get(azure, "u/1") == content
    assert await uncommitted(azurite, azure_options.container, "u/1") == 0
    async with azurite.client() as client:
        first, copy = [
            (await client.get_blob_client(azure_options.container, name).get_blob_properties())
            for name in ("pre/fix/t/1", "pre/fix/u/1")
        ]
    assert copy.content_settings.content_type == "image/png"
    assert copy.content_settings.content_disposition == first.content_settings.content_disposition
    assert copy.content_settings.content_md5 == first.content_settings.content_md5


async def test_by_entra_id_a_copy_needs_no_right_to_sign(
    azurite_with_entra_id: Azurite,
    azure_entra_options: AzureOptions,
    make_azure: MakeAzure,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Azurite does not look at the token that is for the source: the bytes pass through us."""
    given: list[dict[str, Any]] = []
    stage = BlobClient.stage_block_from_url

    async def recorded(self: BlobClient, *args: Any, **options: Any) -> Any:
        given.append(options)
        return await stage(self, *args, **options)

    monkeypatch.setattr(BlobClient, "stage_block_from_url", recorded)
    ca_file, identity = azurite_with_entra_id.certificate, FakeIdentity()
    azure = make_azure(azure_entra_options, identity=identity, ca_file=ca_file)
    content = random.randbytes(3 * MB)
    await azure.put("t/1", content, mime="image/png", filename="文件.png")
    assert await azure.copy("t/1", "u/1") == 3 * MB
    assert str(given[0]["source_authorization"]).startswith("Bearer ey")
    assert await get(azure, "u/1") == content
    async with azurite_with_entra_id.client() as client:
        blob = client.get_blob_client(azure_entra_options.container, "u/1")
        settings = (await blob.get_blob_properties()).content_settings
    assert settings.content_type == "image/png"
    assert str(settings.content_disposition).startswith("attachment; filename=")


async def test_a_blob_that_is_replaced_meanwhile_is_not_mixed(
    azure: AzureBlobStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(azure, "t/1", OLD)
    found = azure._copy_source

    async def stale(*args: Any) -> CopySource:
        return replace(await found(*args), etag='"0x8D0000000000000"')

    monkeypatch.setattr(azure, "_copy_source", stale)
    with pytest.raises(StorageUnavailable, match=r"t/1.*replaced while it was copied"):
        await azure.copy("t/1", "u/1")
    assert await keys(azure) == ["t/1"]


async def test_an_answer_of_azure_that_is_lost_is_no_fault(
    proxied: AzureBlobStorage, azure_proxy: Proxy
) -> None:
    await put(proxied, "t/1", OLD)
    azure_proxy.losses = [re.compile(rb"PUT .*comp=block&"), re.compile(rb"PUT .*comp=blocklist")]
    await proxied.copy("t/1", "u/1")
    assert await get(proxied, "u/1") == OLD
    assert azure_proxy.losses == []


async def test_who_may_only_read_blobs_is_told_why(
    azure_options: AzureOptions, make_azure: MakeAzure
) -> None:
    await put(make_azure(azure_options), "t/1", OLD)
    with pytest.raises(StorageDenied, match=r"sp=r; make|sp=r: make"):
        await make_azure(with_sas(azure_options, "r")).copy("t/1", "u/1")
    with pytest.raises(StorageMisconfigured, match=r"'not-there'.*create=true"):
        await make_azure(replace(azure_options, container="not-there")).copy("t/1", "u/1")
