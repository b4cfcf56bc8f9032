"""What keeping costs whoever waits for the first token: beside the program that keeps nothing.

That is the same program, whose store has all in its memory. All run at once, and are asked in turns
by one person each.
"""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from benchmarks.crowd import PASSWORD, Person, connected
from benchmarks.parts.people import OURS, prepare
from benchmarks.report import Part, Table, duration
from benchmarks.scripted_model import running_scripted_model
from benchmarks.timing import Sample
from tests.support.page.application import Application
from tests.support.servers.postgres import running_postgres
from tests.support.users_file import write_users_file

QUESTIONS = 40  # of each; the first tenth is not counted
WITHIN_S = 0.005
SQLITE, POSTGRESQL, MEMORY = "SQLite", "PostgreSQL", "nothing kept"
_NAME = "person-0"
_IN_MEMORY = """
from datalayer.stores import factory
from datalayer.stores.memory import MemoryStore, MemoryTables

_tables = MemoryTables()
factory.open_store = lambda *_given: MemoryStore(_tables)
"""


async def first_token(scale: float = 1.0) -> Part:
    """Measure first tokens with SQLite, with PostgreSQL and with nothing kept, in turns."""
    questions = max(10, round(QUESTIONS * min(1.0, scale)))
    async with AsyncExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await asyncio.to_thread(prepare, place, [_NAME])
        await asyncio.to_thread(_prepare_forgetful, place)
        server = await asyncio.to_thread(stack.enter_context, running_postgres(durable=True))
        model = await stack.enter_async_context(running_scripted_model())
        database = {"DATABASE_URL": server.url(stack.enter_context(server.database("first")))}
        people = {
            MEMORY: await stack.enter_async_context(_person(place, MEMORY, model)),
            SQLITE: await stack.enter_async_context(_person(place, SQLITE, model)),
            POSTGRESQL: await stack.enter_async_context(
                _person(place, POSTGRESQL, {**model, **database})
            ),
        }
        for number in range(questions):
            for name in list(people)[:: 1 if number % 2 else -1]:
                await people[name].ask()
    return _part({name: person.waited[questions // 10 :] for name, person in people.items()})


def _prepare_forgetful(place: Path) -> None:
    """Put beside the program one that keeps all in its memory."""
    shutil.copytree(place / OURS, place / MEMORY)
    app = place / MEMORY / "app.py"
    app.write_text(_IN_MEMORY + app.read_text())


@asynccontextmanager
async def _person(place: Path, name: str, settings: Mapping[str, str]) -> AsyncIterator[Person]:
    """Give somebody who is connected to a program of their own."""
    users = place / f"{name}.json"
    write_users_file(users, [_NAME], PASSWORD)
    ours = {
        "AUTH_MODE": "password",
        "USERS_FILE": str(users),
        "CHAINLIT_AUTH_SECRET": secrets.token_urlsafe(48),
    }
    project = place / (MEMORY if name == MEMORY else OURS)
    program = Application(project, place / f"home of {name}", {**settings, **ours})
    await program.start()
    try:
        async with connected(program.url, [_NAME]) as [person]:
            yield person
    finally:
        await program.kill()


def _part(waited: Mapping[str, Sequence[float]]) -> Part:
    part = Part(
        "First token, with and without keeping",
        f"One person asks each program {len(waited[MEMORY])} times, in turns. The one that keeps "
        "nothing is the same program with a store in its memory. PostgreSQL is as durable as in "
        "production.",
    )
    samples = {name: Sample(tuple(seconds)) for name, seconds in waited.items()}
    rows: list[Sequence[str]] = [
        (name, duration(it.median), duration(it.p95)) for name, it in samples.items()
    ]
    part.tables.append(Table(("", "first token", "p95"), rows))
    for name in (SQLITE, POSTGRESQL):
        more = samples[name].median - samples[MEMORY].median
        what = f"first token on {name}, later than with nothing kept"
        part.check(what, f"at most {duration(WITHIN_S)}", duration(more), more <= WITHIN_S)
    return part
