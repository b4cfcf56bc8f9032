"""A database of Chainlit's official layer is imported, any number of times; nothing is lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from datalayer.base import Store
from datalayer.errors import SourceUnusable
from datalayer.records import Outcome
from datalayer.sql.importing.importer import Progress, import_from
from datalayer.sql.importing.report import Fate, ImportReport
from datalayer.values import derived_id, iso_time
from datalayer.writes import DeleteElement, DeleteFeedback, DeleteStep, DeleteThread, SaveFeedback
from tests.contract import builders
from tests.contract.builders import (
    clock,
    delete_user,
    get_thread,
    get_user,
    listed,
    new_id,
    outcome,
    outcomes,
    save,
    unchanged,
)
from tests.contract.chainlits import ddl
from tests.contract.officials import Official, a_step, fill, undecorated
from tests.e2e.waiting import free_port
from tests.servers.postgres import Postgres


def ignore(*_: object) -> None:
    """Whoever asks nothing of what cannot be held, or of how far it is."""


async def imported(
    theirs: Official,
    store: Store | None,
    zone: tzinfo = UTC,
    *,
    left: list[tuple[str, Any]] | None = None,
    now: int | None = None,
    progress: Progress = ignore,
) -> ImportReport:
    return await import_from(
        theirs.url,
        store,
        zone=zone,
        now=now or clock.next(),
        keep_leftover=ignore if left is None else lambda *row: left.append(row),
        progress=progress,
    )


def fates(report: ImportReport, fate: Fate) -> dict[str, int]:
    return {kind: count for (kind, each), count in report.fates.items() if each is fate and count}


async def test_everything_is_there_afterwards(official: Official, store: Store) -> None:
    mine = await fill(official, "one", "two", "three")
    [his] = await fill(official, "four", owner="bob")
    rows = official.dump()
    everything_there = {"users": 2, "threads": 4, "steps": 12, "elements": 12, "feedbacks": 4}

    plan = await imported(official, None)
    assert fates(plan, Fate.STORED) == everything_there
    report = await imported(official, store)
    assert (report.rows, fates(report, Fate.STORED)) == (everything_there, everything_there)
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
    assert fates(again, Fate.STORED) == {}
    assert fates(again, Fate.KNOWN) == fates(first, Fate.STORED)


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
        UPDATE "Feedback" SET comment = 'Theirs';
        UPDATE "Element" SET name = 'Theirs' WHERE id = '{talk.element}';
    """)  # noqa: S608 - our own ids
    async with unchanged(store):
        await imported(official, store)
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
    arrived = await imported(official, store)
    assert fates(arrived, Fate.STORED) == {"threads": 1, "steps": 2}
    again = await imported(official, store)
    assert fates(again, Fate.STORED) == {}
    found = await get_thread(store, talk.thread)
    assert found.name == "Renamed"
    assert [step.fields["output"] for step in found.steps] == ["Ask one ü 世", "", "Whole", "And?"]
    assert found.steps[2].fields["createdAt"] == early.steps[2].fields["createdAt"]
    assert found.updated_at == added["createdAt"]
    assert await listed(store) == [talk.thread, other.thread]
    assert await listed(store, search="whole") == [talk.thread]


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
    assert fates(report, Fate.STORED) == {}
    assert fates(report, Fate.GONE) == {
        "users": 1,
        "threads": 2,
        "steps": 3 + 2 + 3,
        "elements": 3 + 2 + 1 + 3,
        "feedbacks": 4,
    }
    assert any("they stay deleted" in line for line in report.lines())


