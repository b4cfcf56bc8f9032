"""The written contract of what replicas tell each other of answers that are on their way.

It is a board, not a log: each row says how it stands, and whoever reads late misses nothing but
what was overwritten. What `datalayer.stores.base` says for all methods is true of these too, but
that times are microseconds since 1970, UTC, by the clock of who wrote them: no store judges them.
A replica is one process, named by a UUID that it gives itself when it starts.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningAnswer:
    """A turn that is on its way in a process, or has just ended there.

    `turn` is a UUID that it alone has, `step_ids` the question and what was shown since. `version`
    grows with each change of what is stored of them. What others ask of it is never posted: that
    it stops, and until when somebody elsewhere looks at it.
    """

    turn: str
    thread_id: str
    owner: str
    """The user's identifier."""
    step_ids: tuple[str, ...]
    version: int
    replica: str = ""
    ended: int | None = None
    stop_asked: bool = False
    watched_until: int = 0

    @property
    def is_running(self) -> bool:
        return self.ended is None


@dataclass(frozen=True, slots=True)
class Board:
    """What the board says: until when replicas are alive, and a row for each turn."""

    replicas: Mapping[str, int]
    answers: Sequence[RunningAnswer]


class AnswerBoard(ABC):
    """Where all processes with the same database write what they answer."""

    @property
    def wakes(self) -> bool:
        """Whether `wait` returns for now as soon as somebody else has written."""
        return False

    @abstractmethod
    async def announce(self, replica: str, until: int) -> None:
        """Say that a process is alive until then, unless it says so again."""

    @abstractmethod
    async def withdraw(self, replica: str) -> None:
        """Say that a process has ended; its answers stay for others to see how they ended."""

    @abstractmethod
    async def post(self, answers: Sequence[RunningAnswer]) -> None:
        """Write these rows, each in place of the one of its turn. What others ask of it stays."""

    @abstractmethod
    async def ask_stop(self, thread_id: str) -> None:
        """Ask that the turns stop that run in a thread."""

    @abstractmethod
    async def watch(self, thread_ids: Collection[str], until: int) -> None:
        """Say that somebody looks at these threads until then; who has said later counts."""

    @abstractmethod
    async def read(self) -> Board:
        """Return what the board says, in one request.

        What another process has just written may not be among it, and is a moment later.
        """

    @abstractmethod
    async def forget(self, before: int) -> None:
        """Strike off who was alive until before then, and their answers, and what ended by then."""

    async def wait(self, seconds: float) -> None:
        """Wait so long, or until somebody else has written, as `wakes` says. Never fails."""
        await asyncio.sleep(seconds)
