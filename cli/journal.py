"""`manage.py journal`: what is accepted and not stored, and what no database takes.

All of it works while the program runs: what waits is only looked at, and a dead letter is nobody's
but the operator's.
"""

import argparse
import json
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable

import anyio
from anyio import to_thread

from bootstrap.stores import check_schema, open_store
from cli.shared import Subcommands
from cli.waiting import (
    STORED_LATER,
    dead_letters,
    in_megabytes,
    look,
    sentences,
    time_of_letter,
)
from common.failures import in_one_line
from datalayer.errors import DataLayerError, UnreadableWrite, is_away
from datalayer.pipeline.journal.dead_letters import DeadLetters
from datalayer.pipeline.locks import apply_when_free
from datalayer.pipeline.spool.reading import WaitingFile, waiting_files
from datalayer.pipeline.spool.spool import spooled_name
from datalayer.records import Outcome, Result
from datalayer.stores.base import Store
from datalayer.values import time_of_revision
from datalayer.writes import SaveElement, describe
from settings import Settings, load, prepare_data_dir

SHOWN = 100  # files by name
NOTHING = "Nothing waits, and there are no dead letters."
STORED = (Outcome.APPLIED, Outcome.REPEATED)

Action = Callable[[Settings, argparse.Namespace], int]


def add_commands(commands: Subcommands) -> None:
    """Add the commands to the command line."""
    journal = commands.add_parser(
        "journal", help="look at what waits to be stored, and at what the database refused"
    )
    actions = journal.add_subparsers(required=True, metavar="ACTION")

    def command(name: str, action: Action, about: str) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=about)
        parser.set_defaults(run=run_action, action=action, refuse=parser.error)
        return parser

    command("list", list_all, "list dead letters, and say what waits")
    command("show", show, "print a dead letter, with what was written").add_argument("id")
    for name, action, about in (
        ("retry", retry, "store dead letters; exit code 1 if one stays"),
        ("drop", drop, "remove dead letters for ever"),
    ):
        parser = command(name, action, about)
        parser.add_argument("ids", nargs="*", metavar="id")
        parser.add_argument("--all", action="store_true", help="all that are there now")
        parser.add_argument("--yes", action="store_true", help="do not ask")


def run_action(args: argparse.Namespace) -> int:
    """Run an action; what cannot be done is one line and exit code 1."""
    settings = load()
    action: Action = args.action
    if action not in (list_all, show):  # to look is possible on a disk that takes nothing
        prepare_data_dir(settings)
    try:
        return action(settings, args)
    except UnreadableWrite as exc:
        sys.exit(str(exc))
    except DataLayerError as exc:
        sys.exit(f"DATABASE_URL: {exc}")
    except OSError as exc:
        sys.exit(f"DATA_DIR: {exc.filename}: {exc.strerror}.")


def list_all(settings: Settings, _args: argparse.Namespace) -> int:
    """List dead letters, and what waits."""
    waiting = look(settings)
    if waiting.is_empty:
        print(NOTHING)
        return 0
    print(*sentences(waiting), sep="\n")
    letters = dead_letters(settings)
    for letter_id in waiting.letters:
        print(
            f"dead letter\t{letter_id}\t{time_of_letter(letter_id)}\t{_about(letters, letter_id)}"
        )
    for file in waiting.files[:SHOWN]:
        since = time_of_revision(file.since) if file.since else "-"
        about = f"{file.key}\t{file.name!r}" if file.key else f"unreadable: {file.path}"
        print(f"file\t{since}\t{in_megabytes(file.size)}\t{about}")
    if len(waiting.files) > SHOWN:
        print(f"and {len(waiting.files) - SHOWN:,} more files")
    if waiting.writes.depth or waiting.files:
        print(STORED_LATER)
    return 0


def _about(letters: DeadLetters, letter_id: str) -> str:
    try:
        letter = letters.read(letter_id)
        reason = " ".join(letter.reason.split())
        return f"{describe(letter.read_write())}\t{reason}"
    except UnreadableWrite as exc:
        return f"unreadable\t{exc}"
    except FileNotFoundError:
        return "gone meanwhile\t"


def show(settings: Settings, args: argparse.Namespace) -> int:
    """Print a dead letter."""
    letters = dead_letters(settings)
    [letter_id] = _named(letters, [args.id])
    letter = letters.read(letter_id)
    held: dict[str, object] = {"id": letter_id, "at": letter.at, "reason": letter.reason}
    if letter.raw:
        held["bytes"] = b64encode(letter.raw).decode()
    else:
        held["write"] = json.loads(bytes(letter.write))
    print(json.dumps(held, indent=2, ensure_ascii=False))
    return 0


