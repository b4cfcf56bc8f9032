"""A model that says no word before it is told to."""

import asyncio
from contextvars import ContextVar

from tests.support.servers.replies import Body, RepliesServer, Reply, delta, events, last_question

_is_story: ContextVar[bool] = ContextVar("is_story", default=False)  # each request has its own


class Teller:
    """Lets a server tell a story to whoever asks for one, and no further than the test lets it."""

    def __init__(self, server: RepliesServer, length: int = 200) -> None:
        self._words = [f"word{number} " for number in range(1, length + 1)]
        self._allowed = asyncio.Semaphore(0)
        self._told = 0
        self._answer = server.choose
        server.choose = self._choose
        server.between = self._wait

    @property
    def text(self) -> str:
        """What has been told so far of the story."""
        return "".join(self._words[: self._told]).strip()

    def tell(self, words: int = 1) -> str:
        """Let it tell some more words; what has been told then."""
        self._told += words
        for _ in range(words):
            self._allowed.release()
        return self.text

    def tell_all(self) -> str:
        """Let it come to its end; the whole story."""
        left = len(self._words) - self._told
        told = self.tell(left)
        for _ in range(2):  # the reason of the end, and the end of the stream
            self._allowed.release()
        return told

    def again(self) -> None:
        """Begin anew with the next who asks."""
        self._told = 0
        self._allowed = asyncio.Semaphore(0)

    def _choose(self, body: Body) -> Reply:
        if "story" not in last_question(body):
            return self._answer(body)
        _is_story.set(True)
        return events(*(delta(content=word) for word in self._words), delta("stop"))

    async def _wait(self, _number: int) -> None:
        if _is_story.get():
            await self._allowed.acquire()
