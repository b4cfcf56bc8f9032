"""What this process tells others with the same database of its answers, and hears of theirs.

Who is alone looks every five seconds whether they still are, and writes nothing while nothing is
answered. With others alive the board is read every 0.3 s, or as soon as somebody has written where
the store can tell. Clocks may differ by three seconds: one that is further ahead takes others for
dead while they work.
"""

import asyncio
import contextvars
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from chat.live.board import (
    ALIVE,
    ALIVE_AT_WORK,
    Turns,
    has_others,
    mine_of,
    news,
    to_announce,
    to_forget,
    to_post,
    to_stop,
    to_watch,
)
from common.concurrency.outages import Outage
from common.failures import in_one_line
from datalayer.errors import DataLayerError
from datalayer.stores.answers import AnswerBoard, Board, RunningAnswer

logger = logging.getLogger("keepchat.replicas")

ALONE_S = 5.0  # between two looks
_PART = "replicas"  # who misses a database that is away
POLL_S = 0.3
WOKEN_S = 1.0  # the same where the store wakes whoever waits
SHORTEST_S = 0.1
LEAVE_S = 2.0
_LATE = ALIVE_AT_WORK // 2  # since the last look: the database was away, for others too


def wall_clock() -> int:
    """Return the time in microseconds since 1970, UTC."""
    return time.time_ns() // 1_000


class Answers(Protocol):
    """The answers that run here, and who wants to know of those that run elsewhere."""

    def running(self) -> Iterable[RunningAnswer]:
        """Return the turns that run here, the final state of which is not stored yet."""

    def watched(self) -> Collection[str]:
        """Return the threads that have open pages here."""

    async def on_remote(self, answer: RunningAnswer) -> None:
        """Take note that a turn runs elsewhere, that more of it is stored, or that it has ended.

        It may have ended before it was heard of.
        """

    async def on_expired(self, answer: RunningAnswer) -> None:
        """Take note that a turn which ran elsewhere has ended unheard: its process is dead."""

    async def on_stop_asked(self, answer: RunningAnswer) -> None:
        """Stop a turn that runs here, as somebody elsewhere has asked; asked once for each."""


