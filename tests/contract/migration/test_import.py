"""A database of Chainlit's official layer is imported, any number of times; nothing is lost."""

from datetime import UTC, datetime
from typing import Any

from chainlit.types import Feedback

from datalayer.migration.importing.report import ImportOutcome
from datalayer.records import Outcome
from datalayer.stores.base import Store
from datalayer.values import iso_time
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
from tests.support.imports import counts, imported
from tests.support.officials import Official, a_step, fill


async def test_everything_is_there_afterwards(official: Official, store: Store) -> None:
    mine = await fill(official, "one", "two", "three")
    [his] = await fill(official, "four", owner="bob")
    rows = official.dump()
    everything_there = {"users": 2, "threads": 4, "steps": 12, "elements": 12, "feedbacks": 4}

    plan = await imported(official, None)
    assert counts(plan, ImportOutcome.STORED) == everything_there
    report = await imported(official, store)
    assert (report.rows, counts(report, ImportOutcome.STORED)) == (
        everything_there,
        everything_there,
    )
    assert report.notes == plan.notes
    assert official.dump() == rows

    for talk in [*mine, his]:
        thread = await get_thread(store, talk.thread)
        assert thread.owner == ("bob" if talk is his else "alice")
        assert thread.name == talk.name
        assert thread.metadata == {"chat_profile": "scripted", "numbers": [1, 2.5, True]}
        assert list(thread.tags) == ["a", "b c"]
        assert [step.id for step in thread.steps] == [talk.question, talk.run, talk.answer]
        question, run, answer = thread.steps
        assert question.fields["type"] == "user_message"
        assert question.fields["output"] == f"Ask {talk.name} ü 世"
        assert question.fields["showInput"] is False
        assert question.fields["metadata"] == {"favorite": True}
        assert str(question.fields["createdAt"]).startswith("2025-03-01T10:")
        assert question.fields["start"] == question.fields["createdAt"]
        assert question.fields["end"] == question.fields["createdAt"]
        assert run.fields["showInput"] == "json"
        assert run.fields["name"] == "on_message"
        assert (answer.fields["parentId"], answer.fields["isError"]) == (talk.run, True)
        assert answer.fields["output"] == f"Answer of {talk.name}"
        assert answer.fields["metadata"] == {"k": [1]}
        assert run.feedback
        assert (run.feedback.value, run.feedback.comment) == (1, "good")
        assert run.feedback.extra == {"chainlitId": talk.feedback, "name": "user_feedback"}
        file, link, custom = thread.elements
        assert file.id == talk.element
        assert file.fields["objectKey"] == f"threads/{talk.thread}/files/{talk.element}"
        assert (official.files / str(file.fields["objectKey"])).read_bytes() == talk.content
        assert (file.fields["type"], file.fields["mime"]) == ("file", "text/plain")
        assert (file.fields["forId"], file.fields["display"]) == (talk.question, "inline")
        assert (link.fields["type"], link.fields["size"]) == ("image", "small")
        assert link.fields["url"] == "https://other.example/logo.png"
        assert link.fields["objectKey"] is None
        assert custom.fields["type"] == "custom"
        assert custom.fields["props"] == {"values": [1, 2]}
    user = await get_user(store)
    assert user.metadata == {"role": "admin"}
    assert await listed(store, search="ANSWER OF tw") == [mine[1].thread]
    assert await listed(store, feedback=1) == [talk.thread for talk in reversed(mine)]
    stars = await store.get_favorites(user.id)
    assert [star.id for star in stars] == [talk.question for talk in reversed(mine)]


async def test_running_it_again_changes_nothing(official: Official, store: Store) -> None:
    await fill(official, "one", "two")
    first = await imported(official, store)
    async with unchanged(store):
        again = await imported(official, store)
    assert counts(again, ImportOutcome.STORED) == {}
    assert counts(again, ImportOutcome.KNOWN) == counts(first, ImportOutcome.STORED)


async def test_what_was_changed_in_ours_stays(official: Official, store: Store) -> None:
    [talk, other] = await fill(official, "one", "two")
    await imported(official, store)
    await save(
        store,
        builders.thread(talk.thread, name="Mine", metadata={"chat_profile": "mine"}),
        builders.step(talk.thread, talk.answer, output="Mine"),
        builders.user(metadata={"role": "mine"}),
        SaveFeedback(step_id=talk.run, thread_id=talk.thread, value=0, revision=clock.next()),
        builders.element(talk.thread, talk.element, name="Mine"),
    )
    official.run(f"""
        UPDATE "Step" SET output = 'Theirs' WHERE id = '{talk.answer}';
        UPDATE "Feedback" SET comment = 'Theirs' WHERE "stepId" = '{talk.run}';
        UPDATE "Element" SET name = 'Theirs' WHERE id = '{talk.element}';
        UPDATE "Thread" SET name = 'Theirs', metadata = '{{"chat_profile": "theirs"}}',
            "updatedAt" = now() + interval '1 hour' WHERE id = '{talk.thread}';
    """)  # noqa: S608 - our own ids
    async with unchanged(store):
        report = await imported(official, store)
    assert counts(report, ImportOutcome.STORED) == {}
    found = await get_thread(store, talk.thread)
    assert (found.name, found.metadata["chat_profile"]) == ("Mine", "mine")
    assert found.metadata["numbers"] == [1, 2.5, True]
    assert found.steps[2].fields["output"] == "Mine"
    assert (await get_thread(store, other.thread)).name == "two"


