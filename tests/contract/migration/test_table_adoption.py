"""A table of Chainlit's DynamoDB layer is adopted in place, and nothing in it is lost."""

import asyncio
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import manage
from bootstrap.stores import load_adopter
from datalayer.errors import SchemaMismatch
from datalayer.stores.dynamodb import schema
from datalayer.stores.factory import open_store
from datalayer.stores.memory import MemoryStore
from datalayer.stores.options import StoreOptions
from datalayer.values import derived_id
from tests.support import builders
from tests.support.builders import (
    everything,
    get_thread,
    get_user,
    listed,
    save,
)
from tests.support.dynamodb.adoptions import adopted, fill_oddly, opened
from tests.support.dynamodb.chainlits import ChainlitTable, fill
from tests.support.imports import imported
from tests.support.servers.dynamodb import ACCESS, DynamoDB

Capture = pytest.CaptureFixture[str]


async def test_everything_is_there_afterwards(chainlit_table: ChainlitTable) -> None:
    mine = await fill(chainlit_table, "one", "two", "three")
    [his] = await fill(chainlit_table, "four", owner="bob")
    items = chainlit_table.dump()
    async with opened(chainlit_table) as store:
        plan = await store.adopt(dry_run=True)
        assert chainlit_table.dump() == items
        report = await store.adopt()
        assert plan
        assert report == plan
        assert report.rows == {
            "users": 2,
            "threads": 4,
            "steps": 12,
            "elements": 4,
            "feedbacks": 4,
        }
        assert await store.adopt() is None
        assert not await store.needs_migration()
        await store.migrate()

        for talk in [*mine, his]:
            thread = await get_thread(store, talk.thread)
            assert (thread.name, thread.owner) == (talk.name, "bob" if talk is his else "alice")
            assert thread.metadata == {"chat_profile": "scripted", "numbers": [1, 2.5, None]}
            assert list(thread.tags) == ["a", "b c"]
            assert [step.id for step in thread.steps] == [talk.question, talk.run, talk.answer]
            question, run, answer = thread.steps
            assert question.fields["output"] == f"Ask {talk.name} ü 世"
            assert answer.fields["parentId"] == talk.run
            assert run.feedback
            assert (run.feedback.value, run.feedback.comment) == (1, "good")
            [file] = thread.elements
            assert file.fields["url"] is None
            key = str(file.fields["objectKey"])
            assert (chainlit_table.files / key).read_bytes() == talk.content
            assert thread.updated_at == answer.fields["createdAt"]
        user = await get_user(store)
        assert user.metadata == {"role": "admin"}
        assert await listed(store) == [talk.thread for talk in reversed(mine)]
        assert await listed(store, search="ANSWER OF tw") == [mine[1].thread]
        assert await listed(store, feedback=1) == [talk.thread for talk in reversed(mine)]
        assert await listed(store, feedback=0) == []
        stars = await store.get_favorites(user.id)
        assert [star.id for star in stars] == [talk.question for talk in reversed(mine)]
        await save(store, builders.step(mine[0].thread, output="And on it goes"))
        await save(store, builders.step(mine[1].thread, mine[1].answer, output="Changed"))
        assert (await listed(store))[:2] == [mine[1].thread, mine[0].thread]


async def test_an_import_and_an_adoption_come_to_the_same(chainlit_table: ChainlitTable) -> None:
    await fill_oddly(chainlit_table)
    into = MemoryStore()
    await imported(chainlit_table, into)
    report = await adopted(chainlit_table)
    async with opened(chainlit_table) as store:
        assert await everything(store) == await everything(into)
        slack = await get_thread(store, derived_id("thread", "C123.456"))
        assert (slack.owner, len(slack.steps), len(slack.elements)) == ("bob", 2, 1)
    said = "\n".join(report.lines())
    for part in (
        "Chainlit's own layer cannot read the table once it is adopted",
        "4 x rows that cannot be held are kept in the table, as items of LEFTOVER",
        "1 x items that Chainlit's layer did not make",
        "1 x users.team",
    ):
        assert part in said


async def test_what_cannot_be_held_is_kept_in_the_table(chainlit_table: ChainlitTable) -> None:
    await fill_oddly(chainlit_table)
    await adopted(chainlit_table)
    [note] = [it for it in chainlit_table.items() if not {"v", "revision"} & set(it)]
    assert note["text"]["S"] == "of another program"
    kinds = [item["kind"]["S"] for item in chainlit_table.items() if item["PK"]["S"] == "LEFTOVER"]
    assert sorted(kinds) == ["feedbacks", "feedbacks", "steps", "steps", "users"]


# Whose table it is


