"""The pool for blocking work: its bound, its tasks after a cancel, and sources cut into blocks."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from common.concurrency.blocking import BlockingPool, BlockingTask, ByteSource


class Steps(BlockingTask):
    """Runs a step that lasts until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.running, self.go_on = threading.Event(), threading.Event()
        self.events: list[str] = []

    def run(self) -> None:
        with self._step():
            self.running.set()
            assert self.go_on.wait(5)
            self.events.append("ran")

    def close(self) -> None:
        with self._lock:
            self.events.append("closed")


async def test_no_more_run_at_once_than_the_pool_has_threads() -> None:
    pool, barrier = BlockingPool(2), threading.Barrier(2)
    running: list[int] = []
    most = 0

    def work() -> None:
        nonlocal most
        running.append(1)
        most = max(most, len(running))
        barrier.wait(5)
        running.pop()

    await asyncio.gather(*(pool.run(work) for _ in range(6)))
    assert most == 2


async def test_a_cancelled_task_is_closed_after_the_step_that_runs() -> None:
    pool, steps = BlockingPool(2), Steps()

    async def use() -> None:
        async with pool.closing(steps):
            await pool.run(steps.run)

    task = asyncio.create_task(use())
    await asyncio.to_thread(steps.running.wait, 5)
    task.cancel()
    steps.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await pool.close()
    assert steps.events == ["ran", "closed"]


async def test_a_stopped_task_begins_no_step() -> None:
    pool, steps = BlockingPool(1), Steps()
    async with pool.closing(steps):
        pass
    with pytest.raises(InterruptedError):
        await pool.run(steps.run)
    assert steps.events == ["closed"]


async def chunks() -> AsyncIterator[bytes]:
    for chunk in (b"ab", b"", b"cdefg", b"h"):
        yield chunk


@pytest.mark.parametrize("kind", ["bytes", "path", "stream"])
async def test_a_source_is_cut_into_equal_blocks(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_bytes(b"abcdefgh")
    sources: dict[str, ByteSource] = {
        "bytes": b"abcdefgh",
        "path": tmp_path / "file",
        "stream": chunks(),
    }
    blocks = BlockingPool(1).blocks(sources[kind], 3)
    assert [block async for block in blocks] == [b"abc", b"def", b"gh"]
