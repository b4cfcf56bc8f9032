"""Renders the schema that the migrations make as SQL for people to read: `make sql`."""

import asyncio
import re
import tempfile
from pathlib import Path

from sqlalchemy import text

from bootstrap.logs import quiet_libraries
from datalayer.stores.sql.migrations import postgres_sql
from datalayer.stores.sql.store import SqlStore
from settings import ROOT

HEADER = """\
-- The schema as the migrations in versions/ make it. Rendered by `make sql`, for people to read;
-- the program makes and changes its tables by itself.
"""
SQLITE = ROOT / "sql" / "sqlite.sql"
POSTGRES = ROOT / "sql" / "postgresql.sql"


async def render_sqlite() -> str:
    """Return the schema of a new SQLite database."""
    query = text(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'sqlite_%' "
        "ORDER BY type = 'index', rowid"
    )
    with tempfile.TemporaryDirectory() as folder:
        store = SqlStore.sqlite(str(Path(folder) / "new.db"))
        try:
            await store.migrate()
            statements = await store.database.read(lambda on: on.execute(query).scalars().all())
        finally:
            await store.close()
    tidy = (re.sub(r"[ \t]+\n", "\n", statement) for statement in statements)
    return HEADER + "".join(f"\n{statement};\n" for statement in tidy)


def render_postgres() -> str:
    """Return the schema of a new PostgreSQL database."""
    statements = re.sub(r"[ \t]+\n", "\n", postgres_sql())
    return HEADER + "\n" + re.sub(r"\n{3,}", "\n\n", statements).strip() + "\n"


def main() -> None:
    """Write the rendered schemas."""
    quiet_libraries()
    SQLITE.write_text(asyncio.run(render_sqlite()))
    POSTGRES.write_text(render_postgres())


if __name__ == "__main__":
    main()
