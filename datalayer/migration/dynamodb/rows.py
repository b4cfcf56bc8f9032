"""Items of Chainlit's DynamoDB layer as writes of ours. Pure: one function for each kind.

Keys count, whatever the attributes say: by them Chainlit's layer finds what it keeps. An item is
given the names of Chainlit's SQLAlchemy layer, and converted as its rows are.

Chainlit dates steps in UTC, its layer users and threads by the program's local time, marked `Z`,
anew at each change. An element has no time of its own: it is as old as its thread.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any

from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS
from datalayer.migration.dynamodb import phrases
from datalayer.migration.dynamodb.source import Conversation
from datalayer.migration.importing import rows as imported
from datalayer.migration.importing.revisions import Dated, dated
from datalayer.migration.importing.rows import ConvertedRow
from datalayer.migration.sqlalchemy import values
from datalayer.migration.sqlalchemy.rows import Raw
from datalayer.values import derived_id

_KEYS = ("PK", "SK", "UserThreadPK", "UserThreadSK")
_USER = frozenset({"id", "identifier", "metadata", "createdAt"})
_THREAD = frozenset({"id", "createdAt", "name", "userId", "userIdentifier", "tags", "metadata"})
_OWNER = ("createdAt", "userId", "userIdentifier")  # of a thread, read by themselves
_HOME = ("id", "threadId")
_FEEDBACK = (*_HOME, "forId")


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the program's clock stood, and the present as a revision."""

    zone: tzinfo | None
    now: int

    def local(self, raw: object) -> datetime | None:
        """Return a time that Chainlit's layer took from its clock."""
        return _moment(values.timestamp(raw, self.zone))


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


def _without(raw: Raw, *names: str) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in (*_KEYS, *names)}


def _unknown(kind: str, raw: Raw, known: Collection[str], target: str = "extra") -> Iterator[str]:
    """Yield what is to be said of attributes that others have added."""
    phrase = phrases.UNKNOWN_OF_USER if kind == "users" else phrases.UNKNOWN
    for name in _without(raw, *known):
        yield phrase.format(table=kind, name=name, target=target)


def id_of(raw: Raw) -> str:
    """Return the id that an item's key has."""
    return str(raw["SK"]).partition("#")[2]


def as_kept(step: Raw) -> dict[str, dict[str, str]]:
    """Return the feedback of a step, and what dates it, as an item of its own has them."""
    return {
        "createdAt": {"S": _creation(step)},
        "feedback": {"S": json.dumps(step["feedback"], ensure_ascii=False)},
    }


def has_more(user: Raw) -> bool:
    """Tell whether a user has attributes that a write cannot hold."""
    return bool(_without(user, *_USER))


def user(raw: Raw, clock: Clock) -> ConvertedRow:
    """Return a user. The identifier is the id."""
    identifier = str(raw["PK"]).removeprefix("USER#")
    given = {"id": identifier, **_without(raw, *_USER), "identifier": identifier}
    given["metadata"] = raw.get("metadata")
    found = imported.user(raw, given, dated(clock.local(raw.get("createdAt")), clock.now))
    return found.noting(*_unknown("users", raw, _USER))


@dataclass(slots=True)
class Converted:
    """A thread, and what is in it, each as a row on its way."""

    id: str
    thread: ConvertedRow | None
    is_adopted: bool = False
    rows: dict[str, list[ConvertedRow]] = field(
        default_factory=lambda: {"steps": [], "elements": [], "feedbacks": []}
    )

    @property
    def is_orphaned(self) -> bool:
        """Whether what is in it will make the thread."""
        inside = (row for rows in self.rows.values() for row in rows)
        return not (self.thread or self.is_adopted) and any(row.write for row in inside)


