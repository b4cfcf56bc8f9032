"""Somebody in a page, who asks one thing after the other and comes back whenever the line is cut.

The page is one without a browser: it shows what it is told as Chainlit's does.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import socketio
from chainlit.utils import utc_now

from chat.wording.unavailable import QUESTION
from datalayer.records import Saving
from tests.drills.crowd.model import answer_to, question
from tests.drills.crowd.page import AGAIN_S, Page, Step

PATIENCE_S = 150.0
_SIZES = (10, 5_000, 200_000)  # bytes


@dataclass
class Asked:
    """A question as its person knows it, and what they were shown of its answer."""

    id: str
    text: str
    files: Mapping[str, bytes]
    shown: str = ""
    growth: list[tuple[float, int]] = field(default_factory=list)
    """When how many characters of the answer had been shown."""
    is_done: bool = False
    """Whether the page was told that this is all of it."""
    broken_at: float | None = None
    """When the line was cut over which it came last."""
    is_unsaved: bool = False
    """Whether the page said that it could not be saved: it is answered all the same."""

    @property
    def is_accepted(self) -> bool:
        """Whether the person saw that it was: something of its answer, and nothing else said."""
        return bool(self.shown) and not self.is_unsaved

    def show(self, text: str) -> None:
        """Note what is shown now."""
        self.shown = text
        self.growth.append((time.monotonic(), len(text)))

    def shown_by(self, moment: float) -> str:
        """What of the answer had been shown at a moment."""
        return self.shown[: max((size for at, size in self.growth if at <= moment), default=0)]


class Person(Page):
    """Somebody who is signed in, and the page in which they ask."""

    attaches = 0.3
    """The share of questions that are sent with a file."""

    def __init__(self, url: str, name: str, cookie: str, seed: int) -> None:
        super().__init__(url, cookie)
        self.name = name
        self.asked: list[Asked] = []
        self._chance = random.Random(seed)

    async def chat(self, stop: asyncio.Event) -> None:
        """Ask until told to stop; who waits in vain fails."""
        async with aiohttp.ClientSession(headers=self.headers) as http:
            try:
                while not stop.is_set():
                    async with asyncio.timeout(PATIENCE_S):
                        await self.connect(http)
                        await self._may_send(http)
                    async with asyncio.timeout(PATIENCE_S):
                        await self.ask(http)
            except TimeoutError:
                last = self.asked[-1] if self.asked else None
                message = f"{self.name} waits for ever, after {last}"
                raise AssertionError(message) from None
            finally:
                await self.leave()

    async def _may_send(self, http: aiohttp.ClientSession) -> None:
        """Wait while the page says that nothing can be saved, and sends nothing."""
        while self.saving is Saving.REFUSED:
            await asyncio.sleep(AGAIN_S)
            await self.connect(http)

    async def ask(self, http: aiohttp.ClientSession) -> None:
        """Ask something, with a file now and then, and follow the answer to its end."""
        files = await self._attach(http)
        asked = Asked(str(uuid.uuid4()), question(self.name, len(self.asked)), dict(files.values()))
        self.asked.append(asked)
        self.has_ended = False
        message = {"id": asked.id, "type": "user_message", "output": asked.text, "name": "user"}
        message |= {"createdAt": utc_now(), "threadId": ""}
        named = [{"id": one} for one in files]
        with suppress(socketio.exceptions.SocketIOError):
            assert self.client
            await self.client.emit("client_message", {"message": message, "fileReferences": named})
        await self.follow(http, asked)

    async def _attach(self, http: aiohttp.ClientSession) -> dict[str, tuple[str, bytes]]:
        """Upload a file now and then; returns it by the id that the program gave it."""
        if self._chance.random() > self.attaches:
            return {}
        name, content = f"{uuid.uuid4()}.bin", self._chance.randbytes(self._chance.choice(_SIZES))
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name, content_type="application/octet-stream")
        url = f"{self.url}/project/file?session_id={self.session}"
        try:
            async with http.post(url, data=form, timeout=_total(20)) as reply:
                if reply.ok:
                    return {(await reply.json())["id"]: (name, content)}
        except (aiohttp.ClientError, TimeoutError):
            pass
        return {}

    async def follow(self, http: aiohttp.ClientSession, asked: Asked) -> None:
        """Wait for the end of an answer, over as many lines as it takes."""
        while not asked.is_done:
            self.news.clear()
            if not self.is_open:
                asked.broken_at = time.monotonic()
                await self.connect(http)
                if not self._goes_on(asked):
                    return
            if self.has_ended:
                await self._end(asked)
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), AGAIN_S)

    async def _end(self, asked: Asked) -> None:
        if asked.shown:
            asked.is_done = True
        else:  # a sentence said why, and what was typed is still there
            await asyncio.sleep(AGAIN_S)

    def _goes_on(self, asked: Asked) -> bool:
        """Whether the page, which is back, still shows that the question is being answered."""
        return asked.id in self.steps and self.is_busy

    async def elements(self, http: aiohttp.ClientSession) -> Mapping[str, Mapping[str, Any]]:
        """Open the conversation once more; returns what is shown beside it, by name."""
        if not self.thread_id:
            return {}
        await self.leave()
        async with asyncio.timeout(PATIENCE_S):
            await self.connect(http)
        await self.leave()
        return {element["name"]: element for element in self.shown_elements}

    def look_at(self, step: Step) -> None:
        """Note what is shown of the answer to the last question: it says what was asked."""
        if not self.asked or step["type"] != "assistant_message":
            return
        last, text = self.asked[-1], str(step["output"])
        if text.startswith(answer_to(last.text)[: len(text)]) and len(text) > len(last.shown):
            last.show(text)

    def hear(self, sentence: str) -> None:
        """Note of the last question that it is not saved, if that is what is said."""
        if self.asked and sentence == QUESTION.en.failed:
            self.asked[-1].is_unsaved = True


def _total(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds)


def finished(people: Sequence[Person]) -> int:
    """How many answers have been shown whole so far."""
    return sum(asked.is_done for person in people for asked in person.asked)
