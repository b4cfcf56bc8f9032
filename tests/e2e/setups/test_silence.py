"""A database or a bucket that is away, or silent: whoever asks for it is told so in time."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from socketio.exceptions import ConnectionError as Refused

from tests.support.page.application import Application
from tests.support.page.doors import Doors
from tests.support.page.routes import ROUTES, filled, method_of
from tests.support.page.socket import socket_page
from tests.support.page.table import Table
from tests.support.page.world import PEOPLE, SECRET, SETTINGS, World, fill
from tests.support.servers.child import ChildServer
from tests.support.servers.dynamodb import running_dynamodb
from tests.support.servers.freezing import frozen
from tests.support.servers.model import ModelServer
from tests.support.servers.postgres import Postgres, running_postgres
from tests.support.servers.seaweedfs import KEY, running_seaweedfs
from tests.support.servers.seaweedfs import SECRET as S3_SECRET
from tests.support.waiting import PATIENCE_S, until

WITHIN_S = 8
NO_DOORS = Doors(frozenset(), frozenset(), {})
LOG_IN = {"username": "anna", "password": PEOPLE["anna"]}
# What was read before will do for these, and the journal accepts what they write.
GOES_ON = {
    "GET /user",
    "GET /project/settings",
    "PUT /feedback",
    "DELETE /feedback",
    "PUT /project/thread",
    "PUT /project/thread/share",
    "DELETE /project/thread",
    "PUT /keepchat/sidebar/threads/{thread_id}",
    "GET /keepchat/preferences",
    "PUT /keepchat/preferences",
    "PUT /keepchat/temporary/{session_id}",
    "DELETE /keepchat/temporary/{session_id}",
    "POST /project/action",
    "POST /project/file",
    "GET /project/file/{file_id}",
}
# Of these, those that write.
WRITES = [
    "PUT /feedback",
    "DELETE /feedback",
    "PUT /project/thread",
    "PUT /project/thread/share",
    "PUT /keepchat/sidebar/threads/{thread_id}",
    "PUT /keepchat/preferences",
]
OF_HEALTH = "/health/ready"  # says of each part how it is
LAST = ("DELETE /project/thread", "POST /logout")
# Those for which a bucket is asked, of what is in a conversation with one file.
OF_FILES = {
    "POST /keepchat/answers/{thread_id}",
    "GET /files/{thread_id}/{element_id}/{name:path}",
    "HEAD /files/{thread_id}/{element_id}/{name:path}",
}


@dataclass(frozen=True, slots=True)
class Backend:
    """A server of the test's own, and what leads a program to it."""

    server: ChildServer | Postgres
    settings: Mapping[str, str]


@contextmanager
def postgres() -> Iterator[Backend]:
    with running_postgres() as server:
        yield Backend(server, {"DATABASE_URL": server.url()})


@contextmanager
def dynamodb() -> Iterator[Backend]:
    with running_dynamodb() as server:
        yield Backend(server, Table(server, "keepchat").settings())


@contextmanager
def bucket() -> Iterator[Backend]:
    with running_seaweedfs() as server:
        access = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": S3_SECRET}
        yield Backend(server, {"STORAGE_URL": server.url("silence"), **access})


BACKENDS = {"postgres": postgres, "dynamodb": dynamodb, "bucket": bucket}


@asynccontextmanager
async def running(
    project: Path, home: Path, model: ModelServer, backend: Backend
) -> AsyncIterator[World]:
    """Run a program in which one person has a conversation."""
    limits = {"RESPONSE_TIMEOUT_S": str(WITHIN_S), "USER_MAX_EVENTS": "1000"}
    settings = {**model.settings, **SETTINGS, **limits, **backend.settings}
    app = Application(project, home, settings)
    world = World(app, NO_DOORS, app.database)
    try:
        await app.start()
        await world.add(anna=PEOPLE["anna"])
        world.ids |= await fill(world, "anna", SECRET)
        yield world
    finally:
        for client in world.clients.values():
            await client.aclose()
        await app.kill()


def needs_database(door: str) -> bool:
    """Tell whether a route has nothing to say without it; most have to know whose things are."""
    rule = ROUTES[door]
    return (rule.owned or rule.personal or door == "POST /login") and door not in GOES_ON


