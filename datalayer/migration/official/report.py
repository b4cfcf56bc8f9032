"""What an import says: what was read, what became of each row, and what is odd."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from datalayer.migration.official import phrases
from datalayer.migration.official.schema import TABLES
from datalayer.reports import AdoptionReport, Note, Notes


class Fate(Enum):
    """What became of a row of theirs."""

    STORED = "stored"
    KNOWN = "known"  # stored before; ours is as new or newer
    MERGED = "merged"  # kept in the `extra` of another
    GONE = "gone"  # deleted in ours
    DELETED = "deleted"  # deleted in theirs
    LEFT = "left"  # cannot be held: it goes to the leftovers, whole


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How many rows there are, how many are stored or known, and what else is to be said."""

    rows: Mapping[str, int]
    fates: Mapping[tuple[str, Fate], int]
    notes: Sequence[Note]
    dry_run: bool

    @property
    def left(self) -> int:
        """How many rows cannot be held."""
        return sum(count for (_, fate), count in self.fates.items() if fate is Fate.LEFT)

    def lines(self) -> list[str]:
        """Return it for people, a line for each thing."""
        first, *odd = AdoptionReport(phrases.SCHEMA, self.rows, self.notes).lines()
        stored = "To be stored" if self.dry_run else "Stored"
        return [first, *self._line(stored, Fate.STORED), *self._line("Known", Fate.KNOWN), *odd]

    def _line(self, title: str, fate: Fate) -> list[str]:
        found = {kind: self.fates.get((kind, fate), 0) for kind in TABLES}
        said = ", ".join(f"{count:,} {kind}" for kind, count in found.items() if count)
        return [f"{title}: {said}."] if said else []


class Tally:
    """Counts what becomes of rows, in memory that does not grow with them."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.fates: Counter[tuple[str, Fate]] = Counter()

    def add(self, kind: str, fate: Fate, count: int = 1) -> None:
        """Say what became of rows."""
        self.fates[kind, fate] += count

    @property
    def settled(self) -> dict[str, int]:
        """How many rows of each kind something is known of."""
        return {
            kind: sum(count for (of, _), count in self.fates.items() if of == kind)
            for kind in TABLES
        }
