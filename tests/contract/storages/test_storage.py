"""The contract of `storage.base.Storage`, over every storage of `storages.py`."""

import asyncio
import hashlib
import inspect
import os
import random
import time
import tracemalloc
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import pytest
from chainlit.data.storage_clients.base import BaseStorageClient

from common.concurrency.blocking import ByteSource
from storage.base import ByteRange, Receipt, Storage, StoredObject
from storage.errors import InvalidKey, ObjectMissing, RangeNotSatisfiable
from storage.memory import MemoryStorage
from tests.support.storages import (
    MB,
    OLD,
    SourceBrokenError,
    big_file,
    broken_stream,
    endless_stream,
    file_sha256,
    file_stream,
    get,
    keys,
    put,
    receipt_of,
    stream,
)

# put


async def test_put_bytes(storage: Storage, key: str) -> None:
    assert await put(storage, key, b"some bytes") == receipt_of(b"some bytes")
    assert await get(storage, key) == b"some bytes"


async def test_put_path(storage: Storage, key: str, tmp_path: Path) -> None:
    source = tmp_path / "upload"
    source.write_bytes(b"some bytes")
    assert await put(storage, key, source) == receipt_of(b"some bytes")
    assert await get(storage, key) == b"some bytes"
    assert source.read_bytes() == b"some bytes"


async def test_put_stream(storage: Storage, key: str) -> None:
    receipt = await put(storage, key, stream(b"some ", b"", b"bytes"))
    assert receipt == receipt_of(b"some bytes")
    assert await get(storage, key) == b"some bytes"


@pytest.mark.parametrize("make", [lambda: b"", stream], ids=["bytes", "stream"])
async def test_put_nothing(storage: Storage, key: str, make: Callable[[], ByteSource]) -> None:
    assert await put(storage, key, make()) == receipt_of(b"")
    assert await get(storage, key) == b""
    assert [found.size async for found in storage.list()] == [0]


async def test_put_replaces(storage: Storage, key: str) -> None:
    await put(storage, key, b"the longer version that comes first")
    await put(storage, key, b"the second")
    assert await get(storage, key) == b"the second"
    assert await keys(storage) == [key]


async def test_an_empty_file_is_stored(storage: Storage, key: str, tmp_path: Path) -> None:
    source = tmp_path / "empty"
    source.touch()
    assert await put(storage, key, source) == receipt_of(b"")
    assert await get(storage, key) == b""


@pytest.mark.parametrize("there_before", [True, False])
async def test_a_broken_source_changes_nothing(
    storage: Storage, key: str, there_before: bool
) -> None:
    if there_before:
        await put(storage, key, OLD)
    with pytest.raises(SourceBrokenError):
        await put(storage, key, broken_stream())
    if there_before:
        assert await get(storage, key) == OLD
    assert await keys(storage) == ([key] if there_before else [])


async def test_a_source_that_is_missing_raises_its_own_error(
    storage: Storage, key: str, tmp_path: Path
) -> None:
    await put(storage, key, OLD)
    with pytest.raises(FileNotFoundError):
        await put(storage, key, tmp_path / "absent")
    with pytest.raises(IsADirectoryError):
        await put(storage, key, tmp_path)
    assert await get(storage, key) == OLD


async def test_an_error_of_the_system_from_a_stream_is_not_translated(
    storage: Storage, key: str
) -> None:
    async def lost() -> AsyncIterator[bytes]:
        yield b"half of it"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await put(storage, key, lost())
    assert await keys(storage) == []


async def test_a_cancelled_put_changes_nothing(storage: Storage, key: str) -> None:
    await put(storage, key, OLD)
    started = asyncio.Event()
    task = asyncio.create_task(put(storage, key, endless_stream(started)))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await get(storage, key) == OLD
    assert await keys(storage) == [key]


async def test_a_put_in_a_cancelled_scope_changes_nothing(storage: Storage, key: str) -> None:
    await put(storage, key, OLD)
    with anyio.move_on_after(0.05) as scope:
        await put(storage, key, endless_stream(asyncio.Event()))
    assert scope.cancelled_caught
    assert await get(storage, key) == OLD


