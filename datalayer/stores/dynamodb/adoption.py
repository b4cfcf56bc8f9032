"""What the store asks of whoever knows a table that another data layer has filled."""

from collections.abc import Callable
from datetime import tzinfo
from typing import Protocol

from datalayer.reports import AdoptionReport
from datalayer.stores.dynamodb.sdk.client import Client


class TableAdopter(Protocol):
    """Makes the items of another data layer ours; a module may be one."""

    async def adopt(self, client: Client, zone: tzinfo | None, *, dry_run: bool) -> AdoptionReport:
        """Make all of them ours, or only say what would be done, as `Adopts` has it.

        An adoption that was interrupted is gone on with. Raises `SchemaMismatch` where others
        change the table meanwhile.
        """


LoadTableAdopter = Callable[[], TableAdopter]
