"""Rows that their layer changed without changing their times. Pure.

Chainlit's official layer keeps no time of a step's or an element's last change: what was streaming
when it was first imported would stay so. Ours tells whether it was changed here: its revision is
then no longer in the millisecond of theirs.
"""

from collections.abc import Mapping
from dataclasses import replace

from datalayer.records import ElementRecord, StepRecord
from datalayer.sql.importing.clocks import SLOT
from datalayer.values import Json
from datalayer.writes import SaveElement, SaveStep


def newer(
    write: SaveStep | SaveElement, stored: StepRecord | ElementRecord
) -> SaveStep | SaveElement | None:
    """Return the write with the next revision if theirs has changed and ours has not."""
    following = stored.revision + 1
    if not write.revision < following < write.revision + SLOT or _says(write, stored.fields):
        return None
    return replace(write, revision=following)


def _says(write: SaveStep | SaveElement, stored: Mapping[str, Json]) -> bool:
    """Tell whether all that a write gives is stored."""
    given = dict(write.fields)
    if stored.get("parentId") is None:
        given.pop("parentId", None)  # a store shows none where the parent is missing
    unknown = given.pop("extra", None)
    if isinstance(unknown, dict):
        given = {**unknown, **given}
    return all(stored.get(name) == value for name, value in given.items())