async def test_what_was_changed_in_theirs_arrives(official: Official, store: Store) -> None:
    [talk, other] = await fill(official, "one", "two")
    await imported(official, store)
    early = await get_thread(store, talk.thread)
    async with official.layer() as layer:
        user = await layer.get_user("alice")
        create = undecorated(layer, "create_step")
        moment = {"createdAt": early.steps[2].fields["createdAt"], "parentId": talk.run}
        await create(a_step(talk.answer, talk.thread, "assistant_message", "Whole", **moment))
        added = a_step(new_id(), talk.thread, "user_message", "And?", createdAt=now_of_chainlit())
        await create(added)
        assert user
        await layer.update_thread(talk.thread, name="Renamed", user_id=user.id)
        said = Feedback(forId=talk.run, value=0, comment="no more", id=talk.feedback)
        await layer.upsert_feedback(said)
    arrived = await imported(official, store)
    assert counts(arrived, ImportOutcome.STORED) == {"threads": 1, "steps": 2, "feedbacks": 1}
    await save(store, builders.thread(other.thread, name="Mine"))
    for name in ("Renamed twice", "Renamed again"):
        assert await stored_again(official, store) == {}
        official.run(f"""UPDATE "Thread" SET name = '{name}' WHERE name LIKE 'Renamed%'""")  # noqa: S608
        assert await stored_again(official, store) == {"threads": 1}
    found = await get_thread(store, talk.thread)
    assert found.name == "Renamed again"
    assert found.steps[1].feedback
    assert (found.steps[1].feedback.value, found.steps[1].feedback.comment) == (0, "no more")
    assert [step.fields["output"] for step in found.steps] == ["Ask one ü 世", "", "Whole", "And?"]
    assert found.steps[2].fields["createdAt"] == early.steps[2].fields["createdAt"]
    assert found.updated_at == added["createdAt"]
    assert await listed(store) == [talk.thread, other.thread]
    assert await listed(store, search="whole") == [talk.thread]


async def stored_again(official: Official, store: Store) -> dict[str, int]:
    return counts(await imported(official, store), ImportOutcome.STORED)


def now_of_chainlit() -> str:
    moment = datetime.now(UTC)
    return iso_time(moment.replace(microsecond=moment.microsecond // 1000 * 1000))


async def test_what_was_deleted_in_ours_stays_deleted(official: Official, store: Store) -> None:
    first, second, third = await fill(official, "one", "two", "three")
    await fill(official, "four", owner="bob")
    await imported(official, store)
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
        report = await imported(official, store, left=left)
    assert left == []
    assert counts(report, ImportOutcome.STORED) == {}
    assert counts(report, ImportOutcome.GONE) == {
        "users": 1,
        "threads": 2,
        "steps": 3 + 2 + 3,
        "elements": 3 + 2 + 1 + 3,
        "feedbacks": 4,
    }
    assert any("they stay deleted" in line for line in report.lines())


async def test_what_theirs_has_deleted_after_an_import_is_named(
    official: Official, store: Store
) -> None:
    early, late, never = await fill(official, "early", "late", "never")
    more = await fill(official, *"abcd")
    official.run(f"""UPDATE "Thread" SET "deletedAt" = now() WHERE id = '{never.thread}'""")  # noqa: S608
    await imported(official, store)
    official.run(f"""UPDATE "Thread" SET "deletedAt" = now() WHERE id <> '{early.thread}'""")  # noqa: S608
    async with unchanged(store):
        report = await imported(official, store)
    assert counts(report, ImportOutcome.DELETED)["threads"] == 6
    said = {note.what: note.ids for note in report.notes if note.what.startswith("threads")}
    [still] = [what for what in said if "deleted in Chainlit, still in Keepchat" in what]
    [out] = [what for what in said if "they are not imported" in what]
    assert set(said[still]) == {talk.thread for talk in (late, *more)}
    assert list(said[out]) == [never.thread]
    assert len(await listed(store)) == 6


async def test_users_and_threads_that_are_there(official: Official, store: Store) -> None:
    [talk, taken] = await fill(official, "one", "two")
    await save(store, builders.user(metadata={"role": "ours"}))
    await save(store, builders.thread(taken.thread, owner="bob", name="Bob's"))
    ours = await get_user(store)
    left: list[tuple[str, Any]] = []
    report = await imported(official, store, left=left)
    assert ours.id != talk.user
    assert await get_user(store) == ours
    assert (await get_thread(store, talk.thread)).user_id == ours.id
    assert list((await get_thread(store, taken.thread)).steps) == []
    assert sorted(kind for kind, _ in left) == [
        *["elements"] * 3,
        "feedbacks",
        *["steps"] * 3,
        "threads",
    ]
    assert any("another thread or owner" in line for line in report.lines())


async def test_what_is_with_what_cannot_be_held_is_kept_with_it(
    official: Official, store: Store
) -> None:
    [talk] = await fill(official, "one")
    official.run(f"""
        INSERT INTO "Feedback" (id, "stepId", name, value, comment, "updatedAt")
            VALUES ('{new_id()}', '{talk.run}', 'n', 0, 'last', now());
    """)  # noqa: S608 - our own ids
    await save(store, builders.thread(talk.thread, owner="bob"))
    left: list[tuple[str, Any]] = []
    report = await imported(official, store, left=left)
    assert counts(report, ImportOutcome.MERGED) == {}
    assert counts(report, ImportOutcome.LEFT) == {
        "threads": 1,
        "steps": 3,
        "elements": 3,
        "feedbacks": 2,
    }
    kept = [row["comment"] for kind, row in left if kind == "feedbacks"]
    assert sorted(kept) == ["good", "last"]
    said = {note.what: note.count for note in report.notes}
    assert said["feedbacks: in a thread that cannot be held"] == 2
    assert said["steps: in a thread that cannot be held"] == 3
    assert [text for text in said if "another thread or owner" in text] == [
        "threads: the same id has another thread or owner in Keepchat; they are not imported"
    ]
