"""The middleware that answers 503 where nothing else answers in time.

A database or a bucket that is silent may be waited for by any route, and by who is asked who it is.
So the time of all is limited in one place: from the moment when the request is there whole until
its answer begins.
"""

import asyncio
import logging

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.guard.away import try_again
from chat.wording.unavailable import NO_ANSWER
from common.concurrency.tasks import TaskSet

logger = logging.getLogger("keepchat")

COPYING = 6  # times as long for a copy of files, once it is known that the database answers
_ANSWER = "keepchat.answer"


class Deadline:
    """The middleware: gives up what does not begin to answer within so many seconds.

    What was begun for it is cancelled, and may go on for a while; what it says then, nobody hears.
    The socket's requests, which wait until there is something to say, have limits of their own.
    """

    def __init__(self, app: ASGIApp, seconds: float, socket_path: str) -> None:
        self._app = app
        self._seconds = seconds
        self._socket_path = socket_path
        self._late = TaskSet()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(self._socket_path):
            await self._app(scope, receive, send)
            return
        answer = _Answer(receive, send, self._seconds)
        if not await self._begins_in_time(scope, answer):
            logger.warning(
                "%s %s: nothing answered within %g s",
                scope["method"],
                scope["path"],
                answer.limit_s,
            )
            await try_again(scope, NO_ANSWER)(scope, receive, send)

    async def _begins_in_time(self, scope: Scope, answer: "_Answer") -> bool:
        task = asyncio.create_task(self._answer(scope, answer))
        try:
            await asyncio.wait((task, answer.late), return_when=asyncio.FIRST_COMPLETED)
        finally:
            answer.stop()
            if not task.done():
                self._late.give_up(task)
        if task.done():
            task.result()
        return task.done()

    async def _answer(self, scope: Scope, answer: "_Answer") -> None:
        await self._app({**scope, _ANSWER: answer}, answer.receive, answer.send)


class _Answer:
    """An answer on its way; `late` is done when it has not begun in time."""

    def __init__(self, receive: Receive, send: Send, seconds: float) -> None:
        self.limit_s = seconds
        self._receive = receive
        self._send = send
        self._is_whole = False
        self._has_begun = False
        self._loop = asyncio.get_running_loop()
        self.late: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self.start()

    def start(self) -> None:
        """Begin to wait, anew, unless the answer has begun, or comes too late."""
        self.stop()
        if not self._has_begun and not self.late.done():
            self._timer = self._loop.call_later(self.limit_s, self._give_up)

    def stop(self) -> None:
        """Wait no more."""
        if self._timer:
            self._timer.cancel()

    def _give_up(self) -> None:
        self.late.set_result(None)

    async def receive(self) -> Message:
        """Return the next part of the request; how long it takes is judged elsewhere."""
        if self._is_whole:
            return await self._receive()
        self.stop()
        message = await self._receive()
        self._is_whole = not message.get("more_body", False)
        self.start()
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer, unless another one was given instead."""
        if not self.late.done():
            self._has_begun = True
            self.stop()
            await self._send(message)


def allow(request: Request, times: int) -> None:
    """Let an answer begin so many times as late as others: it has more to do than to ask."""
    answer: _Answer | None = request.scope.get(_ANSWER)
    if answer:
        answer.limit_s *= times
        answer.start()
