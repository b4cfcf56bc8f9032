"""Databases of Chainlit's own layer are adopted in place, and nothing in them is lost."""

import asyncio
import signal
import sys
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from chainlit.types import Pagination, ThreadFilter

from bootstrap.stores import load_adopter
from datalayer.errors import SchemaMismatch
from datalayer.migration.sqlalchemy import staging
from datalayer.migration.sqlalchemy.adopt import adopt as adopt_on
from datalayer.migration.sqlalchemy.phrases import CONTRADICTION
from datalayer.stores.factory import open_store as open_store_url
from datalayer.stores.options import StoreOptions
from datalayer.stores.sql.store import SqlStore
from datalayer.values import derived_id
from tests.support.builders import clock, new_id
from tests.support.chainlits import OURS, ChainlitDatabase, MakeDatabase, fill
from tests.support.marks import on
from tests.support.schema import differences

KINDS = on("sqlite", "postgres", "postgres with text")
LOOSE = on("sqlite", "postgres with text")  # where an id can be any text


def open_store(theirs: ChainlitDatabase, *, adopts: bool = False) -> SqlStore:
    options = StoreOptions(adopts=adopts, load_adopter=partial(load_adopter, theirs.url))
    store = open_store_url(theirs.url, theirs.path.parent, options)
    assert isinstance(store, SqlStore)
    return store


async def adopted(theirs: ChainlitDatabase, zone: ZoneInfo | None = None) -> list[str]:
    store = open_store(theirs)
    report = await store.adopt(zone=zone)
    await store.close()
    assert report
    return report.lines()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("schema", ["A", "B", "half"])
async def test_everything_is_there_afterwards(make: MakeDatabase, schema: str, kind: str) -> None:
    theirs = make(schema, kind)
    mine = await fill(theirs, "one", "two", "three")
    [his] = await fill(theirs, "four", owner="bob")
    before, rows = theirs.counts(), theirs.dump()
    assert before == {"users": 2, "threads": 4, "steps": 12, "elements": 4, "feedbacks": 4}

    store = open_store(theirs)
    with pytest.raises(SchemaMismatch, match=r"'python manage\.py migrate --adopt'"):
        await store.migrate()
    plan = await store.adopt(dry_run=True)
    assert theirs.dump() == rows
    report = await store.adopt()
    assert plan
    assert report == plan
    assert theirs.counts() == before
    assert await store.adopt() is None
    assert not await store.needs_migration()
    assert not await store.database.read(differences)

    for talk in [*mine, his]:
        thread = await store.get_thread(talk.thread)
        assert thread
        assert thread.owner == ("bob" if talk is his else "alice")
        assert (thread.name, thread.user_id) == (talk.name, talk.user)
        assert thread.metadata == {"chat_profile": "scripted", "numbers": [1, 2.5, None]}
        assert list(thread.tags) == (["a", "b c"] if kind == "postgres" else [])
        assert [step.id for step in thread.steps] == [talk.question, talk.run, talk.answer]
        question, run, answer = thread.steps
        assert question.fields["output"] == f"Ask {talk.name} ü 世"
        assert question.fields["showInput"] is False
        assert answer.fields["parentId"] == talk.run
        assert answer.fields["metadata"] == {"k": [1]}
        assert run.feedback
        assert (run.feedback.id, run.feedback.value) == (talk.feedback, 1)
        assert run.feedback.comment == "good"
        [element] = thread.elements
        key = element.fields["objectKey"]
        assert element.id == talk.element
        assert (theirs.files / str(key)).read_bytes() == talk.content
        assert element.fields["url"] is None
        assert thread.updated_at == answer.fields["createdAt"]
    user = await store.get_user("alice")
    assert user
    assert user.metadata == {"role": "admin"}
    page = await store.list_threads(user.id, first=10)
    assert [each.name for each in page.threads] == ["three", "two", "one"]
    page = await store.list_threads(user.id, first=10, search="ANSWER OF tw")
    assert [each.name for each in page.threads] == ["two"]
    page = await store.list_threads(user.id, first=10, feedback=1)
    assert [each.name for each in page.threads] == ["three", "two", "one"]
    assert not (await store.list_threads(user.id, first=10, feedback=0)).threads
    stars = await store.get_favorites(user.id)
    assert [star.id for star in stars] == [talk.question for talk in reversed(mine)]
    await store.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_chainlits_layer_reads_the_result(make: MakeDatabase, kind: str) -> None:
    theirs = make("half", kind)
    talks = await fill(theirs, "one", "two")
    await adopted(theirs)
    async with theirs.layer() as layer:
        user = await layer.get_user("alice")
        assert user.id == talks[0].user
        thread = await layer.get_thread(talks[0].thread)
        outputs = [step["output"] for step in thread["steps"]]
        assert outputs == ["Ask one ü 世", "", "Answer of one"]
        assert thread["steps"][1]["feedback"]["value"] == 1
        assert thread["elements"][0]["url"].startswith("https://bucket.example/")
        asked = ThreadFilter(userId=user.id)
        listed = await layer.list_threads(Pagination(first=10), asked)
        assert {each["name"] for each in listed.data} == {"one", "two"}


