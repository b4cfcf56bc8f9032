"""Somebody's other pages, which look on."""

import asyncio

import aiohttp

from tests.drills.crowd.page import AGAIN_S, Page
from tests.drills.crowd.person import Person


class Watcher(Page):
    """A page that shows the conversation of another one of the same person, from any moment on."""

    def __init__(self, person: Person) -> None:
        super().__init__(person.url, person.headers["Cookie"])
        self._person = person

    async def watch(self, stop: asyncio.Event) -> None:
        """Look on until told to stop."""
        async with aiohttp.ClientSession(headers=self.headers) as http:
            while not stop.is_set():
                self.thread_id = self._person.thread_id
                if self.thread_id:
                    await self.connect(http)
                await asyncio.sleep(AGAIN_S)
            await self.leave()

    @property
    def not_shown(self) -> list[str]:
        """The questions whose whole answers it does not show."""
        shown = {str(step["output"]) for step in self.steps.values()}
        return [it.text for it in self._person.asked if it.is_done and it.shown not in shown]
