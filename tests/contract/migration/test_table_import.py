"""A table of Chainlit's DynamoDB layer is imported, any number of times; nothing is lost."""

import json
from typing import Any

from chainlit.types import Feedback

from datalayer.migration.importing.report import ImportOutcome
from datalayer.records import Outcome
from datalayer.stores.base import Store
from datalayer.writes import DeleteElement, DeleteFeedback, DeleteStep, DeleteThread, SaveFeedback
from tests.support import builders
from tests.support.builders import (
    clock,
    delete_user,
    get_thread,
    get_user,
    listed,
    new_id,
    outcomes,
    save,
    unchanged,
)
from tests.support.chainlits import undecorated
from tests.support.dynamodb.chainlits import ChainlitTable, fill
from tests.support.imports import counts, imported


async def test_everything_is_there_afterwards(chainlit_table: ChainlitTable, store: Store) -> None:
    mine = await fill(chainlit_table, "one", "two", "three")
    [his] = await fill(chainlit_table, "four", owner="bob")
    items = chainlit_table.dump()
    everything_there = {"users": 2, "threads": 4, "steps": 12, "elements": 4, "feedbacks": 4}

    plan = await imported(chainlit_table, None)
    assert counts(plan, ImportOutcome.STORED) == everything_there
    report = await imported(chainlit_table, store)
    assert report.rows == everything_there
    assert counts(report, ImportOutcome.STORED) == everything_there
    assert report.notes == plan.notes
    assert [note.what for note in report.notes if note.count] == [
        "elements: stored links give way to /files/...; the old ones go to `extra`"
    ]
    assert chainlit_table.dump() == items

    for talk in [*mine, his]:
        thread = await get_thread(store, talk.thread)
        assert thread.owner == ("bob" if talk is his else "alice")
        assert thread.name == talk.name
        assert thread.metadata == {"chat_profile": "scripted", "numbers": [1, 2.5, None]}
        assert list(thread.tags) == ["a", "b c"]
        assert [step.id for step in thread.steps] == [talk.question, talk.run, talk.answer]
        question, run, answer = thread.steps
        assert thread.created_at == question.fields["createdAt"]
        assert thread.updated_at == answer.fields["createdAt"]
        assert str(question.fields["createdAt"]).startswith("2025-03-01T10:")
        assert question.fields["type"] == "user_message"
        assert question.fields["output"] == f"Ask {talk.name} ü 世"
        assert question.fields["showInput"] is False
        assert question.fields["metadata"] == {"favorite": True}
        assert (answer.fields["parentId"], answer.fields["metadata"]) == (talk.run, {"k": [1]})
        assert json.dumps(answer.fields["metadata"]) == '{"k": [1]}'
        assert answer.fields["output"] == f"Answer of {talk.name}"
        assert run.feedback
        assert (run.feedback.value, run.feedback.comment) == (1, "good")
        assert run.feedback.extra == {}
        [file] = thread.elements
        assert file.id == talk.element
        assert file.fields["objectKey"] == f"{talk.user}/{talk.thread}/{talk.element}"
        assert (chainlit_table.files / str(file.fields["objectKey"])).read_bytes() == talk.content
        assert (file.fields["url"], file.fields["forId"]) == (None, talk.question)
        assert (file.fields["mime"], file.fields["display"]) == ("text/plain", "inline")
    user = await get_user(store)
    assert user.metadata == {"role": "admin"}
    assert await listed(store, search="ANSWER OF tw") == [mine[1].thread]
    assert await listed(store, feedback=1) == [talk.thread for talk in reversed(mine)]
    stars = await store.get_favorites(user.id)
    assert [star.id for star in stars] == [talk.question for talk in reversed(mine)]


async def test_running_it_again_changes_nothing(
    chainlit_table: ChainlitTable, store: Store
) -> None:
    await fill(chainlit_table, "one", "two")
    first = await imported(chainlit_table, store)
    async with unchanged(store):
        again = await imported(chainlit_table, store)
    assert counts(again, ImportOutcome.STORED) == {}
    assert counts(again, ImportOutcome.KNOWN) == counts(first, ImportOutcome.STORED)


async def test_what_was_changed_in_ours_stays(chainlit_table: ChainlitTable, store: Store) -> None:
    [talk] = await fill(chainlit_table, "one")
    await imported(chainlit_table, store)
    await save(
        store,
        builders.thread(talk.thread, name="Mine", metadata={"chat_profile": "mine"}),
        builders.step(talk.thread, talk.answer, output="Mine"),
        builders.user(metadata={"role": "mine"}),
        SaveFeedback(step_id=talk.run, thread_id=talk.thread, value=0, revision=clock.next()),
        builders.element(talk.thread, talk.element, name="Mine"),
    )
    thread = f"THREAD#{talk.thread}"
    chainlit_table.change(thread, f"STEP#{talk.answer}", output="Theirs")
    chainlit_table.change(thread, f"ELEMENT#{talk.element}", name="Theirs")
    chainlit_table.change(thread, "THREAD", name="Theirs", metadata={"chat_profile": "theirs"})
    async with unchanged(store):
        report = await imported(chainlit_table, store)
    assert counts(report, ImportOutcome.STORED) == {}