class Replicas:
    """One task, which keeps this process and others informed of each other's answers."""

    def __init__(
        self,
        board: AnswerBoard,
        answers: Answers,
        now: Callable[[], int] = wall_clock,
        database: Outage | None = None,
    ) -> None:
        self._database = database or Outage("The database")
        self.name = str(uuid.uuid4())
        self._board = board
        self._answers = answers
        self._now = now
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._begun: dict[str, RunningAnswer] = {}
        self._mine: Turns = {}
        self._theirs: Turns = {}
        self._stopped: set[str] = set()
        self._others = False
        self._has_met = False  # others, ever
        self.on_met: Callable[[], None] = lambda: None
        """Called once, when another one is heard of."""
        self._is_new = True  # to others: they have not been told of this process
        self._is_announced = False
        self._read_at = 0
        self._judged_by = (0, 0)  # after the database was away: until when, and by what time

    def start(self) -> None:
        """Begin to look and to tell. A database that is away is no error."""
        self._task = asyncio.create_task(self._run(), context=contextvars.Context())

    async def close(self) -> None:
        """Tell how the last answers ended, and leave; the database is given two seconds."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._is_announced:
            with suppress(DataLayerError, TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self._leave()

    def changed(self) -> None:
        """Say that a turn has begun or ended here, that more of it is stored, or that the threads
        with open pages are others. Never blocks.
        """
        if not self._others:
            return
        running = list(self._answers.running())
        self._begun |= {it.turn: it for it in running}
        now = self._now()
        if self._to_post(running, now) or to_watch(self._theirs, self._answers.watched(), now)[0]:
            self._changed.set()

    def elsewhere(self) -> list[RunningAnswer]:
        """Return the turns that run in other processes, as they were last heard of."""
        return [it for it in self._theirs.values() if it.is_running]

    def is_watched(self, turn: str) -> bool:
        """Tell whether somebody elsewhere looks at a turn that runs here."""
        return turn in self._mine and self._mine[turn].watched_until > self._now()

    # Looking and telling

    async def look(self) -> None:
        """Read the board once, write on it what there is to say, and hand on what is new."""
        board = await self._board.read()
        now = self._now()
        judged = self._time_to_judge(now)
        self._others = has_others(board, self.name, judged)
        self._note_others()
        self._mine = mine_of(board, self.name)
        running, begun = list(self._answers.running()), list(self._begun)
        await self._announce(board, works=bool(running), now=now)
        if self._others:
            await self._post(running, now)
        for turn in begun:  # others may have begun meanwhile
            del self._begun[turn]
        if (before := to_forget(board, self.name, judged)) is not None:
            await self._board.forget(before)
        await self._hand_on(board, running, judged)

    def _note_others(self) -> None:
        if self._others and not self._has_met:
            self._has_met = True
            self.on_met()

    def _time_to_judge(self, now: int) -> int:
        """Return the time by which to judge who is alive.

        After the database was away it is the last time that it was there, until all had the time to
        say that they are alive: they could not meanwhile.
        """
        late = now - self._read_at
        if self._others and late > _LATE:
            self._judged_by = now + ALIVE_AT_WORK, self._read_at
        self._is_new = self._is_new or late > ALIVE
        self._read_at = now
        until, then = self._judged_by
        return then if now < until else now

    async def _announce(self, board: Board, *, works: bool, now: int) -> None:
        until = to_announce(
            board, self.name, others=self._others, works=works, is_new=self._is_new, now=now
        )
        if until is not None:
            self._is_announced = True
            await self._board.announce(self.name, until)
        self._is_new = False

    async def _post(self, running: Iterable[RunningAnswer], now: int) -> None:
        if posts := self._to_post(running, now):
            await self._board.post(posts)
            watched = {turn: it.watched_until for turn, it in self._mine.items()}
            kept = [replace(it, watched_until=watched.get(it.turn, 0)) for it in posts]
            self._mine = {**self._mine, **{it.turn: it for it in kept}}

    def _to_post(self, running: Iterable[RunningAnswer], now: int) -> list[RunningAnswer]:
        posts = to_post(self._mine, running, self._begun.values(), now)
        return [replace(it, replica=self.name) for it in posts]

    async def _hand_on(self, board: Board, running: list[RunningAnswer], now: int) -> None:
        found = news(self._theirs, board, self.name, now)
        self._theirs = found.theirs
        stops = [it for it in to_stop(self._mine, running) if it.turn not in self._stopped]
        self._stopped = {it.turn for it in running} & self._stopped | {it.turn for it in stops}
        await asyncio.gather(
            self._watch(),
            *(_call(self._answers.on_stop_asked, it) for it in stops),
            *(_call(self._answers.on_remote, it) for it in found.changed),
            *(_call(self._answers.on_expired, it) for it in found.expired),
        )

    async def _watch(self) -> None:
        threads, until = to_watch(self._theirs, self._answers.watched(), self._now())
        if threads:
            await self._board.watch(threads, until)

    async def _leave(self) -> None:
        await self._post([], self._now())
        await self._board.withdraw(self.name)

    # The task

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except DataLayerError as exc:
                self._is_new = True
                self._database.note(_PART, exc)
            except Exception as exc:  # noqa: BLE001 - the next look may succeed
                logger.error("Others are not told what runs here: %s", in_one_line(exc))  # noqa: TRY400
            else:
                self._database.over(_PART)
            await self._rest()

    async def _rest(self) -> None:
        """Wait until it is time to look again, or there is something to say or to hear."""
        if not self._others:
            await asyncio.sleep(ALONE_S)
            return
        await asyncio.sleep(SHORTEST_S)
        seconds = WOKEN_S if self._board.wakes else POLL_S
        waits = [
            asyncio.create_task(self._board.wait(seconds)),
            asyncio.create_task(self._changed.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        self._changed.clear()


async def _call(
    listener: Callable[[RunningAnswer], Awaitable[None]], answer: RunningAnswer
) -> None:
    try:
        await listener(answer)
    except Exception as exc:  # noqa: BLE001 - what it is told next is the newer state
        logger.error("A page may not show what is answered elsewhere: %s", in_one_line(exc))  # noqa: TRY400