@pytest.mark.parametrize("kind", KINDS)
async def test_odd_rows_are_kept(make: MakeDatabase, kind: str) -> None:
    theirs = make("A", kind)
    [talk] = await fill(theirs, "one")
    gone, orphan, lost, lonely = (new_id() for _ in range(4))
    first, last = new_id(), new_id()
    theirs.run(f"""
        DELETE FROM feedbacks;
        INSERT INTO feedbacks VALUES ('{first}', '{talk.run}', '{talk.thread}', 0, 'first');
        INSERT INTO feedbacks VALUES ('{last}', '{talk.run}', '{talk.thread}', 5, 'last');
        INSERT INTO feedbacks VALUES ('{new_id()}', '{gone}', '{talk.thread}', 1, 'of no step');
        INSERT INTO steps (id, name, type, "threadId", "parentId", streaming, output, "createdAt",
            indent, generation) VALUES ('{orphan}', 'x', 'assistant_message', '{talk.thread}',
            '{gone}', false, 'Orphan', 'yesterday', 3, '"{{\\"a\\": 1}}"');
        INSERT INTO steps (id, name, type, "threadId", streaming, output, "createdAt")
            VALUES ('{lost}', 'x', 'run', '{lonely}', true, 'Lost', '2024-01-01T00:00:00Z');
        INSERT INTO elements (id, name, "objectKey") VALUES ('{new_id()}', 'homeless', 'some/key');
        INSERT INTO threads (id, "userIdentifier", metadata) VALUES ('{gone}', 'carol', NULL);
    """)  # noqa: S608 - our own ids
    before = theirs.counts()
    store = open_store(theirs)
    plan = await store.adopt(dry_run=True)
    report = await store.adopt()
    assert plan == report
    after = theirs.counts()
    assert after == before | {
        "users": before["users"] + 1,
        "threads": before["threads"] + 1,
        "elements": before["elements"] - 1,
        "feedbacks": before["feedbacks"] - 1,
    }
    thread = await store.get_thread(talk.thread)
    assert thread
    found = {step.id: step for step in thread.steps}
    kept = found[talk.run].feedback
    assert kept
    assert (kept.id, kept.value, kept.comment) == (last, 1, "last")
    assert kept.extra["value"] == 5
    assert [other["comment"] for other in kept.extra["others"]] == ["first"]  # type: ignore[union-attr,index]
    assert found[orphan].fields["parentId"] is None
    assert found[orphan].fields["indent"] == 3
    assert found[orphan].fields["generation"] == {"a": 1}
    assert found[orphan].fields["createdAt"] == thread.created_at
    assert theirs.value(f"SELECT count(*) FROM feedbacks WHERE \"forId\" = '{gone}'") == 1  # noqa: S608
    assert await store.get_thread_author(lonely) is None
    assert await store.get_thread_author(gone) == "carol"
    [(kind_left, content)] = theirs.rows("SELECT kind, content FROM leftovers")
    assert kind_left == "elements"
    assert "some/key" in str(content)
    said = "\n".join(report.lines()) if report else ""
    for part in (lonely, "steps.createdAt", "carol", "leftovers"):
        assert part in said
    write = clock.next()
    assert theirs.value("SELECT max(revision) FROM steps") < write
    await store.close()


