"""Many people who ask at the same moment: the whole program beside a plain Chainlit app."""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import psutil

from benchmarks.crowd import PASSWORD, Person, connected
from benchmarks.layers import chainlit_layers
from benchmarks.report import Part, Table, duration
from benchmarks.scripted_model import INTERVAL_S, TOKENS, WHOLE_S, running_scripted_model
from benchmarks.timing import Sample
from tests.support.page.application import Application, clone
from tests.support.servers.postgres import Postgres, running_postgres
from tests.support.users_file import write_users_file

PLAIN_APP = Path(__file__).parent.parent / "plain_app.py"
COUNTS = (1, 20, 60, 120, 200)
ROUNDS = 3
QUESTIONS = 2  # of each person in a round, the first of which begins a conversation
SETTLE_S = 1.0  # what follows an answer is over by then
OURS, PLAIN, BARE = "Keepchat", "plain app, asyncpg layer", "plain app, no database"
PROGRAMS = (OURS, PLAIN, BARE)
FIRST_GOALS = {120: 0.75}
WHOLE_GOALS = {120: 1.5, 200: 2.0}


@dataclass(slots=True)
class Measured:
    """Of one program and number of people."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    processor_s: float = 0.0
    bytes_a_person: list[float] = field(default_factory=list)

    @property
    def processor_an_answer(self) -> float:
        return self.processor_s / len(self.first)


Results = Mapping[tuple[str, int], Measured]


async def people_at_once(scale: float = 1.0) -> Part:
    """Measure first tokens, whole answers, processor time and memory, in turns."""
    counts = [count for count in COUNTS if count <= COUNTS[-1] * scale] or [1]
    rounds = max(1, round(ROUNDS * min(1.0, scale)))
    results = {(name, count): Measured() for name in PROGRAMS for count in counts}
    async with AsyncExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        people = [f"person-{number}" for number in range(counts[-1])]
        await asyncio.to_thread(prepare, place, people)
        server = await asyncio.to_thread(stack.enter_context, running_postgres())
        model = await stack.enter_async_context(running_scripted_model())
        for number, (name, count) in enumerate(_turns(counts, rounds)):
            home = place / str(number)
            async with running(name, place, home, server, model) as program:
                await _measure(results[name, count], program, people[:count])
    return _part(results, counts, rounds)


def _turns(counts: Sequence[int], rounds: int) -> Iterator[tuple[str, int]]:
    for number in range(rounds):
        for count in counts:
            for name in PROGRAMS if number % 2 == 0 else PROGRAMS[::-1]:
                yield name, count


def prepare(place: Path, people: Sequence[str]) -> None:
    """Put into a folder the programs, and the accounts of people."""
    clone(place / OURS)
    write_users_file(place / "users.json", people, PASSWORD)
    for name in (PLAIN, BARE):
        (place / name).mkdir()
        shutil.copy(PLAIN_APP, place / name / "app.py")


@asynccontextmanager
async def running(
    name: str, place: Path, home: Path, server: Postgres, model: Mapping[str, str]
) -> AsyncIterator[Application]:
    """Run a program, prepared in `place`, on the database `crowd` with the name of its home."""
    with server.database(f"crowd{home.name}") as database:
        url = server.url(database)
        settings = {**model, "CHAINLIT_AUTH_SECRET": secrets.token_urlsafe(48)}
        if name == OURS:
            ours = {"AUTH_MODE": "password", "THREAD_TITLES": "on", "DATABASE_URL": url}
            # Each database takes a file over for itself.
            theirs = shutil.copy(place / "users.json", f"{home}.json")
            settings |= {**ours, "USERS_FILE": str(theirs)}
        elif name == PLAIN:
            await _make_tables(url)
            settings["DATABASE_URL"] = url
        program = Application(place / name, home, settings)
        await program.start()
        try:
            yield program
        finally:
            await program.kill()  # a plain app does not end while somebody is connected


async def _make_tables(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(chainlit_layers.asyncpg().schema)
    await connection.close()


async def _measure(measured: Measured, program: Application, names: Sequence[str]) -> None:
    processes = processes_of(program)
    before = _memory(processes)
    async with connected(program.url, names) as people:
        measured.bytes_a_person.append((_memory(processes) - before) / len(people))
        for _ in range(QUESTIONS):
            began = processor_s(processes)
            await ask_together(people)
            measured.processor_s += processor_s(processes) - began
    for person in people:
        measured.first += person.waited
        measured.whole += person.whole


async def ask_together(people: Sequence[Person]) -> None:
    """Have all ask at the same moment, and wait for what follows the answers."""
    await asyncio.gather(*(person.ask() for person in people))
    await asyncio.sleep(SETTLE_S)


def processes_of(program: Application) -> Sequence[psutil.Process]:
    """Return the processes of a program that runs."""
    first = psutil.Process(program.pid)
    return [first, *first.children(recursive=True)]


def processor_s(processes: Sequence[psutil.Process]) -> float:
    """Return the seconds of processor that processes have taken so far."""
    times = [process.cpu_times() for process in processes if process.is_running()]
    return sum(it.user + it.system for it in times)


def _memory(processes: Sequence[psutil.Process]) -> int:
    return sum(process.memory_info().rss for process in processes if process.is_running())


def _part(results: Results, counts: Sequence[int], rounds: int) -> Part:
    part = Part(
        "Many people at once",
        f"All ask at the same moment, {QUESTIONS} times in each of {rounds} rounds, the first time "
        f"in a new conversation. A model in a process of its own says {TOKENS} words, one each "
        f"{duration(INTERVAL_S)}: {duration(WHOLE_S)} by itself. Program, people, model and "
        "PostgreSQL share the machine; the programs take turns. Seconds of processor an answer are "
        "the program's, those of what follows the answer among them: the title, the search index.",
    )
    for count in counts:
        part.tables.append(_table(results, count))
    for count in counts:
        _judge(part, results, count)
    return part


def _table(results: Results, count: int) -> Table:
    table = Table(
        (f"{count} at once", "first token", "p95", "whole answer", "p95", "processor", "MiB each")
    )
    for name in PROGRAMS:
        measured = results[name, count]
        first, whole = Sample(tuple(measured.first)), Sample(tuple(measured.whole))
        times = map(duration, (first.median, first.p95, whole.median, whole.p95))
        memory = Sample(tuple(measured.bytes_a_person)).median / 2**20
        processor = duration(measured.processor_an_answer)
        table.rows.append((name, *times, processor, f"{memory:.2f}"))
    return table


def _judge(part: Part, results: Results, count: int) -> None:
    ours, plain = results[OURS, count], results[PLAIN, count]
    first = _median(ours.first) / _median(plain.first)
    goal = FIRST_GOALS.get(count, 1.0)
    part.at_most(f"first token of {count} at once, to the plain app's", first, goal)
    if goal_whole := WHOLE_GOALS.get(count):
        ratio = _median(plain.whole) / _median(ours.whole)
        part.at_least(f"whole answers of {count} at once, plain app to ours", ratio, goal_whole)
    processor = ours.processor_an_answer / plain.processor_an_answer
    part.at_most(f"processor an answer, {count} at once, to the plain app's", processor, 0.6)


def _median(seconds: Sequence[float]) -> float:
    return Sample(tuple(seconds)).median
