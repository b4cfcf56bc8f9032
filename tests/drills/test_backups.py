"""A backup that is made while people chat is put back elsewhere: nothing is lost."""

import asyncio
import copy
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from datalayer.stores.base import Store
from tests.drills.crowd.acting import Actor
from tests.drills.crowd.findings import findings_of, lost_files
from tests.drills.crowd.gathering import chatting, logins_of, signed_in_all
from tests.drills.crowd.model import running_model, settings_of
from tests.drills.crowd.person import Person, finished
from tests.drills.crowd.places import PLACES, Places
from tests.drills.talking import opened
from tests.support.builders import new_id
from tests.support.page.application import Application, clone
from tests.support.waiting import until

PEOPLE, PEOPLE_IN_SHORT = 20, 3
BACKUPS, BACKUPS_IN_SHORT = 10, 2
DELETES = 3  # conversations, before each backup, and during it
ANSWER_S, ANSWER_IN_SHORT_S = 2.0, 0.8
PAUSE_S = 0.3  # between two deletes
LOG_SHOWN = 20_000  # characters


class Leaver(Actor):
    """Somebody whose question always has a file, and whose conversation is deleted."""

    attaches = 1.0


@dataclass
class Known:
    """What was so when a backup began, and who deleted their conversation by then or meanwhile."""

    people: Sequence[Person]
    gone: Sequence[Leaver]
    going: Sequence[Leaver]


@asynccontextmanager
async def elsewhere(places: Places, folder: Path) -> AsyncIterator[Mapping[str, str]]:
    """Settings that name an empty database, and an empty storage of the same kind."""
    url = places.settings.get("STORAGE_URL", f"file:{folder / 'restored_files'}")
    files = {"STORAGE_URL": url.replace("?", f"-{new_id()}?")}
    if places.server is None:
        yield {"DATABASE_URL": f"sqlite:///{folder / 'restored.db'}", **files}
        return
    with places.server.database(new_id()) as name:
        yield {"DATABASE_URL": places.server.url(name), **files}


def as_of_now(people: Sequence[Person]) -> list[Person]:
    """People with what was answered to them so far, and no page."""
    found = []
    for person in people:
        known = copy.copy(person)
        known.asked = [replace(asked) for asked in person.asked if asked.is_done]
        known.client, known.news, known.session = None, asyncio.Event(), str(uuid.uuid4())
        found.append(known)
    return found


async def delete(leavers: Sequence[Leaver]) -> None:
    for leaver in leavers:
        await asyncio.sleep(PAUSE_S)
        await leaver.deletes()
        await leaver.goes()


async def back_up(
    program: Application, folder: Path, people: Sequence[Person], leavers: Sequence[Leaver]
) -> Known:
    """Make a backup after everybody has had an answer, while some delete their conversations."""
    for leaver in leavers:
        await leaver.asks()
    gone, going = leavers[:DELETES], leavers[DELETES:]
    await delete(gone)
    before = finished(people)
    await until(lambda: finished(people) >= before + len(people), "answers", 120)
    known = Known(as_of_now(people), gone, going)
    await asyncio.gather(program.manage("backup", str(folder), "--keep", "1"), delete(going))
    assert len([*folder.glob("2*Z")]) == 1  # noqa: ASYNC240
    return known


async def restore_and_check(
    project: Path, settings: Mapping[str, str], folder: Path, known: Known, home: Path
) -> str:
    """Put a backup back, and compare what is there with what was known when it began."""
    restored = Application(project, home, settings)
    said = await restored.manage("restore", str(folder))
    assert "lack their file" not in said
    try:
        await restored.start()
        for person in (*known.people, *known.going):
            person.url = restored.url
        files = await lost_files(restored.url, known.people)
        await restored.stop()
        store = opened(settings["DATABASE_URL"])
        found = await findings_of(known.people, store)
        back = [it.name for it in known.gone if await store.get_thread(it.thread_id)]
        halves = [it.name for it in known.going if not await is_whole_or_gone(it, store)]
        await store.close()
    except BaseException as exc:
        exc.add_note(restored.log()[-LOG_SHOWN:])
        raise
    finally:
        await restored.kill()
    assert restored.complaints() == []
    assert [*found.wrong, *files.wrong, *back, *halves] == []
    assert not [*restored.data.rglob("dead_letters/*")]
    return f"{found}, {files}"


async def is_whole_or_gone(leaver: Leaver, store: Store) -> bool:
    """Whether a conversation that was deleted meanwhile is there with its file, or not at all."""
    thread = await store.get_thread(leaver.thread_id)
    return thread is None or (bool(thread.steps) and all(it.sha256 for it in thread.elements))


@pytest.mark.drill
@pytest.mark.server
@pytest.mark.timeout(2_400)
@pytest.mark.parametrize("kind", ["sqlite and a folder", "postgres and s3"])
async def test_a_backup_amid_chats_has_all_that_was_before_it(
    request: pytest.FixtureRequest,
    kind: str,
    full_count: bool,
    tmp_path: Path,
    report: Callable[[str], None],
) -> None:
    answer_s = ANSWER_S if full_count else ANSWER_IN_SHORT_S
    backups = BACKUPS if full_count else BACKUPS_IN_SHORT
    names = [f"person-{n}" for n in range(PEOPLE if full_count else PEOPLE_IN_SHORT)]
    leaving = [f"leaver-{n}" for n in range(2 * DELETES * backups)]
    clone(tmp_path / "project")
    said = ""
    async with PLACES[kind](request, tmp_path) as places, running_model(answer_s) as model:
        settings = {
            **places.settings,
            **settings_of(model),
            **logins_of([*names, *leaving], tmp_path),
        }
        program = Application(tmp_path / "project", tmp_path / "home", settings)
        try:
            await program.start()
            people = await signed_in_all(program, names, Person)
            leavers = await signed_in_all(program, leaving, Leaver)
            async with chatting(people):
                for number in range(backups):
                    some = leavers[2 * DELETES * number :][: 2 * DELETES]
                    known = await back_up(program, tmp_path / "backups", people, some)
                    if full_count or number == backups - 1:
                        async with elsewhere(places, tmp_path / f"{number}") as there:
                            said = await restore_and_check(
                                tmp_path / "project",
                                {**settings, **there},
                                tmp_path / "backups",
                                known,
                                tmp_path / f"restored-{number}",
                            )
        except BaseException as exc:
            exc.add_note(program.log()[-LOG_SHOWN:])
            raise
        finally:
            await program.kill()
    report(f"{kind}, {len(names)} people, {backups} backups; the last: {said}")
