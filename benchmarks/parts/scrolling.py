"""A thousand conversations scrolled through in the page, of ours 50 pinned, beside a plain app."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
from playwright.async_api import Browser, Page

from benchmarks.crowd import entrance
from benchmarks.parts.people import OURS, PLAIN, prepare, running
from benchmarks.report import Part, Table, duration
from benchmarks.timing import Sample
from datalayer.stores.factory import open_store
from datalayer.writes import SaveThread, wall_clock
from tests.support.builders import new_id
from tests.support.page.application import Application
from tests.support.page.browsing import running_chromium
from tests.support.servers.postgres import running_postgres

THREADS = 1_000
PINNED = 50
WITHIN = 1.25
_NAME = "person-0"
_NO_MODEL = {"OPENAI_API_KEY": "not asked", "OPENAI_MODEL": "not asked"}
_LINES = '[data-sidebar="content"] a[href*="/thread/"]'
_LOAD_MORE = (
    """(list) => { list.scrollTop = list.scrollHeight; list.dispatchEvent(new Event("scroll")); }"""
)
_FRAMES = """(list) => new Promise((resolve) => {
    const frames = [];
    let last = performance.now();
    list.scrollTop = 0;
    const step = (now) => {
        frames.push((now - last) / 1000);
        last = now;
        list.scrollTop += 400;
        if (frames.length < 100) requestAnimationFrame(step); else resolve(frames.slice(1));
    };
    requestAnimationFrame(step);
})"""
_PLAIN_THREADS = """
INSERT INTO "Thread" (id, "createdAt", "updatedAt", name, metadata, "userId")
SELECT gen_random_uuid()::text, at, at, 'Number ' || number, '{}', "User".id
FROM generate_series(1, $1::int) number, "User",
    LATERAL (SELECT (now() - number * interval '1 hour')::timestamp AS at) moment
"""


async def scrolling(scale: float = 1.0) -> Part:
    """Measure how long each page takes to have all lines, and each frame as they are scrolled."""
    count = round(THREADS * scale)
    async with AsyncExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await asyncio.to_thread(prepare, place, [_NAME])
        server = await asyncio.to_thread(stack.enter_context, running_postgres())
        browser = await stack.enter_async_context(running_chromium())
        frames: dict[str, Sequence[float]] = {}
        for number, name in enumerate((OURS, PLAIN)):
            home = place / f"home{number}"
            async with running(name, place, home, server, _NO_MODEL) as program:
                cookies = await _sign_in(program)
                await _fill(name, server.url(f"crowd{home.name}"), home, count)
                frames[name] = await _scroll(browser, program, cookies, count)
    return _part(frames, count)


async def _sign_in(program: Application) -> str:
    async with entrance(program.url) as door:
        return await door.sign_in(_NAME)


async def _fill(name: str, url: str, home: Path, count: int) -> None:
    if name == PLAIN:
        connection = await asyncpg.connect(url)
        await connection.execute(_PLAIN_THREADS, count)
        await connection.close()
        return
    store, now = open_store(url, home), wall_clock()
    for some in range(0, count, 100):
        await store.apply([_thread(it, count, now) for it in range(some, min(some + 100, count))])
    await store.close()


def _thread(number: int, count: int, now: int) -> SaveThread:
    pinned = {"pinned": True} if number % (count // PINNED or 1) == 0 else {}
    revision = now - number * 3_600_000_000
    return SaveThread(
        id=new_id(), owner=_NAME, name=f"Number {number}", metadata=pinned, revision=revision
    )


async def _scroll(
    browser: Browser, program: Application, cookies: str, count: int
) -> Sequence[float]:
    context = await browser.new_context(locale="en-US")
    for cookie in cookies.split("; "):
        key, _, value = cookie.partition("=")
        await context.add_cookies([{"name": key, "value": value, "url": program.url}])
    page = await context.new_page()
    await page.goto(program.url)
    await _load_all(page, count)
    frames: list[float] = await page.locator('[data-sidebar="content"]').evaluate(_FRAMES)
    await context.close()
    return frames


async def _load_all(page: Page, count: int) -> None:
    lines, seen = page.locator(_LINES), 0
    await lines.first.wait_for()
    while seen < count:
        seen = await lines.count()
        await page.locator('[data-sidebar="content"]').evaluate(_LOAD_MORE)
        await lines.nth(min(seen, count - 1)).wait_for(state="attached")


def _part(frames: Mapping[str, Sequence[float]], count: int) -> Part:
    part = Part(
        "A long sidebar in the page",
        f"{count:,} conversations, of ours {PINNED} pinned, all loaded by Chromium, and then "
        "scrolled through, 400 pixels a frame: how long a frame takes, on a machine without a "
        "graphics card.",
    )
    table = Table(("", "frame", "p95", "slowest"))
    samples = {name: Sample(tuple(values)) for name, values in frames.items()}
    for name, sample in samples.items():
        slowest = max(frames[name])
        table.rows.append((name, *map(duration, (sample.median, sample.p95, slowest))))
    part.tables.append(table)
    ratio = samples[OURS].median / samples[PLAIN].median
    part.at_most("a frame of the sidebar scrolled, to the plain app's", ratio, WITHIN)
    return part
