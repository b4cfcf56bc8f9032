"""Renders the schema that the migrations make as SQL for people to read: `make sql`."""

import asyncio
import re
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from bootstrap.logs import quiet_libraries
from datalayer.stores.sql.migrations import new_schema_sql
from datalayer.stores.sql.sqlite.store import SqliteStore
from settings import ROOT

HEADER = """\
-- The schema as the migrations in versions/ make it. Rendered by `make sql`, for people to read;
-- the program makes and changes its tables by itself.
"""
_STATEMENTS = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'sqlite_%' "
    "ORDER BY type = 'index', rowid"
)
SQLITE = ROOT / "sql" / "sqlite.sql"
POSTGRES = ROOT / "sql" / "postgresql.sql"


async def render_sqlite() -> str:
    """Return the schema of a new SQLite database."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "new.db")
        await store.migrate()
        await store.close()
        with closing(sqlite3.connect(Path(folder) / "new.db")) as connection:
            statements = connection.execute(_STATEMENTS).fetchall()
    return HEADER + "".join(f"\n{_tidy(statement)};\n" for (statement,) in statements)


def render_postgres() -> str:
    """Return the schema of a new PostgreSQL database."""
    statements = _tidy(new_schema_sql("postgresql"))
    return HEADER + "\n" + re.sub(r"\n{3,}", "\n\n", statements).strip() + "\n"


def _tidy(statements: str) -> str:
    return re.sub(r"[ \t]+\n", "\n", statements)


def main() -> None:
    """Write the rendered schemas."""
    quiet_libraries()
    SQLITE.write_text(asyncio.run(render_sqlite()))
    POSTGRES.write_text(render_postgres())


if __name__ == "__main__":
    main()
