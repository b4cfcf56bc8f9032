"""What is done about a database's schema, each as work on a connection.

Alembic and the adoption are imported when they are used, which is seldom: they take and say more
than a start should.
"""

import logging
from datetime import tzinfo

from sqlalchemy import Connection

from datalayer.reports import AdoptionReport
from datalayer.stores.sql.adoption import LoadAdopter, NoAdopter

logger = logging.getLogger(__name__)


class Schema:
    """Migrates, and adopts what `load_adopter` knows; with `adopts` to migrate is to adopt it.

    Every method raises `SchemaMismatch` where the store's does.
    """

    def __init__(self, load_adopter: LoadAdopter | None, *, adopts: bool) -> None:
        self._load_adopter = load_adopter or NoAdopter
        self._adopts = adopts

    def upgrade(self, connection: Connection) -> None:
        """Bring it to this version."""
        from datalayer.stores.sql import migrations

        if self._adopts and (report := self.adopt(connection, None)):
            lines = "\n".join(report.lines())
            logger.info("The database of Chainlit's layer is adopted. %s", lines)
        else:
            migrations.upgrade(connection, self._advice)

    def is_behind(self, connection: Connection) -> bool:
        """Tell whether it is older than this version."""
        from datalayer.stores.sql import migrations

        return migrations.is_behind(connection, self._advice)

    def pending_sql(self, connection: Connection) -> str:
        """Return the statements that `upgrade` would run."""
        from datalayer.stores.sql import migrations

        return migrations.pending_sql(connection, self._advice)

    def plan_adoption(self, connection: Connection, zone: tzinfo | None) -> AdoptionReport | None:
        """Say what adopting the tables would do."""
        return self._load_adopter().plan_adoption(connection, zone)

    def adopt(self, connection: Connection, zone: tzinfo | None) -> AdoptionReport | None:
        """Adopt the tables."""
        return self._load_adopter().adopt(connection, zone)

    def _advice(self, connection: Connection) -> str:
        return self._load_adopter().advise(connection)
