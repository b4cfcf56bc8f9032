"""Files and folders that nobody but the program's own user may open."""

import logging
import os
import stat
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

_OTHERS = 0o077


def make_all_private() -> None:
    """Let all that this process makes from now on be its user's alone."""
    os.umask(_OTHERS)


def close_to_others(*paths: Path) -> None:
    """Take all rights from others at files and folders that are there, and that are this user's.

    What belongs to somebody else, as a volume's own folder may, stays as it is.
    """
    for path in paths:
        with suppress(FileNotFoundError):
            found = path.stat()
            if found.st_mode & _OTHERS and hasattr(os, "geteuid") and found.st_uid == os.geteuid():
                _close(path, stat.S_IMODE(found.st_mode) & ~_OTHERS)


def _close(path: Path, mode: int) -> None:
    try:
        path.chmod(mode)
    except OSError as exc:
        logger.warning("Others may open %s, and that cannot be changed: %s", path, exc.strerror)
