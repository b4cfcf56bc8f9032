"""`manage.py user`: the accounts of AUTH_MODE=password."""

import argparse
import getpass
import sys

import anyio

from access.login.accounts import UsersFile
from access.login.errors import AccountError
from access.login.names import folded
from bootstrap.login import mode_of
from bootstrap.stores import open_store, prepare
from cli.commands import Subcommands
from datalayer.errors import DataLayerError
from datalayer.pipeline.locks import apply_when_free
from datalayer.records import Outcome
from datalayer.writes import DeleteUser, RevisionClock
from settings import Settings, load, prepare_data_dir


def add_commands(commands: Subcommands) -> None:
    """Add the commands to the command line."""
    user = commands.add_parser("user", help="keep the accounts of AUTH_MODE=password")
    actions = user.add_subparsers(required=True, metavar="ACTION")
    for name, what in (("add", "make an account"), ("passwd", "change a password")):
        action = actions.add_parser(name, help=what)
        action.add_argument("name")
        action.add_argument("--password-stdin", action="store_true", help="read it, do not ask")
        action.set_defaults(run=run_action, action=add if name == "add" else change_password)
    action = actions.add_parser("remove", help="remove an account; conversations stay")
    action.add_argument("name")
    action.add_argument("--with-conversations", action="store_true", help="delete them too")
    action.set_defaults(run=run_action, action=remove)
    actions.add_parser("list", help="list the accounts").set_defaults(
        run=run_action, action=list_accounts
    )


def run_action(args: argparse.Namespace) -> int:
    """Run an action; what cannot be done is one line and exit code 1."""
    settings = load()
    prepare_data_dir(settings)
    try:
        print(args.action(settings, args))
    except AccountError as exc:
        sys.exit(str(exc))
    except DataLayerError as exc:
        sys.exit(f"DATABASE_URL: {exc}")
    if not mode_of(settings).has_accounts:
        print("Note: accounts count only with AUTH_MODE=password in .env.", file=sys.stderr)
    return 0


def add(settings: Settings, args: argparse.Namespace) -> str:
    """Make an account."""
    account = UsersFile(settings.users_path).add(args.name, _password(args))
    return f"{account.name} can sign in now."


def change_password(settings: Settings, args: argparse.Namespace) -> str:
    """Change a password."""
    account = UsersFile(settings.users_path).set_password(args.name, _password(args))
    return f"The password of {account.name} is changed, and they are signed out everywhere."


def remove(settings: Settings, args: argparse.Namespace) -> str:
    """Remove an account, and the conversations where that is asked.

    They go first: what stops half way is done again as it was asked.
    """
    users = UsersFile(settings.users_path)
    if not args.with_conversations:
        name = users.remove(args.name).name
        return f"{name} cannot sign in any more. Their conversations are kept."
    account = users.accounts().get(folded(args.name))
    name = account.name if account else args.name
    if not anyio.run(_delete_conversations, settings, name) and account is None:
        users.known(args.name)
    if account:
        users.remove(name)
    return f"{name} cannot sign in any more. Their conversations are deleted."


def list_accounts(settings: Settings, _args: argparse.Namespace) -> str:
    """List names and since when their passwords are as they are."""
    accounts = UsersFile(settings.users_path).accounts()
    lines = [f"{each.name}\t{each.changed_at}" for each in accounts.values()]
    return "\n".join(sorted(lines)) or "There are no accounts. Make one: manage.py user add NAME"


def _password(args: argparse.Namespace) -> str:
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    try:
        password = getpass.getpass("Password: ")
        again = getpass.getpass("Again: ")
    except EOFError as exc:
        message = "There is nobody to ask for the password: send it to --password-stdin."
        raise AccountError(message) from exc
    if password != again:
        message = "These were two different passwords; nothing is changed."
        raise AccountError(message)
    return password


async def _delete_conversations(settings: Settings, name: str) -> bool:
    """Delete a user with all that is theirs, and tell whether there was one."""
    await prepare(settings)
    store = open_store(settings)
    write = DeleteUser(identifier=name, revision=RevisionClock().next())
    try:
        [result] = await apply_when_free(store, [write])
    finally:
        await store.close()
    return result.outcome is Outcome.APPLIED
