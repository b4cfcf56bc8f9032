"""Alembic's environment; datalayer/stores/sql/migrations.py hands over the connection.

Without one the migrations are rendered as SQL, for the dialect that it names.
"""

from alembic import context

from datalayer.stores.sql.migrations import VERSION_TABLE
from datalayer.stores.sql.tables import metadata

context.configure(
    connection=context.config.attributes.get("connection"),
    dialect_name=context.config.attributes.get("dialect"),
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
