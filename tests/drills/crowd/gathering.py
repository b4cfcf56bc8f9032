"""A crowd before a program: they come in, chat while something goes wrong, and are judged."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from tests.drills.crowd.faults import Fault, Scene
from tests.drills.crowd.findings import findings_of, lost_files
from tests.drills.crowd.person import Person, finished
from tests.drills.crowd.watcher import Watcher
from tests.drills.talking import opened
from tests.support.page.application import Application
from tests.support.page.socket import signed_in
from tests.support.users_file import write_users_file
from tests.support.waiting import until

WATCHED = 3  # people who have other pages, too
PAGES = 2  # that each of them has beside the one that asks
Anybody = TypeVar("Anybody", bound=Person)
PASSWORD = "correct horse battery"


def logins_of(names: Sequence[str], folder: Path) -> Mapping[str, str]:
    """The settings of a program, or several, that let these people in."""
    users = folder / "users.json"
    write_users_file(users, names, PASSWORD)
    secret = secrets.token_urlsafe(48)
    return {"AUTH_MODE": "password", "USERS_FILE": str(users), "CHAINLIT_AUTH_SECRET": secret}


async def signed_in_all(
    program: Application, names: Sequence[str], kind: type[Anybody]
) -> list[Anybody]:
    """Let everybody in."""
    return [
        kind(program.url, name, await signed_in(program, name, PASSWORD), seed)
        for seed, name in enumerate(names)
    ]


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


async def break_amid(scene: Scene, fault: Fault) -> None:
    """Let all get an answer, and something go wrong in the middle of another."""
    people = scene.people
    before = finished(people)
    await until(lambda: finished(people) >= before + len(people), "answers", 120)
    await asyncio.sleep(scene.chance.uniform(0, scene.answer_s))
    await fault(scene)


async def judge(people: Sequence[Person], url: str, *programs: Application) -> str:
    """Compare all that was shown with what is stored once the programs have ended in peace.

    The first of them, which starts once more, gives the files. `url` is the DATABASE_URL.
    """
    first, *others = programs
    for program in others:
        await program.stop()
    await first.restart()
    for person in people:
        person.url = first.url
    files = await lost_files(first.url, people)
    await first.stop()
    store = opened(url)
    try:
        found = await findings_of(people, store)
    finally:
        await store.close()
    assert not (wrong := [*found.wrong, *files.wrong]), wrong
    assert not [it for program in programs for it in program.data.rglob("dead_letters/*")]
    return f"{found}, {files}"
