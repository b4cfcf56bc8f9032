"""Alembic's environment; datalayer/sql/migrations.py hands over the connection."""

from alembic import context

from datalayer.sql.migrations import VERSION_TABLE
from datalayer.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