async def test_a_table_that_is_not_adopted_is_refused_with_the_remedy(
    chainlit_table: ChainlitTable,
) -> None:
    [talk] = await fill(chainlit_table, "one")
    items = chainlit_table.dump()
    async with opened(chainlit_table) as store:
        for refused in (store.migrate, store.needs_migration, partial(listed, store)):
            with pytest.raises(SchemaMismatch, match=r"python manage\.py migrate --adopt"):
                await refused()
        with pytest.raises(SchemaMismatch):
            await save(store, builders.step(talk.thread))
        assert (await store.describe()).is_there
    assert chainlit_table.dump() == items


async def test_the_start_adopts_where_it_is_told_to(
    chainlit_table: ChainlitTable, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "keepchat.dynamodb")
    talks = await fill(chainlit_table, "one", "two")
    async with opened(chainlit_table, adopts=True, migrates=True) as store:
        assert await listed(store) == [talk.thread for talk in reversed(talks)]
    assert "The table of Chainlit's layer is adopted." in caplog.text
    async with opened(chainlit_table) as store:
        assert len(await listed(store)) == 2


async def test_what_is_empty_or_not_there_is_no_table_to_adopt(dynamodb: DynamoDB) -> None:
    adopter = partial(load_adopter, "dynamodb:")
    with dynamodb.table() as name:
        options = StoreOptions(aws=ACCESS, load_adopter=adopter)
        store: Any = open_store(dynamodb.url(name), Path(), options)
        assert await store.adopt(dry_run=True) is None
        assert await store.needs_migration()
        await store.migrate()
        assert await store.adopt() is None
        assert not await store.needs_migration()
        await store.close()


async def test_a_table_of_a_newer_version_is_left_alone(chainlit_table: ChainlitTable) -> None:
    chainlit_table.put("KEEPCHAT", "SCHEMA", version=Decimal(99), v="nonce")
    async with opened(chainlit_table) as store:
        for refused in (store.migrate, store.needs_migration, store.adopt, partial(listed, store)):
            with pytest.raises(SchemaMismatch, match="newer version"):
                await refused()


async def test_a_table_of_an_older_version_is_brought_to_this_one(
    chainlit_table: ChainlitTable,
) -> None:
    chainlit_table.put("KEEPCHAT", "SCHEMA", version=Decimal(1), v="nonce")
    async with opened(chainlit_table) as store:
        assert await store.needs_migration()
        with pytest.raises(SchemaMismatch, match=r"manage\.py migrate"):
            await listed(store)
    async with opened(chainlit_table, migrates=True) as store:
        assert await store.get_user(builders.ALICE) is None
        assert not await store.needs_migration()
    [noted] = chainlit_table.items()
    assert noted["version"] == {"N": str(schema.VERSION)}


async def test_local_times_are_read_in_the_zone_that_is_given(
    chainlit_table: ChainlitTable,
) -> None:
    chainlit_table.put("USER#alice", "USER", metadata={}, createdAt="2024-07-01T12:00:00.000001Z")
    await adopted(chainlit_table, ZoneInfo("Europe/Berlin"))
    async with opened(chainlit_table) as store:
        assert (await get_user(store)).created_at == "2024-07-01T10:00:00.000001Z"


# The command


def run(monkeypatch: pytest.MonkeyPatch, theirs: ChainlitTable, *arguments: str) -> object:
    """The exit code of the command, or what it says instead."""
    monkeypatch.setenv("DATABASE_URL", theirs.url)
    monkeypatch.setenv("DATA_DIR", str(theirs.files.parent / "data"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS.access_key_id or "")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ACCESS.secret_access_key or "")
    with pytest.raises(SystemExit) as ended:
        manage.main(["migrate", *arguments])
    return ended.value.code


@pytest.mark.usefixtures("no_aws")
def test_the_plan_is_printed_and_then_what_was_done(
    chainlit_table: ChainlitTable, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    asyncio.run(fill(chainlit_table, "one", "two"))
    items = chainlit_table.dump()
    assert "migrate --adopt" in str(run(monkeypatch, chainlit_table, "--check"))
    assert "migrate --adopt" in str(run(monkeypatch, chainlit_table))
    assert run(monkeypatch, chainlit_table, "--adopt", "--dry-run") == 0
    plan = capsys.readouterr().out
    assert "a table of Chainlit's DynamoDB layer: 1 users, 2 threads, 6 steps" in plan
    assert "- Chainlit's own layer cannot read the table once it is adopted" in plan
    assert plan.endswith("Nothing was changed.\n")
    assert "with its own tools" in str(
        run(monkeypatch, chainlit_table, "--adopt", "--backup-first")
    )
    assert chainlit_table.dump() == items

    capsys.readouterr()
    assert run(monkeypatch, chainlit_table, "--adopt") == 0
    said = capsys.readouterr().out
    assert said.index("The plan:") < said.index("Done:")
    assert run(monkeypatch, chainlit_table, "--check") == 0
    assert run(monkeypatch, chainlit_table, "--adopt") == 0
    assert "There is nothing to adopt" in capsys.readouterr().out
