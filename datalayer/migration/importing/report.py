"""What an import says: what was read, what became of each row, and what is odd."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from datalayer.reports import AdoptionReport, Note, Notes

KINDS = ("users", "threads", "steps", "elements", "feedbacks")  # parents first


class ImportOutcome(Enum):
    """What became of a row of theirs."""

    STORED = "stored"
    KNOWN = "known"  # stored before; ours is as new or newer
    MERGED = "merged"  # kept in the `extra` of another
    GONE = "gone"  # deleted in ours
    DELETED = "deleted"  # deleted in theirs
    LEFT = "left"  # cannot be held: it goes to the leftovers, whole


RowResult = tuple[ImportOutcome, str]  # and what is to be said of it
CANNOT_BE_HELD: RowResult = (ImportOutcome.LEFT, "")


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Whose rows they are, how many, what became of them, and what else is to be said."""

    schema: str
    rows: Mapping[str, int]
    outcomes: Mapping[tuple[str, ImportOutcome], int]
    notes: Sequence[Note]
    dry_run: bool

    @property
    def left(self) -> int:
        """How many rows cannot be held."""
        return sum(n for (_, outcome), n in self.outcomes.items() if outcome is ImportOutcome.LEFT)

    def lines(self) -> list[str]:
        """Return it for people, a line for each thing."""
        first, *odd = AdoptionReport(self.schema, self.rows, self.notes).lines()
        stored = "To be stored" if self.dry_run else "Stored"
        lines = self._line(stored, ImportOutcome.STORED) + self._line("Known", ImportOutcome.KNOWN)
        return [first, *lines, *odd]

    def _line(self, title: str, outcome: ImportOutcome) -> list[str]:
        found = {kind: self.outcomes.get((kind, outcome), 0) for kind in KINDS}
        counts = ", ".join(f"{count:,} {kind}" for kind, count in found.items() if count)
        return [f"{title}: {counts}."] if counts else []


class Tally:
    """Counts what becomes of rows, in memory that does not grow with them."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.outcomes: Counter[tuple[str, ImportOutcome]] = Counter()

    def add(self, kind: str, outcome: ImportOutcome, count: int = 1) -> None:
        """Say what became of rows."""
        self.outcomes[kind, outcome] += count

    @property
    def recorded(self) -> dict[str, int]:
        """How many rows of each kind something is known of."""
        return {
            kind: sum(count for (of, _), count in self.outcomes.items() if of == kind)
            for kind in KINDS
        }
