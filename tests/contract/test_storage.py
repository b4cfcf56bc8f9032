"""The contract of `storage.base.Storage`, over every storage; then what only a folder can do wrong.

Another storage is one more entry of `STORAGES`.
"""

import asyncio
import errno
import hashlib
import inspect
import os
import random
import threading
import time
import tracemalloc
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from chainlit.data.storage_clients.base import BaseStorageClient

from storage.base import ByteRange, Receipt, Source, Storage, StoredObject
from storage.errors import (
    InvalidKey,
    ObjectMissing,
    RangeNotSatisfiable,
    StorageDenied,
    StorageError,
    StorageUnavailable,
)
from storage.factory import open_storage
from storage.local import LocalStorage

MIME = "application/octet-stream"
MB = 1024 * 1024
OLD = b"what was there before"

Maker = Callable[[Path], AbstractAsyncContextManager[Storage]]


@asynccontextmanager
async def local_storage(folder: Path) -> AsyncIterator[Storage]:
    root = folder / "files"
    storage = LocalStorage(root)
    yield storage
    await storage.close()
    assert left_partial(root) == []


STORAGES: dict[str, Maker] = {"local": local_storage}


@pytest.fixture(params=STORAGES)
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    async with STORAGES[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture
def key() -> str:
    return f"{uuid.uuid4()}/{uuid.uuid4()}"


# Helpers


def left_partial(root: Path) -> list[Path]:
    folder = root / ".partial"
    return list(folder.iterdir()) if folder.exists() else []


def receipt_of(content: bytes) -> Receipt:
    return Receipt(len(content), hashlib.sha256(content).hexdigest())


async def put(storage: Storage, key: str, source: Source) -> Receipt:
    return await storage.put(key, source, mime=MIME, filename="a name.bin")


async def get(storage: Storage, key: str, byte_range: ByteRange | None = None) -> bytes:
    async with storage.open(key, byte_range) as opened:
        content = b"".join([piece async for piece in opened.body])
    assert len(content) == opened.length
    return content


async def keys(storage: Storage, prefix: str = "") -> list[str]:
    return [found.key async for found in storage.list(prefix)]


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


class SourceBrokenError(Exception):
    """Raised by a source in the middle."""


async def broken_stream() -> AsyncIterator[bytes]:
    yield b"half of it"
    raise SourceBrokenError


async def endless_stream(started: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"half of it"
    started.set()
    await asyncio.Event().wait()


def big_file(folder: Path, size: int) -> Path:
    path = folder / "big.bin"
    with path.open("wb") as file:
        for _ in range(size // MB):
            file.write(random.randbytes(MB))
    return path


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
async def test_put_nothing(storage: Storage, key: str, make: Callable[[], Source]) -> None:
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


@pytest.mark.parametrize("kind", ["path", "stream"])
async def test_memory_is_constant(storage: Storage, key: str, tmp_path: Path, kind: str) -> None:
    source = big_file(tmp_path, 20 * MB)
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
    assert receipt == Receipt(20 * MB, sha256)
    assert found.hexdigest() == sha256
    assert peak < 4 * MB


async def file_stream(path: Path) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while piece := await file.read(64 * 1024):
            yield piece


async def test_the_event_loop_is_never_blocked(storage: Storage, key: str, tmp_path: Path) -> None:
    source = big_file(tmp_path, 20 * MB)
    task = asyncio.create_task(put(storage, key, source))
    longest = 0.0
    while not task.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - before)
    await task
    assert longest < 0.25


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
    "a\ud800b",
]


@pytest.mark.parametrize("bad", BAD_KEYS, ids=range(len(BAD_KEYS)))
async def test_bad_keys(storage: Storage, key: str, bad: str) -> None:
    await put(storage, key, OLD)
    for refused in (
        put(storage, bad, b"x"),
        get(storage, bad),
        storage.delete([key, bad]),
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


# What only a folder can do wrong


@pytest.fixture
async def root(tmp_path: Path) -> AsyncIterator[Path]:
    root = tmp_path / "files"
    yield root
    assert left_partial(root) == []


@pytest.fixture
def local(root: Path) -> LocalStorage:
    return LocalStorage(root)


def open_files_below(folder: Path) -> list[str]:
    descriptors = Path("/proc/self/fd").iterdir()
    targets = [str(item.readlink()) for item in descriptors if item.is_symlink()]
    return [target for target in targets if target.startswith(str(folder))]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_local_has_no_links(local: LocalStorage, root: Path, key: str) -> None:
    assert await local.read_url(key, 60) is None
    assert await local.get_read_url("a b/ü") == (root / "a b/ü").as_uri()


@pytest.mark.parametrize("link", ["outside", "outside/secret", "loop/x", "file"])
async def test_local_links_out_of_the_root_are_refused(
    local: LocalStorage, root: Path, tmp_path: Path, link: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/secret").write_bytes(b"secret")
    await put(local, "t/1", b"x")
    (root / "outside").symlink_to(tmp_path / "elsewhere")
    (root / "file").symlink_to(tmp_path / "elsewhere/secret")
    (root / "loop").symlink_to(root / "loop")
    if link == "loop/x":
        with pytest.raises(StorageError):
            await get(local, link)
        return
    for refused in (put(local, link, b"x"), get(local, link), local.delete([link])):
        with pytest.raises(InvalidKey, match="symbolic link"):
            await refused
    assert (tmp_path / "elsewhere/secret").read_bytes() == b"secret"
    assert await keys(local) == ["t/1"]


async def test_local_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "files").symlink_to(tmp_path / "volume")
    storage = LocalStorage(tmp_path / "files")
    await put(storage, "t/1", b"x")
    assert await keys(storage) == ["t/1"]
    assert (tmp_path / "volume/t/1").read_bytes() == b"x"


async def test_local_partial_is_reserved(local: LocalStorage, root: Path) -> None:
    await put(local, "t/1", b"x")
    (root / ".partial/other").write_bytes(b"another process writes this")
    with pytest.raises(InvalidKey):
        await get(local, ".partial/other")
    with pytest.raises(InvalidKey):
        await keys(local, ".partial/")
    assert await keys(local) == ["t/1"]
    (root / ".partial/other").unlink()


async def test_local_leftovers_are_cleared(local: LocalStorage, root: Path) -> None:
    (root / ".partial").mkdir(parents=True)
    for name, age in (("old", 25), ("fresh", 23)):
        path = root / ".partial" / name
        path.touch()
        moment = time.time() - age * 3600
        os.utime(path, (moment, moment))
    await put(local, "t/1", b"x")
    assert [path.name for path in left_partial(root)] == ["fresh"]
    (root / ".partial/fresh").unlink()


async def test_local_empty_folders_are_pruned(local: LocalStorage, root: Path) -> None:
    await put(local, "a/b/c/1", b"x")
    await put(local, "a/2", b"x")
    await local.delete(["a/b/c/1"])
    assert names_in(root / "a") == ["2"]
    await local.delete(["a/2"])
    assert names_in(root) == [".partial"]


async def test_local_files_are_private(local: LocalStorage, root: Path) -> None:
    await put(local, "t/1", b"x")
    assert [mode_of(path) for path in (root, root / "t", root / "t/1")] == [0o700, 0o700, 0o600]


async def test_local_foreign_things_are_not_listed(local: LocalStorage, root: Path) -> None:
    await put(local, "t/1", b"x")
    (root / "t/2").symlink_to(root / "t/1")
    (root / "t/back\\slash").touch()
    os.mkfifo(root / "t/fifo")
    (root / ".partial/nested").mkdir()
    assert await keys(local) == ["t/1"]
    (root / ".partial/nested").rmdir()


async def test_local_list_of_many(local: LocalStorage, root: Path) -> None:
    names = [f"{number % 3}/{number:04}" for number in range(1_201)]
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    assert await keys(local) == sorted(names)


async def test_local_an_object_in_the_way(local: LocalStorage) -> None:
    await put(local, "a", b"x")
    with pytest.raises(StorageDenied, match="a/b"):
        await put(local, "a/b", b"x")
    await put(local, "c/d", b"x")
    with pytest.raises(StorageDenied, match="'c'"):
        await put(local, "c", b"x")
    assert await keys(local) == ["a", "c/d"]


@pytest.mark.parametrize("long", ["a" * 256, "深" * 86, "/".join(["a" * 250] * 20)])
async def test_local_names_that_are_too_long(local: LocalStorage, long: str) -> None:
    with pytest.raises(InvalidKey, match="shorter"):
        await put(local, long, b"x")
    with pytest.raises(InvalidKey, match="shorter"):
        await get(local, long)


FAULTS = [
    (errno.EACCES, StorageDenied),
    (errno.EPERM, StorageDenied),
    (errno.EROFS, StorageDenied),
    (errno.ENOSPC, StorageUnavailable),
    (errno.EDQUOT, StorageUnavailable),
    (errno.EIO, StorageUnavailable),
    (errno.ESTALE, StorageUnavailable),
]


@pytest.mark.parametrize("step", ["open", "write", "publish", "_move", "_rename"])
@pytest.mark.parametrize(("number", "expected"), FAULTS)
async def test_local_faults_of_put(
    local: LocalStorage,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    number: int,
    expected: type[StorageError],
) -> None:
    await put(local, "t/1", OLD)
    with monkeypatch.context() as patch:
        patch.setattr(f"storage.local_tree.Draft.{step}", raising(number))
        for name in ("t/1", "new/1"):
            with pytest.raises(expected, match=name) as caught:
                await put(local, name, b"x")
            assert isinstance(caught.value.__cause__, OSError)
            assert str(root) in str(caught.value)
    assert await get(local, "t/1") == OLD
    assert names_in(root) == [".partial", "t"]


@pytest.mark.parametrize("step", ["open", "seek", "read"])
@pytest.mark.parametrize(("number", "expected"), FAULTS)
async def test_local_faults_of_open(
    local: LocalStorage,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    number: int,
    expected: type[StorageError],
) -> None:
    await put(local, "t/1", OLD)
    monkeypatch.setattr(f"storage.local_tree.Reader.{step}", raising(number))
    with pytest.raises(expected, match="t/1"):
        await get(local, "t/1")
    assert open_files_below(root) == []


def raising(number: int) -> Callable[..., None]:
    def fail(*args: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


async def test_local_a_fault_while_syncing(
    local: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(local, "t/1", OLD)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", raising(errno.EIO))
        with pytest.raises(StorageUnavailable):
            await put(local, "t/1", b"new")
    assert await get(local, "t/1") == OLD


async def test_local_a_cancel_while_syncing_is_in_time(
    local: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(local, "t/1", OLD)
    syncing, go_on = threading.Event(), threading.Event()

    def slow_sync(descriptor: int) -> None:
        syncing.set()
        assert go_on.wait(5)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", slow_sync)
        task = asyncio.create_task(put(local, "t/1", b"new"))
        await asyncio.to_thread(syncing.wait, 5)
        task.cancel()
        await asyncio.sleep(0.02)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await get(local, "t/1") == OLD


async def test_local_root_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "files").touch()
    storage = LocalStorage(tmp_path / "files")
    with pytest.raises(StorageDenied):
        await storage.check()


async def test_local_an_object_cut_short_while_read(local: LocalStorage, root: Path) -> None:
    await put(local, "t/1", b"x" * MB)
    async with local.open("t/1") as opened:
        with (root / "t/1").open("r+b") as file:
            file.truncate(10)
        with pytest.raises(StorageUnavailable, match="cut short"):
            _ = [piece async for piece in opened.body]


async def test_local_cancelled_work_leaves_nothing_open(
    local: LocalStorage, root: Path, tmp_path: Path
) -> None:
    source = big_file(tmp_path, 2 * MB)
    await put(local, "t/1", source)
    for attempt in range(60):
        work: Coroutine[Any, Any, object] = (
            get(local, "t/1") if attempt % 2 else put(local, "t/2", source)
        )
        task = asyncio.create_task(work)
        await asyncio.sleep(attempt / 6_000)
        task.cancel()
        await asyncio.wait({task})
        await local.close()
        assert open_files_below(tmp_path) == []
        assert left_partial(root) == []


async def test_local_reading_after_the_end_of_the_block(local: LocalStorage) -> None:
    await put(local, "t/1", OLD)
    async with local.open("t/1") as opened:
        pass
    with pytest.raises(StorageUnavailable):
        await anext(opened.body)


# Opening by URL


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("file:data/files", "base/data/files"),
        ("file:./data", "base/data"),
        ("FILE:data", "base/data"),
        ("file:my%20files%23", "base/my files#"),
        ("file://{absolute}", "absolute"),
        ("file:{absolute}", "absolute"),
        ("file://localhost{absolute}", "absolute"),
    ],
)
async def test_open_storage(url: str, expected: str, tmp_path: Path) -> None:
    absolute = tmp_path / "absolute"
    storage = open_storage(url.format(absolute=absolute), tmp_path / "base")
    await put(storage, "t/1", b"x")
    assert (tmp_path / expected / "t/1").read_bytes() == b"x"


@pytest.mark.parametrize("url", ["ftp://host/path", "data/files", "", "C=1;Key=secret;U=https://h"])
def test_unknown_schemes(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^STORAGE_URL .*file:") as caught:
        open_storage(url, tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["file:", "file://data/files", "file:a?b=c", "file:a#b"])
def test_wrong_file_urls(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^STORAGE_URL must be"):
        open_storage(url, tmp_path)
