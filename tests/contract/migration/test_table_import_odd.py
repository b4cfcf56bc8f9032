"""Odd items of Chainlit's DynamoDB layer: what an import makes of them, and what it cannot read."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from chainlit.types import Feedback

from datalayer.errors import SourceUnusable
from datalayer.migration.dynamodb.importer import import_from
from datalayer.migration.importing.report import ImportOutcome
from datalayer.stores.base import Store
from datalayer.values import derived_id, iso_time
from tests.support import builders
from tests.support.builders import get_thread, get_user, listed, new_id, save, unchanged
from tests.support.chainlits import undecorated
from tests.support.dynamodb.chainlits import ChainlitTable, fill
from tests.support.imports import counts, ignore, imported
from tests.support.servers.dynamodb import ACCESS, DynamoDB
from tests.support.waiting import free_port

MOMENT = "2024-01-01T00:00:00.000001Z"


async def test_ids_that_are_no_uuids_become_some(
    chainlit_table: ChainlitTable, store: Store
) -> None:
    thread = "THREAD#C123.456"
    chainlit_table.put("USER#alice", "USER", id="user-1", identifier="alice", metadata={})
    chainlit_table.put(thread, "THREAD", id="C123.456", name="Slack", userId="user-1")
    chainlit_table.put(
        thread, "STEP#run-1", type="run", createdAt=MOMENT, feedback={"value": Decimal(0)}
    )
    chainlit_table.put(
        thread, "STEP#step-1", parentId="run-1", output="Hi", createdAt=iso_time(datetime.now(UTC))
    )
    chainlit_table.put(thread, "ELEMENT#element-1", forId="step-1", name="x", objectKey="a/b/c")
    report = await imported(chainlit_table, store)
    async with unchanged(store):
        await imported(chainlit_table, store)
    found = await get_thread(store, derived_id("thread", "C123.456"))
    assert (found.name, found.owner) == ("Slack", "alice")
    assert found.metadata == {"chainlitId": "C123.456"}
    run, answer = found.steps
    assert (run.id, run.fields["chainlitId"]) == (derived_id("step", "run-1"), "run-1")
    assert answer.fields["parentId"] == run.id
    assert run.feedback
    assert run.feedback.value == 0
    [element] = found.elements
    assert (element.fields["forId"], element.fields["objectKey"]) == (answer.id, "a/b/c")
    assert "threads: ids that are no UUIDs" in "\n".join(report.lines())


async def test_odd_items_are_kept_or_said(chainlit_table: ChainlitTable, store: Store) -> None:
    [talk] = await fill(chainlit_table, "one")
    nameless, orphaned, empty, lonely = (new_id() for _ in range(4))
    thread = f"THREAD#{talk.thread}"
    chainlit_table.change("USER#alice", "USER", team="blue")
    chainlit_table.change(thread, "THREAD", team="blue")
    chainlit_table.change(
        thread, f"STEP#{talk.answer}", cost=Decimal("2.5"), raw=b"\x00\xff", labels={"b", "a"}
    )
    chainlit_table.change(thread, f"ELEMENT#{talk.element}", objectKey=None, page=Decimal(3))
    chainlit_table.put(f"THREAD#{nameless}", "THREAD", id=nameless, createdAt=MOMENT)
    chainlit_table.put(f"THREAD#{nameless}", f"STEP#{lonely}", output="Undated")
    chainlit_table.put(f"THREAD#{orphaned}", f"STEP#{new_id()}", output="Kept", createdAt=MOMENT)
    chainlit_table.put(thread, f"STEP#{empty}")
    chainlit_table.put("INVOICE#1", "USER", total=Decimal(3))
    chainlit_table.put(thread, "NOTE#1", text="of another program")
    async with chainlit_table.layer() as layer:
        await layer.upsert_feedback(
            Feedback(forId=new_id(), threadId=talk.thread, value=1, comment="of no step")
        )
        with pytest.raises(KeyError, match="createdAt"):
            await layer.get_thread(talk.thread)
    left: list[tuple[str, Any]] = []
    plan = await imported(chainlit_table, None)
    report = await imported(chainlit_table, store, left=left)
    assert (report.outcomes, report.notes) == (plan.outcomes, plan.notes)
    async with unchanged(store):
        assert counts(await imported(chainlit_table, store), ImportOutcome.STORED) == {}
    assert counts(report, ImportOutcome.LEFT) == {"steps": 1, "feedbacks": 1}
    assert sorted(kind for kind, _ in left) == ["feedbacks", "steps"]
    [phantom] = [row for kind, row in left if kind == "feedbacks"]
    assert phantom["feedback"]["comment"] == "of no step"

    found = await get_thread(store, talk.thread)
    assert len(found.steps) == 3
    assert found.metadata["team"] == "blue"
    answer = found.steps[2].fields
    assert (answer["cost"], answer["raw"], answer["labels"]) == (2.5, "AP8=", ["a", "b"])
    [element] = found.elements
    assert element.fields["objectKey"] == f"alice/{talk.thread}/{talk.element}"
    assert (chainlit_table.files / str(element.fields["objectKey"])).exists()
    assert element.fields["page"] == 3
    assert (await get_user(store)).metadata == {"role": "admin"}
    found = await get_thread(store, nameless)
    assert (found.name, found.owner, found.created_at) == (None, None, MOMENT)
    [step] = found.steps
    assert (step.fields["output"], step.fields["createdAt"]) == ("Undated", MOMENT)
    found = await get_thread(store, orphaned)
    assert (found.owner, found.created_at) == (None, MOMENT)
    assert [step.fields["output"] for step in found.steps] == ["Kept"]
    assert await listed(store) == [talk.thread]
    said = "\n".join(report.lines())
    for part in (
        "1 x users.team: an attribute that Keepchat does not have is left out (alice)",
        "1 x threads.team: an attribute that Keepchat does not have goes to `metadata`",
        "1 x steps.cost",
        "1 x elements: without a file's key",
        "1 x steps: items without any content",
        "1 x feedbacks: of steps that do not exist",
        "1 x threads: without a name",
        "1 x threads: without a user",
        "1 x threads: named by rows below them only; they are made, without an owner",
        "2 x items that Chainlit's layer did not make",
        nameless,
        orphaned,
    ):
        assert part in said


async def test_a_thread_that_was_deleted_while_it_was_answered_is_no_ones(
    chainlit_table: ChainlitTable, store: Store
) -> None:
    [talk] = await fill(chainlit_table, "one")
    async with chainlit_table.layer() as layer:
        await layer.delete_thread(talk.thread)
        late: Any = {"id": talk.answer, "threadId": talk.thread, "output": "Late"}
        await undecorated(layer, "update_step")(late)
    await imported(chainlit_table, store)
    found = await get_thread(store, talk.thread)
    assert (found.owner, [step.fields["output"] for step in found.steps]) == (None, ["Late"])
    assert await listed(store) == []


async def test_a_feedback_without_a_value_is_left_and_its_step_is_not(
    chainlit_table: ChainlitTable, store: Store
) -> None:
    [talk] = await fill(chainlit_table, "one")
    thread = f"THREAD#{talk.thread}"
    chainlit_table.change(thread, f"STEP#{talk.run}", feedback={"value": "perhaps"})
    chainlit_table.change(thread, f"STEP#{talk.answer}", feedback="no map")
    left: list[tuple[str, Any]] = []
    report = await imported(chainlit_table, store, left=left)
    assert counts(report, ImportOutcome.LEFT) == {"feedbacks": 2}
    assert sorted(str(row.get("value") or row.get("feedback")) for _, row in left) == [
        "no map",
        "perhaps",
    ]
    assert len((await get_thread(store, talk.thread)).steps) == 3


async def test_local_times_are_read_in_the_zone_that_is_given(
    chainlit_table: ChainlitTable, store: Store
) -> None:
    [talk] = await fill(chainlit_table, "one")
    chainlit_table.change("USER#alice", "USER", createdAt="2024-07-01T12:00:00.000001Z")
    chainlit_table.change(
        f"THREAD#{talk.thread}", "THREAD", createdAt="2024-07-01T12:00:00.000001Z"
    )
    await imported(chainlit_table, store, ZoneInfo("Europe/Berlin"))
    assert (await get_user(store)).created_at == "2024-07-01T10:00:00.000001Z"
    found = await get_thread(store, talk.thread)
    assert found.created_at == "2024-07-01T10:00:00.000001Z"
    assert str(found.steps[0].fields["createdAt"]).startswith("2025-03-01T10:00")  # was UTC


async def test_no_time_ahead_of_the_clock_wins_over_later_changes(
    chainlit_table: ChainlitTable, store: Store
) -> None:
    [talk] = await fill(chainlit_table, "one")
    ahead = "2100-01-01T00:00:00Z"
    thread = f"THREAD#{talk.thread}"
    chainlit_table.change("USER#alice", "USER", createdAt=ahead)
    chainlit_table.change(thread, "THREAD", createdAt=ahead)
    for step in (talk.question, talk.run, talk.answer):
        chainlit_table.change(thread, f"STEP#{step}", createdAt=ahead)
    report = await imported(chainlit_table, store)
    await save(store, builders.thread(talk.thread, name="Later"))
    await save(store, builders.step(talk.thread, talk.answer, output="Later"))
    await save(store, builders.user(metadata={"role": "later"}))
    async with unchanged(store):
        assert counts(await imported(chainlit_table, store), ImportOutcome.STORED) == {}
    assert any("steps: times ahead of this computer's clock" in line for line in report.lines())


# What cannot be read


async def refused(url: str) -> str:
    with pytest.raises(SourceUnusable) as caught:
        await import_from(
            url, None, access=ACCESS, zone=UTC, now=1, keep_leftover=ignore, progress=ignore
        )
    return str(caught.value)


async def test_what_cannot_be_read_is_said(dynamodb: DynamoDB) -> None:
    with dynamodb.table() as name:
        assert "There is no table" in await refused(dynamodb.url(name))
        assert "check that" in await refused(dynamodb.url(name, port=free_port()))
        assert "The form is dynamodb://" in await refused("dynamodb://a/b")
        dynamodb.client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        said = await refused(dynamodb.url(name))
        assert "none of Chainlit's DynamoDB layer: its keys are not" in said
        assert "DATABASE_URL" not in said


async def test_a_table_of_ours_is_not_imported(chainlit_table: ChainlitTable) -> None:
    chainlit_table.put("THREAD#x", "THREAD", v="nonce")
    assert "there is nothing to import" in await refused(chainlit_table.url)


async def test_a_table_that_changes_meanwhile_is_noticed(
    chainlit_table: ChainlitTable, store: Store
) -> None:
    [talk] = await fill(chainlit_table, "one")

    def change(*_: object) -> None:
        chainlit_table.delete(f"THREAD#{talk.thread}", f"STEP#{talk.answer}")

    report = await imported(chainlit_table, store, progress=change)
    assert not any("changed while it was read" in line for line in report.lines())
    [talk] = await fill(chainlit_table, "two")
    chainlit_table.put("USER#bob", "USER", id="bob", identifier="bob", metadata={})

    def add(*_: object) -> None:
        chainlit_table.put("USER#carol", "USER", id="carol", identifier="carol", metadata={})

    report = await imported(chainlit_table, store, progress=add)
    assert any("changed while it was read" in line for line in report.lines())
