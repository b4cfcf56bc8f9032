"""A batch on its way: what is known of the database as the writes so far leave it."""

from collections.abc import Iterable
from typing import TypeVar

from datalayer.rules.changes import Changes, DropThread, DropUser
from datalayer.rules.loading import ElementLink, Loaded, Members, StepLink, Tombstone
from datalayer.rules.pending import (
    PendingFeedback,
    PendingPreferences,
    PendingRow,
    PendingThread,
    PendingUser,
)

T = TypeVar("T", PendingRow, PendingFeedback)


class BatchState:
    """What is there, with the changes of the writes that were judged so far."""

    def __init__(self) -> None:
        self.users: dict[str, PendingUser] = {}
        self.preferences: dict[str, PendingPreferences] = {}
        self.threads: dict[str, PendingThread] = {}
        self.rows: dict[str, dict[str, PendingRow]] = {"step": {}, "element": {}}
        self.feedbacks: dict[str, PendingFeedback] = {}  # by step
        self.tombstones: dict[Tombstone, int] = {}
        self._members: dict[str, Members] = {}
        self._left: dict[Tombstone, int] = {}
        self._waiting: set[str] = set()  # files that are to be removed
        self._removals: dict[str, int] = {}
        self._forgotten: dict[str, None] = {}
        self._flagged: dict[str, None] = {}
        self._dropped_users: list[DropUser] = []
        self._dropped_threads: list[DropThread] = []
        self._dropped_rows: dict[str, dict[str, str]] = {"step": {}, "element": {}}  # with threads
        self._dropped_feedbacks: list[str] = []

    def learn(self, loaded: Loaded | None) -> None:
        """Take in what a store says."""
        if loaded is None:
            message = "A store has to answer what it is asked."
            raise TypeError(message)
        for user in loaded.users:
            self.users[user.identifier] = PendingUser.stored(user)
        for found in loaded.preferences:
            user_id = self.users[found.identifier].id
            self.preferences[found.identifier] = PendingPreferences.stored(found, user_id)
        for thread in loaded.threads:
            self.threads[thread.id] = PendingThread.stored(thread)
        for kind, rows in (("step", loaded.steps), ("element", loaded.elements)):
            for row in rows:
                self.rows[kind][row.id] = PendingRow.stored(row, kind)
        for feedback in loaded.feedbacks:
            self.feedbacks[feedback.step_id] = PendingFeedback.stored(feedback)
        self._members.update(loaded.members)
        self._waiting.update(loaded.removals)
        self.tombstones.update(loaded.tombstones)

    def homes(self) -> set[str]:
        """Return the threads that rows and feedback are in."""
        rows = {row.thread_id for known in self.rows.values() for row in known.values()}
        return rows | {feedback.thread_id for feedback in self.feedbacks.values()}

    def leave(self, kind: str, ids: Iterable[str], revision: int) -> None:
        """Leave a tombstone for each id; a later delete moves its revision on."""
        for row_id in ids:
            key = (kind, row_id)
            self.tombstones[key] = self._left[key] = max(revision, self.tombstones.get(key, 0))

    def remove_file(self, key: str | None, revision: int) -> None:
        """Record a file whose bytes are to be removed."""
        if key:
            self._removals.setdefault(key, revision)
            self._forgotten.pop(key, None)
            self._waiting.add(key)

    def forget_removals(self, keys: Iterable[str]) -> bool:
        """Strike files off the list of those to remove; tell whether one was on it."""
        found = [key for key in keys if key in self._waiting]
        for key in found:
            self._waiting.remove(key)
            self._removals.pop(key, None)
            self._forgotten[key] = None
        return bool(found)

    def flag(self, thread_id: str) -> None:
        """Say that a thread's feedback or favourites change."""
        self._flagged[thread_id] = None

    # What is dropped

    def drop_user(self, user: PendingUser, revision: int) -> None:
        """Drop a user, their threads and their preferences."""
        self.preferences.pop(user.identifier, None)
        for thread in [it for it in self.threads.values() if it.user_id == user.id]:
            self.leave("thread", [thread.id], revision)
            self.drop_thread(thread, revision)
        if user.created_at is None:
            self._dropped_users.append(DropUser(user.id, revision))
        del self.users[user.identifier]

    def drop_thread(self, thread: PendingThread, revision: int) -> None:
        """Drop a thread with all that is in it."""
        for row in _of_thread(self.rows["element"], thread.id):
            self.remove_file(row.key, revision)
        for known in self.rows.values():
            for row in _of_thread(known, thread.id):
                del known[row.id]
        for feedback in _of_thread(self.feedbacks, thread.id):
            del self.feedbacks[feedback.step_id]
        self._members.pop(thread.id, None)
        if not thread.is_new:
            self._dropped_threads.append(DropThread(thread.id, revision))
        del self.threads[thread.id]

    def drop_steps(self, thread_id: str, family: Iterable[str], revision: int) -> bool:
        """Drop steps with their elements and feedback; tell whether something was there."""
        ids = dict.fromkeys(family)
        self.leave("step", ids, revision)
        hanging = [it.id for it in self.elements_of(thread_id) if it.step_id in ids]
        found = self.drop_elements(thread_id, hanging, revision)
        there = {it.id for it in self.steps_of(thread_id)}
        for step_id in ids:
            self.rows["step"].pop(step_id, None)
            self.feedbacks.pop(step_id, None)
            self._dropped_rows["step"][step_id] = thread_id
        self.flag(thread_id)
        return found or not there.isdisjoint(ids)

    def drop_elements(self, thread_id: str, ids: Iterable[str], revision: int) -> bool:
        """Drop elements and record their files; tell whether one was there."""
        links = {it.id: it for it in self.elements_of(thread_id)}
        found = False
        for element_id in ids:
            self.leave("element", [element_id], revision)
            if link := links.get(element_id):
                self.remove_file(link.object_key, revision)
                found = True
            self.rows["element"].pop(element_id, None)
            self._dropped_rows["element"][element_id] = thread_id
        return found

    def drop_feedback(self, feedback: PendingFeedback) -> None:
        """Drop the feedback of a step."""
        self.flag(feedback.thread_id)
        self._dropped_feedbacks.append(feedback.id)
        del self.feedbacks[feedback.step_id]

    # What is in a thread

    def steps_of(self, thread_id: str) -> list[StepLink]:
        """Return where each step of a thread stands, as the writes so far leave it."""
        stored = {it.id: it for it in self._members.get(thread_id, Members()).steps}
        pending = {it.id: it for it in _of_thread(self.rows["step"], thread_id)}
        links = {**stored, **{name: _step_link(it, stored) for name, it in pending.items()}}
        return [link for name, link in links.items() if name not in self._dropped_rows["step"]]

    def elements_of(self, thread_id: str) -> list[ElementLink]:
        """Return what each element of a thread hangs on, as the writes so far leave it."""
        stored = {it.id: it for it in self._members.get(thread_id, Members()).elements}
        pending = {it.id: it for it in _of_thread(self.rows["element"], thread_id)}
        links = {**stored, **{name: _element_link(it, stored) for name, it in pending.items()}}
        return [link for name, link in links.items() if name not in self._dropped_rows["element"]]

    def changes(self) -> Changes:
        """Return what becomes of the database."""
        rows = {
            kind: [row for row in known.values() if row.is_changed]
            for kind, known in self.rows.items()
        }
        return Changes(
            dropped_users=self._dropped_users,
            dropped_threads=self._dropped_threads,
            dropped_steps=self._dropped_rows["step"],
            dropped_elements=self._dropped_rows["element"],
            dropped_feedbacks=self._dropped_feedbacks,
            users=[it for it in self.users.values() if it.created_at or it.metadata is not None],
            preferences=[it for it in self.preferences.values() if it.is_changed],
            threads=[it for it in self.threads.values() if it.changed],
            steps=rows["step"],
            elements=rows["element"],
            feedbacks=[it for it in self.feedbacks.values() if it.write],
            tombstones=self._left,
            removals=self._removals,
            forgotten=list(self._forgotten),
            flagged=[it for it in self._flagged if ("thread", it) not in self.tombstones],
        )


def _of_thread(known: dict[str, T], thread_id: str) -> list[T]:
    return [it for it in known.values() if it.thread_id == thread_id]


def _step_link(row: PendingRow, stored: dict[str, StepLink]) -> StepLink:
    known = stored.get(row.id, StepLink(row.id, None, None, 0))
    return StepLink(
        row.id,
        row.changed.get("parentId", known.parent_id),
        row.changed.get("createdAt", known.created_at),
        row.sequence,
    )


def _element_link(row: PendingRow, stored: dict[str, ElementLink]) -> ElementLink:
    known = stored.get(row.id, ElementLink(row.id, None, None))
    return ElementLink(row.id, row.changed.get("forId", known.step_id), row.key)
