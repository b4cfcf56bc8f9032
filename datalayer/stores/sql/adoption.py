"""What a store asks of whoever knows the tables of another data layer."""

from collections.abc import Callable
from datetime import tzinfo
from typing import Protocol

from sqlalchemy import Connection

from datalayer.reports import AdoptionReport


class Adopter(Protocol):
    """Makes the tables of another data layer ours; a module may be one."""

    def advise(self, connection: Connection) -> str:
        """Say what can be done about tables that have the names of ours and are none."""

    def plan_adoption(self, connection: Connection, zone: tzinfo | None) -> AdoptionReport | None:
        """Say what an adoption would do, changing nothing; None where there is nothing to adopt.

        Raises `SchemaMismatch`.
        """

    def adopt(self, connection: Connection, zone: tzinfo | None) -> AdoptionReport | None:
        """Adopt within the connection's transaction; None where there is nothing to adopt.

        Raises `SchemaMismatch`.
        """


class NoAdopter:
    """Adopts nothing: it knows nobody else's tables."""

    def advise(self, connection: Connection) -> str:
        return "Name another database."

    def plan_adoption(self, connection: Connection, zone: tzinfo | None) -> None:
        return None

    def adopt(self, connection: Connection, zone: tzinfo | None) -> None:
        return None


LoadAdopter = Callable[[], Adopter]
