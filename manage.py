"""Operator commands: `python manage.py COMMAND`. Their code is in cli/."""

from common.processes import collector

IS_PAUSED = collector.pause()

import argparse
import sys

from bootstrap.logs import log_commands, quiet_libraries
from cli import accounts, import_, journal, link, migrate, move, sweep
from cli.backups import backup, restore
from cli.doctor import command as doctor
from cli.languages import translations
from common.files.owner_only import make_all_private
from common.version import VERSION

if IS_PAUSED:
    collector.resume()

COMMANDS = (
    doctor,
    migrate,
    backup,
    restore,
    import_,
    move,
    sweep,
    journal,
    accounts,
    link,
    translations,
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    root = argparse.ArgumentParser(prog="manage.py", description="Operator commands of Keepchat.")
    root.add_argument("--version", action="version", version=f"Keepchat {VERSION}")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add_commands(commands)
    return root


def main(arguments: list[str] | None = None) -> None:
    """Run one command and end with its exit code."""
    args = parser().parse_args(arguments)
    make_all_private()
    quiet_libraries()
    sys.exit(args.run(args))


if __name__ == "__main__":
    log_commands()
    main()