@pytest.mark.parametrize("kind", LOOSE)
async def test_ids_that_are_no_uuids_become_some(make: MakeDatabase, kind: str) -> None:
    theirs = make("B", kind)
    user = new_id()
    theirs.run(f"""
        INSERT INTO users VALUES ('{user}', 'alice', '{{}}', '2024-01-01T00:00:00Z');
        INSERT INTO threads VALUES ('C123.456', 'now', 'Slack', '{user}', 'alice', '{{x,"y z"}}',
            '{{"a": "b"}}');
        INSERT INTO steps (id, name, type, "threadId", "parentId", streaming, output, "createdAt",
            tags, metadata) VALUES
            ('run-1', 'r', 'run', 'C123.456', NULL, false, '', '2024-01-01T00:00:01Z', NULL, 'no'),
            ('step-1', 's', 'assistant_message', 'C123.456', 'run-1', false, 'Hi',
                '2024-01-01T00:00:02Z', '["t"]', NULL);
        INSERT INTO elements (id, "threadId", name, type, "forId", url)
            VALUES ('element-1', 'C123.456', 'e', 'image', 'step-1', 'https://other.example/x.png');
        INSERT INTO feedbacks VALUES ('feedback-1', 'run-1', 'C123.456', 1, NULL);
    """)  # noqa: S608 - our own ids
    lines = await adopted(theirs)
    assert any("threads: ids that are no UUIDs" in line and "C123.456" in line for line in lines)
    store = open_store(theirs)
    thread = await store.get_thread(derived_id("thread", "C123.456"))
    assert thread
    assert (thread.name, thread.owner, thread.user_id) == ("Slack", "alice", user)
    assert list(thread.tags) == ["x", "y z"]
    run, answer = thread.steps
    assert run.fields["chainlitId"] == "run-1"
    assert run.feedback
    assert answer.fields["parentId"] == run.id
    assert answer.fields["tags"] == ["t"]
    assert run.fields["metadata"] in (None, {})
    assert [element.fields["url"] for element in thread.elements] == ["https://other.example/x.png"]
    assert [element.fields["forId"] for element in thread.elements] == [answer.id]
    assert "C123.456" in str(theirs.value("SELECT extra FROM threads"))
    await store.close()


@pytest.mark.parametrize("kind", on("sqlite", "postgres"))
async def test_local_times_are_read_in_the_zone_that_is_given(
    make: MakeDatabase, kind: str
) -> None:
    theirs = make("B", kind)
    [talk] = await fill(theirs, "one")
    theirs.run("""UPDATE threads SET "createdAt" = '2024-07-01T12:00:00.000001Z'""")
    step_times = theirs.rows('SELECT "createdAt" FROM steps ORDER BY 1')
    await adopted(theirs, ZoneInfo("Europe/Berlin"))
    found = theirs.value('SELECT "createdAt" FROM threads')
    assert found == "2024-07-01T10:00:00.000001Z"
    assert theirs.rows('SELECT "createdAt" FROM steps ORDER BY 1') == step_times  # were UTC
    assert talk.thread == theirs.value("SELECT id FROM threads")


VIEW = "CREATE VIEW recent AS SELECT id FROM threads"
OBSTACLES = {
    "sqlite": [
        (VIEW, "the view recent", "DROP VIEW recent"),
        (
            "CREATE TRIGGER noted AFTER INSERT ON steps BEGIN SELECT 1; END",
            "the trigger noted",
            "DROP TRIGGER noted",
        ),
        (
            "CREATE TABLE bills (thread TEXT REFERENCES threads (id))",
            "the foreign key of bills to threads",
            "DROP TABLE bills",
        ),
    ],
    "postgres": [
        (VIEW, "the view recent", "DROP VIEW recent"),
        (
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
            "CREATE TRIGGER noted AFTER INSERT ON steps FOR EACH ROW EXECUTE FUNCTION note()",
            "the trigger noted on steps",
            "DROP TRIGGER noted ON steps",
        ),
        (
            "CREATE TABLE bills (thread uuid REFERENCES threads (id))",
            "the foreign key bills_thread_fkey of bills",
            "DROP TABLE bills",
        ),
        (
            "CREATE POLICY own ON threads USING (true)",
            "the policy own on threads",
            "DROP POLICY own ON threads",
        ),
        (
            "CREATE RULE quiet AS ON DELETE TO steps DO NOTHING",
            "the rule quiet on steps",
            "DROP RULE quiet ON steps",
        ),
        (
            "CREATE TABLE old_steps () INHERITS (steps)",
            "the table old_steps, a part of steps",
            "DROP TABLE old_steps",
        ),
    ],
}


