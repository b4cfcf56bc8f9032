"""A flood of wrong logins: how long the right one takes. And how soon a logout is one elsewhere."""

import asyncio
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import aiohttp

from benchmarks.report import Part, Table, duration
from benchmarks.timing import Sample
from tests.support.page.application import Application, clone
from tests.support.page.socket import signed_in, socket_page
from tests.support.servers.postgres import running_postgres

ALICE, BOB, PASSWORD = "alice", "bob", "correct horse"
PER_S = 150
BEFORE_S = 2.0  # so long the flood has lasted when the right one comes
RUNS = 10
HOME = "10.9.9.9"
GOAL_S, REACH_GOAL_S = 2.0, 1.0
NOWHERE = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_MODEL": "none"}

Wrong = tuple[str, str]  # the name, the address that a proxy says
FLOODS: Mapping[str, Callable[[int], Wrong] | None] = {
    "none": None,
    "made-up names from one address": lambda number: (f"name-{number}", "10.1.1.1"),
    "made-up names from as many addresses": lambda number: (f"name-{number}", _address(number)),
    "one that there is, from one address": lambda _: (BOB, "10.1.1.1"),
    "one that there is, from as many addresses": lambda number: (BOB, _address(number)),
}


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


async def logins(scale: float = 1.0) -> Part:
    """Measure both."""
    runs = max(2, round(RUNS * min(1.0, scale)))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        await asyncio.to_thread(clone, place / "project")
        waited = {
            name: await _right_ones(place, str(number), wrong, runs)
            for number, (name, wrong) in enumerate(FLOODS.items())
        }
        return _part(waited, await _reach(place, runs))


@asynccontextmanager
async def _running(place: Path, name: str, **settings: str) -> AsyncIterator[Application]:
    program = Application(
        place / "project", place / name, {**NOWHERE, "AUTH_MODE": "password", **settings}
    )
    try:
        await program.start()
        yield program
    finally:
        await program.stop()


async def _right_ones(
    place: Path, name: str, wrong: Callable[[int], Wrong] | None, runs: int
) -> Sample:
    """Return how long the right logins took, of a browser that was never here."""
    async with _running(place, name) as program, aiohttp.ClientSession() as http:
        for user in (ALICE, BOB):
            await program.manage("user", "add", user, "--password-stdin", typed=PASSWORD)
        flood = asyncio.create_task(_flood(program, wrong)) if wrong else None
        await asyncio.sleep(BEFORE_S)
        took = []
        for _ in range(runs):
            began = time.perf_counter()
            status = await _sign_in(http, program, ALICE, PASSWORD, HOME)
            took.append(time.perf_counter() - began if status == 200 else float("inf"))
            http.cookie_jar.clear()
        if flood:
            flood.cancel()
            await asyncio.gather(flood, return_exceptions=True)
    return Sample(tuple(took))


async def _flood(program: Application, wrong: Callable[[int], Wrong]) -> None:
    numbers, connector = count(), aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http, asyncio.TaskGroup() as tasks:
        while True:
            name, address = wrong(next(numbers))
            tasks.create_task(_sign_in(http, program, name, "wrong", address))
            await asyncio.sleep(1 / PER_S)


async def _sign_in(
    http: aiohttp.ClientSession, program: Application, name: str, password: str, address: str
) -> int:
    given = {"username": name, "password": password}
    headers = {"X-Forwarded-For": address}
    async with http.post(f"{program.url}/login", data=given, headers=headers) as reply:
        return reply.status


async def _reach(place: Path, runs: int) -> Sample:
    """Return how long after a logout an open page at the other replica was disconnected."""
    with running_postgres() as server, server.database("logins") as name:
        settings = {
            "DATABASE_URL": server.url(name),
            "CHAINLIT_AUTH_SECRET": secrets.token_urlsafe(48),
        }
        async with (
            _running(place, "one", **settings) as one,
            _running(place, "other", **settings) as other,
        ):
            await one.manage("user", "add", ALICE, "--password-stdin", typed=PASSWORD)
            return Sample(tuple([await _one_logout(one, other) for _ in range(runs)]))


async def _one_logout(one: Application, other: Application) -> float:
    cookie = await signed_in(one, ALICE, PASSWORD)
    async with socket_page(other, cookie) as page, aiohttp.ClientSession() as http:
        await page.barrier()
        began = time.perf_counter()
        async with http.post(f"{one.url}/logout", headers={"Cookie": cookie}):
            pass
        await page.ended()
        return time.perf_counter() - began


def _part(waited: Mapping[str, Sample], reach: Sample) -> Part:
    runs = len(reach.seconds)
    part = Part(
        "Logins while others guess, and logouts elsewhere",
        f"{PER_S} wrong logins a second; after {BEFORE_S:.0f} s alice signs in {runs} times from "
        "her own address, from a browser that was never here. Then she signs out at one of two "
        "replicas, and an open page at the other is disconnected.",
    )
    table = Table(("wrong logins", "median", "longest"))
    for name, sample in waited.items():
        table.rows.append((name, duration(sample.median), duration(sample.longest)))
        part.within(f"the right login, wrong ones: {name}", sample.longest, GOAL_S)
    table.rows.append(("a logout elsewhere", duration(reach.median), duration(reach.longest)))
    part.within("a logout at the other replica", reach.longest, REACH_GOAL_S)
    part.tables.append(table)
    return part
