"""`manage.py restore`: what a backup has, in the place of the settings."""

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
from tqdm import tqdm

from bootstrap.storages import open_storage
from bootstrap.stores import open_store, prepare
from cli.backups.backup import add_without
from cli.backups.copies import ANY
from cli.backups.folder import Backup, BackupFolder
from cli.shared import Subcommands, naming_the_setting
from cli.waiting import look
from datalayer.pipeline.reconciliation import FileState, reconcile
from datalayer.stores.capabilities import BacksUp
from settings import Settings, load, prepare_data_dir
from storage.base import Storage

NO_RESTORE = (
    "A database of this kind is restored by its own tools: do that, and run this with "
    "'--without database' for files and DATA_DIR."
)


def add_commands(commands: Subcommands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "restore",
        help="put a backup into an empty database, storage and DATA_DIR, as the settings name "
        "them; exit code 1 if files are missing",
    )
    parser.add_argument("backup", type=Path, help="a backup, or the folder with the newest")
    add_without(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Put a backup back."""
    settings = load()
    try:
        folder, backup = BackupFolder.of(args.backup)
        if backup is None:
            sys.exit(f"There is no backup in {args.backup}.")
        prepare_data_dir(settings)
        with naming_the_setting():
            storage = open_storage(settings)
            return anyio.run(_restore, settings, storage, folder, backup, args.without)
    except OSError as exc:
        sys.exit(f"It was not restored: {exc.filename or args.backup}: {exc.strerror or exc}.")


async def _restore(
    settings: Settings,
    storage: Storage,
    folder: BackupFolder,
    backup: Backup,
    without: Collection[str],
) -> int:
    _refuse_what_is_there(settings.data_path, backup.data)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(storage.close)
        if "database" not in without:
            await _restore_database(settings, backup)
        shutil.copytree(backup.data, settings.data_path, dirs_exist_ok=True, symlinks=True)
        print(f"Restored: {backup.path}")
        if "files" in without:
            return 0
        await _restore_files(storage, folder, backup)
        return await _look_at_files(settings, storage)


def _refuse_what_is_there(data_path: Path, data: Path) -> None:
    there = [path.name for path in data.iterdir() if (data_path / path.name).exists()]
    if there:
        sys.exit(
            f"DATA_DIR: {data_path} has {', '.join(sorted(there))} already: end the program, and "
            "move that away, or name another DATA_DIR. Nothing was changed."
        )


async def _restore_database(settings: Settings, backup: Backup) -> None:
    found = list(backup.database.iterdir()) if backup.database.is_dir() else []
    if not found:
        sys.exit(f"{backup.path} has no database: use '--without database'.")
    store = open_store(settings, migrates=False)
    try:
        if not isinstance(store, BacksUp):
            sys.exit(NO_RESTORE)
        await store.restore(found[0])
    finally:
        await store.close()


async def _restore_files(storage: Storage, folder: BackupFolder, backup: Backup) -> None:
    keys = sorted(backup.read_keys())
    for key in tqdm(keys, desc="Files", disable=None, leave=False):
        await storage.put(key, folder.files / key, mime=ANY)
    print(f"{len(keys):,} files.")


async def _look_at_files(settings: Settings, storage: Storage) -> int:
    """Say which messages name a file that is not there."""
    await prepare(settings)  # a backup of an older version is brought to this one
    store = open_store(settings, migrates=False)
    waiting = {file.key for file in look(settings).files}
    try:
        found = reconcile(store, storage, younger_than=time.time(), waiting=waiting)
        counts = Counter([each.state async for each in found])
    finally:
        await store.close()
    print(*_lines(counts), sep="\n")
    return 1 if counts[FileState.MISSING] else 0


def _lines(counts: Counter[FileState]) -> Iterable[str]:
    if missing := counts[FileState.MISSING]:
        yield (
            f"{missing:,} messages lack their file: it was deleted while the backup was made, or "
            "was missing before. 'python manage.py sweep --dry-run' names them."
        )
    yield "Start the program: it goes on with what waited in journal and spool."
