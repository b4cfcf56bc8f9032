"""`manage.py move`: what another database and storage of Keepchat's hold, to those that are set."""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import anyio
from pydantic import SecretStr

from bootstrap.storages import open_storage
from bootstrap.stores import open_store, prepare
from cli.shared import Subcommands, naming_the_setting
from datalayer.errors import DataLayerError, StoreMisconfigured
from datalayer.migration.moving.conversations import ConversationMove
from datalayer.migration.moving.files import FileMove
from datalayer.stores.base import Store
from datalayer.stores.capabilities import Migrates
from settings import Settings, load, prepare_data_dir
from storage.base import Storage
from storage.errors import StorageError

PROGRESS_S = 2.0
MOST_NAMED = 20
KINDS = ("users", "accounts", "threads", "steps", "feedbacks", "elements")


def add_commands(commands: Subcommands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "move",
        help="copy what another database and another storage of Keepchat's hold into those that "
        "the settings name, and compare all of it; exit code 1 if something is not the same",
    )
    parser.add_argument(
        "--from-database", metavar="URL", help="what DATABASE_URL was; it is only read"
    )
    parser.add_argument(
        "--from-storage", metavar="URL", help="what STORAGE_URL was; it is only read"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Move what is to be moved."""
    if not args.from_database and not args.from_storage:
        sys.exit("Say what is to be moved: --from-database URL, --from-storage URL, or both.")
    settings = load()
    before = _before(settings, args.from_database, args.from_storage)
    if (before.database, before.storage) == (settings.database, settings.storage):
        sys.exit("It is there already: DATABASE_URL and STORAGE_URL name where it is to go.")
    try:
        return anyio.run(_move, before, settings)
    except KeyboardInterrupt:
        sys.exit("Interrupted. Run it again: what has arrived is not doubled.")
    except (DataLayerError, StorageError) as exc:
        sys.exit(f"{exc} Then run it again: what has arrived is not doubled.")


def _before(settings: Settings, database: str | None, storage: str | None) -> Settings:
    """Return the settings as they were: what is not named has not changed."""
    changed = {
        **({"database_url": SecretStr(database)} if database else {}),
        **({"storage_url": storage} if storage else {}),
    }
    return settings.model_copy(update=changed)


async def _move(before: Settings, settings: Settings) -> int:
    async with AsyncExitStack() as stack:
        with naming_the_setting():
            target, new = _opened(settings, stack)
        with naming_the_setting("--from-database", "--from-storage"):
            source, old = _opened(before, stack)
            await _require_current(source)
        with naming_the_setting():
            prepare_data_dir(settings)
            await prepare(settings)
        differing: list[str] = []
        if before.database != settings.database:
            differing += await _move_database(source, target)
        if before.storage != settings.storage:
            differing += await _move_files(source, old, new)
    return _told(differing)


def _opened(settings: Settings, stack: AsyncExitStack) -> tuple[Store, Storage]:
    store, storage = open_store(settings, migrates=False), open_storage(settings)
    stack.push_async_callback(store.close)
    stack.push_async_callback(storage.close)
    return store, storage


async def _require_current(source: Store) -> None:
    """Ask a database that is only read whether it can be. Raises `DataLayerError`."""
    found = await source.describe()
    if not found.is_there or (isinstance(source, Migrates) and await source.needs_migration()):
        message = (
            f"Nothing of this version is there ({found.summary}). Check the URL; or bring it to "
            "this version by 'python manage.py migrate' with it as DATABASE_URL."
        )
        raise StoreMisconfigured(message)


async def _move_database(source: Store, target: Store) -> Sequence[str]:
    moved = await ConversationMove(source, target, _Progress("conversations")).run()
    print("Database:", ", ".join(f"{moved.counts[kind]:,} {kind}" for kind in KINDS))
    return moved.differing


async def _move_files(store: Store, source: Storage, target: Storage) -> Sequence[str]:
    moved = await FileMove(store, source, target, _Progress("files")).run()
    print(f"Storage: {moved.count:,} files, {moved.size:,} bytes, each read again")
    return moved.differing


def _told(differing: Sequence[str]) -> int:
    if not differing:
        print("All of it is there, and the same. Run it again if somebody has chatted meanwhile.")
        return 0
    for line in differing[:MOST_NAMED]:
        print(f"not the same: {line}")
    print(f"{len(differing):,} are not the same: they were changed there since, or are missing.")
    return 1


class _Progress:
    """Tells on the screen, now and then, how far it is."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._printed_at = time.monotonic()

    def __call__(self, done: int) -> None:
        if sys.stderr.isatty() and time.monotonic() - self._printed_at >= PROGRESS_S:
            self._printed_at = time.monotonic()
            print(f"{done:,} {self._what}", file=sys.stderr)
