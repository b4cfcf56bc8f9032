"""Pauses between attempts, which the tests skip."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
import tenacity

from common.concurrency import retry


def skip_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let pauses end at once, with the clock of retries moved on; return them as they come."""
    pauses: list[float] = []
    original = asyncio.sleep

    async def sleep(delay: float, result: Any = None) -> Any:
        pauses.append(delay)
        return await original(0, result)

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + sum(pauses))
    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(retry, "time", clock)
    monkeypatch.setattr(tenacity, "time", clock)
    return pauses
