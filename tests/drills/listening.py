"""Programs of the drills, which are listened to until they are killed."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

PATIENCE_S = 60.0  # for a line


class Talker:
    """A program that says what it does, a line of JSON each."""

    def __init__(self, process: Process) -> None:
        assert process.stdout
        self._lines = process.stdout
        self._process = process

    @classmethod
    async def start(cls, module: str, *arguments: str) -> "Talker":
        """Run one of `tests.drills`."""
        command = (sys.executable, "-m", f"tests.drills.{module}", *arguments)
        return cls(await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE))

    async def hear(self) -> list[str]:
        """Return the words of its next line. Fails where it has ended, with what it said of it."""
        if words := await self._next():
            return words
        _, errors = await self._process.communicate()
        raise AssertionError(errors.decode())

    async def kill(self, within_s: float) -> AsyncIterator[list[str]]:
        """Kill it within a time, at any moment; iterate over what it had still said in whole."""
        await asyncio.sleep(within_s)
        self._process.kill()
        while words := await self._next():
            yield words
        await self._process.wait()

    async def ended(self, within_s: float) -> None:
        """Wait until it has ended by itself, and well."""
        _, errors = await asyncio.wait_for(self._process.communicate(), within_s)
        assert self._process.returncode == 0, errors.decode()

    async def _next(self) -> list[str]:
        """Return what the next line says, nothing at the end; a line that was cut off is none."""
        line = await asyncio.wait_for(self._lines.readline(), PATIENCE_S)
        found: list[str] = json.loads(line) if line.endswith(b"\n") else []
        return found
