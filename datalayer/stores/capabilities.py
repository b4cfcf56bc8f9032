"""What a store may be able to do beyond the contract of `Store`: each is one more base class.

Whoever puts the parts together asks with `isinstance`. What `datalayer.stores.base` says for all
methods is true of these too.
"""

from abc import ABC, abstractmethod
from datetime import tzinfo
from pathlib import Path

from datalayer.records import MaintenanceState
from datalayer.reports import AdoptionReport


class Migrates(ABC):
    """Has a schema, which belongs to a version of the program."""

    @abstractmethod
    async def migrate(self) -> None:
        """Bring the schema to this version; does nothing when it is there already.

        Safe when several processes call it at once. Raises `SchemaMismatch` when the schema is
        newer than the program or not ours.
        """

    @abstractmethod
    async def needs_migration(self) -> bool:
        """Tell whether `migrate` would change the schema. Raises `SchemaMismatch` as it does."""


class MigratesBySql(Migrates):
    """Has a schema that SQL brings to the version of the program."""

    @abstractmethod
    async def migration_sql(self) -> str:
        """Return the SQL that `migrate` would run now, empty when there is nothing to do.

        Raises `SchemaMismatch` as `migrate` does.
        """


class Adopts(ABC):
    """Can go on with a database of Chainlit's own layer."""

    @abstractmethod
    async def adopt(
        self, *, zone: tzinfo | None = None, dry_run: bool = False
    ) -> AdoptionReport | None:
        """Make what Chainlit's own layer has kept into that of this version, and say what changed.

        On SQL all of it happens or nothing. Elsewhere an adoption that was interrupted is gone on
        with by the next, which ends with the same; until then nothing else opens the database. What
        cannot be held as a row is kept and reported. With `dry_run` nothing is changed and nobody
        is kept waiting. `zone` is that of the times that Chainlit's layer took from its clock and
        marked `Z`; without one they stay as they are. None when all is ours or there is nothing
        yet. Raises `SchemaMismatch` for what is neither, and where others depend on it or go on
        writing it.
        """


class Maintains(ABC):
    """Leaves some of the work of a save or a search for later."""

    @abstractmethod
    async def maintain(self) -> MaintenanceState:
        """Do some of the work that was left for later, and tell whether there is more.

        What is read is right without it, only slower. Safe in several processes at once, of which
        one does the work.
        """


class BacksUp(ABC):
    """Can write all that it holds to a file, and begin with what is in such a file."""

    @abstractmethod
    async def backup(self, folder: Path) -> Path:
        """Back the database up, as it is at one moment, to a new file in that folder.

        Returns where the backup lies, whole and for its owner alone. Raises `BackupFailed`.
        """

    @abstractmethod
    async def restore(self, backup: Path) -> None:
        """Begin, in a database that has nothing yet, with what a backup holds, of any version.

        Raises `BackupFailed`, and nothing has changed then: so where there is something already.
        """
