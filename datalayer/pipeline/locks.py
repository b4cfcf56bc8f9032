"""Waiting for what somebody else has locked: a store says so, and does not wait for it."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from common.concurrency.retry import RetryPolicy
from datalayer.errors import StoreHeldUp
from datalayer.records import Result
from datalayer.writes import Write

RETRY = RetryPolicy(first_pause_s=0.005, longest_pause_s=0.1, limit_s=10.0)


class Applies(Protocol):
    """What writing needs of a store; the contract of both is in `datalayer.stores.base`."""

    @property
    def concurrency(self) -> int: ...

    async def apply(self, writes: Sequence[Write]) -> list[Result]: ...


async def apply_when_free(store: Applies, writes: Sequence[Write]) -> list[Result]:
    """Apply writes as the store does, for a while again where somebody has what they need.

    Raises `StoreHeldUp` when it was not to be had in ten seconds.
    """
    return await RETRY.call(partial(store.apply, writes), passes=_is_held_up)


def _is_held_up(error: BaseException) -> bool:
    return isinstance(error, StoreHeldUp)
