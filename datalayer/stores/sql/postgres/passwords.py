"""Passwords that expire: asked of a function for each new connection, such as a cloud's tokens."""

import asyncio
import contextvars
import inspect
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from importlib import import_module
from threading import Thread
from typing import Any

from datalayer.errors import StoreMisconfigured, StoreUnavailable

Password = Callable[[], Awaitable[str]]

ANSWER_S = 4.0  # how long the function may take


def ask_function(name: str) -> Password:
    """Return what asks the function `package.module:function`, which takes no arguments.

    One that is not async runs in a thread of its own, one call at a time, whose answer goes to all
    who wait for it: a call that hangs holds up nothing but itself. What is returned raises
    `StoreUnavailable` when the function fails or is too slow, and `StoreMisconfigured` when it
    returns no text, as this does when there is no such function.
    """
    function = _as_async(_function(name))

    async def ask() -> str:
        try:
            async with asyncio.timeout(ANSWER_S):
                found = await function()
        except TimeoutError as exc:
            message = f"{_named(name)} did not answer within {ANSWER_S:.0f} s."
            raise StoreUnavailable(message) from exc
        except Exception as exc:
            message = f"{_named(name)} failed: {type(exc).__name__}: {_line(exc)}"
            raise StoreUnavailable(message) from exc
        if isinstance(found, str) and found:
            return found
        message = f"{_named(name)} returned no password but {type(found).__name__}."
        raise StoreMisconfigured(message)

    return ask


def _function(name: str) -> Callable[[], Any]:
    module, _, attribute = name.partition(":")
    try:
        found: object = getattr(import_module(module), attribute)
    except Exception as exc:
        message = (
            f"{_named(name)} cannot be imported ({_line(exc)}). The form is "
            "package.module:function; a module of your own may lie beside app.py."
        )
        raise StoreMisconfigured(message) from exc
    if not callable(found):
        message = f"{_named(name)} is no function."
        raise StoreMisconfigured(message)
    return found


def _as_async(function: Callable[[], Any]) -> Callable[[], Awaitable[object]]:
    return function if inspect.iscoroutinefunction(function) else _Blocking(function).ask


class _Blocking:
    """A function that may block: one call at a time, shared by all who wait."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._call: asyncio.Task[object] | None = None
        self._asked_at = 0.0

    async def ask(self) -> object:
        """Return the answer to the call that is under way, or to a new one.

        Raises `TimeoutError` at `ANSWER_S` after the call, at once if it has hung for so long.
        """
        if self._call is None or self._call.done():
            self._asked_at = time.monotonic()
            self._call = asyncio.create_task(self._answer(), context=contextvars.Context())
        left = self._asked_at + ANSWER_S - time.monotonic()
        async with asyncio.timeout(max(0.0, left)):
            return await asyncio.shield(self._call)  # whoever waits no longer does not cancel it

    async def _answer(self) -> object:
        found = await asyncio.wrap_future(_in_a_thread(self._function))
        if not inspect.isawaitable(found):
            return found
        async with asyncio.timeout(ANSWER_S):
            return await found


def _in_a_thread(function: Callable[[], Any]) -> Future[object]:
    # Not of an executor: the program's end would wait for a thread that hangs.
    answer: Future[object] = Future()
    answer.set_running_or_notify_cancel()
    Thread(target=_run, args=(function, answer), name="password", daemon=True).start()
    return answer


def _run(function: Callable[[], Any], answer: Future[Any]) -> None:
    try:
        answer.set_result(function())
    except BaseException as exc:  # noqa: BLE001 - whoever waits is told
        answer.set_exception(exc)


def _named(name: str) -> str:
    return f"{name}, which DATABASE_PASSWORD_FROM names,"


def _line(exc: Exception) -> str:
    return (str(exc).splitlines() or [type(exc).__name__])[0]
