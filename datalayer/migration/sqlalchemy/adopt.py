"""An adoption from its plan to its end, in one transaction: all of it happens, or nothing."""

from datetime import tzinfo

from sqlalchemy import Connection

from datalayer.errors import SchemaMismatch
from datalayer.migration.sqlalchemy import phrases, staging
from datalayer.migration.sqlalchemy.copying import Copying
from datalayer.migration.sqlalchemy.dependents import refuse_dependents
from datalayer.migration.sqlalchemy.integrity import note_integrity
from datalayer.migration.sqlalchemy.rows import KINDS
from datalayer.migration.sqlalchemy.schema import STAGED, ChainlitTables, recognise
from datalayer.reports import AdoptionReport, Notes
from datalayer.stores.sql.migrations import is_ours, upgrade


def advise(connection: Connection) -> str:
    """Say what can be done about tables that have the names of ours and are none."""
    try:
        recognise(connection)
    except SchemaMismatch as exc:
        return f"Name another database. {exc}"
    return (
        "Chainlit's own data layer made them: run 'python manage.py migrate --adopt', or set "
        "DATABASE_ADOPT=yes, to go on with them; or name another database."
    )


def plan_adoption(connection: Connection, zone: tzinfo | None) -> AdoptionReport | None:
    """Say what an adoption would do, changing nothing; None where there is nothing to adopt.

    Raises `SchemaMismatch`.
    """
    if is_ours(connection):
        return None
    theirs = recognise(connection)
    refuse_dependents(connection, theirs.tables)
    notes = Notes()
    for table in theirs.tables:
        _note_rows(connection, table, notes, zone)
    note_integrity(connection, theirs, notes)
    return _report(connection, theirs, notes, "")


def _note_rows(connection: Connection, table: str, notes: Notes, zone: tzinfo | None) -> None:
    for raw in staging.rows_of(connection, table):
        converted = KINDS[table](raw, zone)
        for phrase in converted.notes:
            notes.add(phrase, converted.old_id)
        if converted.row["id"] is None:
            notes.add(phrases.LEFTOVER.format(table=table), converted.old_id)


def adopt(connection: Connection, zone: tzinfo | None) -> AdoptionReport | None:
    """Make their tables ours and say what was done; None where there is nothing to adopt.

    Raises `SchemaMismatch`.
    """
    if is_ours(connection):
        return None
    theirs = recognise(connection)
    staging.lock(connection, theirs.tables)
    refuse_dependents(connection, theirs.tables)
    staging.stage(connection, theirs.tables)
    upgrade(connection, advise)
    copying = Copying(connection, Notes(), zone)
    for table in theirs.tables:
        copying.copy(table)
    copying.finish(theirs.tables)
    note_integrity(connection, theirs, copying.notes, STAGED)
    report = _report(connection, theirs, copying.notes, STAGED)
    staging.drop(connection, theirs.tables)
    return report


def _report(
    connection: Connection, theirs: ChainlitTables, notes: Notes, prefix: str
) -> AdoptionReport:
    counts = {table: staging.count(connection, prefix + table) for table in theirs.tables}
    remarks = Notes()
    for remark in theirs.remarks():
        remarks.add(remark, count=0)
    return AdoptionReport(theirs.name, counts, [*remarks.listed(), *notes.listed()])
