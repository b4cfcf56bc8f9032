"""What Chainlit makes of the event loop, and where it stops it."""

import _asyncio
import asyncio
import asyncio.events
import asyncio.futures
import asyncio.runners
import asyncio.tasks
import sys
import time
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from chainlit.config import config
from chainlit.message import Message
from chainlit.session import WebsocketSession
from chainlit.step import Step

from patches.originals import replace
from patches.patch import Parts

_LOOP_METHODS = ("run_forever", "run_until_complete", "_run_once", "_check_running")


def use_own_loop(_parts: Parts) -> None:
    """Put back what nest_asyncio has replaced, before the loop of the server is made.

    `cl.run_sync` within the loop's own thread does not work any more.
    """
    if not hasattr(asyncio, "_nest_patched"):
        return
    asyncio.Task = asyncio.tasks.Task = _asyncio.Task  # type: ignore[misc]
    asyncio.Future = asyncio.futures.Future = _asyncio.Future  # type: ignore[misc]
    asyncio.run = asyncio.runners.run
    asyncio.get_event_loop = asyncio.events.get_event_loop = _asyncio.get_event_loop
    if within := getattr(asyncio.events, "_c__get_event_loop", None):  # up to Python 3.11
        asyncio.events._get_event_loop = within  # type: ignore[attr-defined]
    policy = type(asyncio.get_event_loop_policy())
    loop = asyncio.new_event_loop()
    loop.close()
    for owner, names in ((policy, ("get_event_loop",)), (type(loop), _LOOP_METHODS)):
        for name in names:
            # They were set beside those that they inherit.
            with suppress(AttributeError):
                delattr(owner, name)


def never_pause(_parts: Parts) -> None:
    """Let a message or a step be made without a sleep of the whole program."""
    awake = SimpleNamespace(sleep=lambda _seconds: None)
    for made in (Message, Step):
        replace(sys.modules[made.__module__], time.__name__, lambda _time: awake)


def use_one_config(_parts: Parts) -> None:
    """Let a session have the configuration of all: our profiles change nothing of it."""

    def get_config(_session: WebsocketSession) -> Any:
        return config

    replace(WebsocketSession, "get_config", lambda _original: get_config)
