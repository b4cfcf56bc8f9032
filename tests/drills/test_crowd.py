"""People chat and send files while all that a program needs goes away in turn: nothing is lost."""

import asyncio
import random
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.drills.crowd.faults import EVERYWHERE, ON_POSTGRES, ON_SERVERS, Fault, Scene
from tests.drills.crowd.findings import findings_of, lost_files
from tests.drills.crowd.model import running_model, settings_of
from tests.drills.crowd.person import Person, finished
from tests.drills.crowd.places import PLACES, Places
from tests.drills.crowd.watcher import Watcher
from tests.drills.talking import opened
from tests.support.page.application import Application, clone
from tests.support.page.socket import signed_in
from tests.support.users_file import write_users_file
from tests.support.waiting import until

PEOPLE, PEOPLE_IN_SHORT = 20, 4
WATCHED = 3  # people who have other pages, too
PAGES = 2  # that each of them has beside the one that asks
KILLS = 20
AWAY_S, AWAY_IN_SHORT_S = 30.0, 2.5
FAULTS = {**ON_SERVERS, **ON_POSTGRES}
ANSWER_S, ANSWER_IN_SHORT_S = 2.0, 0.8
LOG_SHOWN = 20_000  # characters
PASSWORD = "correct horse battery"


def faults_of(places: str, full_count: bool) -> list[str]:
    """The names of what goes wrong, in the order in which it does."""
    found = [*(EVERYWHERE if places.startswith("sqlite") else ON_SERVERS)]
    found += ON_POSTGRES if places.startswith("postgres") else ()
    return [*["kill"] * (KILLS - 1), *found] if full_count else found


@asynccontextmanager
async def chatting(people: Sequence[Person]) -> AsyncIterator[None]:
    """Let people chat meanwhile; afterwards each has ended what they began.

    The other pages then show all that was answered.
    """
    stop, leave = asyncio.Event(), asyncio.Event()
    watchers = [Watcher(person) for person in people[:WATCHED] for _ in range(PAGES)]
    async with asyncio.TaskGroup() as looking:
        for watcher in watchers:
            looking.create_task(watcher.watch(leave))
        try:
            async with asyncio.TaskGroup() as group:
                for person in people:
                    group.create_task(person.chat(stop))
                try:
                    yield
                finally:
                    stop.set()
            shown = lambda: not any(watcher.not_shown for watcher in watchers)  # noqa: E731
            await until(shown, "other pages that show what was answered")
        finally:
            leave.set()


@pytest.fixture(params=PLACES)
def kind(request: pytest.FixtureRequest) -> str:
    """What the program keeps things in."""
    return str(request.param)


@pytest.mark.drill
@pytest.mark.server
@pytest.mark.timeout(3_600)
async def test_nothing_that_was_shown_is_lost(
    request: pytest.FixtureRequest,
    kind: str,
    full_count: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer_s = ANSWER_S if full_count else ANSWER_IN_SHORT_S
    names = [f"person-{n}" for n in range(PEOPLE if full_count else PEOPLE_IN_SHORT)]
    clone(tmp_path / "project")
    write_users_file(tmp_path / "users.json", names, PASSWORD)
    async with PLACES[kind](request, tmp_path) as places, running_model(answer_s) as model:
        settings = {
            **places.settings,
            **settings_of(model),
            "AUTH_MODE": "password",
            "USERS_FILE": str(tmp_path / "users.json"),
            "CHAINLIT_AUTH_SECRET": secrets.token_urlsafe(48),
        }
        program = Application(tmp_path / "project", tmp_path / "home", settings)
        await program.start()
        try:
            people = await signed_in_all(program, names)
            away_s = AWAY_S if full_count else AWAY_IN_SHORT_S
            scene = Scene(program, model, places, random.Random(1), away_s, answer_s)
            faults = faults_of(kind, full_count)
            async with chatting(people):
                for name in faults:
                    await break_amid(people, scene, FAULTS[name])
            said = await judge(people, places, program)
        except BaseException as exc:
            exc.add_note(program.log()[-LOG_SHOWN:])
            raise
        finally:
            await program.kill()
    with capsys.disabled():
        done = ", ".join(f"{name} {count}" for name, count in Counter(faults).items())
        sys.stdout.write(f"\n{kind}, {len(names)} people: {said}; {done}\n")


async def signed_in_all(program: Application, names: Sequence[str]) -> list[Person]:
    """Let everybody in."""
    return [
        Person(program.url, name, await signed_in(program, name, PASSWORD), seed)
        for seed, name in enumerate(names)
    ]


async def break_amid(people: Sequence[Person], scene: Scene, fault: Fault) -> None:
    """Let all get an answer, and something go wrong in the middle of another."""
    before = finished(people)
    await until(lambda: finished(people) >= before + len(people), "answers", 120)
    await asyncio.sleep(scene.chance.uniform(0, scene.answer_s))
    await fault(scene)


async def judge(people: Sequence[Person], places: Places, program: Application) -> str:
    """Compare all that was shown with what is stored once the program has ended in peace."""
    await program.restart()
    files = await lost_files(program.url, people)
    await program.stop()
    store = opened(places.url)
    try:
        found = await findings_of(people, store)
    finally:
        await store.close()
    assert [*found.wrong, *files.wrong] == []
    assert not list(program.data.rglob("dead_letters/*"))
    return f"{found}, {files}"
