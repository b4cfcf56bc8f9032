"""`manage.py backup`: database, files and DATA_DIR as they are, while the program runs."""

import argparse
import sys
from collections.abc import Collection
from contextlib import AsyncExitStack
from pathlib import Path

import anyio

from bootstrap.storages import open_storage
from bootstrap.stores import open_store
from cli.backups.copies import FileCopies, copy_data
from cli.backups.folder import BackupFolder
from cli.shared import Subcommands, naming_the_setting
from datalayer.stores.capabilities import BacksUp
from settings import Settings, load, prepare_data_dir
from storage.base import Storage

PARTS = ("database", "files")
NO_BACKUP = (
    "A database of this kind is backed up by its own tools (DynamoDB: point-in-time recovery): do "
    "that, and run this with '--without database' for files and DATA_DIR, before it and after it."
)


def add_commands(commands: Subcommands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "backup", help="back up database, files and DATA_DIR to a folder, while the program runs"
    )
    parser.add_argument("folder", type=Path, help="where backups lie; made if it is not there")
    add_without(parser)
    parser.add_argument(
        "--keep", type=_at_least_one, metavar="N", help="then remove all backups but the newest N"
    )
    parser.set_defaults(run=run)


def add_without(parser: argparse.ArgumentParser) -> None:
    """Add the option that leaves out a part."""
    parser.add_argument(
        "--without",
        action="append",
        choices=PARTS,
        default=[],
        help="leave out what is backed up otherwise; may be given twice",
    )


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        message = f"{text!r} is no number above 0"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Make a backup."""
    settings = load()
    prepare_data_dir(settings)
    try:
        with naming_the_setting():
            storage = open_storage(settings)
            anyio.run(_back_up, settings, storage, BackupFolder(args.folder), args.without)
            if args.keep:
                print_removed(*BackupFolder(args.folder).keep_newest(args.keep))
    except OSError as exc:
        sys.exit(f"No backup could be made: {exc.filename or args.folder}: {exc.strerror or exc}.")
    return 0


def print_removed(backups: int, files: int) -> None:
    """Say what was removed of older ones."""
    if backups:
        print(f"Removed {backups:,} older backups, and {files:,} files that only they had.")


async def _back_up(
    settings: Settings, storage: Storage, folder: BackupFolder, without: Collection[str]
) -> None:
    async with AsyncExitStack() as stack:
        stack.push_async_callback(storage.close)
        store = open_store(settings, migrates=False)
        stack.push_async_callback(store.close)
        if "database" not in without and not isinstance(store, BacksUp):
            sys.exit(NO_BACKUP)
        backup = folder.begin()
        copies = FileCopies(store, storage, folder.files)
        stack.push_async_callback(copies.close)
        # The order is what makes it whole: ADR 41.
        if "files" not in without:
            await copies.copy_new()
        copy_data(settings, backup.data, leave_out=[folder.path])
        if "database" not in without and isinstance(store, BacksUp):
            await store.backup(backup.database)
        if "files" not in without:
            await copies.copy_new()
            backup.write_keys(copies.keys)
        made = folder.end(backup)
        print(f"Backup: {made.path}")
        print(f"{len(copies.keys):,} files, of which {copies.copied:,} were not there yet.")
