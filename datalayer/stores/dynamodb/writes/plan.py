"""What is to be written, thread by thread, all of it serialised before any of it is sent. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from datalayer.rules.changes import Changes
from datalayer.rules.loading import Tombstone
from datalayer.rules.pending import PendingFeedback, PendingRow, PendingThread, PendingUser
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import (
    Attributes,
    Body,
    Claim,
    Head,
    Put,
    Row,
    User,
    new_head,
    number,
    put_of,
    searched,
    text,
)
from datalayer.stores.dynamodb.format.keys import UNPLACED, Key, Placement
from datalayer.stores.dynamodb.sdk.errors import Item
from datalayer.stores.dynamodb.writes.deletes import is_marked, mark
from datalayer.stores.dynamodb.writes.load import State
from datalayer.values import derived_id
from datalayer.writes import DeleteUser, FinishElement, SaveElement, Write


class Star(NamedTuple):
    """A step becomes a favourite of a user, or is one no more, by a write of this revision."""

    user_id: str
    step_id: str
    revision: int
    is_set: bool


@dataclass(frozen=True, slots=True)
class RowPlan:
    """A step or an element to be put, its claim before where it has none yet."""

    put: Put
    claim: Put | None
    star: Star | None


@dataclass(frozen=True, slots=True)
class FeedbackPlan:
    """What becomes of a feedback: its claim, and its step where that changes.

    `before` and `after` are its values, None for no feedback.
    """

    claim: Put
    step_id: str = ""
    step: Put | None = None
    before: int | None = None
    after: int | None = None


@dataclass(slots=True, kw_only=True)
class ThreadPlan:
    """What is to be written in one thread, and for what is committed or in conflict alone."""

    id: str
    head: Head | None
    """As it was loaded."""
    tombstone: int | None = None
    made: Put | None = None
    """The head of a thread that is made."""
    owner: Put | None = None
    """The owner where they are made with the thread."""
    user_id: str | None = None
    life: int = 0
    """Whose a thread is that is made, and in which of their lives; None for nobody's."""
    changes_text: bool = False
    """Whether what the search looks through changes."""
    active_at: str | None = None
    placement: Placement | None = None
    """Its place in the sidebar where it changes, or is none of all."""
    details: Put | None = None
    cut: dict[Tombstone, int] = field(default_factory=dict)
    graves: list[Put] = field(default_factory=list)
    """Claims of what was deleted before there was a thread, or with it."""
    rows: list[RowPlan] = field(default_factory=list)
    feedbacks: list[FeedbackPlan] = field(default_factory=list)
    removals: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to be written."""

    users: Sequence[Put]
    dropped_users: list[User]
    """As they are after it; their threads go, too."""
    threads: Sequence[ThreadPlan]
    forgotten: Sequence[str]


def plan(changes: Changes, state: State, writes: Sequence[Write], moment: str) -> Plan:
    """Return what changes as what is to be written; `moment` is the time of its marks.

    Raises `WriteRejected` for what cannot be stored.
    """
    planned = _Planner(changes, state, moment).plan(_named_files(writes))
    planned.dropped_users.extend(_dropped_in_part(writes, state))
    return planned


def _dropped_in_part(writes: Iterable[Write], state: State) -> Iterator[User]:
    """Yield users whose deletion comes again and may have been cut off.

    Whoever sends it again is told that it is done, which is not to wait for maintenance.
    """
    for write in writes:
        user = state.user(write.identifier) if isinstance(write, DeleteUser) else None
        if user and user.gone == write.revision and is_marked(user.item):
            yield user


def _named_files(writes: Iterable[Write]) -> dict[str, str]:
    """Return the threads of the files that writes name.

    Those of stored elements alone are recorded when these are removed.
    """
    named: dict[str, str] = {}
    for write in writes:
        if isinstance(write, FinishElement):
            named[write.object_key] = write.thread_id
        elif isinstance(write, SaveElement) and (key := write.fields.get("objectKey")):
            named[key] = write.thread_id
    return named


class _Planner:
    def __init__(self, changes: Changes, state: State, moment: str) -> None:
        self._changes = changes
        self._state = state
        self._moment = moment
        self._threads: dict[str, ThreadPlan] = {}
        self._users = self._put_users()
        # Those who are made by nothing but a thread are made with it.
        self._born = {
            it.identifier for it in changes.users if it.created_at and it.metadata is None
        }
        self._owners = {it.id: it.user_id for it in changes.threads}
        self._steps: dict[str, tuple[Item, Body]] = {}  # as the plan leaves them

    def plan(self, named_files: Mapping[str, str]) -> Plan:
        for (kind, name), revision in self._changes.tombstones.items():
            if kind == "thread":
                self._of(name).tombstone = revision
        for thread in self._changes.threads:
            self._plan_thread(thread)
        for row in (*self._changes.steps, *self._changes.elements):
            self._of(row.thread_id).rows.append(self._plan_row(row))
        self._plan_drops("step", self._changes.dropped_steps)
        self._plan_drops("element", self._changes.dropped_elements)
        self._plan_feedbacks()
        for key, revision in self._changes.removals.items():
            if key in named_files:
                self._of(named_files[key]).removals[key] = revision
        deleted = list(self._deleted_users())
        return Plan(
            users=[*self._users.values(), *(put for put, _ in deleted)],
            dropped_users=[User.of(put.item) for put, is_dropped in deleted if is_dropped],
            threads=list(self._threads.values()),
            forgotten=self._changes.forgotten,
        )

    def _of(self, thread_id: str) -> ThreadPlan:
        head = self._state.head(thread_id)
        return self._threads.setdefault(thread_id, ThreadPlan(id=thread_id, head=head))

    # Users

    def _put_users(self) -> dict[str, Put]:
        """Return the puts of users who change, or whose preferences do, by identifier."""
        users = {it.identifier: it for it in self._changes.users}
        preferences = {it.identifier: it for it in self._changes.preferences}
        puts = {}
        for identifier in {**users, **preferences}:
            old = self._state.user(identifier)
            body: Body = {**((old.body if old else None) or {})}
            if changed := users.get(identifier):
                body = self._user_body(body, changed)
            if wanted := preferences.get(identifier):
                body["preferences"] = dict(wanted.preferences)
                body["preferenceRevisions"] = dict(wanted.revisions)
            puts[identifier] = _user_item(derived_id("user", identifier), old, body)
        return puts

    def _user_body(self, known: Body, changed: PendingUser) -> Body:
        body: Body = {
            "identifier": changed.identifier,
            "createdAt": changed.created_at,
            "metadata": {},
            **known,
            "revision": changed.revision,
            "metadataRevision": changed.metadata_revision,
        }
        if changed.metadata is not None:
            body["metadata"] = dict(changed.metadata)
        return body

    def _deleted_users(self) -> Iterator[tuple[Put, bool]]:
        """Yield the users that deletes name, and whether they go."""
        gone = {drop.id for drop in self._changes.dropped_users}
        for (kind, identifier), revision in self._changes.tombstones.items():
            if kind == "user":
                user_id, old = derived_id("user", identifier), self._state.user(identifier)
                left: Attributes = {"gone": number(revision)}
                if user_id in gone:
                    left |= {
                        "life": number(old.life + 1 if old else 1),
                        **mark(user_id, self._moment),
                    }
                body = old.body if old and user_id not in gone else None
                yield _user_item(user_id, old, body, **left), user_id in gone

    # Threads

    def _plan_thread(self, thread: PendingThread) -> None:
        plan = self._of(thread.id)
        if thread.user_id and "section" in thread.changed:
            plan.placement = Placement(thread.changed["section"], thread.changed["pinned"])
        said = self._said(thread) if "fieldRevisions" in thread.changed else None
        if thread.is_new:
            self._plan_new_thread(thread, plan, said)
        else:
            plan.active_at = thread.changed.get("updatedAt")
        if said and not (plan.made and Head.of(plan.made.item).body):
            key = keys.name(thread.id)
            plan.details = put_of(key, self._state.item(key), said)
        plan.changes_text = plan.changes_text or "name" in thread.changed

    def _plan_new_thread(self, thread: PendingThread, plan: ThreadPlan, said: Body | None) -> None:
        owner = self._state.user(thread.owner) if thread.owner is not None else None
        plan.user_id, plan.life = thread.user_id, owner.life if owner else 0
        if thread.owner in self._born:
            self._born.discard(thread.owner)
            plan.owner = self._users.pop(thread.owner)
        head = Head(
            thread_id=thread.id,
            nonce="",
            owner=thread.owner,
            user_id=thread.user_id,
            life=plan.life,
            created_at=thread.changed["createdAt"],
            updated_at=thread.changed["updatedAt"],
        )
        plan.made = new_head(head, said, plan.placement or UNPLACED)

    def _said(self, thread: PendingThread) -> Body:
        """Return all that a thread says of itself, as it is changed."""
        named = ("name", "tags", "metadata", "fieldRevisions")
        changed = {name: thread.changed[name] for name in named if name in thread.changed}
        return self._state.details(thread.id) | changed

    # Rows

    def _plan_row(self, row: PendingRow) -> RowPlan:
        old = self._row(row.kind, row.id, row.thread_id)
        body = {**(old.body if old else {}), **row.values()}
        del body["id"], body["threadId"]
        body = {name: value for name, value in body.items() if value is not None}
        if others := body.get("fieldRevisions"):
            body["fieldRevisions"] = dict(sorted(others.items()))
        owner = self._owner_of(row.thread_id)
        attributes = {}
        if row.key:
            attributes["file"] = text(row.key)
        if row.favorite and owner:
            attributes["star"] = text(owner)
        key = keys.row(row.kind, row.thread_id, row.id)
        put = put_of(key, self._state.item(key), body, **attributes)
        if row.kind == "step":
            self._steps[row.id] = put.item, body
            before = searched(old.body if old else None)
            plan = self._of(row.thread_id)
            plan.changes_text = plan.changes_text or searched(body) != before
        return RowPlan(put, self._claim(row), self._star(row, old, owner))

    def _row(self, kind: str, row_id: str, thread_id: str) -> Row | None:
        """Return a row as it is in a thread; in another one it is gone with that."""
        row = self._state.row(kind, row_id)
        return row if row and row.thread_id == thread_id else None

    def _owner_of(self, thread_id: str) -> str | None:
        head = self._state.head(thread_id)
        return self._owners.get(thread_id) or (head.user_id if head else None)

    def _claim(self, row: PendingRow) -> Put | None:
        """Return the claim of a row that has none, or one of a thread that is no more."""
        old = self._state.claim(row.kind, row.id)
        if old and old.thread_id == row.thread_id:
            return None
        key = keys.claim(row.kind, row.id)
        return put_of(key, old.item if old else None, thread=text(row.thread_id))

    def _star(self, row: PendingRow, old: Row | None, owner: str | None) -> Star | None:
        before = bool(old and old.body.get("favorite"))
        if row.kind != "step" or owner is None or before == bool(row.favorite):
            return None
        return Star(owner, row.id, row.revisions.of("favorite"), not before)

    def _plan_drops(self, kind: str, dropped: Mapping[str, str]) -> None:
        for name, thread_id in dropped.items():
            plan, revision = self._of(thread_id), self._changes.tombstones[kind, name]
            if plan.head and plan.head.is_there and plan.tombstone is None:
                plan.cut[kind, name] = revision
            else:
                plan.graves.append(self._grave(kind, name, thread_id, revision))

    def _grave(self, kind: str, name: str, thread_id: str, revision: int) -> Put:
        old = self._state.claim(kind, name)
        left = {"thread": text(thread_id), "gone": number(revision)}
        return put_of(keys.claim(kind, name), old.item if old else None, **left)

    # Feedback

    def _plan_feedbacks(self) -> None:
        given = {feedback.id: feedback for feedback in self._changes.feedbacks}
        left = [name for kind, name in self._changes.tombstones if kind == "feedback"]
        for name in dict.fromkeys([*given, *left]):
            claim = self._state.claim("feedback", name)
            feedback = given.get(name)
            thread = feedback.thread_id if feedback else claim and claim.thread_id
            plan = self._plan_feedback(name, feedback)
            self._of(thread or name).feedbacks.append(plan)

    def _plan_feedback(self, name: str, feedback: PendingFeedback | None) -> FeedbackPlan:
        old = self._state.claim("feedback", name)
        step_id = feedback.step_id if feedback else old and old.step_id
        home = feedback.thread_id if feedback else old and old.thread_id
        claim = self._feedback_claim(name, old, feedback)
        is_changed = feedback is not None or name in self._changes.dropped_feedbacks
        is_gone = ("step", step_id) in self._changes.tombstones
        if not (step_id and home and is_changed) or is_gone:
            return FeedbackPlan(claim)
        row = self._row("step", step_id, home)
        before = row.body.get("feedback") if row else None
        if feedback is None and before is None:
            return FeedbackPlan(claim)
        return FeedbackPlan(
            claim=claim,
            step_id=step_id,
            step=self._put_feedback(step_id, feedback),
            before=before and before["value"],
            after=feedback.values()["value"] if feedback else None,
        )

    def _feedback_claim(
        self, name: str, old: Claim | None, feedback: PendingFeedback | None
    ) -> Put:
        where = _kept(old.item, ("thread", "step")) if old else {}
        if feedback:
            where = {"thread": text(feedback.thread_id), "step": text(feedback.step_id)}
        gone = self._changes.tombstones.get(("feedback", name), old.gone if old else None)
        left = {} if gone is None else {"gone": number(gone)}
        return put_of(keys.claim("feedback", name), old.item if old else None, **where, **left)

    def _put_feedback(self, step_id: str, feedback: PendingFeedback | None) -> Put:
        item, body = self._step(step_id)
        body = {name: value for name, value in body.items() if name != "feedback"}
        if feedback:
            kept = ("id", "value", "comment", "extra", "revision")
            values = feedback.values()
            body["feedback"] = {name: values[name] for name in kept}
        return put_of(Key.of(item), item, body, **_kept(item, ("star",)))

    def _step(self, step_id: str) -> tuple[Item, Body]:
        """Return a step as the plan leaves it so far."""
        row = self._state.row("step", step_id)
        if step_id not in self._steps and row:
            return row.item, row.body
        return self._steps[step_id]


def _user_item(user_id: str, old: User | None, body: Body | None, **changed: Attributes) -> Put:
    """Return the put of a user, who keeps their life, their tombstone and their mark."""
    names = ("life", "gone", "UserThreadPK", "UserThreadSK")
    kept = _kept(old.item, names) if old else {}
    attributes = {"life": number(0), **kept, **changed}
    return put_of(keys.user(user_id), old.item if old else None, body, **attributes)


def _kept(item: Item, names: Iterable[str]) -> dict[str, Attributes]:
    return {name: dict(item[name]) for name in names if name in item}