async def test_ids_that_are_no_uuids_become_some(official: Official, store: Store) -> None:
    official.run("""
        INSERT INTO "User" (id, identifier, metadata) VALUES ('user-1', 'alice', '{}');
        INSERT INTO "Thread" (id, name, "userId", metadata)
            VALUES ('C123.456', 'Slack', 'user-1', '{"a": "b"}');
        INSERT INTO "Step" (id, "threadId", "parentId", type, output, metadata, "startTime",
            "endTime") VALUES
            ('run-1', 'C123.456', NULL, 'run', '', '{}', '2024-01-01', '2024-01-01'),
            ('step-1', 'C123.456', 'run-1', 'undefined', 'Hi', '{}', '2024-01-02', '2024-01-02');
        INSERT INTO "Element" (id, "threadId", "stepId", metadata, name)
            VALUES ('element-1', 'C123.456', 'step-1', '{}', 'x');
        INSERT INTO "Feedback" (id, "stepId", name, value) VALUES ('f-1', 'run-1', 'n', 0);
    """)
    report = await imported(official, store)
    async with unchanged(store):
        await imported(official, store)
    thread = await get_thread(store, derived_id("thread", "C123.456"))
    assert (thread.name, thread.owner) == ("Slack", "alice")
    assert thread.metadata == {"a": "b", "chainlitId": "C123.456"}
    run, answer = thread.steps
    assert (run.id, run.fields["chainlitId"]) == (derived_id("step", "run-1"), "run-1")
    assert (answer.fields["parentId"], answer.fields["type"]) == (run.id, "undefined")
    assert run.feedback
    assert run.feedback.value == 0
    [element] = thread.elements
    assert element.fields["forId"] == answer.id
    assert element.fields["chainlitId"] == "element-1"
    assert element.fields["type"] == "file"
    lines = "\n".join(report.lines())
    assert "threads: ids that are no UUIDs" in lines
    assert "elements: without a file" in lines


async def test_odd_rows_are_kept_or_said(official: Official, store: Store) -> None:
    [talk, gone] = await fill(official, "one", "two")
    lonely, lost, stub, homeless, homed = (new_id() for _ in range(5))
    official.run(f"""
        ALTER TABLE "Step" ADD COLUMN cost FLOAT;
        ALTER TABLE "Thread" ADD COLUMN team TEXT DEFAULT 'blue';
        ALTER TABLE "User" ADD COLUMN secret TEXT DEFAULT 'hidden';
        UPDATE "Step" SET cost = 2.5, "showInput" = 'None' WHERE id = '{talk.run}';
        UPDATE "Thread" SET "deletedAt" = now() WHERE id = '{gone.thread}';
        INSERT INTO "User" (id, identifier, metadata) VALUES ('nobody', '', '{{}}');
        INSERT INTO "Thread" (id, metadata) VALUES ('{lonely}', '{{}}');
        INSERT INTO "Step" (id, "threadId", type, output, metadata, "startTime", "endTime") VALUES
            ('{lost}', NULL, 'run', 'Lost', '{{}}', now(), now()),
            ('{stub}', '{lonely}', 'tool', 'Kept', '{{}}', now(), now());
        UPDATE "Step" SET "parentId" = '{lost}' WHERE id = '{stub}';
        INSERT INTO "Element" (id, "stepId", metadata, name, url, mime, "objectKey") VALUES
            ('{homeless}', '{lost}', '{{}}', 'homeless', NULL, NULL, 'some/key'),
            ('{homed}', '{stub}', '{{"type": "pdf", "page": 3, "size": "large", "own": 1}}',
                'homed', 'None', 'None', 'files/{homed}'),
            ('{new_id()}', '{gone.run}', '{{}}', 'gone', NULL, NULL, NULL);
        UPDATE "Element" SET url = 'https://other.example/x' WHERE id = '{talk.element}';
        INSERT INTO "Feedback" (id, "stepId", name, value, comment, "updatedAt") VALUES
            ('{new_id()}', '{talk.run}', 'n', 0.5, 'last', now()),
            ('{new_id()}', '{lost}', 'n', 1, 'of the lost', now()),
            ('{new_id()}', NULL, 'n', 1, 'of nothing', now());
    """)  # noqa: S608 - our own ids
    left: list[tuple[str, Any]] = []
    plan = await imported(official, None)
    report = await imported(official, store, left=left)
    assert report.fates == plan.fates
    async with unchanged(store):
        assert fates(await imported(official, store), Fate.STORED) == {}
    assert fates(report, Fate.DELETED) == {
        "threads": 1,
        "steps": 3,
        "elements": 4,
        "feedbacks": 1,
    }
    assert fates(report, Fate.MERGED) == {"feedbacks": 1}
    whole = sorted((kind, row.get("comment") or row.get("name")) for kind, row in left)
    assert whole == [
        ("elements", "homeless"),
        ("feedbacks", "of nothing"),
        ("feedbacks", "of the lost"),
        ("steps", None),
        ("users", None),
    ]
    assert report.left == len(left)
    assert not any("keepchat" in name for _, row in left for name in row)
    assert await store.get_thread(gone.thread) is None
    assert await listed(store) == [talk.thread]

    thread = await get_thread(store, talk.thread)
    run = thread.steps[1]
    assert (run.fields["cost"], run.fields["showInput"]) == (2.5, None)
    assert run.feedback
    assert (run.feedback.value, run.feedback.comment) == (1, "last")
    assert run.feedback.extra["value"] == 0.5
    others: Any = run.feedback.extra["others"]
    assert [other["comment"] for other in others] == ["good"]
    file = thread.elements[0].fields
    assert (file["url"], file["objectKey"]) == ("https://other.example/x", None)
    assert file["chainlitObjectKey"] == f"threads/{talk.thread}/files/{talk.element}"
    assert thread.metadata["team"] == "blue"
    assert "hidden" not in str((await get_user(store)).metadata)

    thread = await get_thread(store, lonely)
    assert (thread.owner, thread.metadata) == (None, {"team": "blue"})
    assert [step.fields["output"] for step in thread.steps] == ["Kept"]
    [element] = thread.elements
    assert (element.fields["url"], element.fields["mime"]) == (None, None)
    assert (element.fields["type"], element.fields["page"]) == ("pdf", 3)
    assert (element.fields["size"], element.fields["own"]) == ("large", 1)
    assert element.fields["objectKey"] == f"files/{homed}"
    said = "\n".join(report.lines())
    for part in ("steps.cost", "users.secret", "threads.team", lost, lonely, "deleted in Chainlit"):
        assert part in said


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


