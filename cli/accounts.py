"""`manage.py user`: the accounts, wherever the database is, while the program runs or before."""

import argparse
import getpass
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio
from anyio import to_thread

from access.login.accounts.administration import (
    change_account,
    find_account,
    free_name,
    is_there,
    known_account,
    make_account,
    name_of,
    now,
)
from access.login.accounts.errors import AccountError
from access.login.accounts.passwords import checked_password, hash_password
from access.login.record import record
from bootstrap.login import mode_of
from bootstrap.logs import log_as
from bootstrap.stores import open_store, prepare, take_over_users
from cli.conversations import (
    count_conversations,
    erase_conversations,
    forget_preferences,
    in_words,
    owner_named,
)
from cli.shared import Subcommands
from datalayer.errors import DataLayerError
from datalayer.stores.accounts import Account
from datalayer.stores.base import Store
from settings import Settings, load, prepare_data_dir

Action = Callable[[Store, argparse.Namespace], Awaitable[str]]

NOBODY_TO_ASK = "There is nobody to ask for the password: send it to --password-stdin."
KEEP_OR_ERASE = (
    "Say what becomes of their conversations: --keep, so that nobody gets the name without a word, "
    "or --erase, which deletes them for ever."
)
SIGNED_OUT_WITHIN_S = 1.0
"""So long it takes until every process knows that a session has ended."""


def add_commands(commands: Subcommands) -> None:
    """Add the commands to the command line."""
    user = commands.add_parser("user", help="keep the accounts of AUTH_MODE=password")
    actions = user.add_subparsers(required=True, metavar="ACTION")

    def command(name: str, action: Action, about: str) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=about)
        parser.set_defaults(run=run_action, action=action, verb=name)
        return parser

    def command_on(name: str, action: Action, about: str) -> argparse.ArgumentParser:
        parser = command(name, action, about)
        parser.add_argument("name")
        return parser

    for name, action, about in (
        ("add", add, "make an account"),
        ("passwd", change_password, "change a password"),
    ):
        parser = command_on(name, action, about)
        parser.add_argument("--password-stdin", action="store_true", help="read it, do not ask")
        if name == "add":
            parser.add_argument(
                "--inherit",
                action="store_true",
                help="with the conversations of who had the name before",
            )
    command_on("disable", disable, "let somebody in no more, for now")
    command_on("enable", enable, "let somebody in again")
    command_on("sign-out", sign_out, "end all of somebody's logins")
    _add_choice(command_on("remove", remove, "remove an account"))
    command("list", list_accounts, "list the accounts")


def _add_choice(parser: argparse.ArgumentParser) -> None:
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--keep", dest="choice", action="store_const", const="keep", help="keep conversations"
    )
    for name in ("--erase", "--with-conversations"):
        choice.add_argument(
            name, dest="choice", action="store_const", const="erase", help="delete them for ever"
        )


def run_action(args: argparse.Namespace) -> int:
    """Run an action; what cannot be done is one line and exit code 1."""
    settings = load()
    prepare_data_dir(settings)
    log_as(settings.log_format)
    try:
        print(anyio.run(_with_store, settings, args))
        if args.action is not list_accounts:
            record(f"user {args.verb}", args.name, mode="command")
    except AccountError as exc:
        sys.exit(str(exc))
    except DataLayerError as exc:
        sys.exit(f"DATABASE_URL: {exc}")
    if not mode_of(settings).has_accounts:
        print("Note: accounts count only with AUTH_MODE=password in .env.", file=sys.stderr)
    return 0


async def _with_store(settings: Settings, args: argparse.Namespace) -> str:
    await prepare(settings)
    await take_over_users(settings)
    store = open_store(settings)
    action: Action = args.action
    try:
        return await action(store, args)
    finally:
        await store.close()


async def add(store: Store, args: argparse.Namespace) -> str:
    """Make an account; conversations of that name are inherited only where that is asked for."""
    name = await free_name(store.accounts, args.name)
    former = await find_account(store.accounts, name)
    owner = await owner_named(store, former.identifier if former else None, name)
    count = await count_conversations(store, owner) if owner else 0
    if count and not args.inherit:
        message = (
            f"A former {owner!r} has left {in_words(count)}. Add --inherit to give them to who "
            f"gets the name now, or delete them first: manage.py user remove {args.name!r} --erase"
        )
        raise AccountError(message)
    identifier = owner if owner and count else name
    password_hash = await _new_password(args, identifier)
    account = await make_account(store.accounts, identifier, password_hash)
    inherited = f", with {in_words(count)}" if count else ""
    return f"{account.identifier} can sign in now{inherited}."


