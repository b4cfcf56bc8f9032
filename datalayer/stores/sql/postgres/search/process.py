"""A process that computes what the index is to hold: a thread would hold the interpreter.

What goes there and comes back stays as it is, bytes: the database reads and writes it.
"""

import asyncio
from asyncio.subprocess import Process

from common.processes.child_processes import ended, kill, pipes, start_python
from datalayer.errors import StoreUnavailable
from datalayer.stores.sql.postgres.search.worker import LENGTH_BYTES, frame

IDLE_S = 30.0
WORKER = ("-m", "datalayer.stores.sql.postgres.search.worker")


class IndexProcess:
    """Is there while there is something to index, and until `close`; for one caller at a time."""

    def __init__(self, *, idle_s: float = IDLE_S, command: tuple[str, ...] = WORKER) -> None:
        self._idle_s = idle_s
        self._command = command
        self._process: Process | None = None
        self._leaving: asyncio.TimerHandle | None = None

    async def plan(self, document: str) -> str:
        """Return the plan for a document, as `plan_document` does.

        Raises `StoreUnavailable` when the process dies of it; the next call starts another.
        """
        process = await self._started()
        try:
            plan = await _answer(process, document.encode())
        except BaseException:
            await self.close()  # it is dead, or its answer would be taken for the next one's
            raise
        stdin, _ = pipes(process)
        self._leaving = asyncio.get_running_loop().call_later(self._idle_s, stdin.close)
        return plan.decode()

    @property
    def is_running(self) -> bool:
        """Whether there is a process that can be asked."""
        if self._process is None:
            return False
        stdin, _ = pipes(self._process)
        return self._process.returncode is None and not stdin.is_closing()

    async def _started(self) -> Process:
        if self._leaving:
            self._leaving.cancel()
        if self._process is None or not self.is_running:
            await self.close()
            self._process = await start_python(*self._command)
        return self._process

    async def close(self) -> None:
        """End the process, if there is one."""
        if self._leaving:
            self._leaving.cancel()
        if self._process:
            await kill(self._process)
            self._process = None


async def _answer(process: Process, document: bytes) -> bytes:
    try:
        return await _exchange(process, document)
    except (asyncio.IncompleteReadError, ConnectionError):
        code = await ended(process)
        message = (
            f"The process that indexes texts for the search ended with {code}. "
            "The next attempt starts another."
        )
        raise StoreUnavailable(message) from None


async def _exchange(process: Process, document: bytes) -> bytes:
    stdin, stdout = pipes(process)
    stdin.write(frame(document))
    await stdin.drain()
    length = int.from_bytes(await stdout.readexactly(LENGTH_BYTES))
    return await stdout.readexactly(length)
