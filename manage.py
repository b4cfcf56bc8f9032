"""Operator commands: `python manage.py COMMAND`. Their code is in operations/."""

import argparse
import sys

import settings as environment
from datalayer.errors import DataLayerError
from operations.logs import quiet_libraries
from operations.parts import migrate_now


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    root = argparse.ArgumentParser(prog="manage.py", description="Operator commands of Keepchat.")
    commands = root.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database's schema to this version")
    return root


def main(arguments: list[str] | None = None) -> None:
    """Run one command."""
    parser().parse_args(arguments)
    quiet_libraries()
    settings = environment.load()
    environment.prepare_data_dir(settings)
    try:
        migrate_now(settings)
    except DataLayerError as exc:
        sys.exit(f"DATABASE_URL: {exc}")
    sys.stdout.write("The database's schema is that of this version.\n")


if __name__ == "__main__":
    main()
