"""Two replicas, of which one dies: its people go on at the other, and nothing is lost or back."""

import random
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.drills.crowd.acting import Actor
from tests.drills.crowd.faults import Scene, die
from tests.drills.crowd.findings import findings_of
from tests.drills.crowd.gathering import break_amid, chatting, judge, logins_of, signed_in_all
from tests.drills.crowd.model import running_model, settings_of
from tests.drills.crowd.person import Person
from tests.drills.crowd.places import Away, Places
from tests.drills.talking import opened
from tests.support.builders import new_id
from tests.support.journals import files
from tests.support.page.application import Application, clone
from tests.support.page.database import ServerDatabase
from tests.support.servers.balancer import running_balancer
from tests.support.servers.postgres import Postgres
from tests.support.servers.proxy import running_proxy
from tests.support.servers.replies import RepliesServer
from tests.support.waiting import until

PEOPLE, PEOPLE_IN_SHORT = 20, 4
DEATHS, DEATHS_IN_SHORT = 10, 1  # of each
STALE, STALE_IN_SHORT = 10, 2  # times that an old journal is found
ANSWER_S, ANSWER_IN_SHORT_S = 2.0, 0.8
ACTORS = ("edits", "renames", "judges", "asks")
LOG_SHOWN = 20_000  # characters


@dataclass
class Pair:
    """Two programs on one database; something stands before that of the first."""

    one: Application
    other: Application
    model: RepliesServer
    places: Places
    database: ServerDatabase


@asynccontextmanager
async def running_pair(
    postgres: Postgres, folder: Path, names: Sequence[str], answer_s: float
) -> AsyncIterator[Pair]:
    """Run both; each has a folder of its own for all but files."""
    clone(folder / "project")
    with postgres.database(new_id()) as name:
        async with running_proxy(postgres.port) as proxy, running_model(answer_s) as model:
            shared = {
                **settings_of(model),
                **logins_of(names, folder),
                "STORAGE_URL": f"file:{folder / 'files'}",
            }
            urls = {"one": postgres.url(name, port=proxy.port), "other": postgres.url(name)}
            one, other = (
                Application(folder / "project", folder / it, {**shared, "DATABASE_URL": url})
                for it, url in urls.items()
            )
            places = Places({}, postgres.url(name), Away(proxy), server=postgres, name=name)
            try:
                await one.start()
                await other.start()
                yield Pair(one, other, model, places, ServerDatabase(postgres, name))
            except BaseException as exc:
                for program in (one, other):
                    exc.add_note(program.log()[-LOG_SHOWN:])
                raise
            finally:
                await one.kill()
                await other.kill()


@pytest.mark.drill
@pytest.mark.timeout(1_800)
async def test_people_go_on_at_the_other_replica(
    postgres: Postgres, full_count: bool, tmp_path: Path, report: Callable[[str], None]
) -> None:
    answer_s = ANSWER_S if full_count else ANSWER_IN_SHORT_S
    names = [f"person-{n}" for n in range(PEOPLE if full_count else PEOPLE_IN_SHORT)]
    async with running_pair(postgres, tmp_path, names, answer_s) as pair:
        both = (pair.one, pair.other)
        with running_balancer([it.port for it in both], tmp_path) as nginx:
            people = await signed_in_all(pair.one, names, Person)
            for person in people:
                person.url = nginx.url
            chance, deaths = random.Random(1), DEATHS if full_count else DEATHS_IN_SHORT
            async with chatting(people):
                for program in both * deaths:
                    scene = Scene(program, pair.model, pair.places, people, chance, 0, answer_s)
                    await break_amid(scene, die)
        said = await judge(people, pair.places.url, *both)
    assert any(asked.broken_at for person in people for asked in person.asked)
    report(f"nginx, {len(names)} people: {said}; die {2 * deaths}")


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_an_old_journal_changes_nothing_that_is_newer(
    postgres: Postgres, full_count: bool, tmp_path: Path
) -> None:
    """First that of a program killed while its database was away; then the same once more."""
    rounds = STALE if full_count else STALE_IN_SHORT
    deleting = [f"deletes-{number}" for number in range(rounds)]
    names = [*ACTORS, *deleting]
    async with running_pair(postgres, tmp_path, names, ANSWER_IN_SHORT_S) as pair:
        people = {it.name: it for it in await signed_in_all(pair.one, names, Actor)}
        journal, kept = pair.one.data / "journal", tmp_path / "kept"
        for person in people.values():
            await person.asks()
        await pair.places.database.cut()
        for person in people.values():
            await person.asks()
        await people["renames"].renames("older")
        await people["judges"].judges(people["judges"].asked[0], 0)
        await pair.one.kill()
        shutil.copytree(journal, kept)
        await pair.places.database.come_back()
        for number, name in enumerate(deleting):
            await go_on(pair.other, people, people[name], number)
            await pair.one.start()
            await until(lambda: not files(journal), "what the journal has")
            await check(pair, people, deleting[: number + 1], number)
            await pair.one.kill()
            shutil.copytree(kept, journal, dirs_exist_ok=True)
        for person in people.values():
            await person.goes()
    assert not [it for one in (pair.one, pair.other) for it in one.data.rglob("dead_letters/*")]


async def go_on(
    replica: Application, people: Mapping[str, Actor], deleting: Actor, number: int
) -> None:
    """Let everybody do at a replica what is newer than what waits in a journal."""
    for person in people.values():
        await person.goes()
        person.url = replica.url
    await people["edits"].edits()
    await people["renames"].renames(f"newer {number}")
    await people["judges"].judges(people["judges"].asked[0], 1)
    await people["asks"].asks()
    await deleting.deletes()


async def check(
    pair: Pair, people: Mapping[str, Actor], deleted: Sequence[str], newest: int
) -> None:
    """Fail where something is lost, doubled, older than it was, or back."""
    gone = {name: people[name] for name in deleted}
    store = opened(pair.places.url)
    try:
        found = await findings_of([it for it in people.values() if it.name not in gone], store)
    finally:
        await store.close()
    assert found.wrong == []
    assert not any(any(pair.database.traces(it.thread_id).values()) for it in gone.values())
    assert pair.database.name(people["renames"].thread_id) == f"newer {newest}"
    values = pair.database.rows(
        'SELECT value FROM feedbacks WHERE "threadId" = ?', people["judges"].thread_id
    )
    assert values == [(1,)]
    edits = people["edits"]
    assert not {*edits.replaced} & {*await edits.looks()}
