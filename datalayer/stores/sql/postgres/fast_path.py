"""The fast path of saves: what nearly every batch is goes to the server in one round trip.

A batch of steps, and of names, tags and metadata of threads, is folded into one document, which a
function in the database (`keepchat_save`, made by the migrations) stores if all in it is newer than
what is stored, in threads that are there and belong to whom they should. Otherwise it changes
nothing and says so, and the batch takes the long way (`writes/saves.py`), whose results are the
same. Planning is pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datalayer.records import Outcome, Result
from datalayer.rules.batch import Item
from datalayer.rules.rows import STEP_COLUMNS, PendingRow
from datalayer.stores.sql.writes.threads import ThreadChange
from datalayer.values import fold, time_of_revision
from datalayer.writes import SaveStep, SaveThread, Write


@dataclass(frozen=True, slots=True)
class FastSave:
    """A batch as a document for `keepchat_save`, and the results if it takes it."""

    document: Mapping[str, Any]
    results: list[Result]


@dataclass(slots=True)
class _ThreadSave:
    """What the batch says of a thread."""

    id: str
    owner: str | None = None
    activity: int = 0
    change: ThreadChange = field(default_factory=lambda: ThreadChange(None, None))

    def document(self) -> dict[str, Any]:
        values = self.change.values
        given: dict[str, Any] = {name: values[name] for name in ("name", "tags") if name in values}
        if "name" in given:
            given["text"] = fold(given["name"])
        return {
            "id": self.id,
            "owner": self.owner,
            "activity": time_of_revision(self.activity) if self.activity else None,
            "metadata": self.change.metadata,
            "removed": sorted(self.change.removed),
            "revisions": self.change.revisions,
            **given,
        }


def plan_fast_save(writes: Sequence[Write]) -> FastSave | None:
    """Return the batch for the fast path; None when something in it needs the long way."""
    items = [Item(write) for write in writes]
    threads: dict[str, _ThreadSave] = {}
    rows: dict[str, PendingRow] = {}
    for item in items:
        if not _takes(item, threads, rows):
            return None
    documents = [_step(row) for row in rows.values()]
    if None in documents:
        return None
    about = [threads[name].document() for name in sorted(threads)]
    document: dict[str, Any] = {"threads": about, "steps": documents}
    if any(found and found.get("text") == "" for found in (*about, *documents)):
        document["emptied"] = True  # the search is to forget a text
    return FastSave(document, [item.result for item in items if item.result])


def _takes(item: Item, threads: dict[str, _ThreadSave], rows: dict[str, PendingRow]) -> bool:
    write = item.write
    if isinstance(write, SaveStep):
        thread = threads.setdefault(write.thread_id, _ThreadSave(write.thread_id))
        row = rows.setdefault(write.id, PendingRow(write.id, write.thread_id, STEP_COLUMNS))
        if row.thread_id != write.thread_id:
            return False
        row.take(item)
        if item.result and item.result.outcome is Outcome.APPLIED:
            thread.activity = max(thread.activity, write.revision)
    elif isinstance(write, SaveThread):
        thread = threads.setdefault(write.id, _ThreadSave(write.id))
        taken = thread.change.take(write)
        item.resolve(Outcome.APPLIED if taken else Outcome.STALE)
    else:
        return False
    return _is_owned(thread, write.owner)


def _is_owned(thread: _ThreadSave, owner: str | None) -> bool:
    """Note who is to own a thread; False when a batch names two."""
    if owner is not None and thread.owner not in (None, owner):
        return False
    thread.owner = thread.owner or owner
    return True


def _step(row: PendingRow) -> dict[str, Any] | None:
    changed = row.values()
    if row.extra or changed.pop("favorite", None) is not None:
        return None
    if "output" in changed:
        changed["text"] = fold(str(changed["output"] or ""))
    return changed
