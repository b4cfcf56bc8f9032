"""Sockets that are open and have not said who they are: not for long, and not too many of them."""

import asyncio
from collections.abc import Awaitable, Callable


class Handshakes:
    """The sockets that have not connected yet, the oldest first; `close` ends one by its id."""

    def __init__(self, most: int, seconds: float, close: Callable[[str], Awaitable[None]]) -> None:
        self._most = most
        self._seconds = seconds
        self._close = close
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Future[None]] = set()

    def begin(self, socket_id: str) -> None:
        """Expect a socket to say who it is; where there are too many, the oldest is closed."""
        loop = asyncio.get_running_loop()
        self._timers[socket_id] = loop.call_later(self._seconds, self._give_up, socket_id)
        if len(self._timers) > self._most:
            self._give_up(next(iter(self._timers)))

    def end(self, socket_id: str) -> None:
        """Expect nothing more of a socket."""
        if timer := self._timers.pop(socket_id, None):
            timer.cancel()

    def _give_up(self, socket_id: str) -> None:
        self.end(socket_id)
        closing = asyncio.ensure_future(self._close(socket_id))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
