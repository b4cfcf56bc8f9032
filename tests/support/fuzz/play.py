"""Lets Hypothesis think of things to do to a running program, one after the other."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


async def play(
    strategy: SearchStrategy[T], act: Callable[[T], Awaitable[None]], examples: int, number: str
) -> None:
    """Do so many things, or fewer where there are no more, chosen by a number.

    What is found is for `act` to note: a program that runs is not as it was, so that nothing can be
    tried again, or made smaller.
    """
    loop = asyncio.get_running_loop()

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def act_on(example: T) -> None:
        asyncio.run_coroutine_threadsafe(_await(act(example)), loop).result()

    with suppress(Unsatisfiable):  # there is nothing of the kind
        await asyncio.to_thread(act_on)


async def _await(act: Awaitable[None]) -> None:
    await act
