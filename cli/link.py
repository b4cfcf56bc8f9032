"""`manage.py link`: the link that lets a browser in where AUTH_MODE is local."""

import argparse
import sys
from urllib.parse import urlsplit

from bootstrap.login import local_link, mode_of
from cli.shared import Subcommands
from settings import load, prepare_data_dir


def add_commands(commands: Subcommands) -> None:
    """Add the command to the command line."""
    link = commands.add_parser(
        "link", help="print the link that lets a browser in (AUTH_MODE=local)"
    )
    link.add_argument("address", nargs="?", help="where the browser finds the page, if elsewhere")
    link.set_defaults(run=print_link)


def print_link(args: argparse.Namespace) -> int:
    """Print the link, and make the secret in it if there is none."""
    settings = load()
    address = args.address or settings.address
    if not mode_of(settings).is_personal:
        print(f"With AUTH_MODE={settings.auth_mode} people sign in at the page.", file=sys.stderr)
        return 1
    prepare_data_dir(settings)
    try:
        if urlsplit(address).scheme not in ("http", "https"):
            print(f"{address!r} is no address such as http://localhost:8000.", file=sys.stderr)
            return 1
        print(local_link(settings, address))
    except (OSError, ValueError) as exc:
        print(f"The secret cannot be read: {exc}", file=sys.stderr)
        return 1
    return 0
