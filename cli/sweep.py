"""`manage.py sweep`: files that no message names, and messages whose file is missing."""

import argparse
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any

import anyio
from tqdm import tqdm

from bootstrap.storages import open_storage
from bootstrap.stores import check_schema, open_store, prepare
from cli.shared import Subcommands
from cli.waiting import Waiting, look
from datalayer.errors import DataLayerError
from datalayer.pipeline.locks import apply_when_free
from datalayer.pipeline.reconciliation import FileState, ReconciledFile, reconcile
from datalayer.records import FileRecord
from datalayer.stores.base import Store
from datalayer.writes import FinishElement, RevisionClock
from settings import Settings, load, prepare_data_dir
from storage.base import Storage
from storage.errors import ObjectMissing, StorageError

HOUR_S = 3_600.0
BATCH = 500  # files that are removed together
SHOWN = 20  # of each kind, by name
_ALL = 2**32  # keys begin with eight random hexadecimal digits: they tell how far a list is
_MESSAGES = {
    FileState.WHOLE: "files are there, as messages name them",
    FileState.YOUNG: "are of the last hour and are left alone",
    FileState.FOREIGN: "files are none of Keepchat's and are left alone",
    FileState.ORPHAN: "files belong to no message",
    FileState.STORED: "uploads were not seen to their end, though their files are there",
    FileState.UNFINISHED: "uploads never ended: their files have to be sent again",
    FileState.WAITING: "files wait in the spool of this computer, and are stored from there",
    FileState.MISSING: "files are missing: restore them from a backup",
}
_NAMED = (
    FileState.FOREIGN,
    FileState.ORPHAN,
    FileState.STORED,
    FileState.UNFINISHED,
    FileState.MISSING,
)


