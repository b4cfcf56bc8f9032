"""`manage.py migrate`: the database's schema, and databases that Chainlit's own layer made."""

import argparse
import sys
from collections.abc import Awaitable, Callable
from datetime import tzinfo
from pathlib import Path

import anyio

from bootstrap.stores import open_store
from cli.shared import Subcommands
from cli.zones import time_zone
from datalayer.errors import BackupFailed, DataLayerError
from datalayer.stores.base import Store
from datalayer.stores.capabilities import Adopts, BacksUp, Migrates, MigratesBySql
from settings import Settings, load, prepare_data_dir

CURRENT = "The database's schema is that of this version."
NO_SCHEMA = "This database has no schema that a version could change: there is nothing to migrate."
NO_SQL = (
    "There is no SQL for a database of this kind: 'python manage.py migrate' makes its table, or "
    "the templates in deploy/dynamodb/ do."
)
NOT_ADOPTED = (
    "A database of this kind cannot be adopted, and nothing was changed: --adopt is for those of "
    "Chainlit's SQLAlchemy and DynamoDB layers. Set DATABASE_URL to the one that your old program "
    "used."
)
NO_BACKUP = (
    "A database of this kind cannot be backed up from here, and nothing was changed: make a backup "
    "with its own tools, and then run this without --backup-first."
)


def add_commands(commands: Subcommands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("migrate", help="bring the database's schema to this version")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="only say whether it is that; exit code 1 if not"
    )
    what.add_argument(
        "--sql", action="store_true", help="only print the SQL that would bring it there"
    )
    what.add_argument(
        "--adopt",
        action="store_true",
        help="go on with a database of Chainlit's SQLAlchemy or DynamoDB layer",
    )
    parser.add_argument("--dry-run", action="store_true", help="with --adopt: only print the plan")
    parser.add_argument(
        "--backup-first", action="store_true", help="make a backup before anything is changed"
    )
    parser.add_argument(
        "--assume-timezone",
        type=time_zone,
        metavar="ZONE",
        help="with --adopt: where the clock stood from which Chainlit's layer took times, such as "
        "Europe/Berlin; without it they stay as they are",
    )
    parser.set_defaults(run=run, refuse=parser.error)


def run(args: argparse.Namespace) -> int:
    """Do what is asked with the database's schema."""
    if (args.dry_run or args.assume_timezone) and not args.adopt:
        args.refuse("--dry-run and --assume-timezone go with --adopt")
    settings = load()
    prepare_data_dir(settings)
    try:
        return anyio.run(_with_store, settings, _action(settings, args))
    except KeyboardInterrupt:
        sys.exit("Interrupted. Run it again: what was begun is undone, or gone on with.")
    except BackupFailed as exc:
        sys.exit(str(exc))
    except DataLayerError as exc:
        sys.exit(f"DATABASE_URL: {exc}")


Action = Callable[[Store], Awaitable[int]]
Backup = Callable[[Store], Awaitable[None]]


async def _with_store(settings: Settings, action: Action) -> int:
    store = open_store(settings, migrates=False)
    try:
        return await action(store)
    finally:
        await store.close()


def _action(settings: Settings, args: argparse.Namespace) -> Action:
    if args.check:
        return check
    if args.sql:
        return print_sql
    backup = _backup_to(settings.data_path / "backups") if args.backup_first else _no_backup
    if args.adopt:
        return lambda store: adopt(store, args.assume_timezone, backup, dry_run=args.dry_run)
    return lambda store: upgrade(store, backup)


def _backup_to(folder: Path) -> Backup:
    async def backup(store: Store) -> None:
        if not isinstance(store, BacksUp):
            raise BackupFailed(NO_BACKUP)
        print(f"Backup: {await store.backup(folder)}")

    return backup


async def _no_backup(_store: Store) -> None:
    pass


async def check(store: Store) -> int:
    """Say whether the schema is that of this version."""
    if isinstance(store, Migrates) and await store.needs_migration():
        print("The database's schema is older than this version. Run 'python manage.py migrate'.")
        return 1
    print(_current(store))
    return 0


async def print_sql(store: Store) -> int:
    """Print the SQL that would bring the schema to this version."""
    if isinstance(store, MigratesBySql):
        print(await store.migration_sql() or f"-- {CURRENT}")
    elif isinstance(store, Migrates):
        sys.exit(NO_SQL)
    else:
        print(f"-- {NO_SCHEMA}")
    return 0


async def upgrade(store: Store, backup: Backup) -> int:
    """Bring the schema to this version."""
    await backup(store)
    if isinstance(store, Migrates):
        await store.migrate()
    print(_current(store))
    return 0


async def adopt(store: Store, zone: tzinfo | None, backup: Backup, *, dry_run: bool) -> int:
    """Say what adopting the database would do, and then do it."""
    if not isinstance(store, Adopts):
        sys.exit(NOT_ADOPTED)
    plan = await store.adopt(zone=zone, dry_run=True)
    if plan is None:
        print("There is nothing to adopt: it is Keepchat's already, or empty.")
        return 0 if dry_run else await upgrade(store, backup)
    print("The plan:", *plan.lines(), sep="\n")
    if dry_run:
        print("Nothing was changed.")
        return 0
    await backup(store)
    report = await store.adopt(zone=zone)
    if report is not None:
        print("Done:", *report.lines(), sep="\n")
    print(CURRENT)
    return 0


def _current(store: Store) -> str:
    return CURRENT if isinstance(store, Migrates) else NO_SCHEMA
