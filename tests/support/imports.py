"""Runs an import as a test needs it, and asks what became of the rows."""

from datetime import UTC, tzinfo
from functools import partial
from typing import Any

from datalayer.migration.dynamodb.importer import import_from as import_from_table
from datalayer.migration.importing.importer import Progress
from datalayer.migration.importing.report import ImportOutcome, ImportReport
from datalayer.migration.official.importer import import_from
from datalayer.stores.base import Store
from tests.support.builders import clock
from tests.support.dynamodb.chainlits import ChainlitTable
from tests.support.officials import Official
from tests.support.servers.dynamodb import ACCESS


def ignore(*_: object) -> None:
    """Whoever asks nothing of what cannot be held, or of how far it is."""


async def imported(
    theirs: Official | ChainlitTable,
    store: Store | None,
    zone: tzinfo = UTC,
    *,
    left: list[tuple[str, Any]] | None = None,
    now: int | None = None,
    progress: Progress = ignore,
) -> ImportReport:
    is_table = isinstance(theirs, ChainlitTable)
    import_it = partial(import_from_table, access=ACCESS) if is_table else import_from
    return await import_it(
        theirs.url,
        store,
        zone=zone,
        now=now or clock.next(),
        keep_leftover=ignore if left is None else lambda *row: left.append(row),
        progress=progress,
    )


def counts(report: ImportReport, outcome: ImportOutcome) -> dict[str, int]:
    return {
        kind: count for (kind, each), count in report.outcomes.items() if each is outcome and count
    }