async def test_each_clock_is_read_in_its_own_zone(official: Official, store: Store) -> None:
    [talk] = await fill(official, "one")
    official.time_zone("Asia/Tokyo")
    official.run("""
        UPDATE "User" SET "createdAt" = '2024-07-01 12:00', "updatedAt" = '2024-07-01 12:00';
        UPDATE "Thread" SET "createdAt" = '2024-07-01 12:00', "updatedAt" = '2024-07-01 23:00';
        UPDATE "Step" SET "startTime" = '2024-07-01 12:00', "endTime" = '2024-07-01 12:00:01';
    """)
    await imported(official, store, ZoneInfo("Europe/Berlin"))
    assert (await get_user(store)).created_at == "2024-07-01T10:00:00.000000Z"
    thread = await get_thread(store, talk.thread)
    assert thread.created_at == "2024-07-01T03:00:00.000000Z"
    assert thread.steps[0].fields["createdAt"] == "2024-07-01T12:00:00.000000Z"
    assert thread.steps[0].fields["end"] == "2024-07-01T12:00:01.000000Z"
    renamed = builders.thread(talk.thread, name="Before", revision=micros("2024-07-01T20:59:59Z"))
    assert await outcome(store, renamed) is Outcome.STALE
    renamed = builders.thread(talk.thread, name="After", revision=micros("2024-07-01T21:00:01Z"))
    assert await outcome(store, renamed) is Outcome.APPLIED


def micros(moment: str) -> int:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (datetime.fromisoformat(moment) - epoch) // timedelta(microseconds=1)


async def test_a_time_zone_that_is_not_known_here_is_said(official: Official) -> None:
    official.time_zone("<+03>-03")
    lines = (await imported(official, None)).lines()
    assert any("the database's own time zone, <+03>-03, is not known" in line for line in lines)


async def test_no_time_ahead_of_the_clock_wins_over_later_changes(
    official: Official, store: Store
) -> None:
    [talk] = await fill(official, "one")
    official.run("""
        UPDATE "User" SET "updatedAt" = 'infinity';
        UPDATE "Thread" SET "updatedAt" = now() + interval '8 hours';
        UPDATE "Step" SET "startTime" = now() + interval '1 day';
    """)
    report = await imported(official, store)
    await save(store, builders.thread(talk.thread, name="Later"))
    await save(store, builders.step(talk.thread, talk.answer, output="Later"))
    assert (await get_thread(store, talk.thread)).name == "Later"
    assert any("ahead of this computer's clock" in line for line in report.lines())