async def ask(world: World, door: str) -> httpx2.Response:
    """Go to a door as its owner, over a connection of its own."""
    rule, method = ROUTES[door], method_of(door)
    headers = {"Cookie": world.cookies["anna"]}
    async with httpx2.AsyncClient(base_url=world.app.url, headers=headers, timeout=60) as client:
        return await client.request(
            method,
            quote(filled(rule.path, world.ids), safe="/"),
            params=filled(dict(rule.query), world.ids),
            json=filled(rule.body, world.ids) if rule.body and door != "POST /login" else None,
            data=LOG_IN if door == "POST /login" else None,
            files=rule.files,
        )


def judge(door: str, reply: httpx2.Response, *, is_away: bool) -> None:
    """Fail unless a door says what it has to, in words."""
    about = (door, reply.status_code, reply.text[:200])
    assert (reply.status_code == 503) is is_away, about
    if is_away:
        assert int(reply.headers["Retry-After"]) > 0, about
        if method_of(door) != "HEAD":
            assert "Try again" in reply.json()["detail"], about
    else:
        assert reply.status_code in (*ROUTES[door].own, 200), about


async def ask_all(world: World, doors: Collection[str], away: Collection[str]) -> None:
    """Go to all these doors at once."""
    replies = await asyncio.gather(*(ask(world, door) for door in doors))
    for door, reply in zip(doors, replies, strict=True):
        judge(door, reply, is_away=door in away)


async def is_judged(world: World) -> None:
    """Fail unless a page that connects is let in or refused."""
    headers = [("Accept-Language", "zh-CN")]
    with suppress(Refused):
        async with socket_page(
            world.app, world.cookies["anna"], headers=headers, threadId=world.ids["thread"]
        ) as page:
            await until(lambda: page.heard, "anything at all")


async def is_back(world: World) -> None:
    """Wait until what was silent answers again."""
    thread = world.ids["thread"]
    await until(lambda: world.thread("anna", thread), "the database, which is back")


@pytest.mark.server
@pytest.mark.parametrize("kind", ["postgres", "dynamodb"])
async def test_without_its_database_every_route_answers_in_time(
    kind: str, project: Path, model: ModelServer, tmp_path: Path
) -> None:
    doors = [door for door in ROUTES if door not in LAST and OF_HEALTH not in door]
    away = {door for door in doors if needs_database(door)}
    with BACKENDS[kind]() as backend:
        async with running(project, tmp_path / "keepchat", model, backend) as world:
            with frozen(backend.server.pid):
                await ask_all(world, doors, away)
                await is_judged(world)
            await is_back(world)
            backend.server.stop()
            await ask_all(world, doors, away)
            await is_judged(world)
            for door in LAST:
                judge(door, await ask(world, door), is_away=False)


@pytest.mark.server
async def test_without_its_bucket_every_route_answers_in_time(
    project: Path, model: ModelServer, tmp_path: Path
) -> None:
    with bucket() as backend:
        async with running(project, tmp_path / "keepchat", model, backend) as world:
            left_out = (*LAST, "POST /login", "DELETE ")  # what ends something
            doors = [door for door in ROUTES if not door.startswith(left_out)]
            with frozen(backend.server.pid):
                await ask_all(world, doors, OF_FILES)
            judge(
                "GET /files/{thread_id}/{element_id}/{name:path}",
                await ask(world, "GET /files/{thread_id}/{element_id}/{name:path}"),
                is_away=False,
            )
            backend.server.stop()
            await ask_all(world, doors, OF_FILES)


@pytest.mark.server
async def test_with_neither_database_nor_journal_every_write_is_refused_in_time(
    project: Path, model: ModelServer, tmp_path: Path
) -> None:
    """And nobody is told that something is saved that is nowhere."""
    with postgres() as backend:
        async with running(project, tmp_path / "keepchat", model, backend) as world:
            backend.server.stop()
            shutil.rmtree(world.app.data / "journal")
            (world.app.data / "journal").write_text("a file")
            await ask_all(world, WRITES, WRITES)
            await ask_all(world, WRITES, WRITES)
            ready = (await ask(world, "GET /health/ready")).json()
            wrong = {name for name, it in ready["checks"].items() if it["status"] != "ok"}
            assert (ready["status"], wrong) == ("unready", {"database", "journal"})
            (world.app.data / "journal").unlink()
            await is_saved(world)
            await ask_all(world, WRITES, ())


async def is_saved(world: World) -> None:
    """Wait until what is written is accepted."""
    async with asyncio.timeout(PATIENCE_S):
        reply = await ask(world, "PUT /project/thread")
        while reply.status_code == 503:
            await asyncio.sleep(0.1)
            reply = await ask(world, "PUT /project/thread")
