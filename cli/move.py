"""`manage.py move`: what another database and storage of Keepchat's hold, to those that are set."""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import anyio
from pydantic import SecretStr

from access.login.accounts.errors import AccountError
from bootstrap.storages import open_storage
from bootstrap.stores import open_store, prepare
from cli.shared import Subcommands, naming_the_setting
from cli.waiting import look, sentences
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
AGAIN = "Then run it again with --resume: what has arrived is not doubled."
KINDS = ("users", "accounts", "threads", "steps", "feedbacks", "elements")


def add_commands(commands: Subcommands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "move",
        help="copy what another database and another storage of Keepchat's hold into those that "
        "the settings name, and compare all of it; exit code 1 if something is not the same",
    )
    parser.add_argument(
        "--from-database",
        metavar="URL",
        help="what DATABASE_URL was; it is only read. A password that is not in it is taken from "
        "~/.pgpass",
    )
    parser.add_argument(
        "--from-storage", metavar="URL", help="what STORAGE_URL was; it is only read"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with a move that was broken off"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Move what is to be moved."""
    if not args.from_database and not args.from_storage:
        sys.exit("Say what is to be moved: --from-database URL, --from-storage URL, or both.")
    settings = load()
    _refuse_what_waits(settings)
    before = _before(settings, args.from_database, args.from_storage)
    try:
        return anyio.run(_move, before, settings, args.resume)
    except KeyboardInterrupt:
        sys.exit(f"Interrupted. {AGAIN}")
    except (DataLayerError, StorageError) as exc:
        sys.exit(f"{exc} {AGAIN}")


def _refuse_what_waits(settings: Settings) -> None:
    """What waits in DATA_DIR is for the old database: it may be about what is not moved."""
    try:
        waiting = look(settings)
    except OSError as exc:
        sys.exit(f"DATA_DIR: {exc.filename}: {exc.strerror}.")
    if waiting.writes.depth or waiting.files:
        said = " ".join(sentences(waiting))
        sys.exit(f"{said} Start the program with the old settings, which stores that; then end it.")


def _before(settings: Settings, database: str | None, storage: str | None) -> Settings:
    """Return the settings as they were: what is not named has not changed."""
    changed = {
        **({"database_url": SecretStr(database)} if database else {}),
        **({"storage_url": storage} if storage else {}),
    }
    return settings.model_copy(update=changed)


async def _move(before: Settings, settings: Settings, resumes: bool) -> int:
    async with AsyncExitStack() as stack:
        with naming_the_setting():
            target, new = _opened(settings, stack)
            await _prepare(settings)
        with naming_the_setting("--from-database", "--from-storage"):
            source, old = _opened(before, stack)
            await _require_current(source)
        moves_database, moves_files = before.database != settings.database, str(old) != str(new)
        if not moves_database and not moves_files:
            sys.exit("It is there already: DATABASE_URL and STORAGE_URL name where it is to go.")
        differing: list[str] = []
        if moves_database:
            with naming_the_setting():
                await _require_empty(target, resumes=resumes)
            differing += await _move_database(source, target)
        if moves_files:
            differing += await _move_files(source, old, new)
    return _told(differing)


def _opened(settings: Settings, stack: AsyncExitStack) -> tuple[Store, Storage]:
    store, storage = open_store(settings, migrates=False), open_storage(settings)
    stack.push_async_callback(store.close)
    stack.push_async_callback(storage.close)
    return store, storage


async def _prepare(settings: Settings) -> None:
    prepare_data_dir(settings)
    try:
        await prepare(settings)
    except AccountError as exc:
        sys.exit(f"USERS_FILE: {exc}")


async def _require_empty(target: Store, *, resumes: bool) -> None:
    """Refuse a store that is in use: what was deleted there would come back."""
    if resumes or not await _has_any(target):
        return
    message = (
        "There are conversations or accounts in it already. Name an empty database; or, if a move "
        "was broken off and nobody has used it yet, add --resume."
    )
    raise StoreMisconfigured(message)


async def _has_any(store: Store) -> bool:
    async for _user in store.users():
        return True
    async for _thread in store.threads():
        return True
    return bool(await store.accounts.list_accounts())


async def _require_current(source: Store) -> None:
    """Ask a database that is only read whether it can be. Raises `DataLayerError`."""
    if isinstance(source, Migrates) and await source.needs_migration():
        message = (
            "Nothing of this version is there. Check the URL; or bring it to this version by "
            "'python manage.py migrate' with it as DATABASE_URL."
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
        print("All of it is there, and the same.")
        return 0
    for line in differing[:MOST_NAMED]:
        print(f"not the same: {line}")
    print(
        f"{len(differing):,} are not the same. If somebody has chatted at either place meanwhile, "
        "empty the new database, and move again."
    )
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
