"""Waiting for a condition; the tests never wait for a time."""

import asyncio
import random
import socket
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

PATIENCE_S = 30.0
_INTERVAL_S = 0.05
_UNSAFE = 10_080  # where no browser opens a page
_PORTS = range(_UNSAFE + 1, 22_768)  # with 10,000 above, which SeaweedFS takes too

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
    """A port on the loopback address that nobody listens on.

    Not one that the system gives to connections: until a server takes it, somebody else might be
    given it.
    """
    return next(port for port in random_ports() if is_free(port))


def random_ports() -> Iterator[int]:
    """Ports that no system gives to connections, in any order."""
    return iter(random.sample(_PORTS, len(_PORTS)))


def hold(port: int) -> socket.socket:
    """Keep a port while its server is stopped: who connects is refused, and nobody else takes it.

    Closed by whoever starts the server again.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", port))
    return held


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of the loopback address."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
