"""What else hangs on their tables and would be lost with them: an adoption refuses and names it."""

import re
from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, inspect, text

from datalayer.errors import SchemaMismatch

_POSTGRES = text("""
WITH theirs AS (
    SELECT c.oid FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname IN :tables
)
SELECT 'the foreign key ' || conname || ' of ' || conrelid::regclass
FROM pg_constraint
WHERE contype = 'f' AND confrelid IN (TABLE theirs) AND conrelid NOT IN (TABLE theirs)
UNION
SELECT 'the view ' || r.ev_class::regclass
FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
WHERE d.refobjid IN (TABLE theirs) AND r.ev_class NOT IN (TABLE theirs)
UNION
SELECT 'the rule ' || rulename || ' on ' || ev_class::regclass
FROM pg_rewrite WHERE ev_class IN (TABLE theirs)
UNION
SELECT 'the trigger ' || tgname || ' on ' || tgrelid::regclass
FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN (TABLE theirs)
UNION
SELECT 'the policy ' || polname || ' on ' || polrelid::regclass
FROM pg_policy WHERE polrelid IN (TABLE theirs)
UNION
SELECT 'the table ' || inhrelid::regclass || ', a part of ' || inhparent::regclass
FROM pg_inherits WHERE inhparent IN (TABLE theirs) OR inhrelid IN (TABLE theirs)
ORDER BY 1
""").bindparams(bindparam("tables", expanding=True))

_SQLITE = text("SELECT type, name, sql FROM sqlite_master WHERE type IN ('view', 'trigger')")


def refuse_dependents(connection: Connection, tables: Iterable[str]) -> None:
    """Raise `SchemaMismatch` when something of others hangs on these tables."""
    theirs = list(tables)
    if connection.dialect.name == "postgresql":
        found = list(connection.execute(_POSTGRES, {"tables": theirs}).scalars())
    else:
        found = [*_mentions(connection, theirs), *_foreign_keys(connection, theirs)]
    if found:
        message = (
            f"The tables of Chainlit's layer cannot be adopted while others hang on them: "
            f"{', '.join(found)}. Drop these, adopt, and make them anew."
        )
        raise SchemaMismatch(message)


def _mentions(connection: Connection, theirs: list[str]) -> list[str]:
    word = re.compile(rf"\b({'|'.join(theirs)})\b", re.IGNORECASE)
    rows = connection.execute(_SQLITE).all()
    return [f"the {row.type} {row.name}" for row in rows if word.search(row.sql or "")]


def _foreign_keys(connection: Connection, theirs: list[str]) -> list[str]:
    inspector = inspect(connection)
    others = [name for name in inspector.get_table_names() if name not in theirs]
    return [
        f"the foreign key of {name} to {key['referred_table']}"
        for name in others
        for key in inspector.get_foreign_keys(name)
        if key["referred_table"] in theirs
    ]
