"""An adoption: the table is imported into itself, item by item, and can be gone on with."""

import logging
from datetime import tzinfo

from datalayer.errors import SchemaMismatch
from datalayer.migration.dynamodb import phrases
from datalayer.migration.dynamodb.importer import Import
from datalayer.migration.dynamodb.rows import Clock
from datalayer.migration.dynamodb.source import ChainlitTable
from datalayer.migration.dynamodb.target import AdoptionTarget
from datalayer.migration.importing.importer import Importer, Target
from datalayer.migration.importing.report import ImportReport
from datalayer.migration.importing.target import DryRunTarget, open_target
from datalayer.reports import AdoptionReport, Notes
from datalayer.stores.dynamodb.format.items import put_of
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.requests import get, put
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.values import Json
from datalayer.writes import wall_clock

logger = logging.getLogger(__name__)

BEGUN = Key("KEEPCHAT", "ADOPTION")
ROUNDS = 3  # of reading all of it: others may adopt it too, or have written until just now


async def adopt(client: Client, zone: tzinfo | None, *, dry_run: bool) -> AdoptionReport:
    """Make all items of Chainlit's layer ours, or only say what would be done.

    Each becomes ours by one write, so that an adoption that was interrupted is gone on with. Raises
    `SchemaMismatch` where others go on writing theirs, and what the store raises.
    """
    table = ChainlitTable(client, adopts=True)
    clock = Clock(zone, wall_clock())
    if not dry_run:
        return await _adopt(client, table, clock)
    planning = _importing(table, DryRunTarget(), clock)
    await planning.run()
    return _report(planning.report(dry_run=True), is_begun=await get(client, BEGUN) is not None)


async def _adopt(client: Client, table: ChainlitTable, clock: Clock) -> AdoptionReport:
    is_begun = not await _begin(client)
    async with open_target(DynamoStore(client), compares=False) as inner:
        target = AdoptionTarget(client, inner)
        importing = _importing(table, target, clock)
        for _ in range(ROUNDS):
            await importing.run()
            async for raw in table.users():
                await target.remove(raw)
            if not await table.has_rows():
                return _report(importing.report(dry_run=False), is_begun=is_begun)
    raise SchemaMismatch(phrases.CHANGING.format(address=client.address))


async def _begin(client: Client) -> bool:
    """Note that an adoption has begun; return whether none had before."""
    try:
        await put(client, put_of(BEGUN, None))
    except ConditionFailed:
        return False
    return True


def _importing(table: ChainlitTable, target: Target, clock: Clock) -> Import:
    return Import(table, Importer(target, _leave_to_target, _tell), clock)


def _leave_to_target(_kind: str, _content: Json) -> None:
    """The target keeps in the table what cannot be held."""


def _tell(done: int, _total: int) -> None:
    logger.info("%d rows of Chainlit's layer are looked at.", done)


def _report(report: ImportReport, *, is_begun: bool) -> AdoptionReport:
    remarks = Notes()
    remarks.add(phrases.AFTERWARDS, count=0)
    if is_begun:
        remarks.add(phrases.GONE_ON, count=0)
    if report.left:
        remarks.add(phrases.KEPT, count=report.left)
    return AdoptionReport(report.schema, report.rows, [*remarks.listed(), *report.notes])
