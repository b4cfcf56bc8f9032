"""The machine that is measured on, in general words, and whether it is busy already."""

import os
import platform
from datetime import UTC, datetime

BUSY = 0.25  # of its cores


def cores() -> int:
    """Return how many cores this process may use."""
    return os.cpu_count() or 1


def busy() -> float:
    """Return the share of the cores that the last minute kept at work; 1 is all of them."""
    return os.getloadavg()[0] / cores()


def described(busy_before: float) -> str:
    """Return a sentence about the machine, which was that busy before the run."""
    python = ".".join(platform.python_version_tuple()[:2])
    state = "otherwise idle" if busy_before <= BUSY else "busy with other things: not to be trusted"
    today = datetime.now(UTC).date()
    return f"Measured on {cores()} cores, {state}, Python {python}, on {today}."
