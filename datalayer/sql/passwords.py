"""Passwords that expire: asked of a function for each new connection, such as a cloud's tokens."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from datalayer.errors import StoreMisconfigured, StoreUnavailable

Password = Callable[[], Awaitable[str]]

ANSWER_S = 4.0  # how long the function may take


def password_from(name: str) -> Password:
    """Return what asks the function `package.module:function`, which takes no arguments.

    One that is not async runs in a worker thread. What is returned raises `StoreUnavailable` when
    the function fails or is too slow, and `StoreMisconfigured` when it returns no text, as this
    does when there is no such function.
    """
    function = _function(name)

    async def ask() -> str:
        try:
            async with asyncio.timeout(ANSWER_S):
                found = await _answer(function)
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


async def _answer(function: Callable[[], Any]) -> object:
    if inspect.iscoroutinefunction(function):
        return await function()
    found = await asyncio.to_thread(function)
    return await found if inspect.isawaitable(found) else found


def _named(name: str) -> str:
    return f"{name}, which DATABASE_PASSWORD_FROM names,"


def _line(exc: Exception) -> str:
    return (str(exc).splitlines() or [type(exc).__name__])[0]
