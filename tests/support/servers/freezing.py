"""A server that falls silent: its processes are stopped, and whoever is connected hears nothing."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _family(int(child))


def freeze(pid: int) -> list[int]:
    """Stop a process with all that it has started; returns which."""
    frozen: list[int] = []
    while new := [one for one in _family(pid) if one not in frozen]:
        for one in new:
            os.kill(one, signal.SIGSTOP)
        frozen += new
    return frozen


def thaw(frozen: list[int]) -> None:
    """Let processes go on."""
    for one in frozen:
        os.kill(one, signal.SIGCONT)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Have a process and all that it has started stand still."""
    stopped = freeze(pid)
    try:
        yield
    finally:
        thaw(stopped)
