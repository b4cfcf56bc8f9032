"""What goes wrong while people chat."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from datalayer.records import Saving
from tests.drills.crowd.disk import fill_disk, make_room
from tests.drills.crowd.model import told
from tests.drills.crowd.person import Person, finished
from tests.drills.crowd.places import Away, Places
from tests.drills.crowd.refusing import asks_in_journal, dead_letters, refusing
from tests.support.journals import files
from tests.support.page.application import Application
from tests.support.servers.replies import Body, RepliesServer, Reply, delta, error, events
from tests.support.waiting import until

TENTH = 0.1
WITHIN_S = 90.0  # a journal is looked at each half minute


@dataclass
class Scene:
    """What there is to break, and how many seconds something is away and an answer takes."""

    program: Application
    model: RepliesServer
    places: Places
    people: Sequence[Person]
    chance: random.Random
    away_s: float
    answer_s: float


Fault = Callable[[Scene], Awaitable[None]]


async def kill(scene: Scene) -> None:
    """The program is killed, and started again."""
    await scene.program.kill()
    await scene.program.start()


async def die(scene: Scene) -> None:
    """One of several programs is killed, and starts again when all have gone on at another."""
    await scene.program.kill()
    before = {person.name: finished([person]) for person in scene.people}
    went_on = lambda: all(finished([it]) > before[it.name] for it in scene.people)  # noqa: E731
    await until(went_on, "answers of the other", WITHIN_S)
    await scene.program.start()


async def terminate(scene: Scene) -> None:
    """The program is told to end in the middle of answers, and started again."""
    await scene.program.restart()


async def _without(scene: Scene, what: Away) -> None:
    await asyncio.sleep(scene.away_s)
    await what.come_back()


async def database_away(scene: Scene) -> None:
    """The database refuses everybody for a while."""
    await scene.places.database.cut()
    await _without(scene, scene.places.database)


async def server_stopped(scene: Scene) -> None:
    """The database's server is stopped for a while, and started again."""
    if server := scene.places.server:
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(scene.away_s)
        await asyncio.to_thread(server.start)


async def server_crashes(scene: Scene) -> None:
    """The database's server ends without a word, and recovers."""
    if server := scene.places.server:
        await asyncio.to_thread(server.crash)
        await asyncio.to_thread(server.start)


async def database_silent(scene: Scene) -> None:
    """The database takes what is said, and answers nothing."""
    scene.places.database.silence()
    await _without(scene, scene.places.database)


async def connections_cut(scene: Scene) -> None:
    """The connections to the database are cut, whatever they are doing, several times."""
    for _ in range(5):
        await scene.places.database.break_connections()
        await asyncio.sleep(scene.chance.uniform(0, 1))


async def connections_reset(scene: Scene) -> None:
    """Of what is said to database and storage a tenth is lost, with the connection."""
    for what in (scene.places.database, scene.places.bucket):
        what.lose(TENTH, scene.chance)
    await asyncio.sleep(scene.away_s)
    for what in (scene.places.database, scene.places.bucket):
        await what.come_back()


async def uploads_cut(scene: Scene) -> None:
    """The storage of files cuts whatever is large."""
    scene.places.bucket.cut_uploads()
    await _without(scene, scene.places.bucket)


async def bucket_away(scene: Scene) -> None:
    """The storage of files refuses everybody."""
    await scene.places.bucket.cut()
    await _without(scene, scene.places.bucket)


async def bucket_silent(scene: Scene) -> None:
    """The storage of files answers nothing."""
    scene.places.bucket.silence()
    await _without(scene, scene.places.bucket)


async def bucket_fails(scene: Scene) -> None:
    """The storage of files answers 500, and then 503."""
    for status in (500, 503):
        await scene.places.bucket.fail(status)
        await asyncio.sleep(scene.away_s / 2)
    await scene.places.bucket.come_back()


async def killed_while_away(scene: Scene) -> None:
    """The program is killed while database and storage are away; it starts after they are back."""
    await _all_away(scene)
    await scene.program.kill()
    await _all_back(scene)
    await scene.program.start()


