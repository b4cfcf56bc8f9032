"""Reconciliation: the files in a storage beside the elements that name them.

Both are read in the order of their keys, side by side, so that any number of them takes the same
memory. Nothing is changed here.
"""

import re
from collections.abc import AsyncIterator, Container
from dataclasses import dataclass
from enum import Enum
from functools import partial

from datalayer.records import FileRecord
from datalayer.stores.base import Store
from storage.base import Storage, StoredObject
from storage.errors import StorageMisconfigured

MICROSECONDS = 1_000_000  # of a second; revisions are counted in them
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OWN = re.compile(f"{_UUID}/{_UUID}")
_OURS = re.compile(f"{_OWN.pattern}|keepchat-check/.+")


class FileState(Enum):
    """What a file and its element are to each other."""

    WHOLE = "whole"  # both are there
    ORPHAN = "orphan"  # a file of ours that no element names
    FOREIGN = "foreign"  # a file whose key is none of ours; whose it is, is not known
    YOUNG = "young"  # a file or an upload of just now, which may still be on its way
    WAITING = "waiting"  # an element whose file is in the spool
    MISSING = "missing"  # an element that is shown and has lost its file
    UNFINISHED = "unfinished"  # an upload that never ended; the element is not shown
    STORED = "stored"  # an upload that was not seen to its end, though the file is there


@dataclass(frozen=True, slots=True)
class ReconciledFile:
    """A key, and what is there of it in the storage and in the database."""

    state: FileState
    key: str
    element: FileRecord | None = None


async def reconcile(
    store: Store, storage: Storage, *, younger_than: float, waiting: Container[str] = ()
) -> AsyncIterator[ReconciledFile]:
    """Yield every file, and every element that should have one, once.

    What came after the moment `younger_than` (seconds since 1970) is left alone; `waiting` are the
    keys of files in the spool.
    """
    judge = partial(_named, younger_than=younger_than, waiting=waiting)
    # Elements of an adopted database have keys of another layer, in another order.
    adopted = {each.object_key: each async for each in store.files() if not _is_own(each)}
    own = (each async for each in store.files() if _is_own(each))
    async for stored, element in _side_by_side(storage.list(), own):
        named = adopted.pop(stored.key, None) if stored and element is None else element
        if named:
            yield judge(named, there=stored is not None)
        elif stored:
            yield _unnamed(stored, younger_than)
    for element in adopted.values():
        yield judge(element, there=False)


def is_own_key(key: str) -> bool:
    """Tell whether a key is of the form that this program gives to files."""
    return _OWN.fullmatch(key) is not None


def _is_own(element: FileRecord) -> bool:
    return element.object_key == f"{element.thread_id}/{element.element_id}"


async def _side_by_side(
    objects: AsyncIterator[StoredObject], elements: AsyncIterator[FileRecord]
) -> AsyncIterator[tuple[StoredObject | None, FileRecord | None]]:
    """Yield what has the same key together; keys of ours come in their order, others in any."""
    stored, element = await anext(objects, None), await anext(elements, None)
    last = ""
    while stored or element:
        if stored and _OURS.fullmatch(stored.key):
            last = _in_order(last, stored.key)
        if stored and (element is None or _comes_first(stored.key, element.object_key)):
            yield stored, None
            stored = await anext(objects, None)
        elif element and (stored is None or element.object_key < stored.key):
            yield None, element
            element = await anext(elements, None)
        else:
            yield stored, element
            stored, element = await anext(objects, None), await anext(elements, None)


def _comes_first(key: str, own: str) -> bool:
    return key < own or not _OURS.fullmatch(key)


def _in_order(last: str, key: str) -> str:
    """Return the key; without the order files would be taken for ones that nobody names."""
    if key < last:
        message = (
            f"The storage lists {key!r} after {last!r}: its files cannot be compared with the "
            "database, and nothing is removed. Report it, with the service's name and version."
        )
        raise StorageMisconfigured(message)
    return key


def _unnamed(stored: StoredObject, younger_than: float) -> ReconciledFile:
    if not _OURS.fullmatch(stored.key):
        return ReconciledFile(FileState.FOREIGN, stored.key)
    young = stored.modified > younger_than
    return ReconciledFile(FileState.YOUNG if young else FileState.ORPHAN, stored.key)


def _named(
    element: FileRecord, *, there: bool, younger_than: float, waiting: Container[str]
) -> ReconciledFile:
    if not there and element.object_key in waiting:
        state = FileState.WAITING
    elif element.ready:
        state = FileState.WHOLE if there else FileState.MISSING
    elif element.revision / MICROSECONDS > younger_than:
        state = FileState.YOUNG
    else:
        state = FileState.STORED if there else FileState.UNFINISHED
    return ReconciledFile(state, element.object_key, element)