async def test_steps_of_one_millisecond_stay_in_order(official: Official, store: Store) -> None:
    [talk] = await fill(official, "one")
    official.run(f"""
        INSERT INTO "Step" (id, "threadId", type, output, metadata, "startTime", "endTime")
        SELECT gen_random_uuid(), '{talk.thread}', 'tool', n, '{{}}', '2025-04-01', '2025-04-01'
        FROM generate_series(1, 50) AS n;
    """)  # noqa: S608 - our own ids
    await imported(official, store)
    steps = (await get_thread(store, talk.thread)).steps[3:]
    assert [step.fields["output"] for step in steps] == [str(n) for n in range(1, 51)]


async def test_one_state_of_the_source_is_read(official: Official, store: Store) -> None:
    await fill(official, "one", "two")

    def change(done: int, total: int) -> None:
        official.run("""
            DELETE FROM "Feedback"; DELETE FROM "Element";
            DELETE FROM "Step" WHERE type = 'assistant_message'
        """)

    report = await imported(official, store, progress=change)
    assert fates(report, Fate.STORED) == report.rows
    assert report.rows["elements"] == 6
    assert len(await listed(store, search="answer of")) == 2


async def test_more_threads_and_steps_than_are_held_at_once(
    official: Official, store: Store
) -> None:
    await fill(official, "one")
    official.run("""
        INSERT INTO "Thread" (id, metadata, "userId") SELECT gen_random_uuid(), '{}', "User".id
            FROM "User", generate_series(1, 410);
        INSERT INTO "Step" (id, "threadId", type, output, metadata, "startTime", "endTime")
            SELECT gen_random_uuid(), id, 'tool', n, '{}', now(), now()
            FROM "Thread", generate_series(1, 4) n WHERE name IS NULL;
    """)
    steps: list[int] = []
    report = await imported(official, store, progress=lambda done, _: steps.append(done))
    assert fates(report, Fate.STORED) == report.rows
    assert report.rows["steps"] == 3 + 4 * 410
    assert steps[-1] == sum(report.rows.values())
    async with unchanged(store):
        await imported(official, store)


# What cannot be read


Place = Callable[[Postgres, str], str]

UNUSABLE: dict[str, tuple[str, Place, str]] = {
    "nobody is there": (
        "SELECT 1",
        lambda _, __: f"postgresql://me@127.0.0.1:{free_port()}/x",
        "--from",
    ),
    "a wrong password": ("SELECT 1", lambda on, name: on.url(name, password="no"), "password"),
    "no such database": ("SELECT 1", lambda on, _: on.url("no_such"), "does not exist"),
    "no address": ("SELECT 1", lambda _, __: "mysql://me@127.0.0.1/x", "The form is postgresql://"),
    "no tables": ("SELECT 1", lambda on, name: on.url(name), 'no table "Thread"'),
    "the other layer": (ddl("B", "postgres"), lambda on, name: on.url(name), "migrate --adopt"),
    "ours": (
        "CREATE TABLE keepchat_version (a INT)",
        lambda on, name: on.url(name),
        "nothing to import",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
async def test_what_cannot_be_read_is_said(postgres: Postgres, case: str) -> None:
    script, place, said = UNUSABLE[case]
    with postgres.database(new_id()) as name:
        postgres.run(script, database=name)
        url = place(postgres, name)
        with pytest.raises(SourceUnusable, match=said) as caught:
            await import_from(url, None, zone=UTC, now=1, keep_leftover=ignore, progress=ignore)
        assert "pässword" not in str(caught.value)


async def test_a_table_that_lacks_a_column_is_named(official: Official) -> None:
    official.run('ALTER TABLE "Step" DROP COLUMN "startTime"')
    with pytest.raises(SourceUnusable, match='"Step" has no startTime'):
        await imported(official, None)


async def test_a_source_that_goes_away_is_said_and_can_be_tried_again(
    official: Official, store: Store
) -> None:
    [talk] = await fill(official, "one")

    def cut(*_: object) -> None:
        official.rows("""
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'keepchat' AND datname = current_database()
        """)

    with pytest.raises(SourceUnusable, match="not doubled when the import runs again"):
        await imported(official, store, progress=cut)
    await imported(official, store)
    assert len((await get_thread(store, talk.thread)).steps) == 3
