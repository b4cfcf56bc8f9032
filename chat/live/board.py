"""What is said to other replicas, and what theirs means: decided by what the board says. Pure.

All times are microseconds since 1970. Who is at work while others are alive says every two seconds
that they are; who has said nothing for six is dead, and what they answered has ended unheard.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from datalayer.stores.answers import Board, RunningAnswer

SECOND = 1_000_000
ALIVE = 15 * SECOND  # so long a process counts as alive that has nothing to answer
ALIVE_AT_WORK = 6 * SECOND
_SAID_AGAIN = 5 * SECOND  # after it was said the last time, or as soon after as one looks
_SAID_AGAIN_AT_WORK = 3 * SECOND // 2
_WATCHED = 6 * SECOND
_WATCHED_AGAIN = 2 * SECOND
_KEPT = 15 * SECOND  # what is over, so that everybody has read it

Turns = Mapping[str, RunningAnswer]
"""Answers by their turns."""


class News(NamedTuple):
    """What others have on the board, what of that is new, and what ran and has ended unheard."""

    theirs: Turns
    changed: Sequence[RunningAnswer]
    expired: Sequence[RunningAnswer]


def alive(board: Board, now: int) -> set[str]:
    """Return the replicas that are alive."""
    return {name for name, until in board.replicas.items() if until > now}


def has_others(board: Board, me: str, now: int) -> bool:
    """Tell whether somebody else is alive."""
    return bool(alive(board, now) - {me})


def to_announce(
    board: Board, me: str, *, others: bool, works: bool, is_new: bool, now: int
) -> int | None:
    """Return until when to say that this process is alive; None where nothing need be said.

    Who is alone says it when they come, and while they work: somebody else may have come.
    """
    until = board.replicas.get(me, 0)
    if others and works:
        long = ALIVE_AT_WORK
        is_said = now + long - _SAID_AGAIN_AT_WORK < until <= now + long
    else:
        long = ALIVE
        is_said = now + long - _SAID_AGAIN < until or not (others or works or is_new)
    return None if is_said else now + long


def news(seen: Turns, board: Board, me: str, now: int) -> News:
    """Return what others say, compared with what they said before."""
    there = alive(board, now)
    theirs = {
        it.turn: it
        for it in board.answers
        if it.replica != me and (it.replica in there or not it.is_running)
    }
    changed = [it for turn, it in theirs.items() if _differs(seen.get(turn), it)]
    expired = [it for turn, it in seen.items() if it.is_running and turn not in theirs]
    return News(theirs, changed, expired)


def mine_of(board: Board, me: str) -> Turns:
    """Return what this process has on the board."""
    return {it.turn: it for it in board.answers if it.replica == me}


def to_post(
    mine: Turns, running: Iterable[RunningAnswer], begun: Iterable[RunningAnswer], now: int
) -> list[RunningAnswer]:
    """Return the rows to be written: what has begun, grown while somebody looks, or ended.

    `begun` may name what ended before it was on the board.
    """
    runs = {it.turn: it for it in running}
    posts = [it for it in runs.values() if _is_to_post(mine.get(it.turn), it, now)]
    unheard = [it for it in begun if it.turn not in mine]
    over = {it.turn: it for it in [*unheard, *mine.values()] if it.is_running}
    return posts + [replace(it, ended=now) for turn, it in over.items() if turn not in runs]


def to_stop(mine: Turns, running: Iterable[RunningAnswer]) -> list[RunningAnswer]:
    """Return the turns that run here and that somebody elsewhere has asked to stop."""
    return [it for it in running if it.turn in mine and mine[it.turn].stop_asked]


def to_watch(theirs: Turns, watched: Collection[str], now: int) -> tuple[set[str], int]:
    """Return the threads of which to say that somebody looks at them here, and until when."""
    soon = now + _WATCHED - _WATCHED_AGAIN
    threads = {
        it.thread_id
        for it in theirs.values()
        if it.is_running and it.thread_id in watched and it.watched_until < soon
    }
    return threads, now + _WATCHED


def to_forget(board: Board, me: str, now: int) -> int | None:
    """Return before when what was over is to be forgotten; None for nothing, or by somebody else.

    Seldom, since it is all that is over for as long again as it is kept.
    """
    if me != min(alive(board, now) | {me}):
        return None
    oldest = min(
        [
            *board.replicas.values(),
            *(it.ended for it in board.answers if it.ended is not None),
            *(0 for it in board.answers if it.is_running and it.replica not in board.replicas),
        ],
        default=now,
    )
    return now - _KEPT if oldest < now - 2 * _KEPT else None


def _is_to_post(posted: RunningAnswer | None, answer: RunningAnswer, now: int) -> bool:
    if posted is None:
        return True
    return posted.is_running and posted.watched_until > now and _differs(posted, answer)


def _differs(before: RunningAnswer | None, answer: RunningAnswer) -> bool:
    return before is None or _said(before) != _said(answer)


def _said(answer: RunningAnswer) -> tuple[object, ...]:
    return answer.version, answer.step_ids, answer.is_running
