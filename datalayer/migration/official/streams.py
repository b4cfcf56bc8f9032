"""What is in threads, converted as it is read: each row with the thread that it is in."""

from collections.abc import Mapping
from dataclasses import dataclass

from datalayer.migration.importing.importer import RowsByThread
from datalayer.migration.official import rows
from datalayer.migration.official.clocks import Ranks, SourceClocks
from datalayer.migration.official.rows import HOME
from datalayer.migration.official.source import OfficialDatabase


@dataclass(frozen=True, slots=True)
class ThreadContents:
    """Some threads of the source, each id with the identifier of the owner."""

    source: OfficialDatabase
    clocks: SourceClocks
    owners: Mapping[str, str | None]

    async def steps(self) -> RowsByThread:
        """Iterate over the steps."""
        ranks = Ranks()
        async for raw in self.source.steps(list(self.owners)):
            home = raw["threadId"]
            rank = ranks.next((home, raw["startTime"]))
            yield home, rows.step(raw, self.clocks, self.owners[home], rank)

    async def elements(self) -> RowsByThread:
        """Iterate over the elements."""
        ranks = Ranks()
        async for raw in self.source.elements(list(self.owners)):
            rank = ranks.next((raw[HOME], raw["createdAt"]))
            yield raw[HOME], rows.element(raw, self.clocks, self.owners[raw[HOME]], rank)

    async def feedbacks(self) -> RowsByThread:
        """Iterate over the feedbacks, one for each step, which has the others with it."""
        async for group in self.source.feedbacks(list(self.owners)):
            yield group[-1][HOME], rows.feedback(group, self.clocks)