def _named(letters: DeadLetters, names: list[str]) -> list[str]:
    there = set(letters.ids())
    if unknown := [name for name in names if name not in there]:
        sys.exit(f"There is no dead letter {unknown[0]!r}: 'manage.py journal list' names them.")
    return list(dict.fromkeys(names))


def _chosen(letters: DeadLetters, args: argparse.Namespace) -> list[str]:
    if bool(args.ids) is args.all:
        args.refuse("name dead letters by their ids, or give --all")
    return letters.ids() if args.all else _named(letters, args.ids)


def _is_agreed(args: argparse.Namespace, question: str) -> bool:
    """Ask whoever runs the command; `SystemExit` where there is nobody to ask."""
    if args.yes:
        return True
    if not sys.stdin.isatty():
        sys.exit("There is nobody to ask, and nothing is changed: add --yes.")
    if input(f"{question} [y/N] ").strip().lower() in ("y", "yes"):
        return True
    print("Nothing is changed.")
    return False


def drop(settings: Settings, args: argparse.Namespace) -> int:
    """Remove dead letters for ever."""
    letters = dead_letters(settings)
    chosen = _listed(letters, args)
    question = f"Remove {_count(chosen)} for ever? What people wrote in them is lost then."
    if not chosen or not _is_agreed(args, question):
        return _nothing_to_do(chosen)
    files = waiting_files(settings.spool_path)
    for letter_id in chosen:
        _remove_file(letters, letter_id, files)
        letters.remove(letter_id)
    print(f"Removed: {_count(chosen)}.")
    return 0


def _remove_file(letters: DeadLetters, letter_id: str, files: Iterable[WaitingFile]) -> None:
    """Remove the file that waits for a dead letter's row: nothing else is ever to name it."""
    try:
        write = letters.read(letter_id).read_write()
    except (UnreadableWrite, FileNotFoundError):
        return
    for file in files:
        if isinstance(write, SaveElement) and file.path.name == spooled_name(write):
            file.remove()


def _listed(letters: DeadLetters, args: argparse.Namespace) -> list[str]:
    """Say which dead letters a command is about, and return their ids."""
    chosen = _chosen(letters, args)
    for letter_id in chosen:
        print(f"{letter_id}\t{_about(letters, letter_id)}")
    return chosen


def _nothing_to_do(chosen: list[str]) -> int:
    if not chosen:
        print("There are no dead letters.")
    return int(bool(chosen))


def retry(settings: Settings, args: argparse.Namespace) -> int:
    """Store dead letters; each that is stored is removed."""
    letters = dead_letters(settings)
    chosen = _listed(letters, args)
    question = f"Store {_count(chosen)} now? What was changed since stays as it is."
    if not chosen or not _is_agreed(args, question):
        return _nothing_to_do(chosen)
    left = anyio.run(_retry_all, settings, letters, chosen)
    print(f"Stored: {len(chosen) - left:,}. Left: {left:,}.")
    return int(left > 0)


async def _retry_all(settings: Settings, letters: DeadLetters, chosen: list[str]) -> int:
    """Try each once; returns how many are left."""
    await check_schema(settings)
    store = open_store(settings, migrates=False)
    left = 0
    try:
        for letter_id in chosen:
            why_not = await _retry(store, letters, letter_id)
            print(f"{letter_id}\t{why_not or 'stored'}")
            left += bool(why_not)
    finally:
        await store.close()
    return left


async def _retry(store: Store, letters: DeadLetters, letter_id: str) -> str:
    """Store a dead letter and remove it; returns why that cannot be, empty where it is stored."""
    try:
        letter = await to_thread.run_sync(letters.read, letter_id)
        [result] = await apply_when_free(store, [letter.read_write()])
    except FileNotFoundError:
        return "is gone: somebody else has stored or dropped it"
    except DataLayerError as exc:
        if is_away(exc):
            raise
        return f"stays: {exc}"
    except Exception as exc:  # noqa: BLE001 - a defect of ours, as it may be why it is a dead letter
        return f"stays: {in_one_line(exc)}"
    if result.outcome not in STORED:
        return f"stays, and nothing is changed: {_reason(result)}"
    await to_thread.run_sync(letters.remove, letter_id)
    return ""


def _reason(result: Result) -> str:
    if result.outcome is Outcome.STALE:
        return "something newer is there; it can be dropped"
    return result.reason or result.outcome.value


def _count(chosen: list[str]) -> str:
    return f"{len(chosen):,} dead letter{'' if len(chosen) == 1 else 's'}"
