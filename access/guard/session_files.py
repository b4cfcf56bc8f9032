"""Files of open pages that wait for their message: they outlive the process.

Chainlit knows of them in memory alone. So a note beside each says what it is and whose. What a
process that is gone has left is taken over, and given to the page that comes back: under the same
id, and signed in as the same user.
"""

import logging
import shutil
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec
from anyio import to_thread
from chainlit.session import WebsocketSession
from chainlit.types import FileDict

from access.guard.pages import user_of
from common.processes.process_folders import OwnFolder, take_dead

logger = logging.getLogger(__name__)

KEPT_S = 60 * 60  # how long a page may stay away, as Chainlit forgets one whose line is cut
_NOTE = ".note"


class Note(msgspec.Struct):
    """What is known of a file; `file` is its name in the folder of its page."""

    owner: str
    file: str
    name: str
    type: str
    size: int


class SessionFiles:
    """The folder of this process's pages, below that of all processes with one DATA_DIR."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._own = OwnFolder(root)
        self._taking = threading.Lock()
        self._unclaimed: dict[str, float] = {}  # pages that may come back, until when

    def open(self) -> Path:
        """Make the folder and take over what was left; returns where Chainlit is to put files."""
        own = self.make()
        self._take_over(own)
        return own

    def make(self) -> Path:
        """Return the folder, made anew where somebody has removed it. Blocks. Raises `OSError`."""
        return self._own.make().path

    def leave(self) -> None:
        """Leave the files that wait to the process that starts next, and nothing else."""
        for folder in filter(None, (self._own.folder, *self._own.removed)):
            for page in _pages(folder.path):
                if not _remove_all_but_waiting(page):
                    shutil.rmtree(page, ignore_errors=True)
            folder.release()

    async def note(self, session: WebsocketSession, file_id: str) -> None:
        """Write down what Chainlit knows of a file that waits."""
        file = session.files[file_id]
        path = Path(file["path"])
        note = Note(user_of(session), path.name, file["name"], file["type"], file["size"])
        await to_thread.run_sync(_write, path.parent / f"{file_id}{_NOTE}", note)

    async def sent(self, session: WebsocketSession, file_ids: Collection[str]) -> None:
        """Forget what was written down of files that are with their message."""
        paths = [Path(session.files[one]["path"]).parent / f"{one}{_NOTE}" for one in file_ids]
        if paths:
            await to_thread.run_sync(_unlink, paths)

    async def restore(self, session: WebsocketSession) -> Collection[str]:
        """Give a new session the files that wait for it; returns their ids."""
        found = await to_thread.run_sync(self._find, session.id, user_of(session))
        session.files.update(found)
        return found.keys()

    def _find(self, session_id: str, user: str) -> dict[str, FileDict]:
        if self._own.folder is None:
            return {}
        with self._taking:
            own = self.make()
            self._take_over(own)
            self._forget_late(own)
            if session_id not in self._unclaimed:
                return {}
            found = dict(_waiting(own / session_id, user))
            if found:
                del self._unclaimed[session_id]
            return found

    def _take_over(self, own: Path) -> None:
        for dead in take_dead(self._root):
            try:
                for page in _pages(dead.path):
                    self._take_page(page, own / page.name)
                dead.remove()
            except OSError as exc:
                logger.warning("Files of pages that are gone stay in %s: %s", dead.path, exc)

    def _take_page(self, page: Path, target: Path) -> None:
        age_s = time.time() - page.stat().st_mtime
        if age_s > KEPT_S or target.exists() or not _remove_all_but_waiting(page):
            return
        page.rename(target)
        self._unclaimed[page.name] = time.monotonic() + KEPT_S - age_s

    def _forget_late(self, own: Path) -> None:
        now = time.monotonic()
        for page in [page for page, until in self._unclaimed.items() if until < now]:
            del self._unclaimed[page]
            shutil.rmtree(own / page, ignore_errors=True)


def _pages(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*") if path.is_dir()]


def _write(path: Path, note: Note) -> None:
    begun = path.with_suffix(".begun")
    begun.write_bytes(msgspec.json.encode(note))
    begun.rename(path)


def _unlink(paths: Collection[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _notes(page: Path) -> Iterator[tuple[str, Note]]:
    for path in page.glob(f"*{_NOTE}"):
        try:
            yield path.stem, msgspec.json.decode(path.read_bytes(), type=Note)
        except (OSError, msgspec.MsgspecError) as exc:
            logger.warning("What %s says of a file cannot be read: %s", path, exc)


def _waiting(page: Path, user: str) -> Iterator[tuple[str, FileDict]]:
    for file_id, note in _notes(page):
        path = page / Path(note.file).name
        if note.owner == user and path.is_file():
            yield (
                file_id,
                FileDict(id=file_id, path=path, name=note.name, type=note.type, size=note.size),
            )


def _remove_all_but_waiting(page: Path) -> bool:
    """Remove from a page's folder what waits for no message; tell whether something does."""
    kept = {name for file_id, note in _notes(page) for name in (note.file, f"{file_id}{_NOTE}")}
    _unlink([path for path in page.iterdir() if path.name not in kept])
    return bool(kept)