async def restarted_while_away(scene: Scene) -> None:
    """The program is killed while the database is away, and starts before that is back."""
    await scene.places.database.cut()
    await asyncio.sleep(scene.away_s)
    await scene.program.kill()
    starting = asyncio.create_task(scene.program.start())
    await _without(scene, scene.places.database)
    await starting


async def terminated_while_away(scene: Scene) -> None:
    """The program is told to end while database and storage are away."""
    await _all_away(scene)
    await scene.program.stop()
    await _all_back(scene)
    await scene.program.start()


async def _all_away(scene: Scene) -> None:
    await scene.places.database.cut()
    await scene.places.bucket.cut()
    await asyncio.sleep(scene.away_s)


async def _all_back(scene: Scene) -> None:
    await scene.places.database.come_back()
    await scene.places.bucket.come_back()


async def model_fails(scene: Scene) -> None:
    """The model is cut off, busy, broken and silent."""
    for reply in (_cut, _refusal(429), _refusal(500)):
        scene.model.choose = reply
        await asyncio.sleep(scene.away_s / 4)
    scene.model.choose, back = told, asyncio.Event()
    scene.model.before = lambda _body: _until(back)
    await asyncio.sleep(scene.away_s / 4)
    scene.model.before = lambda _body: asyncio.sleep(0)
    back.set()


async def _until(back: asyncio.Event) -> None:
    await back.wait()


def _cut(_body: Body) -> Reply:
    return Reply(events(delta(content="It ")).chunks[:1], is_cut=True)


def _refusal(status: int) -> Callable[[Body], Reply]:
    return lambda _body: error(status, "not now")


async def disk_full(scene: Scene) -> None:
    """The program's disk is full while the database is away, and then has room again."""
    fill_disk(scene.program)
    await scene.places.database.cut()
    await until(lambda: _are_told(scene, Saving.REFUSED), "people who are told", WITHIN_S)
    await asyncio.sleep(scene.away_s)
    answered = finished(scene.people)
    make_room(scene.program)
    await until(lambda: finished(scene.people) > answered, "an answer that is kept", WITHIN_S)
    await _without(scene, scene.places.database)


def _are_told(scene: Scene, saving: Saving) -> bool:
    return all(person.saving is saving for person in scene.people if person.is_open)


async def write_refused(scene: Scene) -> None:
    """The database refuses some of what an absence has left, until its operator mends that.

    What is refused at once its person is told, and it is nobody's to send again but theirs.
    """
    places, program, person = scene.places, scene.program, scene.people[0]
    name = person.name
    if not places.server:
        return
    journal = program.data / "journal"
    await until(lambda: not files(journal), "an end of the last absence", WITHIN_S)
    await places.database.cut()
    await until(lambda: asks_in_journal(program, name), "a question in the journal", WITHIN_S)
    async with refusing(places.server, places.name, name):
        await places.database.come_back()
        await until(lambda: dead_letters(program), "a dead letter", WITHIN_S)
        await until(lambda: not files(journal), "all else", WITHIN_S)
        await until(lambda: any(it.is_unsaved for it in person.asked), "a sentence", WITHIN_S)
    assert all(it.startswith(f"{name} ") for it in dead_letters(program)), "others' were refused"
    await program.manage("journal", "retry", "--all", "--yes")


EVERYWHERE: Mapping[str, Fault] = {it.__name__: it for it in (kill, terminate, model_fails)}
ON_POSTGRES: Mapping[str, Fault] = {
    it.__name__: it for it in (server_stopped, server_crashes, write_refused)
}
ON_SERVERS: Mapping[str, Fault] = {
    **EVERYWHERE,
    **{
        it.__name__: it
        for it in (
            *(database_away, database_silent, connections_cut, connections_reset),
            *(bucket_away, bucket_silent, bucket_fails, uploads_cut),
            *(killed_while_away, restarted_while_away, terminated_while_away, disk_full),
        )
    },
}
