"""What the rules ask, as it is in the table.

Nothing is locked. What is changed on the ground of it is changed on the condition that it is so.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

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
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import (
    Body,
    Claim,
    Head,
    Row,
    User,
    body_of,
    nonce_of,
    rows_in,
)
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.requests import (
    Items,
    compute,
    get_many,
    made_whole,
    pages,
    size_of,
    together,
)
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import Item
from datalayer.stores.dynamodb.writes.pieces import homes_of
from datalayer.values import derived_id
from datalayer.writes import SaveThread, Write

T = TypeVar("T")

_ROWS = ("step", "element")


def user_key(identifier: str) -> Key:
    """Return the key of a user."""
    return keys.user(derived_id("user", identifier))


class State:
    """What was read of the table for some writes; what is not in it is not there."""

    def __init__(self, client: Client, writes: Sequence[Write]) -> None:
        self._client = client
        self._homes = homes_of(writes)
        self._named = {write.id for write in writes if isinstance(write, SaveThread)}
        self._items: dict[Key, Item | None] = {}
        self._read: dict[Key, Any] = {}  # what the items say
        self._members: dict[str, Items] = {}
        self.size = 0
        """How many bytes the bodies have that were read."""

    async def load(self, need: Need) -> Loaded:
        """Read what the rules need to know, and return it."""
        await self._fetch(self._keys(need))
        await self._fetch(self._keys_elsewhere(need))
        # After the heads: on what they said before a delete is made.
        await together(self._fetch_members(thread) for thread in need.members_of)
        return await compute(self._client, self.size, self._loaded, need)

    def _loaded(self, need: Need) -> Loaded:
        return Loaded(
            users=list(self._users(need.users | need.owners)),
            preferences=list(self._preferences(need.preferences)),
            threads=list(self._threads(need.threads)),
            steps=list(self._rows("step", need.steps)),
            elements=list(self._rows("element", need.elements)),
            feedbacks=list(self._feedbacks(need)),
            members={thread: self._links(thread) for thread in need.members_of},
            removals=[key for key in need.removals if self.item(keys.removal(key))],
            tombstones=dict(self._tombstones(need)),
        )

    # What is there

    def item(self, key: Key) -> Item | None:
        """Return an item as it was read, None for none."""
        return self._items.get(key)

    def user(self, identifier: str) -> User | None:
        return self._said(user_key(identifier), User.of)

    def head(self, thread_id: str) -> Head | None:
        return self._said(keys.head(thread_id), Head.of)

    def details(self, thread_id: str) -> Body:
        """Return what a thread says of itself, if a write is about that."""
        head = self.head(thread_id) if thread_id in self._named else None
        return self._said(keys.name(thread_id), body_of) or (head.said_first if head else {})

    def claim(self, kind: str, row_id: str) -> Claim | None:
        return self._said(keys.claim(kind, row_id), Claim.of)

    def row(self, kind: str, row_id: str) -> Row | None:
        """Return a step or an element that is there, in whatever thread."""
        claim = self.claim(kind, row_id)
        home = claim.thread_id if claim and claim.gone is None else None
        head = self.head(home) if home else None
        if home is None or head is None or not head.is_there or (kind, row_id) in head.cut:
            return None
        return self._said(keys.row(kind, home, row_id), Row.of)

    def _said(self, key: Key, read: Callable[[Item], T]) -> T | None:
        if key not in self._read:
            item = self._items.get(key)
            is_ours = item is not None and nonce_of(item)  # others are adopted by being replaced
            self._read[key] = read(item) if item and is_ours else None
        found: T | None = self._read[key]
        return found

    # What is to be read

    def _keys(self, need: Need) -> Iterator[Key]:
        yield from map(user_key, need.users | need.owners)
        for thread in need.threads:
            yield keys.head(thread)
            if thread in self._named:
                yield keys.name(thread)
        for kind, wanted in zip(_ROWS, (need.steps, need.elements), strict=True):
            for name in wanted:
                yield keys.claim(kind, name)
                yield keys.row(kind, self._homes[kind, name], name)
        yield from (keys.claim("feedback", name) for name in need.feedbacks)
        yield from map(keys.removal, need.removals)

    def _keys_elsewhere(self, need: Need) -> Iterator[Key]:
        """Yield what has to be read of rows that are not where the writes name them."""
        for kind, wanted in zip(_ROWS, (need.steps, need.elements), strict=True):
            for name in wanted:
                claim = self.claim(kind, name)
                if claim and claim.thread_id:
                    yield keys.head(claim.thread_id)
                    yield keys.row(kind, claim.thread_id, name)
        for name in need.feedbacks:
            claim = self.claim("feedback", name)
            if claim and claim.thread_id and claim.step_id:
                yield keys.claim("step", claim.step_id)
                yield keys.head(claim.thread_id)
                yield keys.row("step", claim.thread_id, claim.step_id)

    async def _fetch(self, wanted: Iterable[Key]) -> None:
        missing = {key for key in wanted if key not in self._items}
        found = await get_many(self._client, missing) if missing else {}
        self._items |= {key: found.get(key) for key in missing}
        self.size += size_of(found)

    async def _fetch_members(self, thread_id: str) -> None:
        found: Items = {}
        async for page in pages(self._client, keys.partition(thread_id)):
            found |= {Key.of(item): item for item in page}
        rows = {key: it for key, it in found.items() if keys.row_of(key) and not keys.is_part(key)}
        self._members[thread_id] = await made_whole(self._client, rows, found)
        self.size += size_of(self._members[thread_id])

    # What the rules are told

    def _users(self, identifiers: Iterable[str]) -> Iterator[StoredUser]:
        for identifier in identifiers:
            user = self.user(identifier)
            if user and user.body:
                yield StoredUser(
                    derived_id("user", identifier),
                    identifier,
                    user.body["revision"],
                    user.body["metadataRevision"],
                )

    def _preferences(self, identifiers: Iterable[str]) -> Iterator[StoredPreferences]:
        for identifier in identifiers:
            user = self.user(identifier)
            if user and user.body and "preferences" in user.body:
                revisions = user.body["preferenceRevisions"]
                yield StoredPreferences(identifier, user.body["preferences"], revisions)

    def _threads(self, thread_ids: Iterable[str]) -> Iterator[StoredThread]:
        for head in map(self.head, thread_ids):
            if head and head.is_there:
                said = self.details(head.thread_id)
                yield StoredThread(
                    head.thread_id,
                    head.owner,
                    head.user_id,
                    head.updated_at,
                    said.get("metadata", {}),
                    said.get("fieldRevisions", {}),
                )

    def _rows(self, kind: str, row_ids: Iterable[str]) -> Iterator[StoredRow]:
        for name in row_ids:
            if row := self.row(kind, name):
                yield _stored_row(row)
            elif home := self._claimed_elsewhere(kind, name):
                yield StoredRow(name, home, 0, {}, 0, {})

    def _claimed_elsewhere(self, kind: str, row_id: str) -> str | None:
        """Return the thread in which somebody else is about to put a row, or died before."""
        claim = self.claim(kind, row_id)
        if claim is None or claim.gone is not None or claim.thread_id is None:
            return None
        head = self.head(claim.thread_id)
        is_open = head is not None and head.is_there and (kind, row_id) not in head.cut
        is_elsewhere = claim.thread_id != self._homes[kind, row_id]
        return claim.thread_id if is_open and is_elsewhere else None

    def _feedbacks(self, need: Need) -> Iterator[StoredFeedback]:
        claims = [self.claim("feedback", name) for name in need.feedbacks]
        steps = {claim.step_id for claim in claims if claim and claim.step_id}
        for row in [self.row("step", name) for name in need.feedback_of | steps]:
            if row and (given := row.body.get("feedback")):
                yield StoredFeedback(given["id"], row.id, row.thread_id, given["revision"])

    def _links(self, thread_id: str) -> Members:
        head = self.head(thread_id)
        if head is None or not head.is_there:
            return Members()
        rows = rows_in(self._members[thread_id], head)
        return Members(
            [_step_link(row) for row in rows if row.kind == "step"],
            [
                ElementLink(row.id, row.body.get("forId"), row.body.get("objectKey"))
                for row in rows
                if row.kind == "element"
            ],
        )

    def _tombstones(self, need: Need) -> Iterator[tuple[Tombstone, int]]:
        named = {
            "user": need.users | need.owners,
            "thread": need.threads,
            "step": need.steps,
            "element": need.elements,
            "feedback": need.feedbacks,
        }
        for kind, wanted in named.items():
            for name in wanted:
                if (revision := self._gone(kind, name)) is not None:
                    yield (kind, name), revision

    def _gone(self, kind: str, name: str) -> int | None:
        if kind == "user":
            user = self.user(name)
            return user.gone if user else None
        if kind == "thread":
            head = self.head(name)
            return head.gone if head else None
        claim = self.claim(kind, name)
        if claim and claim.gone is not None:
            return claim.gone
        home = (claim and claim.thread_id) or self._homes.get((kind, name))
        head = self.head(home) if home else None
        return head.cut.get((kind, name)) if head else None


def _stored_row(row: Row) -> StoredRow:
    body = row.body
    metadata = body.get("metadata")
    if metadata is not None:
        metadata = {name: value for name, value in metadata.items() if name != "favorite"}
    return StoredRow(
        id=row.id,
        thread_id=row.thread_id,
        revision=body["revision"],
        others=body.get("fieldRevisions", {}),
        sequence=body["sequence"],
        extra=body.get("extra", {}),
        metadata=metadata if row.kind == "step" else None,
        favorite=body.get("favorite"),
        ready=body.get("ready", False),
        object_key=body.get("objectKey"),
    )


def _step_link(row: Row) -> StepLink:
    body = row.body
    return StepLink(row.id, body.get("parentId"), body.get("createdAt"), body["sequence"])