def add_commands(commands: Subcommands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "sweep",
        help="remove files that belong to no message, and name messages whose file is missing; "
        "exit code 1 if there are such",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what is there")
    parser.add_argument(
        "--most",
        action="store_true",
        help="remove files even if most of them belong to no message, as after a change of "
        "databases",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Sweep, or say what a sweep would do."""
    settings = load()
    prepare_data_dir(settings)
    storage, waiting = _storage(settings), _waiting(settings)
    try:
        return anyio.run(_with_parts, settings, storage, waiting, args.dry_run, args.most)
    except DataLayerError as exc:
        sys.exit(f"DATABASE_URL: {exc}")
    except StorageError as exc:
        sys.exit(f"STORAGE_URL: {exc}")


def _storage(settings: Settings) -> Storage:
    try:
        return open_storage(settings)
    except ValueError as exc:
        sys.exit(f"{exc} See .env.example.")


def _waiting(settings: Settings) -> Waiting:
    try:
        return look(settings)
    except OSError as exc:
        sys.exit(f"DATA_DIR: {exc.filename}: {exc.strerror}.")


async def _with_parts(
    settings: Settings, storage: Storage, waiting: Waiting, dry_run: bool, most: bool
) -> int:
    async with AsyncExitStack() as stack:
        stack.push_async_callback(storage.close)
        await (check_schema if dry_run else prepare)(settings)
        store = open_store(settings, migrates=False)
        stack.push_async_callback(store.close)
        await storage.check()  # one that cannot be read would look empty
        sweep = Sweep(store, storage, dry_run=dry_run)
        spooled = {file.key for file in waiting.files}
        limit = time.time() - HOUR_S
        with _progress() as bar:
            async for file in reconcile(store, storage, younger_than=limit, waiting=spooled):
                await sweep.take(file)
                _show(bar, file.key)
        if not dry_run:
            _refuse_while_files_may_be_named(waiting)
            await sweep.remove_orphans(most=most)
    print(*sweep.lines(), "Nothing was changed." if dry_run else "Done.", sep="\n")
    return 1 if sweep.counts[FileState.MISSING] or sweep.counts[FileState.UNFINISHED] else 0


def _refuse_while_files_may_be_named(waiting: Waiting) -> None:
    """End the command where writes that are not stored may name what nobody seems to name."""
    if waiting.writes.depth:
        sys.exit(
            "Writes wait in the journal, so nothing is removed: let the program run until "
            "'python manage.py journal list' says that nothing waits."
        )
    if waiting.letters:
        sys.exit(
            "There are dead letters, which may name files, so nothing is removed: see 'python "
            "manage.py journal list', and retry or drop them first."
        )


class Sweep:
    """Counts what is found; unless it is a `dry_run`, removes orphans and ends uploads."""

    def __init__(self, store: Store, storage: Storage, *, dry_run: bool) -> None:
        self.counts: Counter[FileState] = Counter()
        self._named: dict[FileState, list[str]] = {state: [] for state in _NAMED}
        self._orphans: list[str] = []
        self._removed = 0
        self._store = store
        self._storage = storage
        self._clock = RevisionClock()
        self._dry_run = dry_run

    async def take(self, file: ReconciledFile) -> None:
        """Take one file into account."""
        self.counts[file.state] += 1
        self._name(file)
        if self._dry_run:
            return
        if file.state is FileState.STORED and file.element:
            with suppress(ObjectMissing):  # deleted since it was listed
                await self._finish(file.element)
        if file.state is FileState.ORPHAN:
            self._orphans.append(file.key)

    async def remove_orphans(self, *, most: bool) -> None:
        """Remove files that belong to no message; `SystemExit` if they are the `most`."""
        if not most and self.counts[FileState.ORPHAN] > self.counts[FileState.WHOLE]:
            print(*self.lines(), sep="\n")
            sys.exit(
                "Most files belong to no message, so nothing is removed: is DATABASE_URL the "
                "database of this storage? If it is, run 'python manage.py sweep --most'."
            )
        for start in range(0, len(self._orphans), BATCH):
            keys = self._orphans[start : start + BATCH]
            # Once more, now: a row may have come since it was looked for.
            named = await self._store.named_files([key.rpartition("/")[2] for key in keys])
            await self._storage.delete(key for key in keys if key not in named)
            self._removed += len(keys)

    def lines(self) -> Iterator[str]:
        """Yield what was found, and what became of it."""
        for state, message in _MESSAGES.items():
            if count := self.counts[state]:
                yield f"{count:,} {message}{self._done(state)}"
                named = self._named.get(state, [])
                yield from (f"  {name}" for name in named)
                if state in _NAMED and count > len(named):
                    yield f"  and {count - len(named):,} more"

    def _done(self, state: FileState) -> str:
        if state is FileState.ORPHAN and self._removed:
            return ": removed"
        return ": shown from now on" if state is FileState.STORED and not self._dry_run else ""

    def _name(self, file: ReconciledFile) -> None:
        named = self._named.get(file.state)
        if named is not None and len(named) < SHOWN:
            element = file.element
            about = f" ({element.name!r} in thread {element.thread_id})" if element else ""
            named.append(f"{file.key}{about}")

    async def _finish(self, element: FileRecord) -> None:
        digest, size = hashlib.sha256(), 0
        async with self._storage.open(element.object_key) as opened:
            async for piece in opened.body:
                await anyio.to_thread.run_sync(digest.update, piece)
                size += len(piece)
        finish = FinishElement(
            id=element.element_id,
            thread_id=element.thread_id,
            object_key=element.object_key,
            size=size,
            sha256=digest.hexdigest(),
            revision=self._clock.next(),
        )
        await apply_when_free(self._store, [finish])


@contextmanager
def _progress() -> Iterator["tqdm[Any]"]:
    """Give a bar on the screen; none where nobody looks."""
    shape = "{desc} {percentage:3.0f}% |{bar}| {elapsed} ({remaining} to go)"
    bar: tqdm[Any] = tqdm(total=_ALL, desc="Comparing", bar_format=shape, disable=None, leave=False)
    with bar:
        yield bar


def _show(bar: "tqdm[Any]", key: str) -> None:
    try:
        position = int(key[:8], 16)
    except ValueError:
        return
    if position > bar.n:
        bar.update(position - bar.n)
