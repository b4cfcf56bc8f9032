"""Applies writes: loads, has the rules decide, commits; what met a conflict is decided again."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from common.concurrency.retry import RetryPolicy
from datalayer import serialization
from datalayer.errors import ThreadsLocked, WriteRejected
from datalayer.records import Outcome, Result
from datalayer.rules.loading import Need
from datalayer.rules.process import finish, process
from datalayer.stores.dynamodb.recent import Recent
from datalayer.stores.dynamodb.requests import compute
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.writes.commit import Commit, Conflict
from datalayer.stores.dynamodb.writes.load import State
from datalayer.stores.dynamodb.writes.pieces import pieces
from datalayer.stores.dynamodb.writes.plan import Plan, plan
from datalayer.values import time_of_revision
from datalayer.writes import DeleteFeedback, SaveElement, SaveStep, Write, describe

AGAIN = RetryPolicy(first_pause_s=0.01, longest_pause_s=0.5, limit_s=10.0, jitter=0.5)

Clock = Callable[[], int]
"""Gives microseconds since 1970."""


async def apply(
    client: Client, recent: Recent, now: Clock, writes: Sequence[Write]
) -> list[Result]:
    """Do what `Store.apply` says."""
    batches = [_Batch(client, recent, now, piece) for piece in pieces(writes)]
    if len(batches) > 1:  # the first is stored before the others are looked at
        _check(writes)
    return [result for batch in batches for result in await batch.apply()]


def _check(writes: Iterable[Write]) -> None:
    for write in writes:
        try:
            serialization.encode(write)
        except (TypeError, ValueError, OverflowError, RecursionError) as exc:
            message = f"{describe(write)} has a value that cannot be stored ({type(exc).__name__})."
            raise WriteRejected(message) from None


class _Batch:
    """Writes on their way to their results."""

    def __init__(self, client: Client, recent: Recent, now: Clock, writes: Sequence[Write]) -> None:
        self._client = client
        self._recent = recent
        self._now = now
        self._waiting = dict(enumerate(writes))
        self._results: dict[int, Result] = {}
        self._applied: set[int] = set()  # by an attempt that met a conflict later

    async def apply(self) -> list[Result]:
        """Apply all of them.

        Raises `ThreadsLocked` where others are faster for so long that nothing gets done.
        """
        while self._waiting:
            try:
                await AGAIN.call(self._attempt, passes=_is_in_vain)
            except Conflict as conflict:
                if not conflict.made:
                    raise ThreadsLocked({it.order_key for it in self._waiting.values()}) from None
                await asyncio.sleep(AGAIN.pause_s(1))
        return [self._results[at] for at in sorted(self._results)]

    async def _attempt(self) -> None:
        """Apply what waits. Raises `Conflict` where something waits still."""
        writes, moment = list(self._waiting.values()), time_of_revision(self._now())
        state = State(self._client, writes)
        decided, results = await self._decide(state, writes, moment)
        try:
            conflicts = await Commit(self._client, self._recent, moment).make(decided)
        except Conflict as conflict:
            conflicts = {_place(write, state): conflict.made for write in writes}
        for (at, write), result in zip(list(self._waiting.items()), results, strict=True):
            self._take(at, result, conflicts.get(_place(write, state)))
        if conflicts:
            is_less = len(self._waiting) < len(writes)
            raise Conflict(made=is_less or any(conflicts.values()))

    async def _decide(
        self, state: State, writes: Sequence[Write], moment: str
    ) -> tuple[Plan, list[Result]]:
        steps = process(writes)
        step = next(steps)
        while isinstance(step, Need):
            step = steps.send(await state.load(step))
        size = state.size + sum(map(_size, writes))
        planned = await compute(self._client, size, plan, step, state, writes, moment)
        return planned, finish(steps)

    def _take(self, at: int, result: Result, made: bool | None) -> None:
        """Take what came of a write; `made` is None unless its thread met a conflict."""
        if made is None:
            del self._waiting[at]
            self._results[at] = _after_all(result) if at in self._applied else result
        elif made and result.outcome is Outcome.APPLIED:
            self._applied.add(at)


def _is_in_vain(error: BaseException) -> bool:
    return isinstance(error, Conflict) and not error.made


def _size(write: Write) -> int:
    """Return about how many bytes a write brings."""
    fields = write.fields if isinstance(write, SaveStep | SaveElement) else {}
    return sum(len(value) for value in fields.values() if isinstance(value, str))


def _after_all(result: Result) -> Result:
    """Return the result of a write that an earlier attempt has made, or some of it.

    What it saved may have been deleted since, by a write after it that the attempt has made, too.
    """
    if result.outcome in (Outcome.REPEATED, Outcome.ABSENT, Outcome.GONE):
        return replace(result, outcome=Outcome.APPLIED, reason="")
    return result


def _place(write: Write, state: State) -> str:
    """Return by what a write is kept back: its thread, or what else it is about."""
    if isinstance(write, DeleteFeedback):
        claim = state.claim("feedback", write.id)
        return (claim and claim.thread_id) or write.id
    return write.order_key
