"""A thread of 1,000 messages is opened in the page: how long everybody else is held up."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.crowd import PASSWORD, resumed
from benchmarks.report import Part, Table, duration
from benchmarks.scripted_model import running_scripted_model
from benchmarks.timing import Sample
from datalayer.stores.sql.sqlite.store import SqliteStore
from datalayer.writes import Write
from tests.support.builders import new_id, step, thread, user
from tests.support.page.application import Application, clone
from tests.support.users_file import write_users_file

OWNER = "ada"
MESSAGES = 1_000
TEXT = "What was said in it is as long as what people say, and a little longer than this. " * 8
OPENINGS = 10
PAUSE_S = 0.5
GOAL_S = 0.05
_BETWEEN_S = 0.002


async def long_thread(scale: float = 1.0) -> Part:
    """Measure how late the program answers others while a long thread is opened."""
    openings = max(2, round(OPENINGS * min(1.0, scale)))
    with tempfile.TemporaryDirectory() as folder:
        place, thread_id = Path(folder), new_id()
        await asyncio.to_thread(clone, place / "project")
        write_users_file(place / "users.json", [OWNER], PASSWORD)
        async with running_scripted_model() as model:
            settings = {**model, "AUTH_MODE": "password", "USERS_FILE": str(place / "users.json")}
            program = Application(place / "project", place / "home", settings)
            await _fill(program, thread_id)
            await program.start()
            try:
                opened, waited = await _open(program, thread_id, openings)
            finally:
                await program.stop()
    return _part(opened, waited)


async def _fill(program: Application, thread_id: str) -> None:
    program.data.mkdir(parents=True)
    store = SqliteStore(program.data / "keepchat.db")
    steps: Sequence[Write] = [
        step(thread_id, owner=OWNER, **_message(number)) for number in range(MESSAGES)
    ]
    try:
        await store.migrate()
        await store.apply([user(OWNER), thread(thread_id, owner=OWNER, name="Long"), *steps])
    finally:
        await store.close()


def _message(number: int) -> dict[str, Any]:
    kind = "assistant_message" if number % 2 else "user_message"
    return {"type": kind, "output": f"Message {number}. {TEXT}"}


async def _open(
    program: Application, thread_id: str, openings: int
) -> tuple[list[float], list[float]]:
    """Return how long each opening took, and the longest wait of somebody else meanwhile."""
    opened, longest = [], []
    for _ in range(openings):
        waits: list[float] = []
        asking = asyncio.create_task(_ask_on(program.url, waits))
        began = time.perf_counter()
        async with resumed(program.url, OWNER, thread_id):
            opened.append(time.perf_counter() - began)
            await asyncio.sleep(PAUSE_S)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        longest.append(max(waits))
    return opened, longest


async def _ask_on(url: str, waits: list[float]) -> None:
    async with aiohttp.ClientSession() as http:
        while True:
            began = time.perf_counter()
            async with http.get(f"{url}/health") as reply:
                await reply.read()
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(_BETWEEN_S)


def _part(opened: Sequence[float], waited: Sequence[float]) -> Part:
    others, own = Sample(tuple(waited)), Sample(tuple(opened))
    part = Part(
        f"A thread of {MESSAGES:,} messages opened in the page",
        f"{len(opened)} times, from the login to the whole thread, on SQLite; somebody else asks "
        "for /health all the while, and what counts is the longest wait at each opening.",
    )
    table = Table(("", "median", "longest"))
    table.rows.append(("login, connection and thread", duration(own.median), duration(own.longest)))
    table.rows.append(("longest wait of others", duration(others.median), duration(others.longest)))
    part.tables.append(table)
    part.within("longest wait while a long thread is opened", others.longest, GOAL_S)
    return part
