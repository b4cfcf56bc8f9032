"""The names of the items: keys of the table and of its index. Pure.

In the partition of a thread the head sorts after all else. Whoever reads the partition reads it
last, and what it says holds for all that was read before.
"""

import hashlib
from typing import Any, NamedTuple

from datalayer.sections import MAIN

HEAD, NAME, CUT, USER = "THREAD", "NAME", "CUT", "USER"
DELETED = "DELETED"
"""Where the index has what was deleted, until maintenance has looked at it again."""
REMOVALS = "REMOVAL"
CHUNK_NAME = 16
"""How many hexadecimal digits the name of a chunk has."""

_LONGEST_FILE = 1_000  # bytes; an SK may have 1,024


class Key(NamedTuple):
    """The key of an item."""

    pk: str
    sk: str

    @property
    def attributes(self) -> dict[str, Any]:
        return {"PK": {"S": self.pk}, "SK": {"S": self.sk}}

    @classmethod
    def of(cls, item: Any) -> "Key":
        """Return the key that an item, or an entry of the index, has."""
        return cls(item["PK"]["S"], item["SK"]["S"])


def user(user_id: str) -> Key:
    return Key(f"USER#{user_id}", USER)


def partition(thread_id: str) -> str:
    """Return the partition that has all of a thread."""
    return f"THREAD#{thread_id}"


def head(thread_id: str) -> Key:
    return Key(partition(thread_id), HEAD)


def name(thread_id: str) -> Key:
    """Return the key of what a thread says of itself: its name, tags and metadata."""
    return Key(partition(thread_id), NAME)


def cut(thread_id: str) -> Key:
    """Return the key of the mark that something in a thread was cut."""
    return Key(partition(thread_id), CUT)


def row(kind: str, thread_id: str, row_id: str) -> Key:
    """Return the key of a step or an element."""
    return Key(partition(thread_id), f"{kind.upper()}#{row_id}")


def texts(thread_id: str) -> str:
    """Return the partition that has what the search looks through of a thread."""
    return f"TEXT#{thread_id}"


def chunk(thread_id: str, name: str) -> Key:
    """Return the key of a chunk of a thread's text."""
    return Key(texts(thread_id), name)


def claim(kind: str, row_id: str) -> Key:
    """Return the key of what says where a step, an element or a feedback is."""
    return Key(f"{kind.upper()}#{row_id}", kind.upper())


def part(of: Key, parts: str, number: int) -> Key:
    """Return the key of a part of a body; `parts` is the name that all of them have."""
    return Key(of.pk, f"{of.sk}#{parts}#{number:04}")


def favorites(user_id: str) -> str:
    """Return the partition of the hints where a user's favourites are."""
    return f"FAVORITE#{user_id}"


def removal(object_key: str) -> Key:
    """Return the key of a file to remove."""
    if len(object_key.encode()) <= _LONGEST_FILE:
        return Key(REMOVALS, f"FILE#{object_key}")
    return Key(REMOVALS, f"SHA256#{hashlib.sha256(object_key.encode()).hexdigest()}")


def id_of(key: Key) -> str:
    """Return the id of the user or the thread in whose partition an item is."""
    return key.pk.partition("#")[2]


def row_of(key: Key) -> tuple[str, str] | None:
    """Return kind and id of the row that an item of a thread is, or is a part of."""
    kind, name, *_ = f"{key.sk}#".split("#")
    return (kind.lower(), name) if kind in ("STEP", "ELEMENT") else None


def is_part(key: Key) -> bool:
    """Tell whether an item of a thread is a part of another one's body."""
    return key.sk.count("#") > 1


# The index


class Placement(NamedTuple):
    """Where the sidebar lists threads: their section, and whether they are pinned there."""

    section: str = MAIN
    pinned: bool = False

    @property
    def name(self) -> str:
        """What tells its partition of the index from the others of a user."""
        return f"{'PINNED' if self.pinned else 'OTHERS'}#{self.section}"

    @classmethod
    def named(cls, name: str) -> "Placement":
        """Return the placement with this name."""
        kind, _, section = name.partition("#")
        return cls(section, kind == "PINNED")


UNPLACED = Placement()
"""Where threads are that nobody has put elsewhere."""


def list_of(user_id: str, placement: Placement = UNPLACED) -> str:
    """Return where the index has those of a user's threads that are in one place."""
    return f"USER#{user_id}" + ("" if placement == UNPLACED else f"#{placement.name}")


def placements(user_id: str) -> str:
    """Return the partition of the hints where else than unplaced a user has threads."""
    return f"SECTIONS#{user_id}"


def place(moment: str, name: str) -> str:
    """Return the place of something in its partition of the index: by time, then by name."""
    return f"TS#{moment}#{name}"


def moment_of(place: str) -> str:
    """Return the time that a place in the index shows."""
    return place.split("#", 2)[1]
