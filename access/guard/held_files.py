"""Files of a temporary conversation: in memory, and gone with whoever has their path.

Chainlit knows a session's files by their paths. Such a path leads to what the process has open and
no folder has. Where the system has no such files they are in the folder of the session, which is
removed with it.
"""

import os
import shutil
import uuid
import weakref
from collections.abc import Callable
from pathlib import Path

from anyio import to_thread
from chainlit.session import BaseSession
from chainlit.types import FileDict, FileReference

CAN_HOLD = hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir()


class HeldPath(type(Path())):  # type: ignore[misc] # the class for this system
    """The path of a file in memory, which is closed once this very object is gone.

    Its number may then be another file's: it is to be read by who holds it, or its session.
    """

    _close: Callable[[], object]

    @classmethod
    def of(cls, content: bytes | Path) -> "HeldPath":
        """Take bytes, or those of a file, into memory. Blocks."""
        number = os.memfd_create("keepchat")
        path = cls(f"/proc/self/fd/{number}")
        path._close = weakref.finalize(path, os.close, number)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            shutil.copyfile(content, path)
        return path

    def unlink(self, missing_ok: bool = False) -> None:
        """Close the file: there is no other trace of it."""
        self._close()


async def hold(session: BaseSession, name: str, mime: str, content: bytes | Path) -> FileReference:
    """Have a new file of a session in memory."""
    path = await to_thread.run_sync(HeldPath.of, content)
    file_id, size = str(uuid.uuid4()), os.stat(path).st_size  # noqa: PTH116 - it blocks nobody
    session.files[file_id] = FileDict(id=file_id, path=path, name=name, type=mime, size=size)
    return FileReference(id=file_id)


async def take_into_memory(session: BaseSession) -> list[Path]:
    """Have all files of a session in memory; returns where they were, to be removed."""
    left = []
    for file in list(session.files.values()):
        if CAN_HOLD and not is_held(file):
            left.append(Path(file["path"]))
            file["path"] = await to_thread.run_sync(HeldPath.of, left[-1])
    return left


def is_held(file: FileDict) -> bool:
    """Tell whether a file is in memory alone."""
    return isinstance(file["path"], HeldPath)
