"""Rows of Chainlit's official layer as writes of ours. Pure: one function for each kind of row.

A row is given the names of Chainlit's SQLAlchemy layer, and converted as its rows are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from datalayer.migration.importing import rows as imported
from datalayer.migration.importing.rows import ConvertedRow
from datalayer.migration.official import phrases
from datalayer.migration.official.clocks import SourceClocks
from datalayer.migration.sqlalchemy import values
from datalayer.migration.sqlalchemy.rows import OLD_ID, Raw
from datalayer.values import clean_text

OWNER = "keepchat owner"  # columns that the queries add
HOME = "keepchat home"
DELETED = "keepchat deleted"

_STAMPS = ("createdAt", "updatedAt")
_ADDED = frozenset({OWNER, HOME, DELETED})
_PERHAPS_NONE = ("url", "mime", "objectKey")  # where their layer has written the text 'None'


def _without(raw: Raw, *names: str) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in _ADDED and name not in names}


def left_out(kind: str, raw: Raw, why: str) -> ConvertedRow:
    """Return a row that cannot be held, and why."""
    return imported.left_out(kind, _without(raw), _old_id(raw), why)


def _old_id(raw: Raw) -> str:
    return clean_text(str(raw.get("id")))


def user(raw: Raw, clocks: SourceClocks) -> ConvertedRow:
    """Return a user."""
    revision = clocks.revision(clocks.of_program(raw.get("createdAt")))
    return imported.user(_without(raw), _without(raw, *_STAMPS), revision)


def thread(raw: Raw, clocks: SourceClocks) -> ConvertedRow:
    """Return a thread.

    It is dated by its creation: their layer moves `updatedAt` on whenever somebody looks at it.
    """
    given = _without(raw, "userId", "deletedAt", *_STAMPS)
    revision = clocks.revision(clocks.of_server(raw.get("createdAt")))
    return imported.thread(_without(raw), given, raw.get(OWNER) or None, revision)


def step(raw: Raw, clocks: SourceClocks, owner: str | None, rank: int) -> ConvertedRow:
    """Return a step; its creation is its start, which Chainlit gave, not the database."""
    start, created = clocks.of_steps(raw.get("startTime")), clocks.of_server(raw.get("createdAt"))
    given: dict[str, Any] = {
        **_without(raw, "startTime", "endTime", *_STAMPS),
        "start": start,
        "end": clocks.of_steps(raw.get("endTime")),
        "createdAt": start or created,
    }
    if given.get("showInput") == "None":
        given["showInput"] = None
    revision = clocks.revision(given["createdAt"], rank, fallback=created)
    return imported.step(_without(raw), given, owner, revision)


def element(raw: Raw, clocks: SourceClocks, owner: str | None, rank: int) -> ConvertedRow:
    """Return an element; what its columns do not say its metadata may.

    A key is never made up: where their layer wrote none it had stored nothing. Its older versions
    wrote a key beside a link too, with nothing stored there.
    """
    given = _element_columns(raw)
    found: list[str] = []
    if given.get("url") and given.get("objectKey") and given["type"] != "custom":
        given["chainlitObjectKey"] = given.pop("objectKey")
        found.append(phrases.LINKED)
    elif not given.get("objectKey") and not given.get("url") and given["type"] != "custom":
        found.append(phrases.NO_FILE)
    revision = clocks.revision(clocks.of_server(raw.get("createdAt")), rank)
    return imported.element(_without(raw), given, owner, revision).noting(*found)


def _element_columns(raw: Raw) -> dict[str, Any]:
    columns = _without(raw, "stepId", "metadata", *_STAMPS)
    columns |= {"forId": raw.get("stepId"), "threadId": raw.get(HOME)}
    for name in _PERHAPS_NONE:
        if columns.get(name) == "None":
            columns[name] = None
    metadata = values.parsed(raw.get("metadata"))
    if not isinstance(metadata, Mapping):
        metadata = {"metadata": metadata}
    given = {name: value for name, value in metadata.items() if name not in ("id", "threadId")}
    given |= {name: value for name, value in columns.items() if value is not None}
    given["type"] = given.get("type") or "file"  # as Chainlit's layer reads it
    return dict.fromkeys(columns) | given


def feedback(group: Sequence[Raw], clocks: SourceClocks) -> ConvertedRow:
    """Return the last feedback of a step, with the others in its `extra`."""
    *others, raw = group
    given = {
        **_without(raw, "stepId", *_STAMPS),
        "forId": raw.get("stepId"),
        "threadId": raw.get(HOME),
        "value": _whole(raw.get("value")),
        OLD_ID: _old_id(raw),
    }
    revision = clocks.revision(clocks.of_server(raw.get("createdAt")))
    return imported.feedback(_without(raw), given, revision, [_without(it) for it in others])


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value