def conversation(found: Conversation, clock: Clock, identifiers: Mapping[str, str]) -> Converted:
    """Return all of a thread; `identifiers` are those of users whose ids are none."""
    raw = found.thread or {}
    account = raw.get("userId") or raw.get("userIdentifier")
    owner = identifiers.get(str(account), str(account)) if account else None
    steps = sorted(found.items["steps"], key=_creation)
    at = _thread_date(found, steps, clock)
    thread = _thread(raw, found.id, owner, at) if raw else None
    converted = Converted(found.id, thread, is_adopted=found.adopted_at is not None)
    for step in steps:
        for row in _step(step, found.id, owner, _date(step, at, clock)):
            converted.rows[row.kind].append(row)
    theirs = set(map(id_of, steps))
    for kept in found.items["feedbacks"]:
        if id_of(kept) not in theirs:
            row = _feedback(kept, found.id, _date(kept, at, clock))
            converted.rows["feedbacks"].append(row)
    for element in found.items["elements"]:
        folder = f"{account or 'unknown'}/{found.id}"
        converted.rows["elements"].append(_element(element, found.id, folder, owner, at))
    return converted


def _creation(step: Raw) -> str:
    """Return when a step was created, empty where that is not known."""
    times = (values.timestamp(step.get(name)) for name in ("createdAt", "start", "end"))
    return next((time for time in times if time), "")


def _date(step: Raw, thread_at: Dated, clock: Clock) -> Dated:
    moment = _moment(_creation(step))
    return dated(moment, clock.now) if moment else thread_at


def _thread_date(found: Conversation, steps: Iterable[Raw], clock: Clock) -> Dated:
    """Return what dates a thread: its first step, if that is older than its last change."""
    if found.adopted_at:
        return dated(_moment(found.adopted_at), clock.now)
    changed = clock.local(found.thread.get("createdAt")) if found.thread else None
    times = [changed, *(_moment(_creation(step)) for step in steps)]
    return dated(min((time for time in times if time), default=None), clock.now)


def _thread(raw: Raw, thread_id: str, owner: str | None, at: Dated) -> ConvertedRow:
    given = {"id": thread_id, **_without(raw, "id", *_OWNER)}
    found = imported.thread(raw, given, owner, at)
    if not raw.get("name"):
        found = found.noting(phrases.NO_NAME)
    return found.noting(*_unknown("threads", raw, _THREAD, "metadata"))


def _step(raw: Raw, thread_id: str, owner: str | None, at: Dated) -> Iterator[ConvertedRow]:
    """Yield a step, if there is one, and then its feedback."""
    step_id, said = id_of(raw), raw.get("feedback")
    given = {"id": step_id, "threadId": thread_id, **_without(raw, *_HOME, "feedback")}
    is_there = len(given) > len(_HOME)
    if is_there:
        found = imported.step(raw, given, owner, at)
        yield found.noting(*_unknown("steps", given, {*_HOME, *STEP_FIELDS}))
    elif said is None:
        yield imported.left_out("steps", raw, step_id, phrases.EMPTY)
    if said is not None and not is_there:
        yield imported.left_out("feedbacks", raw, step_id, phrases.NO_STEP)
    elif said is not None:
        yield _feedback(raw, thread_id, at)


def _feedback(item: Raw, thread_id: str, at: Dated) -> ConvertedRow:
    """Return the feedback in an item; its id said no more than where it is."""
    step_id, parsed = id_of(item), values.parsed(item["feedback"])
    said = parsed if isinstance(parsed, Mapping) else {"feedback": parsed}
    given = {
        **_without(said, *_FEEDBACK),
        "id": derived_id("feedback", step_id),
        "forId": step_id,
        "threadId": thread_id,
    }
    raw = {"threadId": thread_id, "forId": step_id, **said, "PK": item["PK"], "SK": item["SK"]}
    return replace(imported.feedback(raw, given, at), old_id=step_id)


def _element(raw: Raw, thread_id: str, folder: str, owner: str | None, at: Dated) -> ConvertedRow:
    """Return an element; Chainlit's layer stores a file for each, whatever it says of it."""
    element_id = id_of(raw)
    given = {"id": element_id, "threadId": thread_id, **_without(raw, *_HOME)}
    has_key = bool(given.get("objectKey"))
    given["objectKey"] = given.get("objectKey") or f"{folder}/{element_id}"
    found = imported.element(raw, given, owner, at)
    if not has_key:
        found = found.noting(phrases.NO_KEY)
    return found.noting(*_unknown("elements", given, {*_HOME, *ELEMENT_FIELDS}))
