"""A program is killed amid saves and deletes: nothing is lost, half seen, or back."""

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from datalayer.stores.base import Store
from datalayer.stores.capabilities import Migrates
from datalayer.stores.dynamodb import maintenance
from datalayer.stores.dynamodb.maintenance import LOOK_AFTER
from datalayer.stores.dynamodb.sdk.address import TableAddress
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.writes import wall_clock
from tests.drills.listening import Talker
from tests.drills.talking import Told, items_of, opened
from tests.support.builders import keep_up, new_id
from tests.support.marks import on
from tests.support.servers.dynamodb import ACCESS, DynamoDB
from tests.support.servers.postgres import Postgres

KILLS, KILLS_IN_SHORT = 20, 3
MAINTENANCE = maintenance.logger.name
SECOND = 1_000_000  # microseconds
AMID = ("saved", "cutting", "dropping", "dropping")
A_WRITE_S = 0.03  # about as long as one takes: the kill comes at any moment of it


def sqlite(_request: pytest.FixtureRequest, folder: Path) -> AbstractContextManager[str]:
    return nullcontext(f"sqlite:///{folder / 'killed.db'}")


@contextmanager
def postgres(request: pytest.FixtureRequest, _folder: Path) -> Iterator[str]:
    server: Postgres = request.getfixturevalue("postgres")
    with server.database(new_id()) as name:
        yield server.url(name)


Address = Callable[[pytest.FixtureRequest, Path], AbstractContextManager[str]]
ADDRESSES: dict[str, Address] = {"sqlite": sqlite, "postgres": postgres}


@pytest.fixture(params=on(*ADDRESSES))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The DATABASE_URL of a database with nothing in it."""
    with ADDRESSES[request.param](request, tmp_path) as found:
        yield found


async def run_and_kill(url: str, chance: random.Random, told: Told) -> None:
    """Let a program talk for a while, and kill it amid a save or a delete; take in what it says."""
    program = await Talker.start("talking", url, str(chance.random()))
    amid, heard, said = chance.choice(AMID), chance.randint(20, 100), ""
    while heard > 0 or said != amid or not told.dropped:
        words, heard = await program.hear(), heard - 1
        told.take(*words)
        said = words[0]
    async for words in program.kill(chance.uniform(0, A_WRITE_S)):
        told.take(*words)


async def kill_often(url: str, store: Store, kills: int) -> Told:
    """Migrate, let programs talk and be killed, and look after each; return what they told."""
    assert isinstance(store, Migrates)
    await store.migrate()
    told = Told()
    for seed in range(kills):
        await run_and_kill(url, random.Random(seed), told)
        await told.check(store)
    assert told.saved
    return told


@pytest.fixture
def kills(full_count: bool) -> int:
    """How often a program is killed."""
    return KILLS if full_count else KILLS_IN_SHORT


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_nothing_is_lost_half_seen_or_back(url: str, kills: int) -> None:
    store = opened(url)
    await kill_often(url, store, kills)
    await store.close()


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_nor_on_dynamodb_where_maintenance_completes_deletes(
    dynamodb: DynamoDB,
    kills: int,
    report: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with dynamodb.table() as name:
        client = Client(TableAddress.from_url(dynamodb.url(name)), ACCESS)
        store = DynamoStore(client, now=lambda: wall_clock() + LOOK_AFTER + SECOND)
        told = await kill_often(dynamodb.url(name), store, kills)
        with caplog.at_level(logging.INFO, MAINTENANCE):
            await keep_up(store)
        await told.check(store)
        assert list(items_of(dynamodb.items(name), told.dropped)) == []
        await store.close()
    found = [record.args for record in caplog.records if record.name == MAINTENANCE]
    left = sum(int(str(args[0])) for args in found if isinstance(args, tuple))
    report(
        f"{kills} kills, {len(told.dropped)} threads deleted: {len(found)} deletes had left "
        f"{left} items behind, which maintenance has removed."
    )
