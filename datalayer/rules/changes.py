"""What a batch of writes changes, as a store is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from datalayer.rules.loading import Tombstone
from datalayer.rules.pending import (
    PendingFeedback,
    PendingPreferences,
    PendingRow,
    PendingThread,
    PendingUser,
)


class DropUser(NamedTuple):
    """Remove a user, and each of their threads as `DropThread` says."""

    id: str
    revision: int


class DropThread(NamedTuple):
    """Remove a thread with all that is in it, and record the files of its elements as removals.

    A tombstone of the thread is among the others where its id is known; of a thread that goes with
    its user the store leaves it.
    """

    id: str
    revision: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What becomes of a database, to be done in this order and all at once.

    Rows of steps go with their feedback. Flags of threads, and what the search finds, follow from
    it: each store sees to them.
    """

    tombstones: Mapping[Tombstone, int]
    removals: Mapping[str, int]
    """Files to be removed, with the revisions of the deletes; one that is recorded stays so."""
    dropped_users: Sequence[DropUser]
    dropped_threads: Sequence[DropThread]
    dropped_steps: Mapping[str, str]
    """Ids, each with that of its thread; not all were there."""
    dropped_elements: Mapping[str, str]
    dropped_feedbacks: Sequence[str]
    """Ids of feedback."""
    users: Sequence[PendingUser]
    preferences: Sequence[PendingPreferences]
    """Those of users who are there; they go with their user."""
    threads: Sequence[PendingThread]
    steps: Sequence[PendingRow]
    elements: Sequence[PendingRow]
    feedbacks: Sequence[PendingFeedback]
    forgotten: Sequence[str]
    """Files whose bytes are removed."""
    flagged: Sequence[str]
    """Threads whose feedback or favourites change."""
