"""What the data layer may miss, the database and the storage, told once for all who miss it."""

from dataclasses import dataclass, field

from common.concurrency.outages import Outage
from datalayer.errors import SchemaMismatch, is_away
from storage.errors import StorageUnavailable


@dataclass(frozen=True, slots=True)
class Outages:
    """The database and the storage of files."""

    database: Outage = field(default_factory=lambda: Outage("The database"))
    storage: Outage = field(default_factory=lambda: Outage("The storage of files"))

    def note(self, part: str, failure: BaseException) -> bool:
        """Note what a part of the program misses, if it is that which a failure tells of."""
        if is_away(failure) or isinstance(failure, SchemaMismatch):
            self.database.note(part, failure)
        elif isinstance(failure, StorageUnavailable):
            self.storage.note(part, failure)
        else:
            return False
        return True

    def knows(self, failure: BaseException) -> bool:
        """Tell whether it has been told already that what a failure tells of is away."""
        if is_away(failure):
            return self.database.is_on
        return isinstance(failure, StorageUnavailable) and self.storage.is_on

    def over(self, part: str) -> None:
        """Note that a part misses neither."""
        self.database.over(part)
        self.storage.over(part)
