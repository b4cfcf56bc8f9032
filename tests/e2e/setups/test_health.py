"""What whoever watches over the program is told while all is well, and in several faults."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from tests.support.page.application import Application
from tests.support.page.socket import SocketPage, let_in, socket_page
from tests.support.servers import seaweedfs as s3
from tests.support.servers.model import KEY
from tests.support.servers.postgres import Postgres, running_postgres
from tests.support.servers.proxy import Proxy, running_proxy
from tests.support.servers.replies import RepliesServer, error, running_replies
from tests.support.servers.teller import Teller
from tests.support.waiting import PATIENCE_S

Values = dict[str, float]

INTERVAL_S = 0.05
EXPECTED = (
    "is not stored",
    "cannot be used",
    "Unable to get persisted_user",
    "In the background, create_element",
)
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
NOTES = b"some notes"

pytestmark = pytest.mark.server


class Watcher:
    """Asks the program how it is."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.seen: dict[str, set[tuple[tuple[str, float], ...]]] = defaultdict(set)
        """By metric: the samples that it was seen with."""

    async def metrics(self) -> Values:
        """Fetch the metrics: the sums over all labels, by sample."""
        reply = await self.client.get("/metrics")
        assert reply.status_code == 200, reply.text
        values: Values = defaultdict(float)
        for family in text_string_to_metric_families(reply.text):
            samples = [(f"{it.name}{sorted(it.labels.items())}", it.value) for it in family.samples]
            self.seen[family.name].add(tuple(samples))
            for sample in family.samples:
                values[sample.name] += sample.value
        return values

    async def until(self, holds: Callable[[Values], bool]) -> Values:
        """Fetch the metrics until something holds of them."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = await self.metrics()
                if holds(found):
                    return found
                await asyncio.sleep(INTERVAL_S)

    async def until_ready(self, status: int, word: str, *wrong: str) -> None:
        """Ask whether people can be sent there until it says so, and what is not ok."""
        async with asyncio.timeout(PATIENCE_S):
            while await self._ready() != (status, word, wrong):
                await self.metrics()
                await asyncio.sleep(INTERVAL_S)

    async def _ready(self) -> tuple[int, str, tuple[str, ...]]:
        reply = await self.client.get("/health/ready")
        told = reply.json()
        wrong = tuple(name for name, it in told["checks"].items() if it["status"] != "ok")
        return reply.status_code, told["status"], wrong

    async def is_alive(self) -> bool:
        """Ask whether it lives, as somebody whose login nobody can judge."""
        cookie = {"Cookie": "access_token=x"}
        return (await self.client.get("/health/live", headers=cookie)).status_code == 200


@dataclass
class World:
    """A program, all that it needs, and a page of it."""

    app: Application
    database: Postgres
    bucket: Proxy
    model: RepliesServer
    watcher: Watcher
    client: httpx2.AsyncClient
    page: SocketPage

    async def ask(self, text: str) -> None:
        """Ask something about a file."""
        reply = await self.client.post(
            "/project/file",
            params={"session_id": self.page.session_id},
            files={"file": ("notes.txt", NOTES, "text/plain")},
        )
        assert reply.status_code == 200, reply.text
        await self.page.ask(text, str(reply.json()["id"]))


@pytest.fixture
def database() -> Iterator[Postgres]:
    """A database that a test may stop."""
    with running_postgres() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def bucket(seaweedfs: s3.SeaweedFS) -> AsyncIterator[Proxy]:
    """A bucket that a test may cut off."""
    async with running_proxy(seaweedfs.port) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def model() -> AsyncIterator[RepliesServer]:
    """The model's server."""
    async with running_replies() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def app(
    project: Path, tmp_path: Path, model: RepliesServer, database: Postgres, bucket: Proxy
) -> AsyncIterator[Application]:
    """A program with all that."""
    settings = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{model.url}/v1",
        "OPENAI_MODEL": "scripted",
        "DATABASE_URL": database.url(),
        "STORAGE_URL": f"s3://{s3.BUCKET}/health?endpoint_url={bucket.url}",
        "AWS_ACCESS_KEY_ID": s3.KEY,
        "AWS_SECRET_ACCESS_KEY": s3.SECRET,
        "METRICS_ALLOW_IPS": "127.0.0.1",
    }
    application = Application(project, tmp_path / "keepchat", settings)
    try:
        await application.start()
        yield application
    finally:
        await application.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def world(
    app: Application, database: Postgres, bucket: Proxy, model: RepliesServer
) -> AsyncIterator[World]:
    """A page of it, and who watches over it."""
    cookie = await let_in(app)
    async with httpx2.AsyncClient(base_url=app.url) as client:
        watcher = Watcher(client)
        # Before anybody has come, but the loop was looked at.
        await watcher.until(lambda it: it["keepchat_event_loop_lag_seconds_count"] > 0)
        async with socket_page(app, cookie) as page:
            headers = {"Cookie": f"{cookie}; X-Chainlit-Session-id={page.session_id}"}
            async with httpx2.AsyncClient(base_url=app.url, headers=headers) as ours:
                yield World(app, database, bucket, model, watcher, ours, page)


async def test_no_metric_is_constant(world: World) -> None:
    for work in (
        answer,
        refuse_us,
        take_the_database_away,
        take_the_journal_away,
        take_the_bucket_away,
        refuse_a_file,
    ):
        await work(world)
    constant = [name for name, seen in world.watcher.seen.items() if len(seen) < 2]
    assert constant == []
    for phrase in EXPECTED:
        world.app.expect_in_log(phrase)
    await world.app.stop()
    assert world.app.complaints() == []


