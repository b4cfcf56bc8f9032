"""Several pages on each answer: how long it is until the first token, beside one page alone.

Whatever a page is told is kept, and read when all is over: at the end each has to show what is
stored, and to have heard it word by word.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.crowd import BEGIN, EVENT, Entrance, Person, entrance
from benchmarks.parts.people import (
    OURS,
    ask_together,
    prepare,
    processes_of,
    processor_s,
    running,
)
from benchmarks.report import Part, Table, duration
from benchmarks.scripted_model import WHOLE_S, running_scripted_model
from benchmarks.timing import Sample
from tests.support.page.application import Application
from tests.support.servers.postgres import running_postgres

PEOPLE = 40
ROUNDS = 8
OTHERS = 2  # pages of each person beside the one that asks
REST_S = 3.0  # before each question: what others' coming and going has begun is over by then
WITHIN = 1.2
_STORED = "SELECT id, output FROM steps WHERE type = 'assistant_message'"


@dataclass(slots=True)
class Page:
    """What one page was told, and when."""

    packets: list[tuple[float, str]] = field(default_factory=list)

    def take(self, packet: str) -> None:
        """Keep a packet."""
        self.packets.append((time.perf_counter(), packet))

    def events(self) -> Iterator[tuple[str, Any]]:
        """Yield the events, each with what it says."""
        for _, packet in self.packets:
            if packet.startswith(EVENT):
                name, *said = json.loads(packet[2:])
                yield name, said[0] if said else None

    def waited(self, asked_at: float) -> float:
        """Return the seconds from a question to the first token of its answer."""
        begun = (at for at, it in self.packets if at > asked_at and it.startswith(BEGIN))
        return next(begun) - asked_at

    def shown(self) -> "Shown":
        """Return what it shows of all that."""
        shown = Shown()
        for event, data in self.events():
            shown.take(event, data)
        return shown


@dataclass(slots=True)
class Shown:
    """The answers that a page shows, and of how many it did not hear each word."""

    answers: dict[str, str] = field(default_factory=dict)
    not_heard: int = 0

    def take(self, event: str, data: Any) -> None:
        """Show an event as the page does."""
        match event:
            case "resume_thread":
                for step in data["steps"]:
                    self._show(step)
            case "new_message" | "stream_start":
                self._show(data)
            case "stream_token" if data["id"] in self.answers:
                self.answers[data["id"]] += data["token"]
            case "update_message" if data["id"] in self.answers:
                self.not_heard += self.answers[data["id"]] != data["output"]
                self._show(data)

    def _show(self, step: Mapping[str, Any]) -> None:
        if step["type"] == "assistant_message":
            self.answers[step["id"]] = step["output"]


@dataclass(slots=True)
class Asker:
    """Somebody who asks, and the page where they do."""

    cookie: str
    person: Person
    page: Page

    @property
    def thread_id(self) -> str:
        """The thread, which their first question began."""
        begun = (data for event, data in self.page.events() if event == "first_interaction")
        return str(next(begun)["thread_id"])


@dataclass(slots=True)
class Measured:
    """Of so many pages on each answer: seconds."""

    first: list[float] = field(default_factory=list)
    elsewhere: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    processor_s: float = 0.0
    medians: list[float] = field(default_factory=list)
    """Of the first tokens of each round."""


class Room:
    """People who ask at once, each in a thread of their own, and their other pages."""

    def __init__(self, program: Application, door: Entrance, askers: Sequence[Asker]) -> None:
        self._processes = processes_of(program)
        self._door = door
        self._askers = askers
        self._asked = 0
        self._left: list[tuple[Page, int]] = []
        self.alone, self.watched = Measured(), Measured()

    @property
    def pages(self) -> Sequence[tuple[Page, int]]:
        """All pages there were, each with the number of answers that it should show."""
        return [*((it.page, self._asked) for it in self._askers), *self._left]

    async def begin(self) -> None:
        """Ask for the first time; the other pages are opened in mid-answer."""
        asking = asyncio.create_task(self._ask(Measured()))
        await asyncio.sleep(WHOLE_S / 2)
        async with self._others():
            await asking

    async def compare(self, *, watched_first: bool) -> None:
        """Ask twice: with one page on each answer, and with all of them."""
        for is_watched in (watched_first, not watched_first):
            if is_watched:
                async with self._others() as others:
                    await asyncio.sleep(REST_S)
                    await self._ask(self.watched, others)
            else:
                await asyncio.sleep(REST_S)
                await self._ask(self.alone)

    async def _ask(self, measured: Measured, others: Sequence[tuple[Asker, Page]] = ()) -> None:
        self._asked += 1
        people = [it.person for it in self._askers]
        began = processor_s(self._processes)
        await ask_together(people)
        measured.processor_s += processor_s(self._processes) - began
        waited = [person.waited[-1] for person in people]
        measured.first += waited
        measured.medians.append(Sample(tuple(waited)).median)
        measured.whole += [person.whole[-1] for person in people]
        measured.elsewhere += [page.waited(asker.person.asked_at) for asker, page in others]

    @asynccontextmanager
    async def _others(self) -> AsyncIterator[Sequence[tuple[Asker, Page]]]:
        """Have the other pages open."""
        pages = [(asker, Page()) for asker in self._askers for _ in range(OTHERS)]
        opened = await asyncio.gather(
            *(self._door.connect(it.cookie, it.thread_id, page.take) for it, page in pages)
        )
        watching = [asyncio.create_task(person.watch()) for person in opened]
        try:
            yield pages
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            await asyncio.gather(*(person.socket.close() for person in opened))
        self._left += [(page, self._asked) for _, page in pages]


async def watchers(scale: float = 1.0) -> Part:
    """Measure first tokens with one page and with three on each answer, in turns."""
    names = [f"person-{number}" for number in range(max(1, round(PEOPLE * min(1.0, scale))))]
    async with AsyncExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await asyncio.to_thread(prepare, place, names)
        server = await asyncio.to_thread(stack.enter_context, running_postgres())
        model = await stack.enter_async_context(running_scripted_model())
        home = place / "0"
        program = await stack.enter_async_context(running(OURS, place, home, server, model))
        door = await stack.enter_async_context(entrance(program.url))
        room = Room(program, door, await _askers(door, names))
        await room.begin()
        for number in range(ROUNDS):
            await room.compare(watched_first=number % 2 == 1)
        rows = await asyncio.to_thread(server.query, _STORED, database=f"crowd{home.name}")
    return _part(room, len(names), {str(row[0]): row[1] for row in rows})


async def _askers(door: Entrance, names: Sequence[str]) -> list[Asker]:
    askers = []
    for cookie in await door.sign_in_all(names):
        page = Page()
        askers.append(Asker(cookie, await door.connect(cookie, heard=page.take), page))
    return askers


def _part(room: Room, people: int, stored: Mapping[str, str]) -> Part:
    count = OTHERS + 1
    part = Part(
        f"{count} pages on each answer",
        f"{people} people ask at the same moment, {ROUNDS} times with one page each and, in turns, "
        f"{ROUNDS} times with {count}, on one program. Their first answer has the others opened in "
        "its middle, and is not timed. The goal is judged by the median of the rounds' ratios. "
        "Model, clients and PostgreSQL are as with many people at once.",
    )
    header = ("", "first token", "p95", "at the others", "p95", "whole answer", "p95", "processor")
    rows = [_row("one page", room.alone), _row(f"{count} pages", room.watched)]
    part.tables.append(Table(header, rows))
    both = zip(room.watched.medians, room.alone.medians, strict=True)
    ratio = Sample(tuple(watched / alone for watched, alone in both)).median
    what = f"first token of {people} at once with {count} pages on each answer, to one page's"
    part.at_most(what, ratio, WITHIN)
    right = sum(_is_right(page.shown(), expected, stored) for page, expected in room.pages)
    what, measured = "pages that had each word of what is stored", f"{right} of {len(room.pages)}"
    part.check(what, "all", measured, right == len(room.pages))
    return part


def _row(name: str, measured: Measured) -> Sequence[str]:
    cells = [name]
    for seconds in (measured.first, measured.elsewhere, measured.whole):
        sample = Sample(tuple(seconds))
        cells += [duration(sample.median), duration(sample.p95)] if seconds else ["", ""]
    return [*cells, duration(measured.processor_s / len(measured.first))]


def _is_right(shown: Shown, expected: int, stored: Mapping[str, str]) -> bool:
    """Tell whether a page shows as many answers as it should, as stored, and heard each word."""
    same = all(stored.get(step_id) == text for step_id, text in shown.answers.items())
    return same and len(shown.answers) == expected and not shown.not_heard
