"""Whose tables they are: what can be recognised as made for Chainlit's SQLAlchemy layer."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, inspect

from datalayer.errors import SchemaMismatch
from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS
from datalayer.migration.sqlalchemy import phrases
from datalayer.stores.sql.tables import metadata

TABLES = ("users", "threads", "steps", "elements", "feedbacks")  # parents first
STAGED = "keepchat_adopts_"  # how their tables are called while they are copied

# Without these columns Chainlit's layer could not have worked.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "users": ("id", "identifier"),
    "threads": ("id", "name", "userId", "userIdentifier"),
    "steps": ("id", "type", "threadId", "output", "createdAt"),
    "elements": ("id", "threadId", "forId", "name"),
    "feedbacks": ("id", "forId", "value"),
}
_REQUIRED = ("threads", "steps")
_KNOWN: Mapping[str, frozenset[str]] = {
    "users": frozenset({"id", "identifier", "metadata", "createdAt"}),
    "threads": frozenset(
        {"id", "createdAt", "name", "userId", "userIdentifier", "tags", "metadata"}
    ),
    "steps": frozenset({"id", "threadId", *STEP_FIELDS}),
    "elements": frozenset({"id", "threadId", *ELEMENT_FIELDS}),
    "feedbacks": frozenset({"id", "forId", "threadId", "value", "comment"}),
}
_JSON = ("metadata", "tags", "generation", "modes", "props", "playerConfig")
_STRUCTURED = ("JSON", "JSONB", "ARRAY")


@dataclass(frozen=True, slots=True)
class ChainlitTables:
    """The tables that are there, each with its columns and their types."""

    columns: Mapping[str, Mapping[str, str]]

    @property
    def tables(self) -> list[str]:
        """Their tables, parents first."""
        return [table for table in TABLES if table in self.columns]

    @property
    def name(self) -> str:
        """What the schema is called."""
        steps, elements = self.columns["steps"], self.columns.get("elements", {})
        newer = {"command", "defaultOpen"} & set(steps)
        if "disableFeedback" in steps and not newer:
            return "the schema that Chainlit documented in 2024"
        if "disableFeedback" not in steps and len(newer) == 2 and "props" in elements:
            return "the schema that Chainlit documents today"
        return "a schema between those that Chainlit documented in 2024 and today"

    def remarks(self) -> list[str]:
        """Return what is to be said of the columns, whatever the rows hold."""
        found = []
        for table in self.tables:
            for column, kind in self.columns[table].items():
                if column in _JSON and kind not in _STRUCTURED:
                    found.append(phrases.JSON_TEXT.format(table=table, column=column))
                if column not in _KNOWN[table] and column != "extra":
                    found.append(phrases.UNKNOWN.format(table=table, column=column))
        return found


def recognise(connection: Connection) -> ChainlitTables:
    """Return their tables. Raises `SchemaMismatch`, which says what is missing."""
    inspector = inspect(connection)
    names = set(inspector.get_table_names())
    wrong = [f"there is a table {name}" for name in sorted(_in_the_way(names))]
    wrong += [f"there is no table {name}" for name in _REQUIRED if name not in names]
    columns = {
        table: {
            column["name"]: type(column["type"]).__name__.upper()
            for column in inspector.get_columns(table)
        }
        for table in TABLES
        if table in names
    }
    wrong += [
        f"{table} has no column {column}"
        for table, known in columns.items()
        for column in _NEEDED[table]
        if column not in known
    ]
    if wrong:
        raise SchemaMismatch(f"They are not as Chainlit's layer makes them: {', '.join(wrong)}.")
    return ChainlitTables(columns)


def _in_the_way(names: set[str]) -> set[str]:
    ours = set(metadata.tables) - set(TABLES)
    return {name for name in names if name in ours or name.startswith(STAGED)}
