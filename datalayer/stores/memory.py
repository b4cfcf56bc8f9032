"""A store in memory, on the rules that all stores share: what the others are compared with."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datalayer.errors import StoreUnavailable
from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS
from datalayer.records import (
    ElementRecord,
    FeedbackRecord,
    FileRecord,
    Result,
    SearchPage,
    StepRecord,
    ThreadPage,
    ThreadRecord,
    UserRecord,
)
from datalayer.reports import StoreDescription
from datalayer.rules.changes import Changes, DropThread
from datalayer.rules.loading import (
    ElementLink,
    Loaded,
    Members,
    Need,
    StepLink,
    StoredFeedback,
    StoredPreferences,
    StoredRow,
    StoredThread,
    StoredUser,
    Tombstone,
)
from datalayer.rules.ordering import creation_order, in_page_order
from datalayer.rules.pending import PendingThread, PendingUser
from datalayer.rules.process import drive
from datalayer.search.folding import fold
from datalayer.search.terms import terms_of
from datalayer.sections import MAIN, folder_of_section, in_order
from datalayer.stores.base import Store
from datalayer.stores.cursors import (
    decode_cursor,
    decode_section_cursor,
    encode_cursor,
    section_page,
)
from datalayer.stores.hits import NOTHING_FOUND, FoundText, best_text, search_page
from datalayer.stores.memory_accounts import LoginTables, MemoryAccounts
from datalayer.stores.memory_answers import BoardTables, MemoryAnswers
from datalayer.values import Json
from datalayer.writes import Write

Row = dict[str, Any]
"""What is stored of one thing, by the names of the columns that other stores have."""


@dataclass(slots=True)
class MemoryTables:
    """What is kept; stores that have the same one are as replicas on one database."""

    users: dict[str, Row] = field(default_factory=dict)  # by identifier
    preferences: dict[str, tuple[dict[str, Json], dict[str, int]]] = field(default_factory=dict)
    """Of users, by identifier, with the revision of each key."""
    threads: dict[str, Row] = field(default_factory=dict)
    steps: dict[str, Row] = field(default_factory=dict)
    elements: dict[str, Row] = field(default_factory=dict)
    feedbacks: dict[str, Row] = field(default_factory=dict)  # by step
    tombstones: dict[Tombstone, int] = field(default_factory=dict)
    removals: dict[str, int] = field(default_factory=dict)
    logins: LoginTables = field(default_factory=LoginTables)
    board: BoardTables = field(default_factory=BoardTables)


class MemoryStore(Store):
    """Keeps everything in dicts."""

    concurrency = 1
    is_remote = False

    def __init__(self, tables: MemoryTables | None = None) -> None:
        self._kept = tables or MemoryTables()
        self._closed = False
        self.accounts = MemoryAccounts(lambda: self._tables.logins)
        self.answers = MemoryAnswers(lambda: self._tables.board)

    @property
    def _tables(self) -> MemoryTables:
        if self._closed:
            message = "The store was closed: the program is shutting down."
            raise StoreUnavailable(message)
        return self._kept

    async def describe(self) -> StoreDescription:
        return StoreDescription("memory")

    async def close(self) -> None:
        """Refuse further calls; there is nothing to close."""
        self._closed = True

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        return drive(writes, self._load, self._make)

    # What the rules ask

    def _load(self, need: Need) -> Loaded:
        tables = self._tables
        return Loaded(
            users=[_stored_user(row) for row in _found(tables.users, need.users | need.owners)],
            preferences=[
                StoredPreferences(name, *tables.preferences[name])
                for name in need.preferences & tables.preferences.keys()
            ],
            threads=[self._stored_thread(row) for row in _found(tables.threads, need.threads)],
            steps=[_stored_row(row) for row in _found(tables.steps, need.steps)],
            elements=[_stored_row(row) for row in _found(tables.elements, need.elements)],
            feedbacks=[
                _stored_feedback(row)
                for step_id, row in tables.feedbacks.items()
                if step_id in need.feedback_of or row["id"] in need.feedbacks
            ],
            members={thread_id: self._members(thread_id) for thread_id in need.members_of},
            removals=need.removals & tables.removals.keys(),
            tombstones={key: tables.tombstones[key] for key in _asked(need, tables.tombstones)},
        )

    def _stored_thread(self, row: Row) -> StoredThread:
        return StoredThread(
            row["id"],
            row["userIdentifier"],
            row["userId"],
            row["updatedAt"],
            row["metadata"],
            row["fieldRevisions"],
        )

    def _members(self, thread_id: str) -> Members:
        steps = [
            StepLink(row["id"], row["parentId"], row["createdAt"], row["sequence"])
            for row in _of_thread(self._tables.steps, thread_id)
        ]
        elements = [
            ElementLink(row["id"], row["forId"], row["objectKey"])
            for row in _of_thread(self._tables.elements, thread_id)
        ]
        return Members(steps, elements)

    # What the rules change

    def _make(self, changes: Changes) -> None:
        tables = self._tables
        tables.tombstones |= changes.tombstones
        for key, revision in changes.removals.items():
            tables.removals.setdefault(key, revision)
        self._drop(changes)
        for user in changes.users:
            self._put_user(user)
        for it in changes.preferences:
            tables.preferences[it.identifier] = dict(it.preferences), dict(it.revisions)
        for thread in changes.threads:
            self._put_thread(thread)
        for row in changes.steps:
            _put(tables.steps, row.values(), STEP_FIELDS)
        for row in changes.elements:
            _put(tables.elements, row.values(), ELEMENT_FIELDS)
        for feedback in changes.feedbacks:
            tables.feedbacks[feedback.step_id] = feedback.values()
        for key in changes.forgotten:
            tables.removals.pop(key, None)

    def _drop(self, changes: Changes) -> None:
        tables = self._tables
        for user in changes.dropped_users:
            for row in [row for row in tables.threads.values() if row["userId"] == user.id]:
                self._drop_thread(DropThread(row["id"], user.revision))
            gone = [name for name, row in tables.users.items() if row["id"] == user.id]
            for name in gone:
                del tables.users[name]
                tables.preferences.pop(name, None)
        for thread in changes.dropped_threads:
            self._drop_thread(thread)
        for step_id in changes.dropped_steps:
            tables.steps.pop(step_id, None)
            tables.feedbacks.pop(step_id, None)
        for element_id in changes.dropped_elements:
            tables.elements.pop(element_id, None)
        for step_id, row in list(tables.feedbacks.items()):
            if row["id"] in changes.dropped_feedbacks:
                del tables.feedbacks[step_id]

    def _drop_thread(self, drop: DropThread) -> None:
        tables = self._tables
        tables.tombstones.setdefault(("thread", drop.id), drop.revision)
        for row in _of_thread(tables.elements, drop.id):
            if row["objectKey"]:
                tables.removals.setdefault(row["objectKey"], drop.revision)
        for table in (tables.steps, tables.elements):
            for row in _of_thread(table, drop.id):
                del table[row["id"]]
        for row in _of_thread(tables.feedbacks, drop.id):
            del tables.feedbacks[row["forId"]]
        tables.threads.pop(drop.id, None)

    def _put_user(self, user: PendingUser) -> None:
        known = self._tables.users.setdefault(
            user.identifier,
            {
                "id": user.id,
                "identifier": user.identifier,
                "createdAt": user.created_at,
                "metadata": {},
            },
        )
        known |= {"revision": user.revision, "metadataRevision": user.metadata_revision}
        if user.metadata is not None:
            known["metadata"] = dict(user.metadata)

    def _put_thread(self, thread: PendingThread) -> None:
        known = self._tables.threads.setdefault(
            thread.id,
            {
                "id": thread.id,
                "userId": thread.user_id,
                "userIdentifier": thread.owner,
                "name": None,
                "tags": None,
                "metadata": {},
                "fieldRevisions": {},
                "pinned": False,
                "section": MAIN,
            },
        )
        known |= thread.changed

    # Reads

    async def get_user(self, identifier: str) -> UserRecord | None:
        row = self._tables.users.get(identifier)
        return _user(row) if row else None

    async def get_user_by_id(self, user_id: str) -> UserRecord | None:
        return next(
            (_user(row) for row in self._tables.users.values() if row["id"] == user_id), None
        )

    async def get_preferences(self, identifier: str) -> Mapping[str, Json]:
        preferences, _ = self._tables.preferences.get(identifier, ({}, {}))
        return dict(preferences)

    async def get_thread(self, thread_id: str) -> ThreadRecord | None:
        row = self._tables.threads.get(thread_id)
        return self._thread(row, whole=True) if row else None

    async def get_thread_author(self, thread_id: str) -> str | None:
        row = self._tables.threads.get(thread_id)
        return row["userIdentifier"] if row else None

    async def get_thread_name(self, thread_id: str) -> str | None:
        row = self._tables.threads.get(thread_id)
        return row["name"] or "" if row else None

    async def get_thread_metadata(self, thread_id: str) -> Mapping[str, Json] | None:
        row = self._tables.threads.get(thread_id)
        return dict(row["metadata"]) if row else None

    async def list_threads(
        self,
        user_id: str,
        *,
        first: int,
        after: str | None = None,
        search: str | None = None,
        feedback: int | None = None,
    ) -> ThreadPage:
        last = decode_cursor(after) if after else None
        terms = terms_of(search)
        rows = [
            row
            for row in self._tables.threads.values()
            if row["userId"] == user_id
            and (last is None or _place(row) < last)
            and terms.are_in(fold(it.text) for it in self._texts(row))
            and (feedback is None or self._has_feedback(row["id"], feedback))
        ]
        rows.sort(key=_place, reverse=True)
        page = [self._thread(row) for row in rows[:first]]
        more = len(rows) > first and page
        cursor = encode_cursor(page[-1].updated_at, page[-1].id) if more else None
        return ThreadPage(threads=page, next_cursor=cursor)

    async def list_section(
        self, user_id: str, section: str, *, first: int, after: str | None = None
    ) -> ThreadPage:
        last = decode_section_cursor(after) if after else None
        rows = [
            row
            for row in self._tables.threads.values()
            if row["userId"] == user_id
            and row["section"] == section
            and (last is None or (row["pinned"], *_place(row)) < last)
        ]
        rows.sort(key=lambda row: (row["pinned"], *_place(row)), reverse=True)
        return section_page([self._thread(row) for row in rows[: first + 1]], first)

    async def list_folders(self, user_id: str) -> list[str]:
        sections = {
            row["section"] for row in self._tables.threads.values() if row["userId"] == user_id
        }
        return in_order([name for it in sections if (name := folder_of_section(it))])

    async def search(
        self, user_id: str, search: str, *, first: int, after: str | None = None
    ) -> SearchPage:
        terms = terms_of(search)
        if not terms.all:
            return NOTHING_FOUND
        page = await self.list_threads(user_id, first=first, after=after, search=search)
        rows = [self._tables.threads[thread.id] for thread in page.threads]
        return search_page(
            page, {row["id"]: best_text(self._texts(row), terms) for row in rows}, terms
        )

    def _texts(self, thread: Row) -> list[FoundText]:
        """Return what a search looks through, oldest first, and the name last."""
        steps = [it for it in _of_thread(self._tables.steps, thread["id"]) if not it["hidden"]]
        steps.sort(key=lambda it: (it["sequence"], it["id"]))
        texts = [
            FoundText(it["output"] or "", it["id"], it["createdAt"], it["sequence"]) for it in steps
        ]
        return [*texts, FoundText(thread["name"] or "")]

    def _has_feedback(self, thread_id: str, value: int) -> bool:
        given = _of_thread(self._tables.feedbacks, thread_id)
        return any(row["value"] == value for row in given)

    async def get_step(self, step_id: str) -> StepRecord | None:
        row = self._tables.steps.get(step_id)
        return self._step(row) if row else None

    async def get_element(self, thread_id: str, element_id: str) -> ElementRecord | None:
        row = self._tables.elements.get(element_id)
        return _element(row) if row and row["threadId"] == thread_id and row["ready"] else None

    async def get_feedback_step(self, feedback_id: str) -> StepRecord | None:
        for step_id, row in self._tables.feedbacks.items():
            if row["id"] == feedback_id:
                return await self.get_step(step_id)
        return None

    async def get_favorites(self, user_id: str) -> list[StepRecord]:
        threads = {row["id"] for row in self._tables.threads.values() if row["userId"] == user_id}
        starred = (
            row
            for row in self._tables.steps.values()
            if row["threadId"] in threads and row.get("favorite")
        )
        return [self._step(row) for row in sorted(starred, key=_order)][::-1]

    async def list_removals(self, limit: int, *, skip: int = 0) -> list[str]:
        keys = sorted(self._tables.removals, key=lambda key: (self._tables.removals[key], key))
        return keys[skip : skip + limit]

    async def users(self) -> AsyncIterator[UserRecord]:
        for row in sorted(self._tables.users.values(), key=lambda row: row["id"]):
            yield _user(row)

    async def files(self) -> AsyncIterator[FileRecord]:
        rows = (row for row in self._tables.elements.values() if row["objectKey"])
        for row in sorted(rows, key=lambda row: (row["threadId"], row["id"])):
            yield FileRecord(
                thread_id=row["threadId"],
                element_id=row["id"],
                object_key=row["objectKey"],
                name=row["name"],
                ready=row["ready"],
                revision=row["revision"],
            )

    async def named_files(self, element_ids: Collection[str]) -> set[str]:
        rows = _found(self._tables.elements, element_ids)
        return {row["objectKey"] for row in rows if row["objectKey"]}

    async def threads(self) -> AsyncIterator[ThreadRecord]:
        for thread_id in sorted(self._tables.threads):
            if found := await self.get_thread(thread_id):
                yield found

    def _thread(self, row: Row, *, whole: bool = False) -> ThreadRecord:
        steps = sorted(_of_thread(self._tables.steps, row["id"]), key=_order) if whole else []
        elements = _of_thread(self._tables.elements, row["id"]) if whole else []
        ready = sorted(
            (it for it in elements if it["ready"]), key=lambda it: (it["sequence"], it["id"])
        )
        return ThreadRecord(
            id=row["id"],
            created_at=row["createdAt"],
            updated_at=row["updatedAt"],
            name=row["name"],
            user_id=row["userId"],
            owner=row["userIdentifier"],
            tags=tuple(row["tags"] or ()),
            metadata=dict(row["metadata"]),
            steps=tuple(in_page_order([self._step(it) for it in steps])),
            elements=tuple(_element(it) for it in ready),
        )

    def _step(self, row: Row) -> StepRecord:
        created_at, _, _ = _order(row)
        return StepRecord(
            id=row["id"],
            thread_id=row["threadId"],
            revision=row["revision"],
            fields={
                **(row.get("extra") or {}),
                **{name: row[name] for name in STEP_FIELDS},
                "createdAt": created_at,
            },
            feedback=_feedback(self._tables.feedbacks.get(row["id"])),
        )


def _found(table: Mapping[str, Row], names: Iterable[str]) -> Iterator[Row]:
    return (table[name] for name in names if name in table)


def _of_thread(table: Mapping[str, Row], thread_id: str) -> list[Row]:
    return [row for row in table.values() if row["threadId"] == thread_id]


def _asked(need: Need, tombstones: Iterable[Tombstone]) -> list[Tombstone]:
    names = {
        "user": need.users | need.owners,
        "thread": need.threads,
        "step": need.steps,
        "element": need.elements,
        "feedback": need.feedbacks,
    }
    return [key for key in tombstones if key[1] in names[key[0]]]


def _place(thread: Row) -> tuple[str, str]:
    return thread["updatedAt"], thread["id"]


def _order(step: Row) -> tuple[str, int, str]:
    return creation_order(step["createdAt"], step["sequence"], step["id"])


def _put(table: dict[str, Row], values: Row, fields: Iterable[str]) -> None:
    known = table.setdefault(values["id"], {**dict.fromkeys(fields), "ready": True})
    known |= values


def _stored_user(row: Row) -> StoredUser:
    return StoredUser(row["id"], row["identifier"], row["revision"], row["metadataRevision"])


def _stored_row(row: Row) -> StoredRow:
    metadata = row.get("metadata")
    return StoredRow(
        id=row["id"],
        thread_id=row["threadId"],
        revision=row["revision"],
        others=row["fieldRevisions"] or {},
        sequence=row["sequence"],
        extra=row.get("extra") or {},
        metadata=None if metadata is None else _without_favorite(metadata),
        favorite=row.get("favorite"),
        ready=row["ready"],
        object_key=row.get("objectKey"),
    )


def _without_favorite(metadata: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in metadata.items() if name != "favorite"}


def _stored_feedback(row: Row) -> StoredFeedback:
    return StoredFeedback(row["id"], row["forId"], row["threadId"], row["revision"])


def _user(row: Row) -> UserRecord:
    return UserRecord(
        id=row["id"],
        identifier=row["identifier"],
        created_at=row["createdAt"],
        metadata=dict(row["metadata"]),
    )


def _element(row: Row) -> ElementRecord:
    return ElementRecord(
        id=row["id"],
        thread_id=row["threadId"],
        revision=row["revision"],
        fields={**(row.get("extra") or {}), **{name: row[name] for name in ELEMENT_FIELDS}},
        size=row.get("contentLength"),
        sha256=row.get("sha256"),
    )


def _feedback(row: Row | None) -> FeedbackRecord | None:
    if row is None:
        return None
    return FeedbackRecord(
        id=row["id"],
        step_id=row["forId"],
        thread_id=row["threadId"],
        value=row["value"],
        comment=row["comment"],
        extra=row["extra"],
    )
