"""Processes that tell each other what they answer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from chat.live import replicas as module
from chat.live.board import SECOND
from chat.live.replicas import Replicas
from datalayer.errors import StoreUnavailable
from datalayer.stores.answers import AnswerBoard, Board, RunningAnswer
from datalayer.stores.memory_answers import BoardTables, MemoryAnswers
from tests.support.waiting import until

THREAD = "thread"


def answer(turn: str = "turn", **values: Any) -> RunningAnswer:
    given: dict[str, Any] = {"thread_id": THREAD, "owner": "anna", "step_ids": ("a",), "version": 1}
    return RunningAnswer(turn=turn, **(given | values))


class Clock:
    def __init__(self) -> None:
        self.now = 1_767_268_800 * SECOND

    def __call__(self) -> int:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)


class CountingBoard(MemoryAnswers):
    """Knows what was written, and is away when told so."""

    def __init__(self, tables: BoardTables) -> None:
        super().__init__(self._there)
        self._kept = tables
        self.is_away = False
        self.writes: list[str] = []

    def _there(self) -> BoardTables:
        if self.is_away:
            raise StoreUnavailable
        return self._kept

    async def announce(self, replica: str, until: int) -> None:
        self.writes.append("announce")
        await super().announce(replica, until)

    async def post(self, answers: Any) -> None:
        self.writes.append("post")
        await super().post(answers)

    async def watch(self, thread_ids: Any, until: int) -> None:
        self.writes.append("watch")
        await super().watch(thread_ids, until)

    async def forget(self, before: int) -> None:
        self.writes.append("forget")
        await super().forget(before)


class WakingBoard(CountingBoard):
    """Tells whoever waits that somebody has written, when the test says so."""

    def __init__(self, tables: BoardTables) -> None:
        super().__init__(tables)
        self.written_to = asyncio.Event()
        self.waited: list[float] = []

    @property
    def wakes(self) -> bool:
        return True

    async def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        await self.written_to.wait()


class Process:
    """What runs in one process, and what it was told of others."""

    def __init__(
        self, tables: BoardTables, clock: Callable[[], int], board: CountingBoard | None = None
    ) -> None:
        self.board = board or CountingBoard(tables)
        self.answers: list[RunningAnswer] = []
        self.pages: set[str] = set()
        self.told: list[tuple[str, RunningAnswer]] = []
        self.replicas = Replicas(self.board, self, clock)

    def running(self) -> list[RunningAnswer]:
        return list(self.answers)

    def watched(self) -> set[str]:
        return self.pages

    async def on_remote(self, given: RunningAnswer) -> None:
        self.told.append(("remote" if given.is_running else "ended", given))

    async def on_expired(self, given: RunningAnswer) -> None:
        self.told.append(("expired", given))

    async def on_stop_asked(self, given: RunningAnswer) -> None:
        self.told.append(("stop", given))

    async def look(self) -> list[tuple[str, str, int]]:
        """Let it look, and return what it was told: what, of which turn, of which version."""
        self.told.clear()
        await self.replicas.look()
        return [(kind, given.turn, given.version) for kind, given in self.told]

    def begin(self, given: RunningAnswer) -> None:
        self.answers.append(given)
        self.replicas.changed()

    def grow(self) -> None:
        self.answers = [replace(it, version=it.version + 1) for it in self.answers]
        self.replicas.changed()

    def end(self) -> None:
        self.answers.clear()
        self.replicas.changed()

    def written(self) -> list[str]:
        found, self.board.writes = self.board.writes, []
        return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tables() -> BoardTables:
    return BoardTables()


@pytest.fixture
def alone(tables: BoardTables, clock: Clock) -> Process:
    return Process(tables, clock)


@pytest.fixture
async def two(tables: BoardTables, clock: Clock) -> tuple[Process, Process]:
    """Two processes that know of each other."""
    one, other = Process(tables, clock), Process(tables, clock)
    for each in (one, other, one):
        await each.look()
    for each in (one, other):
        each.written()
    return one, other


# Meeting


async def test_it_is_told_once_that_there_is_another(tables: BoardTables, clock: Clock) -> None:
    one, other = Process(tables, clock), Process(tables, clock)
    met: list[str] = []
    one.replicas.on_met = lambda: met.append("one")
    await one.look()
    assert met == []
    await other.look()
    for _ in range(2):
        await one.look()
    assert met == ["one"]


# Alone


async def test_who_is_alone_writes_when_they_come_and_then_nothing(
    alone: Process, clock: Clock
) -> None:
    written = []
    for _ in range(6):
        await alone.look()
        clock.pass_s(5)
        written.append(alone.written())
    assert written == [["announce"], [], [], [], [], []]


async def test_who_is_alone_says_only_that_they_are_there_while_they_answer(
    alone: Process, clock: Clock
) -> None:
    await alone.look()
    alone.written()
    alone.begin(answer())
    for _ in range(3):
        clock.pass_s(5)
        alone.grow()
        await alone.look()
    alone.end()
    await alone.look()
    assert alone.written() == ["announce"] * 3
    assert (await alone.board.read()).answers == []


async def test_who_was_asleep_comes_anew(alone: Process, clock: Clock) -> None:
    await alone.look()
    clock.pass_s(16)
    await alone.look()
    assert alone.written() == ["announce", "announce"]


async def test_who_comes_is_found_by_who_was_alone(
    tables: BoardTables, alone: Process, clock: Clock
) -> None:
    for _ in range(10):
        await alone.look()
        clock.pass_s(5)
    alone.begin(answer())
    other = Process(tables, clock)
    assert await other.look() == []
    clock.pass_s(5)
    assert await alone.look() == []
    assert await other.look() == [("remote", "turn", 1)]


async def test_who_works_is_found_by_who_had_forgotten_them(
    two: tuple[Process, Process], tables: BoardTables
) -> None:
    one, other = two
    tables.replicas.clear()
    for each in (one, other):
        await each.look()
        assert each.written() == []
    one.begin(answer())
    await one.look()
    assert await other.look() == []
    await one.look()
    assert await other.look() == [("remote", "turn", 1)]


# Together


async def test_an_answer_is_followed_elsewhere(two: tuple[Process, Process], clock: Clock) -> None:
    one, other = two
    other.pages = {THREAD}
    one.begin(answer())
    await one.look()
    assert await other.look() == [("remote", "turn", 1)]
    assert [it.turn for it in other.replicas.elsewhere()] == ["turn"]
    one.grow()
    await one.look()
    assert await other.look() == [("remote", "turn", 2)]
    assert await other.look() == []
    one.end()
    await one.look()
    assert await other.look() == [("ended", "turn", 2)]
    assert other.replicas.elsewhere() == []
    assert await other.look() == await one.look() == []


async def test_what_nobody_looks_at_is_posted_when_it_begins_and_ends(
    two: tuple[Process, Process], clock: Clock
) -> None:
    one, other = two
    one.begin(answer())
    await one.look()
    one.written()
    for _ in range(3):
        one.grow()
        await one.look()
        assert await other.look() in ([("remote", "turn", 1)], [])
    assert one.written() == []
    other.pages = {THREAD}
    other.replicas.changed()
    await other.look()
    await one.look()
    assert await other.look() == [("remote", "turn", 4)]
    other.pages = set()
    clock.pass_s(6)
    one.grow()
    one.written()
    await one.look()
    assert one.written() == ["announce"]


async def test_an_answer_that_has_ended_before_it_was_posted_is_heard_of(
    two: tuple[Process, Process],
) -> None:
    one, other = two
    one.begin(answer())
    one.end()
    one.begin(answer("next"))
    await one.look()
    assert await other.look() == [("remote", "next", 1), ("ended", "turn", 1)]
    assert await one.look() == []


async def test_several_turns_of_a_thread_are_told_apart(two: tuple[Process, Process]) -> None:
    one, other = two
    one.begin(answer("first"))
    one.begin(answer("second"))
    other.begin(answer("third"))
    await one.look()
    assert await other.look() == [("remote", "first", 1), ("remote", "second", 1)]
    one.answers.pop(0)
    assert await one.look() == [("remote", "third", 1)]
    assert await other.look() == [("ended", "first", 1)]
    assert [it.turn for it in other.replicas.elsewhere()] == ["second"]


async def test_a_stop_arrives_once_at_the_turns_that_ran_when_it_was_asked(
    two: tuple[Process, Process],
) -> None:
    one, other = two
    one.begin(answer())
    await one.look()
    await other.board.ask_stop(THREAD)
    one.begin(answer("next"))
    assert await one.look() == [("stop", "turn", 1)]
    assert await one.look() == []


async def test_who_is_killed_at_work_is_noticed_after_six_seconds(
    two: tuple[Process, Process], clock: Clock
) -> None:
    one, other = two
    one.begin(answer())
    await one.look()
    await other.look()
    clock.pass_s(2)
    await other.look()
    clock.pass_s(2)
    assert await other.look() == []
    clock.pass_s(2)
    assert await other.look() == [("expired", "turn", 1)]
    assert other.replicas.elsewhere() == []


async def test_who_works_is_alive_however_long(two: tuple[Process, Process], clock: Clock) -> None:
    one, other = two
    one.begin(answer())
    await one.look()
    await other.look()
    for _ in range(30):
        clock.pass_s(2.5)
        await one.look()
        assert await other.look() == []


async def test_who_leaves_says_how_their_answers_ended(two: tuple[Process, Process]) -> None:
    one, other = two
    one.begin(answer())
    await one.look()
    await other.look()
    one.answers.clear()
    await one.replicas.close()
    assert await other.look() == [("ended", "turn", 1)]
    assert list((await other.board.read()).replicas) == [other.replicas.name]


async def test_what_is_over_is_removed(two: tuple[Process, Process], clock: Clock) -> None:
    one, other = two
    one.begin(answer())
    await one.look()
    one.end()
    await one.look()
    for _ in range(9):
        clock.pass_s(4)
        await one.look()
        await other.look()
    assert (await other.board.read()).answers == []
    assert sorted([*one.written(), *other.written()]).count("forget") == 1


async def test_a_listener_that_fails_keeps_nothing_from_the_others(
    two: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = two
    for turn in ("first", "second"):
        one.begin(answer(turn))
    await one.look()

    async def fail(given: RunningAnswer) -> None:
        other.told.append(("tried", given))
        raise RuntimeError

    monkeypatch.setattr(other, "on_remote", fail)
    assert await other.look() == [("tried", "first", 1), ("tried", "second", 1)]
    assert caplog.text.count("A page may not show what is answered elsewhere") == 2


# A database that is away


async def test_nobody_is_taken_for_dead_since_the_database_was_away(
    two: tuple[Process, Process], clock: Clock
) -> None:
    one, other = two
    one.begin(answer())
    await one.look()
    await other.look()
    clock.pass_s(60)
    assert await other.look() == []
    assert [it.turn for it in other.replicas.elsewhere()] == ["turn"]
    clock.pass_s(1)
    await one.look()
    for _ in range(3):
        clock.pass_s(2)
        await one.look()
        assert await other.look() == []
    clock.pass_s(3)
    await other.look()
    clock.pass_s(3)
    assert await other.look() == [("expired", "turn", 1)]


async def test_what_was_killed_while_the_database_was_away_is_noticed(
    two: tuple[Process, Process], clock: Clock
) -> None:
    one, other = two
    one.begin(answer())
    await one.look()
    await other.look()
    clock.pass_s(60)
    found = []
    for _ in range(4):
        found += await other.look()
        clock.pass_s(2)
    assert found == [("expired", "turn", 1)]


async def test_what_could_not_be_posted_is_posted_later(two: tuple[Process, Process]) -> None:
    one, other = two
    one.begin(answer())
    one.end()
    one.board.is_away = True
    with pytest.raises(StoreUnavailable):
        await one.look()
    one.board.is_away = False
    await one.look()
    assert await other.look() == [("ended", "turn", 1)]


async def test_what_the_board_has_lost_is_posted_again(
    two: tuple[Process, Process], tables: BoardTables
) -> None:
    one, other = two
    one.begin(answer())
    await one.look()
    await other.look()
    tables.answers.clear()
    tables.replicas.clear()
    await other.look()  # who is not there any more is found again by what they say
    await one.look()
    await other.look()
    await one.look()
    assert [it.turn for it in (await other.board.read()).answers] == ["turn"]


# The task


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALONE_S", "POLL_S", "SHORTEST_S"):
        monkeypatch.setattr(module, name, 0.0)


async def test_the_task_looks_until_it_is_closed(two: tuple[Process, Process], soon: None) -> None:
    one, other = two
    before = asyncio.all_tasks()
    for each in two:
        each.replicas.start()
    one.begin(answer())
    await until(lambda: other.told, "the news")
    for each in two:
        each.answers.clear()
        await each.replicas.close()
    assert asyncio.all_tasks() == before
    assert (await other.board.read()).replicas == {}


@pytest.fixture
async def waiting(
    two: tuple[Process, Process], tables: BoardTables, clock: Clock, soon: None
) -> AsyncIterator[tuple[Process, WakingBoard]]:
    """A third process, which waits until somebody has written."""
    board = WakingBoard(tables)
    process = Process(tables, clock, board)
    process.replicas.start()
    await until(lambda: board.waited, "the wait")
    yield process, board
    await process.replicas.close()


async def test_what_begins_here_ends_the_wait(waiting: tuple[Process, WakingBoard]) -> None:
    process, board = waiting
    process.begin(answer())
    await until(lambda: "post" in board.writes, "the post")
    await until(lambda: len(board.waited) == 2, "the next wait")
    process.grow()  # which concerns nobody
    await asyncio.sleep(0)
    assert len(board.waited) == 2
    assert board.waited == [module.WOKEN_S] * 2


async def test_a_store_that_wakes_is_read_when_somebody_has_written(
    waiting: tuple[Process, WakingBoard], two: tuple[Process, Process]
) -> None:
    process, board = waiting
    other, _ = two
    other.begin(answer())
    await other.look()
    assert process.told == []
    board.written_to.set()
    await until(lambda: process.told, "the news")


async def test_a_database_that_is_away_is_told_of_once(
    two: tuple[Process, Process], soon: None, caplog: pytest.LogCaptureFixture
) -> None:
    one, _ = two
    caplog.set_level(logging.WARNING)
    tried = 0

    async def away() -> Board:
        nonlocal tried
        tried += 1
        raise StoreUnavailable

    one.board.read = away  # type: ignore[method-assign]
    one.replicas.start()
    await until(lambda: tried > 3, "some looks")
    del one.board.read
    await until(lambda: "is back, after" in caplog.text, "its return")
    await one.replicas.close()
    assert caplog.text.count("The database is away: ") == 1


async def test_who_was_alone_comes_anew_when_the_database_does(
    alone: Process, clock: Clock, soon: None
) -> None:
    alone.replicas.start()
    await until(lambda: alone.board.writes == ["announce"], "the announcement")
    clock.pass_s(12)
    alone.board.is_away = True
    await until(lambda: alone.replicas._database.is_on, "the end of the database")
    alone.board.is_away = False
    await until(lambda: alone.board.writes == ["announce", "announce"], "another announcement")
    await alone.replicas.close()


async def test_to_close_is_no_error_while_the_database_is_away(
    two: tuple[Process, Process],
) -> None:
    one, _ = two
    one.board.is_away = True
    await one.replicas.close()


async def test_to_close_what_never_looked_writes_nothing(alone: Process) -> None:
    await alone.replicas.close()
    assert alone.written() == []


def test_the_board_is_the_contracts(alone: Process) -> None:
    assert isinstance(alone.board, AnswerBoard)
