"""What threads say of themselves: name, tags, and metadata merged key by key."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from datalayer.records import Outcome
from datalayer.rules.batch import Item
from datalayer.rules.revisions import NEVER
from datalayer.stores.sql.tables import threads
from datalayer.stores.sql.writes.search_entries import SearchText, index_texts
from datalayer.values import Json
from datalayer.writes import SaveThread

_KEY = "metadata."  # how the revisions of the metadata's keys are named

_STORED = select(threads.c.id, threads.c.metadata, threads.c.fieldRevisions).where(
    threads.c.id.in_(bindparam("ids", expanding=True))
)


def save_threads(connection: Connection, items: Sequence[Item]) -> None:
    """Change what the saves name, key by key the newest, and resolve them."""
    if not items:
        return
    ids = list({item.write.id for item in items})
    stored = {row.id: row for row in connection.execute(_STORED, {"ids": ids})}
    changes = {name: ThreadChange(row.metadata, row.fieldRevisions) for name, row in stored.items()}
    for item in items:
        applied = changes[item.write.id].take(item.write)
        item.resolve(Outcome.APPLIED if applied else Outcome.STALE)
    for thread_id, change in changes.items():
        if change.values:
            values = change.values | {"fieldRevisions": change.revisions}
            statement = update(threads).where(threads.c.id == thread_id)
            connection.execute(statement.values(**values))
    index_texts(connection, _texts(changes))


class ThreadChange:
    """A thread on its way: what is stored of it, and the columns that change."""

    def __init__(self, metadata: Mapping[str, Json] | None, revisions: Any) -> None:
        self.metadata = dict(metadata or {})
        self.revisions: dict[str, int] = dict(revisions or {})
        self.removed: set[str] = set()  # keys of the metadata
        self.values: dict[str, Any] = {}

    def take(self, write: SaveThread) -> bool:
        """Take of a write what is newer than what is stored; False when nothing is.

        A write that names nothing does what it can: its thread is there.
        """
        given: dict[str, Any] = {}
        if write.name is not None:
            given["name"] = write.name
        if write.tags is not None:
            given["tags"] = list(write.tags)
        given |= {_KEY + key: value for key, value in (write.metadata or {}).items()}
        newer = {
            name: value
            for name, value in given.items()
            if self.revisions.get(name, NEVER) < write.revision
        }
        for name, value in newer.items():
            self.revisions[name] = write.revision
            self._set(name, value)
        return bool(newer) or not given

    def _set(self, name: str, value: Any) -> None:
        if not name.startswith(_KEY):
            self.values[name] = value
            return
        key = name.removeprefix(_KEY)
        self.metadata.pop(key, None)
        self.removed.add(key)
        if value is not None:
            self.metadata[key] = value
            self.removed.remove(key)
        self.values["metadata"] = self.metadata


def _texts(changes: Mapping[str, ThreadChange]) -> Iterable[SearchText]:
    return [
        SearchText("thread", thread_id, thread_id, change.values["name"])
        for thread_id, change in changes.items()
        if "name" in change.values
    ]
