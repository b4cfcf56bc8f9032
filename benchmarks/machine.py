"""The machine that is measured on, in general words, and whether it is busy already."""

import os
import platform
from datetime import UTC, datetime

import psutil

BUSY = 0.1  # of its cores
MEASURED_S = 3.0


def cores() -> int:
    """Return how many cores this process may use."""
    return os.cpu_count() or 1


def busy_share() -> float:
    """Return the share of the cores that others keep at work now; 1 is all of them."""
    return psutil.cpu_percent(MEASURED_S) / 100


def describe(busy_before: float) -> str:
    """Return a sentence about the machine, which was that busy before the run."""
    python = ".".join(platform.python_version_tuple()[:2])
    state = "otherwise idle" if busy_before <= BUSY else "busy with other things: not to be trusted"
    today = datetime.now(UTC).date()
    return f"Measured on {cores()} cores, {state}, Python {python}, on {today}."
