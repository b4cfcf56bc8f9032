"""What a store says of itself, and of adopting tables that another data layer made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHOWN_IDS = 3


@dataclass(frozen=True, slots=True)
class StoreDescription:
    """What a database is and how it is reached, and what should be seen to, with the remedy.

    `is_there` is False where the database has still to be made.
    """

    summary: str
    warning: str = ""
    remedy: str = ""
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """Something odd or changed: how many rows it concerns, and the first of their ids."""

    what: str
    count: int
    ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AdoptionReport:
    """Whose tables they are, how many rows each has, and what becomes of them."""

    schema: str
    rows: Mapping[str, int]
    notes: Sequence[Note]

    def lines(self) -> list[str]:
        """Return it for people, a line for each thing."""
        counts = ", ".join(f"{count:,} {table}" for table, count in self.rows.items())
        return [f"It is {self.schema}: {counts}.", *(_line(note) for note in self.notes)]


def _line(note: Note) -> str:
    if not note.count:  # of a column, not of rows
        return f"- {note.what}"
    more = ", ..." if note.count > len(note.ids) else ""
    ids = f" ({', '.join(note.ids)}{more})" if note.ids else ""
    return f"- {note.count:,} x {note.what}{ids}"


class Notes:
    """Notes as they are taken, row by row, in memory that does not grow with the rows."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._ids: dict[str, list[str]] = {}

    def add(
        self, what: str, row_id: object = None, count: int = 1, *, shown: int = SHOWN_IDS
    ) -> None:
        """Note something of a row; so many ids at most are shown."""
        self._counts[what] = self._counts.get(what, 0) + count
        ids = self._ids.setdefault(what, [])
        if row_id is not None and len(ids) < shown:
            ids.append(str(row_id))

    def listed(self) -> list[Note]:
        """Return them, the most frequent first."""
        found = [Note(what, n, tuple(self._ids[what])) for what, n in self._counts.items()]
        return sorted(found, key=lambda note: (-note.count, note.what))
