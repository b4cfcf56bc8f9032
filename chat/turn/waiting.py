"""What an answer waits for, told in the page in its place, and never stored."""

import asyncio
import math

import chainlit as cl
from chainlit.utils import utc_now

from chat.models.base import Waiting
from chat.wording.waiting import sentence_for

TICK_S = 1.0


class WaitingLine:
    """A line in the place of the answer, until there is one."""

    def __init__(self) -> None:
        self._message: cl.Message | None = None
        self._ticking: asyncio.Task[None] | None = None

    async def show(self, waiting: Waiting) -> None:
        """Say what is waited for; the seconds of a busy server are counted down."""
        await self._stop_ticking()
        if waiting.reason == "busy" and waiting.seconds is not None:
            self._ticking = asyncio.create_task(self._count_down(waiting.seconds))
        else:
            await self._say(waiting)

    async def clear(self) -> None:
        """Take the line away, if there is one."""
        await self._stop_ticking()
        message, self._message = self._message, None
        if message:
            await cl.context.emitter.delete_step(message.to_dict())

    async def _stop_ticking(self) -> None:
        ticking, self._ticking = self._ticking, None
        if ticking:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)

    async def _count_down(self, seconds: float) -> None:
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while (left := end - clock()) > 0:
            await self._say(Waiting("busy", math.ceil(left)))
            await asyncio.sleep(min(left, TICK_S))
        await self._say(Waiting("busy"))

    async def _say(self, waiting: Waiting) -> None:
        if self._message is None:
            # Neither sent nor updated as a message: both would store it.
            self._message = cl.Message(content="", created_at=utc_now())
        self._message.content = sentence_for(waiting).of_session()
        # With a known id the page changes what it has; after a reconnection it has nothing.
        await cl.context.emitter.send_step(self._message.to_dict())
