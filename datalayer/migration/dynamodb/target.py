"""Rows on their way into the table that they are read from.

Most of them take the place of what they were. Whatever interrupts it, each is there as theirs or as
ours, and nothing of it is lost:

* The feedback of a step, which lies in its item, is kept beside it until both are ours.
* What cannot be held is kept before it is removed.
* What lies under another key than ours is removed after.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from datalayer.migration.dynamodb import rows
from datalayer.migration.dynamodb.source import KEPT
from datalayer.migration.importing.importer import Target
from datalayer.migration.importing.report import ImportOutcome, RowResult
from datalayer.migration.importing.rows import ConvertedRow
from datalayer.migration.sqlalchemy.rows import Raw, as_leftover
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import put_of, text
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.requests import put, together
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed
from datalayer.values import derived_id
from datalayer.writes import SaveElement, SaveStep, SaveThread, Write

LEFTOVER = "LEFTOVER"
"""The partition of what cannot be held."""

_PLACED = (ImportOutcome.STORED, ImportOutcome.KNOWN)


class AdoptionTarget:
    """Stores rows by another target, and sees to the items that they were."""

    def __init__(self, client: Client, inner: Target) -> None:
        self._client = client
        self._inner = inner

    @property
    def window(self) -> int:
        return self._inner.window

    async def store(self, window: Sequence[ConvertedRow]) -> list[RowResult]:
        """Store rows, and return what became of each and what is to be said of it."""
        await together(self._keep_feedback(one.raw) for one in window if _brings_feedback(one))
        results = await self._inner.store(window)
        outcomes = [outcome for outcome, _ in results]
        await together(map(self._see_to, window, outcomes))
        return results

    async def remove(self, raw: Raw) -> None:
        """Remove an item of theirs, unless ours is in its place."""
        await self._remove(_key_of(raw))

    async def _see_to(self, one: ConvertedRow, outcome: ImportOutcome) -> None:
        is_cut = one.kind == "users" and rows.has_more(one.raw)
        if outcome is ImportOutcome.LEFT or is_cut:
            await self._keep(one)
        for key in _left_behind(one, outcome):
            await self._remove(key)

    async def _keep_feedback(self, step: Raw) -> None:
        key = Key(step["PK"], f"{KEPT}#{rows.id_of(step)}")
        item = {**key.attributes, **rows.as_kept(step)}
        await self._client.call("PutItem", Item=item)

    async def _keep(self, one: ConvertedRow) -> None:
        name = derived_id(one.kind, one.raw["PK"], rows.id_of(one.raw))
        key = Key(LEFTOVER, name)
        content = as_leftover(one.raw)
        with suppress(ConditionFailed):  # by an adoption that was interrupted
            await put(self._client, put_of(key, None, content, kind=text(one.kind)))

    async def _remove(self, key: Key) -> None:
        with suppress(ConditionFailed):
            await self._client.call(
                "DeleteItem", Key=key.attributes, ConditionExpression="attribute_not_exists(v)"
            )


def _brings_feedback(one: ConvertedRow) -> bool:
    return one.kind == "steps" and one.raw.get("feedback") is not None


def _left_behind(one: ConvertedRow, outcome: ImportOutcome) -> Iterator[Key]:
    """Yield the keys of what is not ours yet; users stay to the end, for their ids."""
    if one.kind == "users":
        return
    key = _key_of(one.raw)
    if one.kind == "feedbacks":
        yield Key(key.pk, f"{KEPT}#{rows.id_of(one.raw)}")
    if outcome not in _PLACED or (one.kind != "feedbacks" and _place(one.write) != key):
        yield key


def _key_of(raw: Raw) -> Key:
    return Key(raw["PK"], raw["SK"])


def _place(write: Write | None) -> Key | None:
    """Return where the store puts a row."""
    if isinstance(write, SaveThread):
        return keys.head(write.id)
    if isinstance(write, SaveStep | SaveElement):
        kind = "step" if isinstance(write, SaveStep) else "element"
        return keys.row(kind, write.thread_id, write.id)
    return None
