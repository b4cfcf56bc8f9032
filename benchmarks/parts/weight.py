"""What a browser loads before somebody can ask: our page beside that of a plain Chainlit app."""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, CDPSession, Page

from benchmarks.crowd import entrance
from benchmarks.parts.people import OURS, PLAIN, prepare, running
from benchmarks.report import Part, Table, duration
from benchmarks.timing import Sample
from tests.support.page.application import Application
from tests.support.page.browsing import running_chromium
from tests.support.servers.postgres import running_postgres

ROUNDS = 5
WITHIN = 1.1
VISITS = ("first visit", "next visit")
_NAME = "person-0"
_NO_MODEL = {"OPENAI_API_KEY": "not asked", "OPENAI_MODEL": "not asked"}
_READY = "#upload-button:enabled"  # shown once the page is connected


@dataclass(slots=True)
class Weighed:
    """What visits of one kind to one page asked for; each list has an entry a visit."""

    kilobytes: list[float] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    outside: list[float] = field(default_factory=list)
    ready_s: list[float] = field(default_factory=list)


class Meter:
    """Counts what one page asks for. Bytes are those on the line, headers among them."""

    def __init__(self) -> None:
        self.requests = 0
        self.outside = 0
        self.bytes = 0

    async def watch(self, session: CDPSession) -> None:
        """Begin to count."""
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._loaded)
        await session.send("Network.enable")

    def _asked(self, event: Mapping[str, Any]) -> None:
        address = urlsplit(event["request"]["url"])
        if address.scheme.startswith("http"):
            self.requests += 1
            self.outside += address.hostname != "localhost"

    def _loaded(self, event: Mapping[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])


Results = Mapping[tuple[str, str], Weighed]


async def weight(scale: float = 1.0) -> Part:
    """Measure first and next visits to each page, in turns."""
    rounds = max(1, round(ROUNDS * min(1.0, scale)))
    results = {(name, visit): Weighed() for name in (OURS, PLAIN) for visit in VISITS}
    async with AsyncExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await asyncio.to_thread(prepare, place, [_NAME])
        server = await asyncio.to_thread(stack.enter_context, running_postgres())
        browser = await stack.enter_async_context(running_chromium())
        programs = {
            name: await stack.enter_async_context(
                running(name, place, place / f"home{number}", server, _NO_MODEL)
            )
            for number, name in enumerate((OURS, PLAIN))
        }
        for _ in range(rounds):
            for name, program in programs.items():
                await _visit(results, name, program, browser)
    return _part(results, rounds)


async def _visit(results: Results, name: str, program: Application, browser: Browser) -> None:
    """Come for the first time, signed in, and once more with what the browser has kept."""
    async with entrance(program.url) as door:
        cookies = await door.sign_in(_NAME)
    # Without the routes of a test's profile, with which Chromium keeps nothing.
    context = await browser.new_context(locale="en-US")
    for cookie in cookies.split("; "):
        key, _, value = cookie.partition("=")
        await context.add_cookies([{"name": key, "value": value, "url": program.url}])
    for visit in VISITS:
        page = await context.new_page()
        await _weigh(results[name, visit], page, program.url)
        await page.close()
    await context.close()


async def _weigh(weighed: Weighed, page: Page, url: str) -> None:
    meter = Meter()
    await meter.watch(await page.context.new_cdp_session(page))
    began = time.perf_counter()
    await page.goto(url)
    await page.locator(_READY).wait_for()
    weighed.ready_s.append(time.perf_counter() - began)
    await page.wait_for_load_state("networkidle")
    weighed.kilobytes.append(meter.bytes / 1000)
    weighed.requests.append(meter.requests)
    weighed.outside.append(meter.outside)


def _part(results: Results, rounds: int) -> Part:
    part = Part(
        "What the page weighs",
        f"Chromium opens a new conversation, signed in, {rounds} times in a new profile, and each "
        "time once more. Kilobytes are those on the line. Ready is when one can ask. What the "
        "plain page asks of other hosts (fonts, a style) is not reached, and so weighs nothing.",
    )
    part.tables += [_table(results, visit) for visit in VISITS]
    for visit in VISITS:
        ours, plain = results[OURS, visit], results[PLAIN, visit]
        for what in ("kilobytes", "requests"):
            ratio = _median(getattr(ours, what)) / _median(getattr(plain, what))
            part.at_most(f"{what} of the page, {visit}, to the plain app's", ratio, WITHIN)
    outside = max(max(results[OURS, visit].outside) for visit in VISITS)
    part.check("requests to other hosts", "none", f"{outside:.0f}", outside == 0)
    return part


def _table(results: Results, visit: str) -> Table:
    table = Table((visit, "kB", "requests", "of other hosts", "ready"))
    for name in (OURS, PLAIN):
        it = results[name, visit]
        counts = (f"{_median(values):.0f}" for values in (it.kilobytes, it.requests, it.outside))
        table.rows.append((name, *counts, duration(_median(it.ready_s))))
    return table


def _median(values: list[float]) -> float:
    return Sample(tuple(values)).median
