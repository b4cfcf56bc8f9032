"""Rows of Chainlit's tables as rows of ours. Pure: one function for each kind of row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS, Cleaner
from datalayer.migration.sqlalchemy import phrases, values
from datalayer.values import clean_json, clean_text

EPOCH = "1970-01-01T00:00:00.000000Z"  # the time of what has none: before all others
OLD_ID = "chainlitId"

Raw = Mapping[str, Any]
Read = Callable[[object], Any]

_JSON = ("metadata", "generation", "modes", "props", "playerConfig")
_FLAGS = (
    "streaming",
    "waitForAnswer",
    "isError",
    "defaultOpen",
    "autoCollapse",
    "hidden",
    "autoPlay",
)
_TIMES = ("createdAt", "start", "end")


def _step_id(raw: object) -> str | None:
    return values.row_id("step", raw)


_READERS: Mapping[str, Read] = {
    **dict.fromkeys(_JSON, values.parsed),
    **dict.fromkeys(_FLAGS, values.flag),
    **dict.fromkeys(_TIMES, values.timestamp),
    "tags": values.labels,
    "page": values.integer,
    "parentId": _step_id,
    "forId": _step_id,
    "showInput": values.flag_or_text,
}

# What the readers give of these needs no cleaning.
_FINAL = frozenset({*_FLAGS, *_TIMES, "page", "parentId", "forId"})


@dataclass(slots=True)
class AdoptedRow:
    """A row of ours, and what is to be said of it. Without an id the row cannot be held."""

    raw: Raw
    row: dict[str, Any]
    old_id: str
    notes: list[str] = field(default_factory=list)

    @property
    def extra(self) -> dict[str, Any]:
        """What has no column of its own."""
        found: dict[str, Any] = self.row["extra"]
        return found


def _begin(kind: str, table: str, raw: Raw) -> AdoptedRow:
    given = raw.get("id")
    found = values.row_id(kind, given)
    shown = "" if given is None else clean_text(str(values.plain(given)))
    converted = AdoptedRow(raw, {"id": found, "extra": {}}, shown)
    if found and values.is_derived(given, found):
        converted.extra[OLD_ID] = shown
        converted.notes.append(phrases.DERIVED.format(table=table))
    return converted


def _take(converted: AdoptedRow, table: str, raw: Raw, known: Mapping[str, Cleaner]) -> None:
    """Take the columns: known ones cleaned, all others, and what is no good there, as extra."""
    for name, given in raw.items():
        if given is None:
            continue
        if name in known:
            read = _READERS.get(name, values.plain)(given)
            converted.row[name] = cleaned = read if name in _FINAL else known[name](read)
            if cleaned is None and given != "":
                _keep_as_extra(converted, table, name, given)
        elif name == "extra":
            _merge_extra(converted, given)
        else:
            converted.extra[name] = clean_json(values.storable(given))


def _keep_as_extra(converted: AdoptedRow, table: str, name: str, given: object) -> None:
    converted.extra[name] = clean_json(values.storable(given))
    converted.notes.append(phrases.UNREADABLE.format(table=table, column=name))


def _merge_extra(converted: AdoptedRow, given: object) -> None:
    value = values.parsed(given)
    if isinstance(value, Mapping):
        converted.extra.update(clean_json(value))  # type: ignore[arg-type]
    else:
        converted.extra["extra"] = clean_json(values.storable(value))


def _text(value: object) -> str | None:
    return clean_text(str(value)) if value is not None else None


def _mapping(value: object) -> Any:
    return clean_json(value) if isinstance(value, Mapping) else None


def _labels(value: object) -> Any:
    return [clean_text(str(item)) for item in value] if isinstance(value, list) else None


_USER: Mapping[str, Cleaner] = {"identifier": _text, "metadata": _mapping}
_THREAD: Mapping[str, Cleaner] = {
    "name": _text,
    "userIdentifier": _text,
    "tags": _labels,
    "metadata": _mapping,
}


def _without(raw: Raw, *names: str) -> Raw:
    return {name: value for name, value in raw.items() if name not in ("id", *names)}


def user(raw: Raw, zone: tzinfo | None) -> AdoptedRow:
    """Return a user; one without an identifier cannot be held."""
    converted = _begin("user", "users", raw)
    _take(converted, "users", _without(raw, "createdAt"), _USER)
    row = converted.row
    row["metadata"] = row.get("metadata") or {}
    _take_creation(converted, "users", raw, zone)
    if not row.get("identifier"):
        row["id"] = None
    return converted


def thread(raw: Raw, zone: tzinfo | None) -> AdoptedRow:
    """Return a thread; who owns it is decided where the users are known."""
    converted = _begin("thread", "threads", raw)
    _take(converted, "threads", _without(raw, "createdAt", "userId"), _THREAD)
    row = converted.row
    row["metadata"] = row.get("metadata") or {}
    row["userId"] = values.row_id("user", raw.get("userId"))
    _take_creation(converted, "threads", raw, zone)
    return converted


def _take_creation(converted: AdoptedRow, table: str, raw: Raw, zone: tzinfo | None) -> None:
    given = raw.get("createdAt")
    created = values.timestamp(given, zone) if given is not None else None
    if created is None and given not in (None, ""):
        _keep_as_extra(converted, table, "createdAt", given)
    converted.row["createdAt"] = created


def _take_thread(converted: AdoptedRow, raw: Raw) -> None:
    """Take the thread of a row; without one the row cannot be held."""
    converted.row["threadId"] = values.row_id("thread", raw.get("threadId"))
    if converted.row["threadId"] is None:
        converted.row["id"] = None


def step(raw: Raw, _zone: tzinfo | None = None) -> AdoptedRow:
    """Return a step; `createdAt` falls back to its start and its end."""
    converted = _begin("step", "steps", raw)
    _take(converted, "steps", _without(raw, "threadId"), STEP_FIELDS)
    _take_thread(converted, raw)
    row = converted.row
    row["createdAt"] = row.get("createdAt") or row.get("start") or row.get("end")
    metadata = row.get("metadata") or {}
    row["favorite"] = bool(metadata["favorite"]) if "favorite" in metadata else None
    return converted


def element(raw: Raw, _zone: tzinfo | None = None) -> AdoptedRow:
    """Return an element; its link gives way where the file can be named."""
    converted = _begin("element", "elements", raw)
    _take(converted, "elements", _without(raw, "threadId"), ELEMENT_FIELDS)
    _take_thread(converted, raw)
    row = converted.row
    row["ready"] = True
    if row.get("objectKey") and row.get("url"):
        converted.extra["chainlitUrl"] = row["url"]
        row["url"] = None
        converted.notes.append(phrases.URLS)
    return converted


def feedback(raw: Raw, _zone: tzinfo | None = None) -> AdoptedRow:
    """Return a feedback; one without a step or a value cannot be held."""
    converted = _begin("feedback", "feedbacks", raw)
    known: Mapping[str, Cleaner] = {"comment": _text}
    _take(converted, "feedbacks", _without(raw, "threadId", "forId", "value"), known)
    row = converted.row
    row["forId"] = values.row_id("step", raw.get("forId"))
    row["threadId"] = values.row_id("thread", raw.get("threadId"))
    row["value"] = values.thumb(raw.get("value"))
    if row["value"] is not None and str(values.plain(raw["value"])) not in ("0", "1"):
        _keep_as_extra(converted, "feedbacks", "value", raw["value"])
    if row["forId"] is None or row["value"] is None:
        row["id"] = None
    return converted


KINDS: Mapping[str, Callable[[Raw, tzinfo | None], AdoptedRow]] = {
    "users": user,
    "threads": thread,
    "steps": step,
    "elements": element,
    "feedbacks": feedback,
}


def as_leftover(raw: Raw) -> Any:
    """Return a row whole, as JSON."""
    return clean_json(values.storable(raw))
