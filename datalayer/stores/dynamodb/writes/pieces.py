"""A batch cut into pieces, in each of which threads do not rest on each other. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from datalayer.rules.loading import Tombstone
from datalayer.rules.process import NAMED
from datalayer.writes import DeleteUser, Write

# What writes name under their thread, as the items are called.
_ROWS: Mapping[str, str] = {"steps": "step", "elements": "element"}


def pieces(writes: Sequence[Write]) -> Iterator[Sequence[Write]]:
    """Yield the writes in their order, in pieces that are to be applied one after the other.

    Within one a step or an element is named under one thread, and a user is deleted alone.
    """
    start = 0
    homes: dict[Tombstone, str] = {}
    for at, write in enumerate(writes):
        if at > start and (isinstance(writes[at - 1], DeleteUser) or _parts_with(write, homes)):
            yield writes[start:at]
            start, homes = at, {}
        homes |= homes_of([write])
    if start < len(writes):
        yield writes[start:]


def _parts_with(write: Write, homes: Mapping[Tombstone, str]) -> bool:
    if isinstance(write, DeleteUser):
        return True
    return any(homes.get(row, home) != home for row, home in homes_of([write]).items())


def homes_of(writes: Sequence[Write]) -> dict[Tombstone, str]:
    """Return the threads under which writes name steps and elements."""
    return {
        (_ROWS[rows], getattr(write, attribute)): write.order_key
        for write in writes
        for rows, attribute in NAMED[type(write)]
        if rows in _ROWS
    }
