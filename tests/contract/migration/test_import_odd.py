"""Odd rows of Chainlit's official layer, and its three clocks: what an import makes of them."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from datalayer.migration.importing.report import ImportOutcome
from datalayer.stores.base import Store
from datalayer.values import derived_id, iso_time
from tests.support import builders
from tests.support.builders import (
    get_thread,
    get_user,
    listed,
    new_id,
    save,
    unchanged,
)
from tests.support.imports import counts, imported
from tests.support.officials import Official, fill


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
    assert report.outcomes == plan.outcomes
    async with unchanged(store):
        assert counts(await imported(official, store), ImportOutcome.STORED) == {}
    assert counts(report, ImportOutcome.DELETED) == {
        "threads": 1,
        "steps": 3,
        "elements": 4,
        "feedbacks": 1,
    }
    assert counts(report, ImportOutcome.MERGED) == {"feedbacks": 1}
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
    [file] = [one.fields for one in thread.elements if one.id == talk.element]
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


async def test_a_time_zone_that_is_not_known_here_is_said(official: Official) -> None:
    official.time_zone("<+03>-03")
    lines = (await imported(official, None)).lines()
    assert any("the database's own time zone, <+03>-03, is not known" in line for line in lines)


async def test_no_time_ahead_of_the_clock_wins_over_later_changes(
    official: Official, store: Store
) -> None:
    [talk] = await fill(official, "one")
    official.run("""
        UPDATE "User" SET "createdAt" = 'infinity';
        UPDATE "Thread" SET "createdAt" = now() + interval '8 hours';
        UPDATE "Step" SET "startTime" = now() + interval '1 day';
    """)
    report = await imported(official, store)
    await save(store, builders.thread(talk.thread, name="Later"))
    await save(store, builders.step(talk.thread, talk.answer, output="Later"))
    await save(store, builders.user(metadata={"role": "later"}))
    async with unchanged(store):
        assert counts(await imported(official, store), ImportOutcome.STORED) == {}
    thread = await get_thread(store, talk.thread)
    assert thread.name == "Later"
    assert thread.steps[2].fields["output"] == "Later"
    assert str(thread.steps[2].fields["createdAt"]) > iso_time(datetime.now(UTC))
    assert (await get_user(store)).metadata == {"role": "later"}
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


async def test_rows_of_one_millisecond_keep_their_places(official: Official, store: Store) -> None:
    """Their database puts a row that changes behind the others."""
    [talk] = await fill(official, "one")
    official.run("""
        UPDATE "Step" SET "startTime" = '2025-04-01', "createdAt" = '2025-04-01';
        UPDATE "Element" SET "createdAt" = '2025-04-01';
    """)
    await imported(official, store)
    before = await get_thread(store, talk.thread)
    official.run(f"""
        UPDATE "Element" SET name = 'Theirs' WHERE id = '{talk.element}';
        UPDATE "Step" SET output = 'Theirs' WHERE id = '{talk.question}';
    """)  # noqa: S608 - our own ids
    changed = await imported(official, store)
    assert counts(changed, ImportOutcome.STORED) == {"steps": 1, "elements": 1}
    assert counts(changed, ImportOutcome.KNOWN)["elements"] == 2
    after = await get_thread(store, talk.thread)
    assert [step.id for step in after.steps] == [step.id for step in before.steps]
    assert [element.id for element in after.elements] == [it.id for it in before.elements]
    assert (after.steps[0].fields["output"], after.elements[0].fields["name"]) == ("Theirs",) * 2
    async with unchanged(store):
        assert counts(await imported(official, store), ImportOutcome.STORED) == {}
