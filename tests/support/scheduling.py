"""How a run of several processes hands out its tests, and to how many."""

import math
import os

from xdist.scheduler import LoadScopeScheduling

E2E = "tests/e2e/"


class ByModule(LoadScopeScheduling):
    """Hands out whole modules of `E2E`, since a module's tests share programs, and others singly.

    The groups of xdist 3.8 itself are lost on pytest 9.2, which has no place for them in an id.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::", 1)[0] if nodeid.startswith(E2E) else nodeid


def processes() -> int:
    """Return three for two processors: tests wait for programs and pages half of their time."""
    return math.ceil(1.5 * (os.cpu_count() or 1))
