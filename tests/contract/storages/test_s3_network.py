"""S3 behind a network that fails; and much of it."""

import asyncio
import gc
import hashlib
import random
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path

import anyio
import psutil
import pytest

from common.concurrency.blocking import prefetch
from storage.base import ByteRange, Storage
from storage.errors import (
    ObjectMissing,
    StorageDenied,
    StorageUnavailable,
)
from storage.factory import open_storage
from tests.support.s3_storages import BIG, BUSY, OpenS3, heads_of, through_proxy
from tests.support.servers.certificates import make_authority
from tests.support.servers.proxy import Proxy
from tests.support.servers.seaweedfs import BUCKET, CREDENTIALS, SeaweedFS
from tests.support.storages import (
    MB,
    OLD,
    SourceBrokenError,
    big_file,
    file_sha256,
    get,
    keys,
    put,
)
from tests.support.waiting import free_port

pytestmark = pytest.mark.usefixtures("no_aws")

# The network


@pytest.mark.slow
async def test_a_service_that_is_down(key: str, tmp_path: Path) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    storage = open_storage(f"s3://{BUCKET}?endpoint_url={endpoint}", tmp_path, CREDENTIALS)
    for refused in (put(storage, key, b"x"), get(storage, key), storage.delete([key])):
        with pytest.raises(StorageUnavailable, match=endpoint):
            await refused
    await storage.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for answers but a moment."""
    for name in ("_ANSWER_SECONDS", "_STORE_SECONDS", "_BRIEF_SECONDS"):
        monkeypatch.setattr(f"storage.s3.client.{name}", 0.2)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("size", [10, BIG])
async def test_a_service_that_never_answers(seaweedfs: SeaweedFS, prefix: str, size: int) -> None:
    async with through_proxy(seaweedfs, prefix, "&region=us-east-1") as (proxy, storage):
        proxy.holds_after = 1
        for refused in (
            put(storage, "t/1", bytes(size)),
            get(storage, "t/1"),
            storage.delete(["t/1"]),
            keys(storage),
        ):
            with pytest.raises(StorageUnavailable, match="timeout"):
                await refused


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("size", "method", "lists"), [(10, "PUT", 0), (BIG, "POST", 1)], ids=["small", "big"]
)
async def test_a_cancel_waits_for_one_answer_at_most(
    seaweedfs: SeaweedFS, prefix: str, size: int, method: str, lists: int
) -> None:
    async with through_proxy(seaweedfs, prefix, "&region=us-east-1") as (proxy, storage):
        proxy.holds_after = 1
        task = asyncio.create_task(put(storage, "t/1", bytes(size)))
        await proxy.is_held.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(heads_of(proxy, method)) == 1
        assert len(heads_of(proxy, "GET")) == lists  # once, for what the lost answer may name


@pytest.mark.usefixtures("hasty")
async def test_a_cancel_before_an_upload_began_asks_for_nothing(
    seaweedfs: SeaweedFS, prefix: str
) -> None:
    async with through_proxy(seaweedfs, prefix) as (proxy, storage):
        proxy.holds_after = 1
        task = asyncio.create_task(put(storage, "t/1", bytes(BIG)))
        await proxy.is_held.wait()  # while it is asked for the region
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert heads_of(proxy, "POST") + heads_of(proxy, "GET") == []


@pytest.mark.usefixtures("hasty")
async def test_parts_at_a_service_that_falls_silent_are_forgotten_with_one_request(
    seaweedfs: SeaweedFS, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def falling_silent(proxy: Proxy) -> AsyncIterator[bytes]:
        yield bytes(10 * MB)
        proxy.holds_after = 1
        raise SourceBrokenError

    async with through_proxy(seaweedfs, prefix, "&region=us-east-1") as (proxy, storage):
        with pytest.raises((SourceBrokenError, StorageUnavailable)):
            await put(storage, "t/1", falling_silent(proxy))
        assert len(heads_of(proxy, "DELETE")) == 1
        assert "AbortIncompleteMultipartUpload" in caplog.text
    for upload in seaweedfs.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
        if upload["Key"].startswith(prefix):
            seaweedfs.client.abort_multipart_upload(
                Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"]
            )


@pytest.mark.parametrize("after", [0, 2 * MB, 9 * MB], ids=["begin", "first part", "later part"])
async def test_a_connection_that_is_cut_again_and_again_while_uploading(
    seaweedfs: SeaweedFS, prefix: str, after: int
) -> None:
    async with through_proxy(seaweedfs, prefix) as (proxy, storage):
        await put(storage, "t/1", OLD)
        source = cut_while_read(proxy, after, random.randbytes(BIG))
        with pytest.raises(StorageUnavailable, match="t/1"):
            await put(storage, "t/1", source)
        proxy.cuts = 0
        assert await get(storage, "t/1") == OLD
        assert await keys(storage) == ["t/1"]
    assert seaweedfs.unfinished(prefix) == []


async def cut_while_read(proxy: Proxy, after: int, content: bytes) -> AsyncIterator[bytes]:
    """Yield the content; from so many bytes on all requests are cut after some kilobytes."""
    for start in range(0, len(content), MB):
        if start >= after:
            proxy.cut_after, proxy.cuts = 64 * 1024, 1_000
        yield content[start : start + MB]


@pytest.mark.parametrize("size", [MB, BIG])
async def test_a_connection_that_is_cut_once_is_no_fault(
    seaweedfs: SeaweedFS, prefix: str, tmp_path: Path, size: int
) -> None:
    source = big_file(tmp_path, size)
    async with through_proxy(seaweedfs, prefix) as (proxy, storage):
        proxy.cut_after, proxy.cuts = 200 * 1024, 1
        receipt = await put(storage, "t/1", source)
        assert proxy.cuts == 0
        assert receipt.sha256 == file_sha256(source)
        assert hashlib.sha256(await get(storage, "t/1")).hexdigest() == receipt.sha256
    assert seaweedfs.unfinished(prefix) == []


async def test_an_abort_whose_answer_is_lost_is_no_fault(
    seaweedfs: SeaweedFS, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(10 * MB)
        raise SourceBrokenError

    async with through_proxy(seaweedfs, prefix) as (proxy, storage):
        proxy.losses = [re.compile(rb"DELETE \S*\?uploadId=")]
        with pytest.raises(SourceBrokenError):
            await put(storage, "t/1", broken())
        assert proxy.losses == []
    assert seaweedfs.unfinished(prefix) == []
    assert [record.message for record in caplog.records if record.name.startswith("storage")] == []


@pytest.mark.parametrize("request_line", [rb"POST \S*\?uploads", rb"POST \S*\?uploadId="])
async def test_an_answer_that_is_lost_is_no_fault(
    seaweedfs: SeaweedFS, prefix: str, tmp_path: Path, request_line: bytes
) -> None:
    source = big_file(tmp_path, BIG)
    async with through_proxy(seaweedfs, prefix) as (proxy, storage):
        proxy.losses = [re.compile(request_line)]
        receipt = await put(storage, "t/1", source)
        assert proxy.losses == []
        assert hashlib.sha256(await get(storage, "t/1")).hexdigest() == receipt.sha256
    assert seaweedfs.unfinished(prefix) == []


async def test_one_key_that_is_refused_holds_up_no_other(
    seaweedfs: SeaweedFS, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.s3.storage._DELETE_BATCH", 2)
    refusal = (
        f"<DeleteResult><Error><Key>{prefix}/t/1</Key><Code>Locked</Code>"
        "<Message>It is locked.</Message></Error></DeleteResult>"
    ).encode()
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    async with through_proxy(seaweedfs, prefix, "&region=us-east-1") as (proxy, storage):
        await put(storage, "t/3", b"x")
        await proxy.close()
        proxy.answers = [head % len(refusal) + refusal]
        with pytest.raises(StorageDenied, match=r"t/1.*Locked"):
            await storage.delete(["t/1", "t/2", "t/3"])
        assert await keys(storage) == []


@pytest.mark.parametrize("is_lost", [False, True])
async def test_an_object_that_is_deleted_while_it_is_completed(
    seaweedfs: SeaweedFS, prefix: str, is_lost: bool
) -> None:
    def change(chunk: bytes) -> bytes:
        if chunk.startswith((b"POST ", b"HEAD ")):
            seaweedfs.client.delete_object(Bucket=BUCKET, Key=f"{prefix}/t/1")
        return chunk

    async with through_proxy(seaweedfs, prefix, "&region=us-east-1") as (proxy, storage):
        proxy.change = change
        if is_lost:  # so nobody knows whether it was there
            proxy.losses = [re.compile(rb"POST \S*\?uploadId=")]
            with pytest.raises(StorageUnavailable, match=r"NoSuchUpload.*try again"):
                await put(storage, "t/1", bytes(BIG))
        else:
            assert (await put(storage, "t/1", bytes(BIG))).size == BIG
        assert await keys(storage) == []


async def test_a_source_that_fails_while_its_upload_does_is_heard() -> None:
    unheard: list[object] = []
    waits = asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(lambda _, what: unheard.append(what))

    async def broken() -> AsyncGenerator[int, None]:
        yield 1
        try:
            waits.set()
            await asyncio.Event().wait()
        finally:
            raise SourceBrokenError

    async with aclosing(prefetch(broken())) as items:
        await anext(items)
        await waits.wait()
    del items
    gc.collect()
    assert unheard == []


async def test_a_source_is_read_in_one_task(s3: OpenS3, key: str) -> None:
    async def limited() -> AsyncIterator[bytes]:
        async with asyncio.timeout(60):
            with anyio.CancelScope():
                for _ in range(3):
                    tasks.add(asyncio.current_task())
                    yield bytes(6 * MB)
        tasks.add(asyncio.current_task())

    tasks: set[object] = set()
    assert (await put(s3(), key, limited())).size == 18 * MB
    assert len(tasks) == 1


@pytest.mark.slow
async def test_a_certificate_that_nobody_vouches_for(key: str, tmp_path: Path) -> None:
    certificate = make_authority(tmp_path, "localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    storage = open_storage(
        f"s3://{BUCKET}?endpoint_url=https://127.0.0.1:{port}", tmp_path, CREDENTIALS
    )
    with pytest.raises(StorageUnavailable, match="certificate authority"):
        await put(storage, key, b"x")
    await storage.close()
    server.close()


async def test_a_service_that_is_busy_is_asked_again(seaweedfs: SeaweedFS, prefix: str) -> None:
    async with through_proxy(seaweedfs, prefix, "&region=us-east-1") as (proxy, storage):
        proxy.answers = [BUSY, BUSY]
        await put(storage, "t/1", b"x")
        assert len(heads_of(proxy, "PUT")) == 3
        assert await get(storage, "t/1") == b"x"


async def test_a_service_that_stays_busy_is_asked_three_times(
    seaweedfs: SeaweedFS, prefix: str
) -> None:
    async with through_proxy(seaweedfs, prefix, "&region=us-east-1") as (proxy, storage):
        proxy.answers = [BUSY] * 9
        with pytest.raises(StorageUnavailable, match="t/1"):
            await put(storage, "t/1", b"x")
        assert len(proxy.answers) == 6


async def test_a_download_that_is_cut(seaweedfs: SeaweedFS, prefix: str, s3: OpenS3) -> None:
    await put(s3(), "t/1", random.randbytes(32 * MB))  # more than is under way at once
    async with (
        through_proxy(seaweedfs, prefix) as (proxy, storage),
        storage.open("t/1") as opened,
    ):
        await anext(opened.body)
        await proxy.close()
        with pytest.raises(StorageUnavailable, match="t/1"):
            _ = [chunk async for chunk in opened.body]


async def test_a_service_without_ranges(seaweedfs: SeaweedFS, prefix: str) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123456789"
    async with through_proxy(seaweedfs, prefix, "&region=us-east-1") as (proxy, storage):
        proxy.answers = [whole]
        assert await get(storage, "t/1", ByteRange(2, 4)) == b"234"


async def test_a_break_in_a_later_part_leaves_nothing(s3: OpenS3, key: str) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(10 * MB)
        raise SourceBrokenError

    storage = s3()
    await put(storage, key, OLD)
    with pytest.raises(SourceBrokenError):
        await put(storage, key, broken())
    assert await get(storage, key) == OLD


async def test_a_cancel_at_any_moment_of_a_big_upload_leaves_nothing(
    s3: OpenS3, seaweedfs: SeaweedFS, prefix: str, tmp_path: Path
) -> None:
    storage, source = s3(), big_file(tmp_path, BIG)
    new = file_sha256(source)
    await put(storage, "t/1", OLD)
    for attempt in range(12):
        task = asyncio.create_task(put(storage, "t/1", source))
        await asyncio.sleep(attempt / 30)
        task.cancel()
        await asyncio.wait({task})
        assert seaweedfs.unfinished(prefix) == []
        found = hashlib.sha256(await get(storage, "t/1")).hexdigest()
        assert found in (new, hashlib.sha256(OLD).hexdigest())


async def test_a_cancel_while_bytes_are_sent_is_in_time(seaweedfs: SeaweedFS, prefix: str) -> None:
    async with through_proxy(seaweedfs, prefix) as (proxy, storage):
        await put(storage, "t/1", OLD)
        proxy.holds_after = 64 * 1024
        task = asyncio.create_task(put(storage, "t/1", bytes(7 * MB)))
        await proxy.is_held.wait()
        task.cancel()
        await asyncio.sleep(0)
        proxy.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await get(storage, "t/1") == OLD
        assert await keys(storage) == ["t/1"]


# Many, and big


async def test_more_than_a_thousand_objects(s3: OpenS3, seaweedfs: SeaweedFS, prefix: str) -> None:
    names = sorted(f"t{number % 3}/{number:05}" for number in range(1_050))

    def make(name: str) -> None:
        seaweedfs.client.put_object(Bucket=BUCKET, Key=f"{prefix}/{name}", Body=b"x")

    with ThreadPoolExecutor(10) as pool:
        await asyncio.to_thread(lambda: list(pool.map(make, names)))
    storage = s3()
    assert await keys(storage) == names
    await storage.delete(name for name in names if name != "t1/00001")
    assert await keys(storage) == ["t1/00001"]


async def test_more_parts_than_a_service_takes(
    s3: OpenS3, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.s3.upload._MAX_PARTS", 2)
    with pytest.raises(StorageDenied, match="in pieces"):
        await put(s3(), key, big_file(tmp_path, BIG))
    assert await keys(s3()) == []


async def test_a_big_file_takes_little_memory(s3: OpenS3, key: str, tmp_path: Path) -> None:
    source, storage = big_file(tmp_path, 200 * MB), s3()
    process = psutil.Process()
    before = process.memory_info().rss
    task = asyncio.create_task(through(storage, key, source))
    most = before
    while not task.done():
        await asyncio.sleep(0.01)
        most = max(most, process.memory_info().rss)
    assert task.result() == file_sha256(source)
    assert most - before < 100 * MB


async def through(storage: Storage, key: str, source: Path) -> str:
    """Store a file and return the SHA-256 of what is read back."""
    await put(storage, key, source)
    found = hashlib.sha256()
    async with storage.open(key) as opened:
        async for chunk in opened.body:
            found.update(chunk)
    return found.hexdigest()


async def test_an_object_that_is_gone(s3: OpenS3, key: str) -> None:
    with pytest.raises(ObjectMissing, match=f"{key}.*backup"):
        await get(s3(), key)
