"""Answers that run in other processes, shown here as if they ran here; and ours, told to them.

What grows elsewhere is read from where it is stored. When a turn begins or ends there, the pages of
its thread are given it anew.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from chat.live.replicas import Replicas
from chat.live.running import LiveThreads
from chat.live.thread import LiveThread, RunningTurn
from common.failures import in_one_line
from datalayer.errors import DataLayerError, level_of
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.answers import AnswerBoard, RunningAnswer
from datalayer.values import is_temporary

logger = logging.getLogger("keepchat.replicas")

_MOST_STEPS = 20  # of a turn that are followed: the question and the newest


class AnswersElsewhere:
    """Takes part in the board: what others want to know, and what is new from them."""

    def __init__(self, board: AnswerBoard, layer: KeepchatDataLayer, live: LiveThreads) -> None:
        self._board = board
        self._layer = layer
        self._live = live
        self._replicas = Replicas(board, self, database=layer.outages.database)
        self._stored: dict[str, int] = {}  # by turn: the newest revision of what it has shown
        self._locks: WeakKeyDictionary[LiveThread, asyncio.Lock] = WeakKeyDictionary()
        live.on_change = self._replicas.changed
        live.is_watched_elsewhere = self._replicas.is_watched
        layer.on_step_stored = self._note_stored

    def start(self, on_met: Callable[[], None] = lambda: None) -> None:
        """Begin to tell and to listen; `on_met` is called once another process is heard of."""
        self._replicas.on_met = on_met
        self._replicas.start()

    async def close(self) -> None:
        """Tell how the last answers ended, and leave."""
        await self._replicas.close()

    async def stop(self, thread_id: str) -> None:
        """Stop what runs in a thread elsewhere."""
        thread = self._live.get(thread_id)
        if thread and thread.elsewhere:
            await self._board.ask_stop(thread_id)

    # What others want to know

    def running(self) -> Iterable[RunningAnswer]:
        """Return the turns that run here."""
        turns = list(self._live.turns())
        kept = {turn.id for turn in turns}
        self._stored = {it: revision for it, revision in self._stored.items() if it in kept}
        return [self._told(turn) for turn in turns if not is_temporary(turn.thread.id)]

    def _told(self, turn: RunningTurn) -> RunningAnswer:
        step_ids = turn.thread.mirror.step_ids
        return RunningAnswer(
            turn=turn.id,
            thread_id=turn.thread.id,
            owner=turn.thread.user,
            step_ids=(*step_ids[:1], *step_ids[1:][1 - _MOST_STEPS :]),
            version=self._stored.get(turn.id, 0),
        )

    def watched(self) -> Collection[str]:
        """Return the threads that have open pages here."""
        return self._live.watched()

    def _note_stored(self, thread_id: str, revision: int) -> None:
        thread = self._live.get(thread_id)
        for turn in thread.turns if thread else ():
            self._stored[turn.id] = max(revision, self._stored.get(turn.id, 0))
            self._replicas.changed()

    # What is new from them

    async def on_remote(self, answer: RunningAnswer) -> None:
        """Show how a turn stands that runs elsewhere, or has ended there."""
        if not answer.is_running:
            await self._end(answer)
        elif answer.turn in self._live.remote_turns():
            await self._grow(answer)
        else:
            await self._begin(answer)

    async def on_expired(self, answer: RunningAnswer) -> None:
        """Show that a turn has ended unheard."""
        await self._end(answer)

    async def on_stop_asked(self, answer: RunningAnswer) -> None:
        """Stop a turn of ours."""
        for turn in self._live.turns():
            if turn.id == answer.turn and turn.task:
                turn.task.cancel()

    async def _begin(self, answer: RunningAnswer) -> None:
        thread = await self._live.begin_elsewhere(answer)
        if thread:
            async with self._lock(thread):
                if not await self._renewed(thread):
                    await thread.publish("task_start", {})
                await self._show(thread, answer)

    async def _grow(self, answer: RunningAnswer) -> None:
        if thread := self._live.get(answer.thread_id):
            async with self._lock(thread):
                if answer.turn in thread.elsewhere:  # else it has ended meanwhile
                    await self._show(thread, answer)

    async def _end(self, answer: RunningAnswer) -> None:
        thread = await self._live.end_elsewhere(answer)
        if thread:
            async with self._lock(thread):
                if not await self._renewed(thread):
                    self._live.renew_later(thread)
                await thread.tell_end()

    async def _renewed(self, thread: LiveThread) -> bool:
        """Give the pages of a thread what is stored of it; False where the database is away."""
        try:
            await self._live.renew(thread)
        except DataLayerError as exc:
            logger.log(
                level_of(exc), "Thread %s is not shown as it is: %s", thread.id, in_one_line(exc)
            )
            return False
        return True

    def _lock(self, thread: LiveThread) -> asyncio.Lock:
        return self._locks.setdefault(thread, asyncio.Lock())

    async def _show(self, thread: LiveThread, answer: RunningAnswer) -> None:
        """Tell the pages of a thread what has changed in what is stored of a turn."""
        if not any(thread.pages()):
            return
        await self._take_back(thread, answer)
        shown = {step["id"]: step for step in thread.mirror.steps}
        for step in await self._layer.get_steps(answer.thread_id, answer.step_ids):
            before = shown.get(step["id"])
            growing: dict[str, Any] = {**step, "streaming": True}
            if before is None:
                await thread.publish("new_message", growing)
            elif before["output"] != step["output"]:
                await thread.publish(*_change(before["output"], growing))

    async def _take_back(self, thread: LiveThread, answer: RunningAnswer) -> None:
        """Take from the pages of a thread what a turn shows no more."""
        before = thread.elsewhere.get(answer.turn, frozenset())
        thread.elsewhere[answer.turn] = frozenset(answer.step_ids)
        if len(answer.step_ids) < _MOST_STEPS:  # else some are left out that are there
            for step_id in before - thread.elsewhere[answer.turn]:
                await thread.publish("delete_message", {"id": step_id})


def _change(before: str, step: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the event that makes a page show a step's text which showed another before."""
    if not before or not step["output"].startswith(before):
        return "update_message", step
    token = step["output"][len(before) :]
    return "stream_token", {"id": step["id"], "token": token, "isSequence": False, "isInput": False}
