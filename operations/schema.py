"""`manage.py migrate`: the database's schema."""

import argparse
import sys

from datalayer.errors import DataLayerError
from operations.commands import Subcommands
from operations.parts import migrate_now
from settings import load, prepare_data_dir


def add_commands(commands: Subcommands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("migrate", help="bring the database's schema to this version")
    parser.set_defaults(run=migrate)


def migrate(_asked: argparse.Namespace) -> int:
    """Bring the database's schema to this version."""
    settings = load()
    prepare_data_dir(settings)
    try:
        migrate_now(settings)
    except DataLayerError as exc:
        sys.exit(f"DATABASE_URL: {exc}")
    print("The database's schema is that of this version.")
    return 0
