"""What the import of a table survives, and how it is asked for."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import manage
from datalayer.errors import SourceUnusable
from datalayer.migration.dynamodb.importer import Import
from datalayer.migration.dynamodb.rows import Clock
from datalayer.migration.dynamodb.source import ChainlitTable as Source
from datalayer.migration.dynamodb.source import SourceClient
from datalayer.migration.importing.importer import Importer
from datalayer.migration.importing.report import ImportOutcome, ImportReport
from datalayer.migration.importing.target import open_target
from datalayer.stores.dynamodb.sdk.address import TableAddress
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.memory import MemoryStore
from tests.support.builders import clock, everything, new_id
from tests.support.dynamodb.chainlits import ChainlitTable, fill
from tests.support.dynamodb.faults import Faults
from tests.support.imports import counts, ignore, imported
from tests.support.servers.dynamodb import ACCESS, REGION, DynamoDB

OFTEN = {"throttled": 0.1, "failed": 0.1, "lost": 0.1, "short": 0.8}
Capture = pytest.CaptureFixture[str]


@asynccontextmanager
async def client_with(theirs: ChainlitTable, faults: Faults) -> AsyncIterator[Client]:
    client = SourceClient(TableAddress.from_url(theirs.url), ACCESS)
    faults.install(client)
    yield client
    await client.close()


async def imported_with(theirs: ChainlitTable, store: MemoryStore, faults: Faults) -> ImportReport:
    """Import while requests for the source go wrong."""
    async with client_with(theirs, faults) as client, open_target(store) as target:
        importer = Importer(target, ignore, ignore)
        importing = Import(Source(client), importer, Clock(None, clock.next()))
        await importing.run()
        return importing.report(dry_run=False)


@pytest.mark.parametrize("seed", range(5))
async def test_what_goes_wrong_in_reading_changes_nothing(
    chainlit_table: ChainlitTable, dynamodb: DynamoDB, seed: int
) -> None:
    await fill(chainlit_table, "one", "two", "three")
    await fill(chainlit_table, "four", owner="bob")
    whole, broken = MemoryStore(), MemoryStore()
    faults = Faults(dynamodb, seed, OFTEN)
    plain = await imported(chainlit_table, whole)
    report = await imported_with(chainlit_table, broken, faults)
    assert faults.met["short"]
    assert report == plain
    assert await everything(broken) == await everything(whole)


async def test_a_source_that_goes_away_is_said_and_can_be_tried_again(
    chainlit_table: ChainlitTable, dynamodb: DynamoDB
) -> None:
    await fill(chainlit_table, "one", "two")
    whole, broken = MemoryStore(), MemoryStore()
    await imported(chainlit_table, whole)
    faults = Faults(dynamodb, 0, {})
    for sends in range(4):
        faults.sends_left = sends
        with pytest.raises(SourceUnusable, match="not doubled when the import runs again"):
            await imported_with(chainlit_table, broken, faults)
    assert len([user async for user in broken.users()]) == 1
    faults.sends_left = 100
    report = await imported_with(chainlit_table, broken, faults)
    assert counts(report, ImportOutcome.KNOWN)["users"] == 1
    assert await everything(broken) == await everything(whole)


# The command


def run(monkeypatch: pytest.MonkeyPatch, place: Path, source: str, *arguments: str) -> object:
    """The exit code of the command, or what it says instead, with a database in a folder."""
    monkeypatch.setenv("DATA_DIR", str(place))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS.access_key_id or "")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ACCESS.secret_access_key or "")
    with pytest.raises(SystemExit) as ended:
        manage.main(["import", "--from", source, *arguments])
    return ended.value.code


@pytest.mark.usefixtures("no_aws")
def test_the_plan_changes_nothing_and_the_import_says_what_it_did(
    chainlit_table: ChainlitTable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    asyncio.run(fill(chainlit_table, "one"))
    chainlit_table.put(f"THREAD#{new_id()}", f"STEP#{new_id()}", feedback={"comment": "Löst"})
    items, place = chainlit_table.dump(), tmp_path / "data"
    assert run(monkeypatch, place, chainlit_table.url, "--dry-run") == 0
    plan = capsys.readouterr().out
    assert "DynamoDB layer: 1 users, 1 threads, 3 steps, 1 elements, 2 feedbacks." in plan
    assert "To be stored: 1 users, 1 threads, 3 steps, 1 elements, 1 feedbacks." in plan
    assert plan.endswith("Nothing was changed.\n")
    assert not place.exists()

    assert run(monkeypatch, place, chainlit_table.url) == 0
    said = capsys.readouterr().out
    assert "\nStored: 1 users, 1 threads, 3 steps, 1 elements, 1 feedbacks." in said
    [leftovers] = (place / "imports").iterdir()
    assert f"(1 rows) is kept in {leftovers}." in said
    [line] = leftovers.read_text(encoding="utf-8").splitlines()
    kept: Any = json.loads(line)
    assert (kept["kind"], kept["content"]["feedback"]["comment"]) == ("feedbacks", "Löst")
    assert run(monkeypatch, place, chainlit_table.url, "--assume-timezone", "Europe/Berlin") == 0
    assert "Known: 1 users, 1 threads, 3 steps" in capsys.readouterr().out
    assert chainlit_table.dump() == items


@pytest.mark.usefixtures("no_aws")
def test_what_goes_wrong_is_one_sentence(
    dynamodb: DynamoDB, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with dynamodb.table() as name:
        said = str(run(monkeypatch, tmp_path, dynamodb.url(name)))
    assert said.startswith(f"--from: There is no table {name}")
    assert str(run(monkeypatch, tmp_path, f"dynamodb://{name}?region={REGION}&x=y")) == (
        "--from: The option 'x' is not known; known are endpoint_url, pitr, region."
    )
