"""Somebody who does at a replica what they please: asks, edits, renames, deletes, judges."""

import asyncio
from typing import Any

import aiohttp

from tests.drills.crowd.model import question
from tests.drills.crowd.page import Step
from tests.drills.crowd.person import PATIENCE_S, Asked, Person


class Actor(Person):
    """A person with one conversation, whose page stays open until they go."""

    def __init__(self, url: str, name: str, cookie: str, seed: int) -> None:
        super().__init__(url, name, cookie, seed)
        self.replaced: list[str] = []
        """The questions in whose place others were asked."""
        self._http: aiohttp.ClientSession | None = None

    async def asks(self) -> Asked:
        """Ask, and wait for the whole answer."""
        http = await self._come()
        await self.ask(http)
        await self._follow_to_the_end(http, self.asked[-1])
        return self.asked[-1]

    async def edits(self) -> None:
        """Ask something else in the place of the last question; wait for the whole answer."""
        http = await self._come()
        former = self.questions()[-1]
        asked = Asked(former["id"], question(self.name, len(self.asked)), {})
        self.asked.append(asked)
        self.replaced.append(former["output"])
        self.has_ended = False
        assert self.client
        await self.client.emit("edit_message", {"message": {**former, "output": asked.text}})
        await self._follow_to_the_end(http, asked)
        asked.id = next(it["id"] for it in self.questions() if it["output"] == asked.text)

    async def _follow_to_the_end(self, http: aiohttp.ClientSession, asked: Asked) -> None:
        """Take no end for the answer's that is the page's own, as it has just been opened."""
        async with asyncio.timeout(PATIENCE_S):
            while not asked.is_done:
                self.has_ended = False
                await self.follow(http, asked)

    async def looks(self) -> list[str]:
        """Open the page anew; returns the questions that it shows."""
        await self.goes()
        await self._come()
        return [str(it["output"]) for it in self.questions()]

    def questions(self) -> list[Step]:
        """The questions that the page shows, in their order."""
        found = (it for it in self.steps.values() if it["type"] == "user_message")
        return sorted(found, key=lambda it: str(it["createdAt"]))

    async def renames(self, name: str) -> None:
        """Give the conversation another name."""
        await self._request("PUT", "/project/thread", threadId=self.thread_id, name=name)

    async def deletes(self) -> None:
        """Delete the conversation."""
        await self._request("DELETE", "/project/thread", threadId=self.thread_id)

    async def judges(self, asked: Asked, value: int) -> None:
        """Say of an answer whether it is of use."""
        answer = next(it["id"] for it in self.steps.values() if it["output"] == asked.shown)
        feedback = {"forId": answer, "threadId": self.thread_id, "value": value}
        await self._request("PUT", "/feedback", feedback=feedback, sessionId=self.session)

    async def _request(self, method: str, path: str, **sent: Any) -> None:
        async with (
            aiohttp.ClientSession(headers=self.headers) as http,
            http.request(method, f"{self.url}{path}", json=sent) as reply,
        ):
            assert reply.ok, await reply.text()

    async def _come(self) -> aiohttp.ClientSession:
        """Have a page that is open."""
        if self._http is None:
            self._http = aiohttp.ClientSession(headers=self.headers)
        async with asyncio.timeout(PATIENCE_S):
            await self.connect(self._http)
        return self._http

    async def goes(self) -> None:
        """Close the page."""
        await self.leave()
        if self._http:
            await self._http.close()
        self._http = None
