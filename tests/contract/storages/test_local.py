"""What only a folder can do wrong, and the URLs of folders."""

import asyncio
import errno
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from storage.errors import InvalidKey, StorageDenied, StorageError, StorageUnavailable
from storage.factory import open_storage
from storage.local.storage import LocalStorage
from tests.support.storages import MB, OLD, big_file, get, keys, left_partial, put


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


async def test_has_no_links(local: LocalStorage, root: Path, key: str) -> None:
    assert await local.read_url(key, 60) is None
    assert await local.get_read_url("a b/ü") == (root / "a b/ü").as_uri()


@pytest.mark.parametrize("link", ["outside", "outside/secret", "loop/x", "file"])
async def test_links_out_of_the_root_are_refused(
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


async def test_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "files").symlink_to(tmp_path / "volume")
    storage = LocalStorage(tmp_path / "files")
    await put(storage, "t/1", b"x")
    assert await keys(storage) == ["t/1"]
    assert (tmp_path / "volume/t/1").read_bytes() == b"x"


async def test_partial_is_reserved(local: LocalStorage, root: Path) -> None:
    await put(local, "t/1", b"x")
    (root / ".partial/other").write_bytes(b"another process writes this")
    with pytest.raises(InvalidKey):
        await get(local, ".partial/other")
    with pytest.raises(InvalidKey):
        await keys(local, ".partial/")
    assert await keys(local) == ["t/1"]
    (root / ".partial/other").unlink()


async def test_leftovers_are_cleared(local: LocalStorage, root: Path) -> None:
    (root / ".partial").mkdir(parents=True)
    for name, age in (("old", 25), ("fresh", 23)):
        path = root / ".partial" / name
        path.touch()
        timestamp = time.time() - age * 3600
        os.utime(path, (timestamp, timestamp))
    await put(local, "t/1", b"x")
    assert [path.name for path in left_partial(root)] == ["fresh"]
    (root / ".partial/fresh").unlink()


async def test_empty_folders_are_pruned(local: LocalStorage, root: Path) -> None:
    await put(local, "a/b/c/1", b"x")
    await put(local, "a/2", b"x")
    await local.delete(["a/b/c/1"])
    assert names_in(root / "a") == ["2"]
    await local.delete(["a/2"])
    assert names_in(root) == [".partial"]


async def test_files_are_private(local: LocalStorage, root: Path) -> None:
    await put(local, "t/1", b"x")
    assert [mode_of(path) for path in (root, root / "t", root / "t/1")] == [0o700, 0o700, 0o600]


async def test_a_copy_is_a_file_of_its_own_and_of_now(local: LocalStorage, root: Path) -> None:
    """Or the sweep would take it for one that was left behind long ago."""
    await put(local, "t/1", OLD)
    os.utime(root / "t/1", (0, 0))
    await local.copy("t/1", "u/1")
    found = {item.key: item.modified async for item in local.list()}
    assert found["t/1"] == 0
    assert found["u/1"] > time.time() - 60
    assert mode_of(root / "u/1") == 0o600


async def test_foreign_things_are_not_listed(local: LocalStorage, root: Path) -> None:
    await put(local, "t/1", b"x")
    (root / "t/2").symlink_to(root / "t/1")
    (root / "t/back\\slash").touch()
    os.mkfifo(root / "t/fifo")
    (root / ".partial/nested").mkdir()
    assert await keys(local) == ["t/1"]
    (root / ".partial/nested").rmdir()


@pytest.mark.slow
async def test_list_of_many(local: LocalStorage, root: Path) -> None:
    names = [f"{number % 3}/{number:04}" for number in range(1_201)]
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    assert await keys(local) == sorted(names)


async def test_an_object_in_the_way(local: LocalStorage) -> None:
    await put(local, "a", b"x")
    with pytest.raises(StorageDenied, match="a/b"):
        await put(local, "a/b", b"x")
    await put(local, "c/d", b"x")
    with pytest.raises(StorageDenied, match="'c'"):
        await put(local, "c", b"x")
    assert await keys(local) == ["a", "c/d"]


@pytest.mark.parametrize("long", ["a" * 256, "深" * 86, "/".join(["a" * 250] * 20)])
async def test_names_that_are_too_long(local: LocalStorage, long: str) -> None:
    with pytest.raises(InvalidKey, match="shorter"):
        await put(local, long, b"x")
    with pytest.raises(InvalidKey, match="shorter"):
        await get(local, long)


ERRORS = [
    (errno.EACCES, StorageDenied),
    (errno.EPERM, StorageDenied),
    (errno.EROFS, StorageDenied),
    (errno.ENOSPC, StorageUnavailable),
    (errno.EDQUOT, StorageUnavailable),
    (errno.EIO, StorageUnavailable),
    (errno.ESTALE, StorageUnavailable),
]


@pytest.mark.parametrize("step", ["open", "write", "publish", "_move", "_rename"])
@pytest.mark.parametrize(("number", "expected"), ERRORS)
async def test_errors_of_put(
    local: LocalStorage,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    number: int,
    expected: type[StorageError],
) -> None:
    await put(local, "t/1", OLD)
    with monkeypatch.context() as patch:
        patch.setattr(f"storage.local.tree.PartialFile.{step}", raising(number))
        for name in ("t/1", "new/1"):
            with pytest.raises(expected, match=name) as caught:
                await put(local, name, b"x")
            assert isinstance(caught.value.__cause__, OSError)
            assert str(root) in str(caught.value)
    assert await get(local, "t/1") == OLD
    assert names_in(root) == [".partial", "t"]


@pytest.mark.parametrize("step", ["open", "seek", "read"])
@pytest.mark.parametrize(("number", "expected"), ERRORS)
async def test_errors_of_open(
    local: LocalStorage,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    number: int,
    expected: type[StorageError],
) -> None:
    await put(local, "t/1", OLD)
    monkeypatch.setattr(f"common.concurrency.blocking.FileReader.{step}", raising(number))
    with pytest.raises(expected, match="t/1"):
        await get(local, "t/1")
    assert open_files_below(root) == []


def raising(number: int) -> Callable[..., None]:
    def fail(*args: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


async def test_a_fault_while_syncing(local: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(local, "t/1", OLD)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", raising(errno.EIO))
        with pytest.raises(StorageUnavailable):
            await put(local, "t/1", b"new")
    assert await get(local, "t/1") == OLD


async def test_a_cancel_while_syncing_is_in_time(
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


async def test_root_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "files").touch()
    storage = LocalStorage(tmp_path / "files")
    with pytest.raises(StorageDenied):
        await storage.check()


async def test_an_object_cut_short_while_read(local: LocalStorage, root: Path) -> None:
    await put(local, "t/1", b"x" * MB)
    async with local.open("t/1") as opened:
        with (root / "t/1").open("r+b") as file:
            file.truncate(10)
        with pytest.raises(StorageUnavailable, match="cut short"):
            _ = [chunk async for chunk in opened.body]


async def test_cancelled_work_leaves_nothing_open(
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


async def test_reading_after_the_end_of_the_block(local: LocalStorage) -> None:
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
    with pytest.raises(ValueError, match=r"^STORAGE_URL: .*file:") as caught:
        open_storage(url, tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["file:", "file://data/files", "file:a?b=c", "file:a#b"])
def test_wrong_file_urls(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^STORAGE_URL must be"):
        open_storage(url, tmp_path)
