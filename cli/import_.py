"""`manage.py import`: what a layer of Chainlit has kept into the database of the settings."""

import argparse
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import TextIO

import anyio

from bootstrap.stores import open_store, prepare
from cli.shared import Subcommands
from cli.zones import time_zone
from common.aws import AwsAccess
from datalayer.errors import DataLayerError, SourceUnusable, StoreMisconfigured, StoreUnavailable
from datalayer.migration.importing.report import ImportReport
from datalayer.migration.official import importer as official
from datalayer.values import Json
from settings import Settings, load, prepare_data_dir

PROGRESS_S = 2.0
_OWNER_ONLY = 0o600


def add_commands(commands: Subcommands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "import", help="import what Chainlit's official (Prisma) or DynamoDB layer has kept"
    )
    parser.add_argument(
        "--from",
        dest="source",
        required=True,
        metavar="URL",
        help="what is imported, and only read: postgresql://user@host/database of the official "
        "layer, whose password, if it is not in it, is taken from the environment (PGPASSWORD) or "
        "from ~/.pgpass; or dynamodb://table?region=eu-central-1",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument(
        "--assume-timezone",
        type=time_zone,
        default=UTC,
        metavar="ZONE",
        help="where the clock of the old program stood, by which it dated users, on DynamoDB "
        "threads too, such as Europe/Berlin; without it UTC",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Import, or say what an import would do."""
    settings = load()
    try:
        return anyio.run(_import, settings, args.source, args.assume_timezone, args.dry_run)
    except KeyboardInterrupt:
        sys.exit("Interrupted. Run it again: what was imported so far is not doubled.")
    except SourceUnusable as exc:
        sys.exit(f"--from: {exc}")
    except StoreMisconfigured as exc:
        sys.exit(f"DATABASE_URL: {exc}")
    except StoreUnavailable as exc:
        sys.exit(f"DATABASE_URL: {exc} Then run it again: what was imported is not doubled.")
    except DataLayerError as exc:
        sys.exit(f"DATABASE_URL: {exc}")
    except OSError as exc:
        sys.exit(f"DATA_DIR: what cannot be held cannot be kept ({exc}). See to room and rights.")


async def _import(settings: Settings, url: str, clock: tzinfo, dry_run: bool) -> int:
    leftovers = Leftovers(settings.data_path / "imports", dry_run=dry_run)
    store = None
    if not dry_run:
        prepare_data_dir(settings)
        await prepare(settings)
        store = open_store(settings, migrates=False)
    try:
        report = await _importer(settings, url)(
            url,
            store,
            zone=clock,
            now=time.time_ns() // 1_000,
            keep_leftover=leftovers.keep,
            progress=ProgressPrinter(),
        )
    finally:
        leftovers.close()
        if store:
            await store.close()
    _print(report, leftovers)
    return 0


def _importer(settings: Settings, url: str) -> Callable[..., Awaitable[ImportReport]]:
    """Return what imports the kind of source that a URL names."""
    if url.partition(":")[0].lower() != "dynamodb":
        return official.import_from
    # Imported where it is used: it brings Amazon's SDK, which most set-ups do without.
    from datalayer.migration.dynamodb import importer as dynamodb

    return partial(dynamodb.import_from, access=AwsAccess(**settings.aws_access))


def _print(report: ImportReport, leftovers: "Leftovers") -> None:
    print(*report.lines(), sep="\n")
    if leftovers.path:
        print(f"What cannot be held ({report.left:,} rows) is kept in {leftovers.path}.")
    print("Nothing was changed." if report.dry_run else "Done. It can be run again at any time.")


class ProgressPrinter:
    """Tells on the screen, now and then, how far it is."""

    def __init__(self) -> None:
        self._printed_at = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Print it, if the last time is some seconds ago."""
        if sys.stderr.isatty() and time.monotonic() - self._printed_at >= PROGRESS_S:
            self._printed_at = time.monotonic()
            print(f"{done:,} of {total:,} rows", file=sys.stderr)


class Leftovers:
    """Rows that cannot be held, a line of JSON for each, in a file that is made for the first."""

    def __init__(self, folder: Path, *, dry_run: bool) -> None:
        self.path: Path | None = None
        self._path = folder / f"leftovers-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.jsonl"
        self._dry_run = dry_run
        self._file: TextIO | None = None

    def keep(self, kind: str, content: Json) -> None:
        """Keep a row."""
        if self._dry_run:
            return
        if self._file is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            self._file = os.fdopen(descriptor, "w", encoding="utf-8")
            self.path = self._path
        line = json.dumps({"kind": kind, "content": content}, ensure_ascii=False)
        self._file.write(f"{line}\n")

    def close(self) -> None:
        """See that what was kept is on the disk."""
        if self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