async def test_what_was_changed_in_theirs_arrives(
    chainlit_table: ChainlitTable, store: Store
) -> None:
    [talk, other] = await fill(chainlit_table, "one", "two")
    await imported(chainlit_table, store)
    before = await get_thread(store, talk.thread)
    async with chainlit_table.layer() as layer:
        change = undecorated(layer, "update_step")
        said: Any = {"id": talk.answer, "threadId": talk.thread, "output": "Whole"}
        await change(said)
        await layer.update_thread(talk.thread, name="Renamed", user_id="alice")
        await layer.upsert_feedback(Feedback(forId=talk.run, threadId=talk.thread, value=0))
    report = await imported(chainlit_table, store)
    assert counts(report, ImportOutcome.STORED) == {"threads": 1, "steps": 1, "feedbacks": 1}
    found = await get_thread(store, talk.thread)
    assert found.name == "Renamed"
    assert found.metadata == before.metadata  # which their layer has wiped with the rename
    assert found.created_at == before.created_at
    assert [step.fields["output"] for step in found.steps] == ["Ask one ü 世", "", "Whole"]
    assert found.steps[1].feedback
    assert found.steps[1].feedback.value == 0
    assert await listed(store) == [other.thread, talk.thread]


async def test_what_was_deleted_in_ours_stays_deleted(
    chainlit_table: ChainlitTable, store: Store
) -> None:
    first, second, third = await fill(chainlit_table, "one", "two", "three")
    await fill(chainlit_table, "four", owner="bob")
    await imported(chainlit_table, store)
    run = (await get_thread(store, third.thread)).steps[1]
    assert run.feedback
    deleted = await outcomes(
        store,
        DeleteThread(id=first.thread, revision=clock.next()),
        DeleteStep(id=second.run, thread_id=second.thread, revision=clock.next()),
        DeleteElement(id=third.element, thread_id=third.thread, revision=clock.next()),
        DeleteFeedback(id=run.feedback.id, revision=clock.next()),
        delete_user("bob"),
    )
    assert deleted == [Outcome.APPLIED] * 5
    left: list[tuple[str, Any]] = []
    async with unchanged(store):
        report = await imported(chainlit_table, store, left=left)
    assert left == []
    assert counts(report, ImportOutcome.STORED) == {}
    assert counts(report, ImportOutcome.GONE) == {
        "users": 1,
        "threads": 2,
        "steps": 3 + 2 + 3,
        "elements": 1 + 1 + 1,
        "feedbacks": 4,
    }


async def test_what_belongs_to_others_in_ours_is_kept_apart(
    chainlit_table: ChainlitTable, store: Store
) -> None:
    [talk] = await fill(chainlit_table, "one")
    await save(store, builders.thread(talk.thread, owner="bob", name="Bob's"))
    left: list[tuple[str, Any]] = []
    report = await imported(chainlit_table, store, left=left)
    assert list((await get_thread(store, talk.thread)).steps) == []
    assert counts(report, ImportOutcome.LEFT) == {
        "threads": 1,
        "steps": 3,
        "elements": 1,
        "feedbacks": 1,
    }
    assert report.left == len(left)
    [step] = [row for kind, row in left if kind == "steps" and row["id"] == talk.run]
    assert step["feedback"]["comment"] == "good"


async def test_more_threads_and_steps_than_are_held_at_once(
    chainlit_table: ChainlitTable, store: Store
) -> None:
    await fill(chainlit_table, "one")
    for number in range(60):
        thread = new_id()
        chainlit_table.put(f"THREAD#{thread}", "THREAD", id=thread, userId="alice", name="n")
        for step in range(4):
            chainlit_table.put(
                f"THREAD#{thread}",
                f"STEP#{new_id()}",
                output=f"{number} {step}" + "x" * (150_000 if number == 7 else 0),
                createdAt="2025-04-01T00:00:00Z",
            )
    steps: list[int] = []
    report = await imported(chainlit_table, store, progress=lambda done, _: steps.append(done))
    assert counts(report, ImportOutcome.STORED) == report.rows
    assert report.rows == {
        "users": 1,
        "threads": 61,
        "steps": 3 + 4 * 60,
        "elements": 1,
        "feedbacks": 1,
    }
    assert steps[-1] == sum(report.rows.values())
    async with unchanged(store):
        await imported(chainlit_table, store)
