"""Eight files that take for ever are on their way: how long a colleague waits for a small one."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import psutil

from benchmarks.crowd import PASSWORD
from benchmarks.report import Part, Table, duration
from benchmarks.scripted_model import running_scripted_model
from benchmarks.timing import Sample
from tests.support.page.application import Application, clone
from tests.support.page.samples import slow_pdf
from tests.support.page.socket import SocketPage, signed_in, socket_page
from tests.support.users_file import write_users_file
from tests.support.waiting import until

FILES = 8
RUNS = 5
COLLEAGUE = "ada"
GOAL_S = 3.0
QUESTION = "What is in it?"


async def hostile(scale: float = 1.0) -> Part:
    """Measure how late a small file is read beside those of one, and of as many as there are."""
    runs = max(2, round(RUNS * min(1.0, scale)))
    attackers = [f"eve-{number}" for number in range(FILES)]
    samples: dict[str, Sample] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        await asyncio.to_thread(clone, place / "project")
        write_users_file(place / "users.json", [COLLEAGUE, *attackers], PASSWORD)
        for who in ((), attackers[:1], attackers):
            waited = [await _one_run(place, f"{len(who)}-{run}", who) for run in range(runs)]
            samples[_named(len(who))] = Sample(tuple(waited))
    return _part(samples)


def _named(attackers: int) -> str:
    if not attackers:
        return "none on their way"
    return f"{FILES} of one" if attackers == 1 else f"{FILES} of {attackers}"


async def _one_run(place: Path, name: str, attackers: Sequence[str]) -> float:
    """Return the seconds from the colleague's question to the answer's first token."""
    async with running_scripted_model() as model:
        # Each database takes a file over for itself.
        users = shutil.copy(place / "users.json", place / f"{name}.json")
        settings = {**model, "AUTH_MODE": "password", "USERS_FILE": str(users)}
        program = Application(place / "project", place / name, settings)
        await program.start()
        try:
            async with AsyncExitStack() as stack:
                for number, attacker in enumerate(attackers):
                    files = range(number, FILES, len(attackers))
                    page, cookie = await _opened(stack, program, attacker)
                    await _ask(program, page, cookie, [slow_pdf(it) for it in files])
                page, cookie = await _opened(stack, program, COLLEAGUE)
                await until(lambda: _readers(program) >= min(2, len(attackers) * FILES), "them")
                return await _answered(page, await _ask(program, page, cookie, [b"hello"]))
        finally:
            await program.stop()


async def _opened(stack: AsyncExitStack, program: Application, name: str) -> tuple[SocketPage, str]:
    cookie = await signed_in(program, name, PASSWORD)
    return await stack.enter_async_context(socket_page(program, cookie)), cookie


async def _ask(
    program: Application, page: SocketPage, cookie: str, files: Sequence[bytes]
) -> float:
    """Ask about files, and return when that was."""
    url = f"{program.url}/project/file?session_id={page.session_id}"
    ids = []
    async with httpx2.AsyncClient(headers={"Cookie": cookie}) as http:
        for content in files:
            kind = ".pdf" if content.startswith(b"%PDF") else ".txt"
            reply = await http.post(url, files={"file": (f"a{kind}", content)})
            ids.append(str(reply.json()["id"]))
    asked_at = time.perf_counter()
    await page.ask(QUESTION, *ids)
    return asked_at


async def _answered(page: SocketPage, asked_at: float) -> float:
    """Return the seconds until an answer begins, to the next twentieth."""
    await until(lambda: page.all_heard("stream_start"), "the answer", 120)
    return time.perf_counter() - asked_at


def _readers(program: Application) -> int:
    """How many files are being read."""
    children = psutil.Process(program.pid).children(recursive=True)
    return sum("chat.attachments.reading" in child.cmdline() for child in children)


def _part(samples: dict[str, Sample]) -> Part:
    runs = len(next(iter(samples.values())).seconds)
    part = Part(
        "A colleague's file beside hostile ones",
        f"{FILES} PDF files of 2 kB that take for ever are being read, those of one user and those "
        f"of {FILES}; then a colleague asks about a text of 5 bytes. Seconds from the question to "
        f"the answer's first token, {runs} times each, each time on a program of its own.",
    )
    table = Table(("hostile files", "median", "longest"))
    for name, sample in samples.items():
        table.rows.append((name, duration(sample.median), duration(sample.longest)))
        part.within(f"a colleague's file, hostile ones: {name}", sample.longest, GOAL_S)
    part.tables.append(table)
    return part
