"""Where the files of open pages are: a folder of this process alone, and what waits outlives it."""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

import chainlit.config
import chainlit.server
from chainlit.session import BaseSession, WebsocketSession

from access.guard.limits import WaitingFiles
from access.guard.session_files import SessionFiles
from common.processes.process_folders import take_dead
from patches.originals import Handler, replace, wrap
from patches.patch import Parts

logger = logging.getLogger("keepchat")


def keep_apart(parts: Parts) -> None:
    """Give this process a folder of its own, in the data folder."""
    server: Any = chainlit.server
    remove_dead(Path(chainlit.config.FILES_DIRECTORY))
    chainlit.config.FILES_DIRECTORY = parts.session_files.open()
    server.FILES_DIRECTORY = Leaving(parts.session_files)


def keep_folder(parts: Parts) -> None:
    """Have files of sessions where the folder is, which somebody may remove."""
    replace(BaseSession, "files_dir", lambda _original: in_folder(parts.session_files))


def in_folder(files: SessionFiles) -> property:
    """Return a session's own folder, below one that is there, if it can be."""

    def files_dir(session: BaseSession) -> Path:
        with suppress(OSError):
            chainlit.config.FILES_DIRECTORY = files.make()
        return chainlit.config.FILES_DIRECTORY / session.id

    return property(files_dir)


class Leaving:
    """What Chainlit would remove as its last step: then all goes but what waits."""

    def __init__(self, files: SessionFiles) -> None:
        self._files = files

    def is_dir(self) -> bool:
        """Leave the files; there is nothing more to be removed."""
        self._files.leave()
        return False


def remove_dead(root: Path) -> None:
    """Remove the folders that versions of before had in Chainlit's own folder, and no others.

    What is there without a lock belongs to another program of Chainlit's in the same folder.
    """
    for folder in take_dead(root, only_locked=True):
        try:
            folder.remove()
        except OSError as exc:
            logger.warning("Files of pages that are gone stay in %s: %s", folder.path, exc)


def give_back(parts: Parts) -> None:
    """Give a page that comes back the files that wait in its composer."""
    wrap(
        "connect",
        lambda original: with_waiting_files(original, parts.session_files, parts.waiting_files),
    )


def with_waiting_files(original: Handler, files: SessionFiles, waiting: WaitingFiles) -> Handler:
    """Return a connect handler that restores what a new session had in another process."""

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> Any:
        connected = await original(sid, environ, auth)
        session = WebsocketSession.get(sid)
        if session and not session.restored:
            waiting.restored(session, await files.restore(session))
        return connected

    return connect
