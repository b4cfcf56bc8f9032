"""Names of variables that are nearly right. Pure."""

from collections.abc import Collection, Iterable
from difflib import SequenceMatcher

_SLIPS = 2  # letters that are wrong, missing, too many, or two that have changed places
_SHORT = 8  # letters of a name in which one slip is as many as there may be
_ALIKE = 0.8


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return which of the known names was meant by one that is a slip or two away, if any."""
    least = _SLIPS if len(name) > _SHORT else 1
    slips = {one: _slips(name, one) for one in known if abs(len(one) - len(name)) <= least}
    found = min(slips, key=lambda one: slips[one], default=None)
    return found if found and 0 < slips[found] <= least else None


def most_alike(name: str, known: Collection[str]) -> str | None:
    """Return which of the known names was meant by one that may lack a word, if any."""
    alike = {one: SequenceMatcher(None, name, one, autojunk=False).ratio() for one in known}
    found = max(alike, key=lambda one: alike[one], default=None)
    return found if found and _ALIKE <= alike[found] < 1 else None


def _slips(one: str, other: str) -> int:
    """Return the distance of two names: Damerau's, where no part is changed twice."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, before, row = before, row, [i]
        for j, letter_there in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != letter_there))
            if i > 1 and j > 1 and (letter, one[i - 2]) == (other[j - 2], letter_there):
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]
