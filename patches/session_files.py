"""Where the files of open pages are: a folder of this process alone, which goes with it."""

import logging
from pathlib import Path
from typing import Any

import chainlit.config
import chainlit.server

from common.process_folders import ProcessFolder, take_dead
from patches.patch import Parts

logger = logging.getLogger("keepchat")


def keep_apart(_parts: Parts) -> None:
    """Give this process a folder of its own, and remove those of processes that are gone."""
    root = Path(chainlit.config.FILES_DIRECTORY)
    remove_dead(root)
    own = ProcessFolder.make(root)
    server: Any = chainlit.server
    chainlit.config.FILES_DIRECTORY = server.FILES_DIRECTORY = own.path
    chainlit.server.app.state.session_files = own  # whose lock is held until the process ends


def remove_dead(root: Path) -> None:
    """Remove the folders that no process uses any more."""
    for folder in take_dead(root):
        try:
            folder.remove()
        except OSError as exc:
            logger.warning("Files of pages that are gone stay in %s: %s", folder.path, exc)