@pytest.mark.parametrize("kind", on(*OBSTACLES))
async def test_what_hangs_on_their_tables_is_named(make: MakeDatabase, kind: str) -> None:
    theirs = make("B", kind)
    await fill(theirs, "one")
    rows = theirs.dump()
    store = open_store(theirs)
    for statement, said, remedy in OBSTACLES[kind]:
        theirs.run(statement)
        for dry_run in (True, False):
            with pytest.raises(SchemaMismatch, match=said):
                await store.adopt(dry_run=dry_run)
        theirs.run(remedy)
    await store.close()
    assert theirs.dump() == rows
    await adopted(theirs)


@pytest.mark.parametrize("kind", on("sqlite", "postgres"))
async def test_a_thread_of_whom_its_user_id_names(make: MakeDatabase, kind: str) -> None:
    theirs = make("B", kind)
    [talk] = await fill(theirs, "one")
    await fill(theirs, "two", owner="bob")
    theirs.run("UPDATE threads SET \"userIdentifier\" = 'bob' WHERE name = 'one'")
    assert any(f"1 x {CONTRADICTION}" in line for line in await adopted(theirs))
    store = open_store(theirs)
    thread = await store.get_thread(talk.thread)
    assert thread
    assert (thread.owner, thread.user_id) == ("alice", talk.user)
    await store.close()


@pytest.mark.parametrize("kind", on("sqlite", "postgres"))
async def test_the_start_adopts_where_it_is_told_to(make: MakeDatabase, kind: str) -> None:
    theirs = make("A", kind)
    await fill(theirs, "one")
    before = theirs.counts()
    stores = [open_store(theirs, adopts=True) for _ in range(3)]
    await asyncio.gather(*(store.migrate() for store in stores))
    for store in stores:
        assert not await store.needs_migration()
        await store.close()
    assert theirs.counts() == before


KILLED = """
import asyncio, sys, signal
from functools import partial
from pathlib import Path
from bootstrap.stores import load_adopter
from datalayer.migration.sqlalchemy import staging
from datalayer.stores.factory import open_store
from datalayer.stores.options import StoreOptions

def halt(*_):
    print("half", flush=True)
    signal.pause()

staging.drop = halt
url = sys.argv[1]
store = open_store(url, Path(), StoreOptions(load_adopter=partial(load_adopter, url)))
asyncio.run(store.adopt())
"""


@pytest.mark.parametrize("kind", on("sqlite", "postgres"))
@pytest.mark.slow
async def test_a_killed_adoption_leaves_all_as_it_was(make: MakeDatabase, kind: str) -> None:
    theirs = make("B", kind)
    await fill(theirs, "one", "two")
    rows = theirs.dump()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", KILLED, theirs.url),
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert await process.stdout.readline() == b"half\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert theirs.dump() == rows
    await adopted(theirs)
    assert theirs.counts() == {table: len(rows[table]) for table in OURS}


async def test_a_row_that_is_missing_undoes_everything(
    make: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = make("B", "sqlite")
    await fill(theirs, "one")
    rows = theirs.dump()
    store = open_store(theirs)
    read = staging.rows_of
    monkeypatch.setattr(staging, "rows_of", lambda *a, **k: list(read(*a, **k))[1:])
    with pytest.raises(SchemaMismatch, match="Nothing was changed"):
        await store.database.migrate(lambda on: adopt_on(on, None))
    await store.close()
    assert theirs.dump() == rows
