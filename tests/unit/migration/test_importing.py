"""Rows of Chainlit's official layer, their clocks, and what has changed without a newer time."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from datalayer.errors import StoreMisconfigured, StoreUnavailable, WriteRejected
from datalayer.migration.importing import phrases
from datalayer.migration.importing.refresh import KnownThread, change
from datalayer.migration.importing.report import ImportOutcome
from datalayer.migration.importing.rows import ConvertedRow
from datalayer.migration.importing.target import DryRunTarget, ImportTarget
from datalayer.migration.official import rows
from datalayer.migration.official.clocks import Ranks, SourceClocks
from datalayer.records import FeedbackRecord, Result, StepRecord, ThreadRecord
from datalayer.stores.memory import MemoryStore
from datalayer.values import time_of_revision
from datalayer.writes import SaveElement, SaveFeedback, SaveStep, SaveThread, SaveUser, Write

ID = "3f0c2a64-5f0e-4f0e-8c1a-0a4b0de7b001"
THREAD = "0c5e1d4e-8f0b-4c55-9d5a-3b1b7f1d2a10"
NOON = datetime(2024, 7, 1, 12)  # noqa: DTZ001 - as the driver gives them
NOW = 1_800_000_000_000_000
CLOCKS = SourceClocks(ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo"), NOW)
STAMPS = {"id": ID, "createdAt": NOON, "updatedAt": NOON}


def one(taken: ConvertedRow) -> Any:
    assert taken.write
    return taken.write


# Clocks


def test_each_clock_has_its_zone() -> None:
    assert CLOCKS.of_steps(NOON) == datetime(2024, 7, 1, 12, tzinfo=UTC)
    assert CLOCKS.of_program(NOON) == datetime(2024, 7, 1, 10, tzinfo=UTC)
    assert CLOCKS.of_server(NOON) == datetime(2024, 7, 1, 3, tzinfo=UTC)
    aware = datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("America/New_York"))
    assert CLOCKS.of_program(aware) == datetime(2024, 7, 1, 16, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, "noon", 5])
def test_what_is_no_time(value: object) -> None:
    assert CLOCKS.of_steps(value) is None


@pytest.mark.parametrize("value", [datetime.max, datetime.min])  # noqa: DTZ901 - infinity
def test_the_ends_of_time_make_a_revision(value: datetime) -> None:
    found, ahead = CLOCKS.revision(CLOCKS.of_program(value))
    assert found == 1
    assert ahead is (value.year > NOON.year)


def test_a_revision_is_the_moment_and_never_ahead() -> None:
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    found, ahead = CLOCKS.revision(moment)
    assert (time_of_revision(found), ahead) == ("2024-01-02T00:00:00.000000Z", False)
    assert CLOCKS.revision(moment, 3)[0] == found + 3
    assert CLOCKS.revision(moment, 5_000)[0] == found + 999
    assert CLOCKS.revision(None) == (1, False)


def test_a_moment_ahead_makes_the_same_revision_at_each_run_below_all_others() -> None:
    ahead = datetime(2100, 1, 1, tzinfo=UTC)
    created = datetime(2024, 1, 2, tzinfo=UTC)
    for now in (NOW, NOW + 1_000_000_000):
        clocks = SourceClocks(UTC, UTC, now)
        assert clocks.revision(ahead, 7) == (8, True)
        assert clocks.revision(ahead, 7, fallback=ahead) == (8, True)
        found, is_ahead = clocks.revision(ahead, fallback=created)
        assert (time_of_revision(found), is_ahead) == ("2024-01-02T00:00:00.000000Z", True)


def test_ranks_count_what_follows_with_the_same_key() -> None:
    ranks = Ranks()
    assert [ranks.next(key) for key in (1, 1, 1, 2, 1, 1)] == [0, 1, 2, 0, 0, 1]


# Rows


def test_a_user() -> None:
    raw = {**STAMPS, "identifier": "alice", "metadata": '{"role": "admin"}', "secret": "x"}
    write = one(rows.user(raw, CLOCKS))
    assert isinstance(write, SaveUser)
    assert (write.identifier, write.metadata) == ("alice", {"role": "admin"})
    assert time_of_revision(write.revision) == "2024-07-01T10:00:00.000000Z"
    assert rows.user({**raw, "identifier": ""}, CLOCKS).write is None


def test_a_thread_is_dated_by_its_creation_not_by_its_last_visit() -> None:
    raw = {
        **STAMPS,
        "updatedAt": datetime(2024, 7, 2, 12),  # noqa: DTZ001 - as the driver gives them
        "deletedAt": None,
        "name": "N",
        "tags": ["a"],
        "metadata": '{"k": 1}',
        "userId": "u",
        rows.OWNER: "alice",
    }
    write = one(rows.thread(raw, CLOCKS))
    assert isinstance(write, SaveThread)
    assert (write.owner, write.name, write.tags) == ("alice", "N", ("a",))
    assert write.metadata == {"k": 1}
    assert time_of_revision(write.revision) == "2024-07-01T03:00:00.000000Z"


def test_a_step_is_dated_by_its_start_not_by_the_database() -> None:
    raw = {
        **STAMPS,
        "threadId": THREAD,
        "parentId": None,
        "type": "tool",
        "startTime": NOON,
        "endTime": NOON.replace(second=1),
        "showInput": "False",
        "output": "a\x00b",
        "metadata": '{"k": 1}',
        "cost": 1.5,
    }
    write = one(rows.step(raw, CLOCKS, "alice", 2))
    assert isinstance(write, SaveStep)
    assert write.fields["createdAt"] == write.fields["start"] == "2024-07-01T12:00:00.000000Z"
    assert write.fields["end"] == "2024-07-01T12:00:01.000000Z"
    assert time_of_revision(write.revision) == "2024-07-01T12:00:00.000002Z"
    assert write.fields["showInput"] is False
    assert write.fields["output"] == "a\N{REPLACEMENT CHARACTER}b"
    assert write.fields["extra"] == {"cost": 1.5}
    assert "updatedAt" not in write.fields["extra"]
    assert (write.owner, write.thread_id) == ("alice", THREAD)
    assert not {"command", "modes", "streaming"} & set(write.fields)


def test_a_step_without_a_start_was_created_when_the_database_says() -> None:
    raw = {**STAMPS, "threadId": THREAD, "type": "run", "startTime": None, "metadata": "{}"}
    write = one(rows.step(raw, CLOCKS, None, 0))
    assert write.fields["createdAt"] == "2024-07-01T03:00:00.000000Z"
    assert time_of_revision(write.revision) == "2024-07-01T03:00:00.000000Z"


@pytest.mark.parametrize("metadata", ["[1]", '"text"', "no json"])
def test_metadata_of_an_element_that_is_no_object_is_kept(metadata: str) -> None:
    raw = {**STAMPS, "stepId": ID, rows.HOME: THREAD, "name": "x", "metadata": metadata}
    write = one(rows.element(raw, CLOCKS, None, 0))
    assert isinstance(write, SaveElement)
    assert write.fields["type"] == "file"
    assert write.fields["forId"] == ID
    assert write.fields["extra"]["metadata"] in ([1], "text", "no json")


@pytest.mark.parametrize(("value", "kept"), [(0.0, 0), (1.0, 1), (0.5, 1), (-1.0, 0)])
def test_a_feedback(value: float, kept: int) -> None:
    raw = {**STAMPS, "stepId": ID, rows.HOME: THREAD, "name": "n", "value": value, "comment": "c"}
    write = one(rows.feedback([raw], CLOCKS))
    assert isinstance(write, SaveFeedback)
    assert (write.step_id, write.thread_id, write.value) == (ID, THREAD, kept)
    said = {"chainlitId": ID, "name": "n"}
    assert write.extra == (said if value in (0.0, 1.0) else {**said, "value": value})


# Changes without a newer time


def a_write(**fields: Any) -> SaveStep:
    return SaveStep(id=ID, thread_id=THREAD, fields=fields, revision=1_000_000)


def a_record(revision: int, said: FeedbackRecord | None = None, **fields: Any) -> StepRecord:
    return StepRecord(id=ID, thread_id=THREAD, revision=revision, fields=fields, feedback=said)


def stored(*steps: StepRecord, **fields: Any) -> KnownThread:
    given = {"name": "N", "tags": ["a"], "metadata": {"k": 1, "mine": 2}, **fields}
    thread = ThreadRecord(
        id=THREAD, created_at="", updated_at="", user_id=None, owner=None, steps=steps, **given
    )
    return KnownThread(thread)


def test_what_theirs_has_changed_is_the_next_revision() -> None:
    write = a_write(output="whole", later=1)
    for revision in (1_000_000, 1_000_005):
        found = change(write, stored(a_record(revision, output="", later=1)), 1)
        assert isinstance(found, SaveStep)
        assert (found.revision, found.fields) == (revision + 1, write.fields)
    assert change(write, stored(a_record(1_000_000, output="whole", later=2)), 1)


@pytest.mark.parametrize(
    "ours",
    [
        a_record(1_000_000, output="whole", later=1, parentId=None),
        a_record(1_000_999, output="", later=1),  # no revision is left in the millisecond
        a_record(1_001_000, output="", later=1),  # changed in ours
        a_record(999_000, output="", later=1),  # of another time
    ],
)
def test_what_stays(ours: StepRecord) -> None:
    write = a_write(output="whole", later=1, parentId=THREAD)
    assert change(write, stored(ours), 1) is None
    assert change(write, stored(), 1) is None


@pytest.mark.parametrize(
    ("ours", "differing"),
    [
        ({}, None),
        ({"name": "M"}, ("N", None, None)),
        ({"tags": []}, (None, ("a",), None)),
        ({"metadata": {"k": 2, "own": 1}}, (None, None, {"k": 1})),
    ],
)
def test_of_a_thread_what_differs_is_written(ours: Any, differing: Any) -> None:
    write = SaveThread(id=THREAD, name="N", tags=("a",), metadata={"k": 1}, revision=1_000_000)
    found = change(write, stored(**ours), 3)
    if differing is None:
        assert found is None
    else:
        assert isinstance(found, SaveThread)
        assert (found.name, found.tags, found.metadata) == differing
        assert found.revision == 1_000_003


@pytest.mark.parametrize(
    ("value", "comment", "extra", "differs"),
    [
        (1, "c", {"n": 1, "own": 2}, False),
        (0, "c", {"n": 1}, True),
        (1, None, {"n": 1}, True),
        (1, "c", {}, True),
    ],
)
def test_a_feedback_that_differs_is_written(
    value: int, comment: str | None, extra: Any, differs: bool
) -> None:
    write = SaveFeedback(
        step_id=ID, thread_id=THREAD, value=1, comment="c", extra={"n": 1}, revision=1_000_000
    )
    said = FeedbackRecord(
        id=ID, step_id=ID, thread_id=THREAD, value=value, comment=comment, extra=extra
    )
    found = change(write, stored(a_record(1, said)), 2)
    assert bool(found) is differs
    assert found is None or found.revision == 1_000_002
    assert change(write, stored(a_record(1)), 2) is None


# The way into a store


class PickyStore(MemoryStore):
    """A store whose database refuses one value."""

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        if any(isinstance(write, SaveStep) and write.fields["output"] == "bad" for write in writes):
            message = "The database refuses a value."
            raise WriteRejected(message)
        return await super().apply(writes)


async def test_a_value_that_the_database_refuses_harms_no_other_row() -> None:
    store = PickyStore()
    target = ImportTarget(store)
    outputs = ["good", "bad", "fine"]
    steps = [
        rows.step(
            {**STAMPS, "id": str(uuid.uuid4()), "threadId": THREAD, "type": "run", "output": said},
            CLOCKS,
            "alice",
            0,
        )
        for said in outputs
    ]
    results = await target.store(steps)
    assert [outcome for outcome, _ in results] == [
        ImportOutcome.STORED,
        ImportOutcome.LEFT,
        ImportOutcome.STORED,
    ]
    assert results[1][1] == phrases.REJECTED
    thread = await store.get_thread(THREAD)
    assert thread
    assert {step.fields["output"] for step in thread.steps} == {"good", "fine"}
    await target.close()
    await store.close()


async def test_the_feedback_of_a_step_that_is_not_stored_is_not_deleted() -> None:
    store = PickyStore()
    target = ImportTarget(store)
    good, absent, bad = (str(uuid.uuid4()) for _ in range(3))
    steps = [
        rows.step(
            {**STAMPS, "id": key, "threadId": THREAD, "type": "run", "output": said},
            CLOCKS,
            None,
            0,
        )
        for key, said in ((good, "good"), (bad, "bad"))
    ]
    await target.store(steps)
    feedbacks = [
        rows.feedback([{**STAMPS, "stepId": key, rows.HOME: THREAD, "value": 1.0}], CLOCKS)
        for key in (good, bad, absent)
    ]
    assert await target.store(feedbacks) == [
        (ImportOutcome.STORED, ""),
        (ImportOutcome.LEFT, phrases.STEP_LEFT),
        (ImportOutcome.GONE, phrases.GONE),
    ]
    await target.close()
    await store.close()


class CountingStore(MemoryStore):
    """A store that counts how often a thread is read whole."""

    read = 0

    async def get_thread(self, thread_id: str) -> ThreadRecord | None:
        self.read += 1
        return await super().get_thread(thread_id)


async def test_a_long_thread_is_not_read_for_each_of_its_windows() -> None:
    store = CountingStore()
    keys = [str(uuid.uuid4()) for _ in range(30)]

    async def store_all(last: str) -> list[ImportOutcome]:
        target = ImportTarget(store)
        found: list[ImportOutcome] = []
        for key in keys:
            said = last if key == keys[-1] else "early"
            raw = {**STAMPS, "id": key, "threadId": THREAD, "type": "run", "output": said}
            found += [
                outcome for outcome, _ in await target.store([rows.step(raw, CLOCKS, None, 0)])
            ]
        await target.close()
        return found

    assert await store_all("early") == [ImportOutcome.STORED] * 30
    assert store.read == 0
    assert await store_all("early") == [ImportOutcome.KNOWN] * 30
    assert store.read == 1
    assert await store_all("late") == [ImportOutcome.KNOWN] * 29 + [ImportOutcome.STORED]
    assert store.read == 3  # and once more to see that it arrived
    await store.close()


class ClosedStore(MemoryStore):
    """A store that takes nothing, for one reason or another."""

    error: StoreUnavailable = StoreUnavailable("It is away.")

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "deadline_s", "said"),
    [
        (StoreMisconfigured("A right is lacking."), 300.0, "A right is lacking."),
        (StoreUnavailable("It is away."), 0.0, "It is away. For 0 minutes nothing could"),
        (StoreUnavailable("It is away."), 0.1, "It is away. For 0 minutes nothing could"),
    ],
)
async def test_what_cannot_pass_ends_an_import(
    caplog: pytest.LogCaptureFixture, error: Any, deadline_s: float, said: str
) -> None:
    store = ClosedStore()
    store.error = error
    target = ImportTarget(store, deadline_s=deadline_s)
    users = [
        rows.user({**STAMPS, "identifier": f"user {number}"}, CLOCKS) for number in range(1_500)
    ]
    async with asyncio.timeout(10):
        with pytest.raises(type(error), match=said):
            await target.store(users)
        await target.close()
    assert "lost" not in caplog.text  # they are still in the source
    await store.close()


async def test_a_rehearsal_says_what_cannot_be_held() -> None:
    kept = rows.user({**STAMPS, "identifier": "alice"}, CLOCKS)
    left = rows.user({**STAMPS, "identifier": ""}, CLOCKS)
    found = await DryRunTarget().store([kept, left])
    assert [outcome for outcome, _ in found] == [ImportOutcome.STORED, ImportOutcome.LEFT]
