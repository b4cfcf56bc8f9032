"""Processes that run a module of ours; whoever starts one ends it."""

import asyncio
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
# The secrets of this program are none of their business. Windows starts nothing without.
_ENVIRONMENT = None if sys.platform == "win32" else {"LANG": "C.UTF-8"}
_GRACE_S = 5.0  # for a process to end that has closed its pipes


async def start_python(*arguments: str) -> Process:
    """Start Python with pipes to its standard input and output, and without our environment."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-E", "-s", *arguments),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        cwd=_ROOT,
        env=_ENVIRONMENT,
    )


def pipes(process: Process) -> tuple[StreamWriter, StreamReader]:
    """Return a process's standard input and output."""
    if process.stdin is None or process.stdout is None:
        message = f"The process {process.pid} has no pipes."
        raise RuntimeError(message)
    return process.stdin, process.stdout


async def kill(process: Process) -> None:
    """End a process, whatever it is doing, if it has not ended yet."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()  # what is left is read: `wait` alone may wait for it for ever


async def ended(process: Process) -> int | None:
    """Return the code with which a process ends that has closed its pipes.

    It is killed only if it goes on: to kill one that is ending takes its code away from asyncio.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_GRACE_S):
            await process.wait()
    await kill(process)
    return process.returncode