async def change_password(store: Store, args: argparse.Namespace) -> str:
    """Change a password."""
    known = await known_account(store.accounts, args.name)
    password_hash = await _new_password(args, known.identifier)
    account = await change_account(
        store.accounts, args.name, lambda it: replace(it, password_hash=password_hash)
    )
    off = " The account is disabled as before." if account.status == "disabled" else ""
    return (
        f"The password of {name_of(account)} is changed, and they are signed out everywhere.{off}"
    )


async def disable(store: Store, args: argparse.Namespace) -> str:
    """Let somebody in no more."""
    account = await change_account(
        store.accounts, args.name, lambda it: replace(it, status="disabled")
    )
    return f"{name_of(account)} is signed out everywhere, and cannot sign in until 'enable'."


async def enable(store: Store, args: argparse.Namespace) -> str:
    """Let somebody in again."""
    account = await change_account(
        store.accounts, args.name, lambda it: replace(it, status="active")
    )
    return f"{name_of(account)} can sign in."


async def sign_out(store: Store, args: argparse.Namespace) -> str:
    """End all logins of somebody, also of who has no account here."""
    account = await find_account(store.accounts, args.name)
    identifier = account.identifier if account else args.name
    ended = await store.accounts.end_sessions(identifier)
    if not ended and account is None:
        await known_account(store.accounts, args.name)
    return f"{args.name} is signed out everywhere. Logins ended: {len(ended):,}."


async def remove(store: Store, args: argparse.Namespace) -> str:
    """Remove an account, and the conversations where that is asked.

    Nobody is signed in any more when they are deleted, and the account goes last: what stops half
    way is done again as it was asked.
    """
    account = await find_account(store.accounts, args.name)
    owner = await owner_named(store, account.identifier if account else None, args.name)
    identifier = account.identifier if account else owner
    if identifier is None or (account is None and args.choice == "keep"):
        identifier = (await known_account(store.accounts, args.name)).identifier
    count = await count_conversations(store, identifier)
    choice = args.choice or await to_thread.run_sync(_ask_choice, args.name, count)
    if choice == "keep":
        await change_account(store.accounts, args.name, _removed)
        await forget_preferences(store, identifier)
        return f"{args.name} cannot sign in any more. Conversations kept: {count:,}."
    await _shut_out(store, args.name, identifier)
    await erase_conversations(store, identifier)
    if gone := await find_account(store.accounts, args.name):
        await store.accounts.delete_account(gone)
    return f"{args.name} cannot sign in any more. Conversations deleted: {count:,}."


async def _shut_out(store: Store, name: str, identifier: str) -> None:
    """Have somebody signed out everywhere, so that they write nothing more."""
    was_in = await store.accounts.list_sessions(identifier, now=now())
    account = await find_account(store.accounts, name)
    if account and is_there(account):
        await change_account(store.accounts, name, _removed)
    await store.accounts.end_sessions(identifier)
    if was_in:
        await anyio.sleep(SIGNED_OUT_WITHIN_S)


def _removed(account: Account) -> Account:
    return replace(account, status="removed", password_hash=None)


async def list_accounts(store: Store, _args: argparse.Namespace) -> str:
    """List names, since when the accounts are as they are, and what they are."""
    accounts = await store.accounts.list_accounts()
    lines = [f"{name_of(each)}\t{each.changed_at}\t{each.status}" for each in accounts]
    return "\n".join(lines) or "There are no accounts. Make one: manage.py user add NAME"


async def _new_password(args: argparse.Namespace, name: str) -> str:
    """Return the hash of the password that is given or asked for. Raises `AccountError`."""
    password = await to_thread.run_sync(_password, args)
    await to_thread.run_sync(checked_password, password, name)
    return await to_thread.run_sync(hash_password, password)


def _password(args: argparse.Namespace) -> str:
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    try:
        password = getpass.getpass("Password: ")
        again = getpass.getpass("Again: ")
    except EOFError as exc:
        raise AccountError(NOBODY_TO_ASK) from exc
    if password != again:
        message = "These were two different passwords; nothing is changed."
        raise AccountError(message)
    return password


def _ask_choice(name: str, count: int) -> str:
    if not sys.stdin.isatty():
        raise AccountError(KEEP_OR_ERASE)
    given = input(f"{name!r} has {in_words(count)}: keep or erase? ").strip().lower()
    if given not in ("keep", "erase"):
        raise AccountError(KEEP_OR_ERASE)
    return given
