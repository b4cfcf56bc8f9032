"""How the program ends: a first signal lets it finish what it does, a second one hurries it.

Chainlit's server waits for ever for requests and open lines to end, with a database that is silent
and a model that goes on talking; whoever runs it in a container sees it killed.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

import uvicorn
from chainlit.server import app

from chat.turn.turn import Turns
from patches.patch import Parts

logger = logging.getLogger("keepchat")

CANCEL_S = 1.5  # for answers that are cut short to be stored
HURRIED_S = 0.3  # the same, after a second signal: so that each is known to be cut, at least
REQUESTS_S = 0.7
PARTS_S = 0.8  # for what replicas tell each other
AFTER_ANSWERS_S = 6.8  # at which the program ends in any case, if something stops its event loop

Shutdown = Callable[..., Coroutine[Any, Any, None]]
HandleExit = Callable[[Any, int, FrameType | None], None]


def end_in_time(parts: Parts) -> None:
    """Let a signal begin the end, and the end take so long at most."""
    server: Any = uvicorn.Server
    server.handle_exit = hurrying(server.handle_exit, parts)
    server.shutdown = finishing(server.shutdown, parts)


def hurrying(original: HandleExit, parts: Parts) -> HandleExit:
    """Return what takes a signal: the first begins the end, each further one hurries it."""

    def handle_exit(server: Any, number: int, frame: FrameType | None) -> None:
        if server.should_exit:
            server.force_exit = True
            asyncio.get_running_loop().call_soon_threadsafe(parts.ending.hurry)
        else:
            parts.ending.begin()
            _end_at_last(parts.answers_s + AFTER_ANSWERS_S)
            original(server, number, frame)

    return handle_exit


def _end_at_last(seconds: float) -> None:
    """End the program after so long, whatever it does."""
    timer = threading.Timer(seconds, _give_up)
    timer.daemon = True
    timer.start()


def _give_up() -> None:
    logger.critical("The program did not end in time. What was accepted is in the journal.")
    os._exit(1)


def finishing(original: Shutdown, parts: Parts) -> Shutdown:
    """Return what ends a server: no new connections, answers to their end, then all the rest."""

    async def shutdown(server: Any, sockets: Any = None) -> None:
        parts.ending.begin()
        for one in server.servers:
            one.close()
        await finish_answers(app.state.keepchat[1].turns, parts)
        server.config.timeout_graceful_shutdown = 0 if parts.ending.is_hurried else REQUESTS_S
        await original(server, sockets)
        if server.force_exit:  # it leaves out the rest then
            await server.lifespan.shutdown()

    return shutdown


async def finish_answers(turns: Turns, parts: Parts) -> None:
    """Let answers come to their end; those that do not are stored as far as they were shown."""
    ending = parts.ending
    if tasks := {turn.task for turn in parts.live.turns() if turn.task}:
        await ending.within(parts.answers_s, asyncio.wait(tasks))
    seconds = HURRIED_S if ending.is_hurried else CANCEL_S
    work = close_answers(turns, parts)
    await ending.step("answers to be stored", work, seconds, hurries=False)


async def close_answers(turns: Turns, parts: Parts) -> None:
    """End the answers that are on their way, and wait for what Chainlit stores of them."""
    await asyncio.gather(parts.actions.close(), turns.close())
    await parts.background.ended()