async def test_a_program_that_ends_says_so_to_whoever_is_connected(world: World) -> None:
    """Nobody else can ask: it takes no new connections."""
    teller = Teller(world.model)
    await world.page.ask("Tell me a story")
    teller.tell()
    await world.watcher.until(lambda it: it["keepchat_first_token_seconds_count"] == 1)
    world.app.signal(signal.SIGTERM)
    await world.watcher.until_ready(503, "unready", "program")
    assert await world.watcher.is_alive()
    teller.tell_all()
    assert await world.app.ended() == 0


async def answer(world: World) -> None:
    """Look amid an answer, and after it."""
    teller = Teller(world.model, length=3)
    await world.ask("Tell me a story")
    teller.tell()
    amid = await world.watcher.until(lambda it: it["keepchat_first_token_seconds_count"] == 1)
    assert amid["keepchat_answers_running"] == 1
    assert amid["keepchat_pages_connected"] == amid["keepchat_sessions"] == 1
    teller.tell_all()
    await world.watcher.until(lambda it: it["keepchat_files_stored_total"] == 1)
    ended = await world.watcher.until(lambda it: it["keepchat_answers_running"] == 0)
    assert ended["keepchat_files_stored_bytes_total"] == len(NOTES)
    assert ended["keepchat_answers_total"] == 1
    assert ended["keepchat_tokens_total"] > 0
    assert ended["keepchat_writes_total"] >= ended["keepchat_batch_duration_seconds_count"] > 2
    assert ended["keepchat_short_cut_declined_total"] > 0  # the file's row


async def refuse_us(world: World) -> None:
    """Let the model do so."""
    world.model.choose = lambda _body: error(401, "Incorrect API key provided")
    await world.page.ask("Who is refused?")
    await world.watcher.until(lambda it: it["keepchat_errors_total"] == 1)
    await world.watcher.until(lambda it: it["keepchat_answers_total"] == 2)


async def take_the_database_away(world: World) -> None:
    """What is written is in the journal, and then in the database."""
    watcher = world.watcher
    await watcher.until_ready(200, "ready")
    world.database.stop()
    await world.page.ask("Who keeps this?")
    away = await watcher.until(lambda it: it["keepchat_journal_accepted_writes_total"] > 0)
    assert away["keepchat_journal_writes"] > 0
    assert away["keepchat_journal_bytes"] > 0
    await watcher.until(lambda it: it["keepchat_journal_oldest_seconds"] > 0)
    await watcher.until(lambda it: it["keepchat_batch_retries_total"] > 0)
    await watcher.until_ready(200, "degraded", "database")
    assert await watcher.is_alive()
    errors = (await watcher.metrics())["keepchat_errors_total"]
    asked = {"pagination": {"first": 20}, "filter": {}}
    assert (await world.client.post("/project/threads", json=asked)).status_code == 503
    assert (await watcher.metrics())["keepchat_errors_total"] == errors + 1
    world.database.start()
    back = await watcher.until(lambda it: it["keepchat_journal_writes"] == 0)
    assert back["keepchat_journal_oldest_seconds"] == 0
    await watcher.until_ready(200, "ready")


async def take_the_journal_away(world: World) -> None:
    """With the database: nobody can be sent here then."""
    watcher, data = world.watcher, world.app.data
    assert (await watcher.metrics())["keepchat_journal_usable"] == 1
    take_away(data / "journal")
    world.database.stop()
    await world.page.ask("Who keeps that?")
    await watcher.until(lambda it: it["keepchat_journal_usable"] == 0)
    await watcher.until_ready(503, "unready", "database", "journal")
    assert await watcher.is_alive()
    bring_back(data / "journal")
    await watcher.until(lambda it: it["keepchat_journal_usable"] == 1)
    await watcher.until_ready(200, "degraded", "database")
    world.database.start()
    await watcher.until(lambda it: it["keepchat_journal_writes"] == 0)
    await watcher.until_ready(200, "ready")
    (data / "dead_letters").mkdir()
    (data / "dead_letters" / "1795800634426339-1.json").write_text("{}")
    assert (await watcher.metrics())["keepchat_dead_letters"] == 1


def take_away(folder: Path) -> None:
    """Let there be something else in its place, where it cannot be made again."""
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("")


def bring_back(folder: Path) -> None:
    """Let it be there as it was."""
    folder.unlink()
    folder.with_name("elsewhere").rename(folder)


async def take_the_bucket_away(world: World) -> None:
    """What is sent waits in the spool."""
    await world.bucket.cut()
    await world.ask("What is in it?")
    spooled = await world.watcher.until(lambda it: it["keepchat_spool_files"] == 1)
    assert spooled["keepchat_file_failures_total"] > 0
    assert spooled["keepchat_spool_bytes"] == len(NOTES)
    await world.watcher.until(lambda it: it["keepchat_spool_oldest_seconds"] > 0)
    await world.watcher.until_ready(200, "degraded", "storage")


async def refuse_a_file(world: World) -> None:
    """Let the bucket refuse us where the spool cannot be used, and then take all."""
    data = world.app.data
    take_away(data / "spool")
    world.bucket.answers = [FORBIDDEN] * 100
    world.bucket.is_cut = False
    await world.ask("And in this?")
    lost = await world.watcher.until(lambda it: it["keepchat_files_lost_total"] == 1)
    assert lost["keepchat_spool_usable"] == 0
    bring_back(data / "spool")
    world.bucket.answers.clear()
    await world.watcher.until(lambda it: it["keepchat_spool_files"] == 0)
    await world.watcher.until_ready(200, "ready")
