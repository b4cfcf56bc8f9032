"""The history that is measured: made up, the same in every run, all texts different. Pure.

One owner, and perhaps 200 others whose threads lie among the owner's as they would on disk. Thread
0 is the oldest. What is there for a single read, favourites, feedback and the planted words, is
the same number however long the history is.
"""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks import words

MESSAGES = 100  # in a thread
OTHERS = 200
FEEDBACKS = 40
FAVORITES = 20
CLUSTER = 20  # threads
_START = datetime(2025, 1, 1, tzinfo=UTC)
_BETWEEN_THREADS = timedelta(hours=6)
_BETWEEN_MESSAGES = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class User:
    """A user who has threads; the owner is number 0."""

    number: int

    @property
    def id(self) -> str:
        """Their id, a UUID."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{words.SEED}:person:{self.number}"))

    @property
    def identifier(self) -> str:
        """The name that they sign in with."""
        return f"person-{self.number}"


OWNER = User(0)


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a thread."""

    id: str
    number: int
    text: str
    created_at: datetime
    favorite: bool = False
    feedback: int | None = None

    @property
    def is_question(self) -> bool:
        """Whether the user wrote it, and not the assistant."""
        return self.number % 2 == 0


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread with its messages."""

    id: str
    name: str
    user: User
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class History:
    """How much there is: threads of the owner, and of all others together."""

    own: int
    others_threads: int = 0

    def users(self) -> Iterator[User]:
        """Iterate over all users."""
        yield OWNER
        if self.others_threads:
            yield from map(User, range(1, OTHERS + 1))

    def threads(self) -> Iterator[Thread]:
        """Iterate over all threads, oldest first, the others' among the owner's."""
        share = self.others_threads // self.own
        for number in range(self.own):
            yield self.thread(OWNER, number)
            for other in range(number * share, (number + 1) * share):
                yield self.thread(User(1 + other % OTHERS), other // OTHERS)

    def thread_id(self, number: int) -> str:
        """Return the id of one of the owner's threads."""
        return _uuid(_random(OWNER, number))

    def thread(self, user: User, number: int) -> Thread:
        """Return a thread of somebody, made anew."""
        rng = _random(user, number)
        thread_id, name = _uuid(rng), words.title(rng)
        start = _START + number * _BETWEEN_THREADS
        messages = tuple(
            self._message(rng, user, number, index, start) for index in range(MESSAGES)
        )
        return Thread(thread_id, name, user, messages)

    def _message(
        self, rng: random.Random, user: User, thread: int, index: int, start: datetime
    ) -> Message:
        planted = _planted_everywhere(thread, index)
        planted += self._owner_words(thread, index) if user == OWNER else _others_words(index)
        return Message(
            id=_uuid(rng),
            number=index,
            text="".join((words.text(rng), *(f" {word}" for word in planted))),
            created_at=start + index * _BETWEEN_MESSAGES,
            favorite=user == OWNER and index == 10 and self._is_sampled(FAVORITES, thread),
            feedback=self._feedback(thread) if user == OWNER and index == 21 else None,
        )

    def _is_sampled(self, count: int, thread: int) -> bool:
        """Whether a thread is one of so many, spread evenly."""
        return thread % max(1, self.own // count) == 0 and thread < count * max(
            1, self.own // count
        )

    def _feedback(self, thread: int) -> int | None:
        if self._is_sampled(FEEDBACKS, thread):
            return 1
        return 0 if self._is_sampled(FEEDBACKS, thread - 1) else None

    def _owner_words(self, thread: int, index: int) -> list[str]:
        found = []
        if (thread, index) == (self.own // 3, 42):
            found.append(words.RARE)
        if (thread, index) == (self.own // 4, 50):
            found.append(words.rare_bigram())
        if (thread, index) == (self.own // 5, 60):
            found.append(words.of_common_trigrams()[0])
        if 0 <= thread - self.own // 20 < CLUSTER:
            found.append(words.CLUSTERED)
        return found


def _planted_everywhere(thread: int, index: int) -> list[str]:
    found = []
    if index == 7 and thread % 10 == 0:
        found.append(words.MEDIUM)
    if index == 13:
        found.append(words.PERCENT)
    return found


def _others_words(index: int) -> list[str]:
    return [words.FOREIGN] if index == 33 else []


def _random(user: User, number: int) -> random.Random:
    return random.Random(f"{words.SEED}:{user.number}:{number}")


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
