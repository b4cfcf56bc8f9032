"""The short cut of saves: what nearly every batch is goes to the server in one round trip.

The rules decide on a state that is assumed: the threads are there and belong to whom they should,
and all in the batch is newer than what is stored. What they make of it goes as one document to a
function in the database (`keepchat_save`, made by the migrations), which verifies what was assumed.
Where it is not so, the function changes nothing and says why, and the batch takes the long way,
whose results are the same. Planning is pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from datalayer.records import Outcome, Result
from datalayer.rules.changes import Changes
from datalayer.rules.loading import Loaded, StoredThread
from datalayer.rules.pending import PendingRow, PendingThread
from datalayer.rules.process import finish, process
from datalayer.search.folding import fold
from datalayer.sections import PLACEMENT
from datalayer.stores.sql.dialect import LOCK_CLASS, bucket_of
from datalayer.values import time_of_revision
from datalayer.writes import SaveStep, SaveThread, Write

_TAKEN = frozenset({Outcome.APPLIED, Outcome.REPEATED, Outcome.STALE})


@dataclass(frozen=True, slots=True)
class FastSave:
    """A batch as a document for `keepchat_save`, and the results if it takes it."""

    document: Mapping[str, Any]
    results: list[Result]


@dataclass(slots=True)
class _Thread:
    """What is assumed of a thread: that it is the first owner's that is given.

    `created` is the moment at which the batch makes it where it is not there; None where it cannot.
    """

    owner: str | None = None
    created: str | None = None


def plan_fast_save(writes: Sequence[Write]) -> FastSave | None:
    """Return the batch for the short cut; None when something in it needs the long way."""
    if not all(isinstance(write, SaveStep | SaveThread) for write in writes):
        return None
    if any(_places_thread(write) for write in writes):
        return None
    saves = cast(Sequence[SaveStep | SaveThread], writes)
    threads = _assumed(saves)
    steps = process(writes)
    next(steps)
    known = [StoredThread(name, it.owner, None, None, {}, {}) for name, it in threads.items()]
    changes = steps.send(Loaded(threads=known))
    if not isinstance(changes, Changes) or changes.flagged:
        return None
    results = finish(steps)
    if any(result.outcome not in _TAKEN for result in results):
        return None
    return FastSave(_document(changes, threads), results)


def _places_thread(write: Write) -> bool:
    """Tell whether a write is about the thread's place in the sidebar, which all of its metadata
    tell, those included that are stored.
    """
    return isinstance(write, SaveThread) and any(key in PLACEMENT for key in write.metadata or ())


def _assumed(saves: Iterable[SaveStep | SaveThread]) -> dict[str, _Thread]:
    threads: dict[str, _Thread] = {}
    for write in saves:
        thread_id = write.thread_id if isinstance(write, SaveStep) else write.id
        found = threads.get(thread_id)
        if found is None:
            created = time_of_revision(write.revision) if _makes_thread(write) else None
            threads[thread_id] = _Thread(write.owner, created)
        elif found.owner is None:
            found.owner = write.owner
    return threads


def _makes_thread(write: SaveStep | SaveThread) -> bool:
    """Tell whether a write can make its thread, with the same result as where it is there."""
    if write.owner is None or isinstance(write, SaveStep):
        return write.owner is not None
    return write.creates and (write.name is not None or write.tags is not None)


def _document(changes: Changes, threads: Mapping[str, _Thread]) -> dict[str, Any]:
    changed = {thread.id: thread for thread in changes.threads}
    about = [_thread(name, threads[name], changed.get(name)) for name in sorted(threads)]
    steps = [_step(row) for row in changes.steps]
    document: dict[str, Any] = {"class": LOCK_CLASS, "threads": about, "steps": steps}
    if any(found.get("text") == "" for found in (*about, *steps)):
        document["emptied"] = True  # the search is to forget a text
    return document


def _thread(thread_id: str, assumed: _Thread, thread: PendingThread | None) -> dict[str, Any]:
    changed = thread.changed if thread else {}
    given: dict[str, Any] = {name: changed[name] for name in ("name", "tags") if name in changed}
    if "name" in given:
        given["text"] = fold(given["name"])
    return {
        "id": thread_id,
        "bucket": bucket_of(thread_id),
        "owner": assumed.owner,
        "created": assumed.created,
        "activity": changed.get("updatedAt"),
        "metadata": thread.metadata if thread else {},
        "removed": sorted(thread.removed) if thread else [],
        "revisions": thread.revisions if thread else {},
        **given,
    }


def _step(row: PendingRow) -> dict[str, Any]:
    changed = row.values()
    if "output" in changed:
        changed["text"] = fold(str(changed["output"] or ""))
    return changed
