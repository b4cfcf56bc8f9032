"""Where the files of open pages are: a folder of this process alone, which goes with it."""

import logging
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chainlit.config
import chainlit.server
from filelock import FileLock, Timeout

from patches.patch import Parts

logger = logging.getLogger("keepchat")

_LOCK = ".lock"


def keep_apart(_parts: Parts) -> None:
    """Give this process a folder of its own, and remove those of processes that are gone."""
    root = Path(chainlit.config.FILES_DIRECTORY)
    remove_dead(root)
    own, lock = make_own(root)
    server: Any = chainlit.server
    chainlit.config.FILES_DIRECTORY = server.FILES_DIRECTORY = own
    chainlit.server.app.state.session_files_lock = lock  # held until the process ends


def make_own(root: Path) -> tuple[Path, FileLock]:
    """Make a folder that its owner alone can read, and the lock that says that it is in use."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    root.chmod(0o700)
    own = root / str(uuid.uuid4())
    lock = FileLock(own.with_suffix(_LOCK), mode=0o600)
    lock.acquire(timeout=0)
    own.mkdir(mode=0o700)
    return own, lock


def remove_dead(root: Path) -> None:
    """Remove the folders that no process uses any more."""
    for folder in list(_folders(root)):
        lock = FileLock(folder.with_suffix(_LOCK))
        try:
            with lock.acquire(timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except Timeout:
            continue  # another process is at work
        except OSError as exc:
            logger.warning("Files of pages that are gone stay in %s: %s", folder, exc)
        else:
            folder.with_suffix(_LOCK).unlink(missing_ok=True)


def _folders(root: Path) -> Iterator[Path]:
    if root.is_dir():
        locks = (file.with_suffix("") for file in root.glob(f"*{_LOCK}"))
        yield from {*locks, *(path for path in root.iterdir() if path.is_dir())}