@pytest.mark.slow
async def test_a_put_cancelled_at_any_moment_leaves_one_whole_version(
    storage: Storage, tmp_path: Path
) -> None:
    source = big_file(tmp_path, 2 * MB)
    new = file_sha256(source)
    for attempt in range(40):
        key = f"{uuid.uuid4()}/{attempt}"
        await put(storage, key, OLD)
        task = asyncio.create_task(put(storage, key, source))
        await asyncio.sleep(attempt / 4_000)
        task.cancel()
        await asyncio.wait({task})
        found = hashlib.sha256(await get(storage, key)).hexdigest()
        assert found in ((new,) if not task.cancelled() else (new, receipt_of(OLD).sha256))


async def test_concurrent_puts_leave_one_whole_version(storage: Storage, key: str) -> None:
    versions = [random.randbytes(MB) for _ in range(8)]
    await asyncio.gather(*(put(storage, key, stream(*halves(version))) for version in versions))
    assert await get(storage, key) in versions
    assert await keys(storage) == [key]


def halves(content: bytes) -> tuple[bytes, bytes]:
    middle = len(content) // 2
    return content[:middle], content[middle:]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["path", "stream"])
async def test_memory_is_constant(storage: Storage, key: str, tmp_path: Path, kind: str) -> None:
    if isinstance(storage, MemoryStorage):
        return  # it takes as much as it has
    source = big_file(tmp_path, 64 * MB)
    sha256 = file_sha256(source)
    tracemalloc.start()
    try:
        receipt = await put(storage, key, source if kind == "path" else file_stream(source))
        found = hashlib.sha256()
        async with storage.open(key) as opened:
            async for piece in opened.body:
                found.update(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert receipt == Receipt(64 * MB, sha256)
    assert found.hexdigest() == sha256
    assert (
        peak < 48 * MB
    )  # services want blocks of some megabytes, and their SDKs some for themselves


async def test_the_event_loop_goes_on_while_a_source_is_read(
    storage: Storage, key: str, tmp_path: Path
) -> None:
    """Who read from a pipe on the loop would wait for what only the loop can bring about."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    task = asyncio.create_task(put(storage, key, pipe))
    content = random.randbytes(6 * MB)
    await asyncio.sleep(0)
    assert not task.done()
    await anyio.to_thread.run_sync(pipe.write_bytes, content)
    assert await task == receipt_of(content)
    assert await get(storage, key) == content


# names

ODD_NAMES = [
    "my file #1?.txt",
    "文件.txt",
    "🎉 party.png",
    "a \"quoted\" 'name'.txt",
    "x" * 251 + ".txt",
    "深" * 85,
    "../../etc/passwd",
    "a\r\nX-Injected: yes",
    "",
]


@pytest.mark.parametrize("name", ODD_NAMES, ids=range(len(ODD_NAMES)))
async def test_odd_file_names(storage: Storage, key: str, name: str) -> None:
    await storage.put(key, b"some bytes", mime="text/plain", filename=name)
    assert await get(storage, key) == b"some bytes"
    assert await keys(storage) == [key]


ODD_MIMES = ["", "text", "image/é", "a/b\r\nX-Injected: yes", "text/html; charset=utf-8", "x" * 999]


@pytest.mark.parametrize("mime", ODD_MIMES, ids=range(len(ODD_MIMES)))
async def test_odd_mimes(storage: Storage, key: str, mime: str) -> None:
    await storage.put(key, b"some bytes", mime=mime)
    assert await get(storage, key) == b"some bytes"


# keys

ODD_KEYS = [
    "plain",
    "with space/ and more ",
    "hash#and?question&amp;=%2F+",
    "中文/文件.txt",
    "emoji/👩‍👩‍👧/🎉.png",
    "quotes/\"double\" 'single' `back`",
    "...three/..dots/.hidden",
    "colon:semi;comma,star*<pipe>|",
    "a" * 255,
    "深" * 85 + "/" + "x" * 255,
    "deep/" * 30 + "end",
]


@pytest.mark.parametrize("odd", ODD_KEYS, ids=range(len(ODD_KEYS)))
async def test_odd_keys(storage: Storage, odd: str) -> None:
    await put(storage, odd, odd.encode())
    assert await get(storage, odd) == odd.encode()
    assert await keys(storage) == [odd]
    assert await storage.get_read_url(odd)
    await storage.delete([odd])
    assert await keys(storage) == []


BAD_KEYS = [
    "",
    ".",
    "..",
    "/",
    "/etc/passwd",
    "../../etc/passwd",
    "a/../b",
    "a/../../b",
    "./a",
    "a/.",
    "a//b",
    "a/",
    "..\\..\\windows",
    "a\\b",
    "a\x00b",
    "a\nb",
    "a\x1b[31mb",
    "a\ud800b",
]


@pytest.mark.parametrize("bad", BAD_KEYS, ids=range(len(BAD_KEYS)))
async def test_bad_keys(storage: Storage, key: str, bad: str) -> None:
    await put(storage, key, OLD)
    for refused in (
        put(storage, bad, b"x"),
        get(storage, bad),
        storage.delete([key, bad]),
        storage.copy(key, bad),
        storage.copy(bad, key),
        storage.get_read_url(bad),
        storage.upload_file(bad, b"x"),
        storage.delete_file(bad),
    ):
        with pytest.raises(InvalidKey):
            await refused
    assert await get(storage, key) == OLD, "a key before the bad one was deleted"
    assert await keys(storage) == [key]


async def test_a_prefix_that_leads_out_is_refused(storage: Storage) -> None:
    with pytest.raises(InvalidKey):
        await keys(storage, "../")


# open


async def test_open_missing(storage: Storage, key: str) -> None:
    with pytest.raises(ObjectMissing, match=key):
        await get(storage, key)
    await put(storage, key, b"x")
    with pytest.raises(ObjectMissing):
        await get(storage, key.partition("/")[0])
    with pytest.raises(ObjectMissing):
        await get(storage, f"{key}/below")


@pytest.mark.parametrize(
    ("byte_range", "start", "content"),
    [
        (None, 0, b"0123456789"),
        (ByteRange(0), 0, b"0123456789"),
        (ByteRange(0, 0), 0, b"0"),
        (ByteRange(2, 4), 2, b"234"),
        (ByteRange(7), 7, b"789"),
        (ByteRange(9, 9), 9, b"9"),
        (ByteRange(8, 1000), 8, b"89"),
    ],
)
async def test_open_range(
    storage: Storage, key: str, byte_range: ByteRange | None, start: int, content: bytes
) -> None:
    await put(storage, key, b"0123456789")
    async with storage.open(key, byte_range) as opened:
        assert (opened.size, opened.start, opened.length) == (10, start, len(content))
        assert b"".join([piece async for piece in opened.body]) == content


@pytest.mark.parametrize(
    ("content", "byte_range"),
    [(b"0123456789", ByteRange(10)), (b"0123456789", ByteRange(99, 100)), (b"", ByteRange(0))],
)
async def test_a_range_behind_the_end(
    storage: Storage, key: str, content: bytes, byte_range: ByteRange
) -> None:
    await put(storage, key, content)
    with pytest.raises(RangeNotSatisfiable, match=key):
        await get(storage, key, byte_range)


async def test_a_range_of_a_big_object(storage: Storage, key: str) -> None:
    content = random.randbytes(2 * MB)
    await put(storage, key, content)
    assert await get(storage, key, ByteRange(MB - 7, 2 * MB - 9)) == content[MB - 7 : 2 * MB - 8]


async def test_what_is_open_stays_whole_while_it_is_replaced(storage: Storage, key: str) -> None:
    await put(storage, key, OLD)
    async with storage.open(key) as opened:
        await put(storage, key, b"new")
        assert b"".join([piece async for piece in opened.body]) == OLD
    assert await get(storage, key) == b"new"


async def test_an_error_of_the_reader_passes_through(storage: Storage, key: str) -> None:
    await put(storage, key, OLD)
    with pytest.raises(BrokenPipeError):
        async with storage.open(key):
            raise BrokenPipeError


# delete


async def test_delete(storage: Storage) -> None:
    for name in ("t/1", "t/2", "t/3", "u/1"):
        await put(storage, name, b"x")
    await storage.delete(["t/1", "absent", "t/3", "t/3", "t", "t/2/below", "no/such/folder"])
    assert await keys(storage) == ["t/2", "u/1"]
    await storage.delete(iter(["t/2", "u/1"]))
    assert await keys(storage) == []
    await storage.delete([])


@pytest.mark.slow
async def test_put_while_the_folder_is_emptied(storage: Storage) -> None:
    async def churn(name: str) -> None:
        for _ in range(20):
            await put(storage, f"folder/below/{name}", b"x")
            await storage.delete([f"folder/below/{name}"])

    await asyncio.gather(*(churn(str(number)) for number in range(6)))
    assert await keys(storage) == []


# list


async def test_list_is_ordered_by_key(storage: Storage) -> None:
    names = ["a/x", "a-b", "a.b", "a0", "ab/c", "ab/c-d", "ab/c.d/e", "b", "Z", "中", "é/1"]
    before = time.time()
    for name in names:
        await put(storage, name, name.encode())
    found = [item async for item in storage.list()]
    assert [item.key for item in found] == sorted(names)
    assert [item.size for item in found] == [len(name.encode()) for name in sorted(names)]
    assert all(before - 5 < item.modified < time.time() + 5 for item in found)
    assert isinstance(found[0], StoredObject)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", ["a", "ab/c", "ab/cd/e", "ab/d", "abc"]),
        ("ab", ["ab/c", "ab/cd/e", "ab/d", "abc"]),
        ("ab/", ["ab/c", "ab/cd/e", "ab/d"]),
        ("ab/c", ["ab/c", "ab/cd/e"]),
        ("ab/cd/", ["ab/cd/e"]),
        ("ab/cd/e", ["ab/cd/e"]),
        ("ab/cd/e/f", []),
        ("x", []),
        ("x/y/z", []),
    ],
)
async def test_list_with_prefix(storage: Storage, prefix: str, expected: list[str]) -> None:
    for name in ("a", "ab/c", "ab/cd/e", "ab/d", "abc"):
        await put(storage, name, b"x")
    assert await keys(storage, prefix) == expected


async def test_list_nothing(storage: Storage) -> None:
    assert await keys(storage) == []


async def test_delete_while_listing(storage: Storage) -> None:
    for number in range(9):
        await put(storage, f"t/{number}", b"x")
    async for found in storage.list("t/"):
        await storage.delete([found.key])
    assert await keys(storage) == []


# the rest


async def test_check_leaves_nothing(storage: Storage, key: str) -> None:
    await put(storage, key, OLD)
    await storage.check()
    assert await keys(storage) == [key]


async def test_close_twice(storage: Storage) -> None:
    await storage.close()
    await storage.close()


@pytest.mark.parametrize("method", ["upload_file", "delete_file", "get_read_url", "close"])
def test_chainlit_methods_have_chainlit_signatures(storage: Storage, method: str) -> None:
    def arguments(owner: type) -> list[tuple[str, object, object]]:
        parameters = inspect.signature(getattr(owner, method)).parameters.values()
        return [(item.name, item.kind, item.default) for item in parameters]

    assert arguments(type(storage)) == arguments(BaseStorageClient)
    assert inspect.iscoroutinefunction(getattr(storage, method))


async def test_upload_file(storage: Storage) -> None:
    stored = await storage.upload_file("user/élan.txt", "text: é", mime="text/plain")
    assert stored == {
        "object_key": "user/élan.txt",
        "url": await storage.get_read_url("user/élan.txt"),
    }
    assert await get(storage, "user/élan.txt") == "text: é".encode()
    await storage.upload_file("user/élan.txt", b"new", content_disposition='inline; filename="é"')
    assert await get(storage, "user/élan.txt") == b"new"


async def test_upload_file_without_overwrite(storage: Storage, key: str) -> None:
    await storage.upload_file(key, b"first", overwrite=False)
    with pytest.raises(FileExistsError, match=key):
        await storage.upload_file(key, b"second", overwrite=False)
    assert await get(storage, key) == b"first"


async def test_delete_file(storage: Storage, key: str) -> None:
    await put(storage, key, b"x")
    assert await storage.delete_file(key) is True
    assert await storage.delete_file(key) is False
