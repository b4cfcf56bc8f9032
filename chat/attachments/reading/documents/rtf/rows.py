"""Rows of a table: what is merged takes several of the columns that other rows have."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

_NEAR = 40  # twentieths of a point: edges so near to each other are the same
_MOST_HELD = 500  # rows


class Rows:
    """Holds the rows of a table until it ends, or there are many: then its columns are known."""

    def __init__(self) -> None:
        self._held: list[tuple[list[str], list[int]]] = []
        self._has_begun = False

    @property
    def is_full(self) -> bool:
        """Tell whether some had better be taken."""
        return len(self._held) >= _MOST_HELD

    def add(self, cells: list[str], edges: list[int]) -> None:
        """Take a row, and where its cells end."""
        self._held.append((cells, edges if len(edges) == len(cells) else []))

    def take(self) -> Iterator[str]:
        """Yield the rows that are held; below the first one of a table stands what makes it one."""
        columns = _columns(edge for _, edges in self._held for edge in edges)
        for cells, edges in self._held:
            shown = _spread(cells, edges, columns)
            if any(shown):
                yield f"| {' | '.join(shown)} |"
                if not self._has_begun:
                    yield "|" + " --- |" * len(shown)
                self._has_begun = True
        self._held = []

    def end(self) -> Iterator[str]:
        """Yield the rows that are left of a table."""
        yield from self.take()
        self._has_begun = False


def _columns(edges: Iterator[int]) -> list[int]:
    """Return where columns end; edges that nearly agree are one."""
    columns: list[int] = []
    for edge in sorted(set(edges)):
        if not columns or edge - columns[-1] > _NEAR:
            columns.append(edge)
    return columns


def _spread(cells: list[str], edges: Sequence[int], columns: Sequence[int]) -> list[str]:
    """Return the cells with empty ones for the further columns that one takes."""
    shown: list[str] = []
    for cell, edge in zip(cells, edges, strict=False):
        ends = bisect_left(columns, edge - _NEAR) + 1
        shown += [cell] + [""] * (ends - len(shown) - 1)
    return shown if edges else cells
