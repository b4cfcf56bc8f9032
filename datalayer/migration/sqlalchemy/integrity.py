"""What is odd between the rows of their tables, asked of the database."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from datalayer.migration.sqlalchemy import phrases
from datalayer.migration.sqlalchemy.schema import ChainlitTables
from datalayer.migration.sqlalchemy.staging import stored_order
from datalayer.reports import SHOWN_IDS, Notes

_NAMELESS = """coalesce(r."userIdentifier", '') = ''"""
_NOBODY = "(SELECT NULL AS id, NULL AS identifier WHERE 1 = 0)"


@dataclass(frozen=True, slots=True)
class TableNames:
    """How their tables are called, and how ids are compared: people gave the same id two types."""

    connection: Connection
    theirs: ChainlitTables
    prefix: str

    def table(self, name: str) -> str:
        """Return a table's name as SQL has it."""
        return f'"{self.prefix}{name}"'

    def same(self, one: str, other: str) -> str:
        """Return the condition that two ids, such as `r.forId`, are the same."""
        first, second = (_column(name) for name in (one, other))
        if self.connection.dialect.name == "postgresql":
            return f"CAST({first} AS text) = CAST({second} AS text)"
        return f"{first} = {second}"

    @property
    def users(self) -> str:
        """The users, none where there is no such table."""
        return self.table("users") if "users" in self.theirs.columns else _NOBODY

    def stored_order(self, name: str) -> str:
        """Return by what the rows of a table are in order."""
        return ", ".join(stored_order(self.connection, self.prefix + name)) or "1"


def _column(name: str) -> str:
    table, column = name.split(".")
    return f'{table}."{column}"'


def note_integrity(
    connection: Connection, theirs: ChainlitTables, notes: Notes, prefix: str = ""
) -> None:
    """Note what is odd between the rows; the tables' names may have a prefix."""
    for phrase, query in _queries(TableNames(connection, theirs, prefix)):
        counted = text(f"SELECT count(*) FROM ({query}) AS found")
        if count := connection.execute(counted).scalar_one():
            notes.add(phrase, count=count)
            first = connection.execute(text(f"{query} LIMIT {SHOWN_IDS}")).scalars()
            for row_id in first:
                notes.add(phrase, row_id, count=0)


def _queries(names: TableNames) -> Iterator[tuple[str, str]]:
    """Yield each phrase with the query for the ids that it is about."""
    steps = names.table("steps")
    yield (
        phrases.NO_PARENT,
        f"SELECT r.id FROM {steps} r LEFT JOIN {steps} p ON {names.same('p.id', 'r.parentId')} "
        'WHERE p.id IS NULL AND r."parentId" IS NOT NULL',
    )
    yield phrases.NO_THREAD, _missing_threads(names)
    yield from _owners(names)
    if "feedbacks" in names.theirs.columns:
        yield from _feedbacks(names)


def _missing_threads(names: TableNames) -> str:
    below = [
        f'SELECT "threadId" FROM {names.table(name)}'
        for name in ("steps", "elements", "feedbacks")
        if "threadId" in names.theirs.columns.get(name, {})
    ]
    return (
        f'SELECT DISTINCT r."threadId" AS id FROM ({" UNION ALL ".join(below)}) r '
        f"LEFT JOIN {names.table('threads')} t ON {names.same('t.id', 'r.threadId')} "
        'WHERE t.id IS NULL AND r."threadId" IS NOT NULL'
    )


def _owners(names: TableNames) -> Iterator[tuple[str, str]]:
    joined = (
        f"FROM {names.table('threads')} r LEFT JOIN {names.users} u "
        f"ON {names.same('u.id', 'r.userId')} WHERE"
    )
    yield phrases.NO_OWNER, f"SELECT r.id {joined} u.id IS NULL AND {_NAMELESS}"
    named = f"{joined} u.id IS NULL AND NOT ({_NAMELESS})"
    yield phrases.NAMED_OWNER, f"SELECT r.id {named}"
    yield (
        phrases.NEW_USER,
        f'SELECT DISTINCT r."userIdentifier" AS id {named} AND r."userIdentifier" NOT IN '
        f"(SELECT identifier FROM {names.users} known WHERE identifier IS NOT NULL)",
    )
    contradiction = f'NOT ({_NAMELESS}) AND u.identifier <> r."userIdentifier"'
    yield phrases.CONTRADICTION, f"SELECT r.id {joined} {contradiction}"


def _feedbacks(names: TableNames) -> Iterator[tuple[str, str]]:
    feedbacks, steps = names.table("feedbacks"), names.table("steps")
    own_step = f"{steps} s ON {names.same('s.id', 'r.forId')}"
    yield (
        phrases.NO_STEP,
        f"SELECT r.id FROM {feedbacks} r LEFT JOIN {own_step} "
        'WHERE s.id IS NULL AND r."forId" IS NOT NULL',
    )
    yield (
        phrases.OTHERS,
        'SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY "forId" '
        f"ORDER BY {names.stored_order('feedbacks')} DESC) AS n "
        f'FROM {feedbacks} WHERE "forId" IS NOT NULL) AS numbered WHERE n > 1',
    )
    if "threadId" in names.theirs.columns["feedbacks"]:
        here = names.same("s.threadId", "r.threadId")
        yield phrases.MOVED, f"SELECT r.id FROM {feedbacks} r JOIN {own_step} WHERE NOT ({here})"
