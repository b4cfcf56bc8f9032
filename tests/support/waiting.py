"""Waiting for a condition; the tests never wait for a time."""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 30.0
_INTERVAL_S = 0.05

T = TypeVar("T")


async def until(condition: Callable[[], T], what: str, within_s: float = PATIENCE_S) -> T:
    """Return the condition's first true value; an error that says what was waited for in vain."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            message = f"waited {within_s:.0f} s in vain for: {what}"
            raise AssertionError(message)
        await asyncio.sleep(_INTERVAL_S)
    return value


def free_port() -> int:
    """A port on the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
