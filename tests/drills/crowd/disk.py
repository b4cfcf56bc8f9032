"""A disk that is full.

Nobody may fill a real one in a test, and a small one needs a right to mount that not everybody has.
So the system lets no file of the program's grow: each write fails as on a full disk, but for its
number (EFBIG). What it does at ENOSPC is in tests/unit/journal.
"""

import resource

from tests.support.page.application import Application


def fill_disk(program: Application) -> None:
    """Let no file of a program's grow any more."""
    _, most = resource.prlimit(program.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (0, most))


def make_room(program: Application) -> None:
    """Let them grow again."""
    _, most = resource.prlimit(program.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (most, most))
