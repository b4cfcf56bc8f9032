"""Names of accounts: which are given, and which ones people would take for the same. Pure.

A name is found whatever its case; how it was first written is the identifier that conversations
belong to.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from access.login.accounts.errors import AccountError

LONGEST_NAME = 64  # characters

# Characters that are shown as nothing though they count as printable: fillers, joiners, selectors.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_DIRECTIONS = str.maketrans("", "", "\u200e\u200f")  # the data has them around letters


def folded(name: str) -> str:
    """Return what stands for a name, however it is written: its case, width and blanks."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def checked_name(name: str) -> str:
    """Return a name as it is kept. Raises `AccountError` for one that nobody is given."""
    clean = unicodedata.normalize("NFC", name).strip()
    is_seen = _INVISIBLE.sub("", clean).strip() and clean.isprintable()
    if not is_seen or len(clean) > LONGEST_NAME or not folded(clean):
        message = f"A user's name has 1 to {LONGEST_NAME} printable characters; {name!r} has not."
        raise AccountError(message)
    return clean


def look_alike(name: str, other: str) -> bool:
    """Tell whether people would take one name for the other, in whatever case.

    Takes a fifth of a second the first time.
    """
    return bool(_skeletons(name) & _skeletons(other))


def _skeletons(name: str) -> set[str]:
    return {_skeleton(each) for each in (name, folded(name), name.upper())}


def _skeleton(name: str) -> str:
    """Return what all names that look like this one have in common, as UTS #39 has it."""
    prototypes, shape = _prototypes(), _INVISIBLE.sub("", name)
    for _ in range(2):  # what stands for a character may be several, with prototypes of their own
        decomposed = unicodedata.normalize("NFD", shape)
        shape = "".join(prototypes.get(each, each) for each in decomposed)
    return " ".join(shape.split())


@cache
def _prototypes() -> Mapping[str, str]:
    """Return what each character of Unicode's list of confusables stands for."""
    # Imported when it is used: it reads a large file.
    from confusable_homoglyphs.confusables import confusables_data

    classes: dict[str, set[str]] = {}
    for shape, others in confusables_data.items():
        alike = {_plain(shape), *(_plain(other["c"]) for other in others)}
        alike = set().union(alike, *(classes.get(each, ()) for each in alike))
        classes |= dict.fromkeys(alike, alike)
    return {shape: _first(alike) for shape, alike in classes.items() if len(shape) == 1}


def _plain(shape: str) -> str:
    return shape.translate(_DIRECTIONS)


def _first(alike: set[str]) -> str:
    """Return which of those that look alike stands for all: the one of several characters."""
    return min(alike, key=lambda shape: (-len(shape), shape))
