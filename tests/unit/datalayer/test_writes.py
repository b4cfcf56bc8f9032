"""Writes are in their domains by construction, frozen, and ordered by thread."""

import dataclasses
import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalayer.domains import LAST_REVISION
from datalayer.values import as_id, time_of_revision
from datalayer.writes import (
    DeleteElement,
    DeleteFeedback,
    DeleteStep,
    DeleteStepsAfter,
    DeleteThread,
    DeleteUser,
    FinishElement,
    ForgetRemovals,
    RevisionClock,
    SaveElement,
    SaveFeedback,
    SavePreferences,
    SaveStep,
    SaveThread,
    SaveUser,
    SetFavorite,
    Write,
    describe,
)

ID = "0c5e1d4e-8f0b-4c55-9d5a-3b1b7f1d2a10"
THREAD = "3f0c2a64-5f0e-4f0e-8c1a-0a4b0de7b001"
BAD = "a\x00b\ud800"
GOOD = "a\ufffdb\ufffd"

ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(categories=None))
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=10,
)

# One of each kind, by the id of its row and of its thread.
Maker = Callable[[str, str], Write]
THREADED: dict[str, Maker] = {
    "SaveStep": lambda row, thread: SaveStep(id=row, thread_id=thread, revision=1, fields={}),
    "SetFavorite": lambda row, thread: SetFavorite(
        step_id=row, thread_id=thread, favorite=True, revision=1
    ),
    "DeleteStep": lambda row, thread: DeleteStep(id=row, thread_id=thread, revision=1),
    "DeleteStepsAfter": lambda row, thread: DeleteStepsAfter(id=row, thread_id=thread, revision=1),
    "SaveElement": lambda row, thread: SaveElement(id=row, thread_id=thread, revision=1, fields={}),
    "FinishElement": lambda row, thread: FinishElement(
        id=row, thread_id=thread, object_key="k", size=1, sha256="a" * 64, revision=1
    ),
    "DeleteElement": lambda row, thread: DeleteElement(id=row, thread_id=thread, revision=1),
    "SaveFeedback": lambda row, thread: SaveFeedback(
        step_id=row, thread_id=thread, value=1, revision=1
    ),
}
LONE: dict[str, Maker] = {
    "SaveThread": lambda row, _: SaveThread(id=row, revision=1),
    "DeleteThread": lambda row, _: DeleteThread(id=row, revision=1),
    "DeleteFeedback": lambda row, _: DeleteFeedback(id=row, revision=1),
}
OTHERS: dict[str, Maker] = {
    "SaveUser": lambda row, _: SaveUser(identifier=row, revision=1),
    "SavePreferences": lambda row, _: SavePreferences(identifier=row, revision=1, preferences={}),
    "DeleteUser": lambda row, _: DeleteUser(identifier=row, revision=1),
    "ForgetRemovals": lambda row, _: ForgetRemovals(object_keys=(row,), revision=1),
}
WITH_IDS = THREADED | LONE
ALL = WITH_IDS | OTHERS


def row_id(write: Write) -> object:
    return getattr(write, "step_id", None) or getattr(write, "id", None)


def test_every_kind_is_here() -> None:
    assert {kind.__name__ for kind in Write.__args__} == set(ALL)


@pytest.mark.parametrize("kind", ALL)
def test_a_write_is_a_value(kind: str) -> None:
    write = ALL[kind](ID, THREAD)
    assert write == ALL[kind](ID, THREAD)
    assert write != ALL[kind](THREAD, ID)
    with pytest.raises(dataclasses.FrozenInstanceError):
        write.revision = 2  # type: ignore[misc]


@pytest.mark.parametrize("kind", ALL)
def test_a_write_can_be_said_in_json(kind: str) -> None:
    write = ALL[kind](ID, THREAD)
    said = json.loads(json.dumps(dataclasses.asdict(write)))
    if "object_keys" in said:
        said["object_keys"] = tuple(said["object_keys"])
    assert type(write)(**said) == write


@pytest.mark.parametrize("kind", WITH_IDS)
def test_ids_become_canonical(kind: str) -> None:
    write = WITH_IDS[kind](ID.upper(), f"{{{THREAD}}}")
    assert write == WITH_IDS[kind](ID, THREAD)
    assert row_id(write) == ID


@pytest.mark.parametrize("kind", WITH_IDS)
def test_what_is_no_id_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="must be a UUID"):
        WITH_IDS[kind]("'; DROP TABLE steps", THREAD)


@pytest.mark.parametrize("kind", THREADED)
def test_a_thread_that_is_no_id_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="thread_id must be a UUID"):
        THREADED[kind](ID, "")


@pytest.mark.parametrize("kind", THREADED)
def test_writes_of_a_thread_have_one_key(kind: str) -> None:
    assert THREADED[kind](ID, THREAD).order_key == THREAD
    assert SaveThread(id=THREAD, revision=1).order_key == THREAD
    assert DeleteThread(id=THREAD, revision=1).order_key == THREAD


def test_writes_of_a_user_have_one_key() -> None:
    saved, deleted = SaveUser(identifier="a", revision=1), DeleteUser(identifier="a", revision=1)
    assert saved.order_key == deleted.order_key


@pytest.mark.parametrize("kind", ALL)
def test_a_description_names_kind_and_id(kind: str) -> None:
    write = ALL[kind](ID, THREAD)
    described = describe(write)
    assert described.startswith(kind)
    names = [getattr(write, name, None) for name in ("id", "step_id", "identifier")]
    assert kind == "ForgetRemovals" or any(name in described for name in names if name)


def test_a_description_says_nothing_of_the_content() -> None:
    for write in (
        SaveStep(id=ID, thread_id=THREAD, revision=1, fields={"output": "secret"}),
        SaveThread(id=ID, revision=1, name="secret", metadata={"secret": "secret"}),
        SaveFeedback(step_id=ID, thread_id=THREAD, value=1, revision=1, comment="secret"),
        ForgetRemovals(object_keys=("secret",), revision=1),
    ):
        assert "secret" not in describe(write)


# Cleaning


def test_a_users_text_is_cleaned() -> None:
    write = SaveUser(identifier=BAD, metadata={BAD: [BAD]}, revision=1)
    assert (write.identifier, write.metadata) == (GOOD, {GOOD: [GOOD]})


def test_a_user_is_deleted_by_the_name_that_was_saved() -> None:
    saved, deleted = SaveUser(identifier=BAD, revision=1), DeleteUser(identifier=BAD, revision=1)
    assert deleted.identifier == saved.identifier


def test_a_threads_text_is_cleaned() -> None:
    write = SaveThread(id=ID, name=BAD, tags=(BAD,), metadata={BAD: BAD}, revision=1)
    assert (write.name, write.tags, write.metadata) == (GOOD, (GOOD,), {GOOD: GOOD})


def test_an_owner_is_named_as_the_user_was_saved() -> None:
    saved = SaveUser(identifier=BAD, revision=1).identifier
    assert SaveThread(id=ID, owner=BAD, revision=1).owner == saved
    assert SaveStep(id=ID, thread_id=ID, owner=BAD, fields={}, revision=1).owner == saved
    assert SaveElement(id=ID, thread_id=ID, owner=BAD, fields={}, revision=1).owner == saved


def test_fields_are_cleaned() -> None:
    raw: Any = {"output": BAD, "later": {BAD: float("inf")}, "threadId": "x"}
    step = SaveStep(id=ID, thread_id=THREAD, fields=raw, revision=1)
    assert step.fields == {"output": GOOD, "extra": {"later": {GOOD: None}}}
    element = SaveElement(id=ID, thread_id=THREAD, fields={"name": BAD, "page": "3"}, revision=1)
    assert element.fields == {"name": GOOD, "page": 3}


def test_a_feedbacks_text_is_cleaned() -> None:
    write = SaveFeedback(
        step_id=ID, thread_id=THREAD, value=0, comment=BAD, extra={BAD: BAD}, revision=1
    )
    assert (write.comment, write.extra) == (GOOD, {GOOD: GOOD})


def test_nothing_of_what_was_given_is_kept() -> None:
    raw: dict[str, Any] = {"metadata": {"a": [1]}}
    metadata: dict[str, Any] = {"b": [2]}
    step = SaveStep(id=ID, thread_id=THREAD, fields=raw, revision=1)
    thread = SaveThread(id=ID, metadata=metadata, revision=1)
    user = SaveUser(identifier="a", metadata=metadata, revision=1)
    raw["metadata"]["a"].append(2)
    raw["output"] = "late"
    metadata["b"].append(3)
    assert step.fields == {"metadata": {"a": [1]}}
    assert (thread.metadata, user.metadata) == ({"b": [2]}, {"b": [2]})


@pytest.mark.parametrize(
    ("changes", "creates"),
    [
        ({}, True),
        ({"name": "x"}, True),
        ({"tags": ()}, True),
        ({"metadata": {"a": 1}}, False),
        ({"metadata": {}}, False),
        ({"metadata": {"a": 1}, "name": ""}, True),
        ({"metadata": {"a": 1}, "tags": ("x",)}, True),
        ({"name": "x", "creates": False}, False),
        ({"metadata": {"a": 1}, "owner": "alice"}, False),
    ],
)
def test_metadata_alone_creates_nothing(changes: dict[str, Any], creates: bool) -> None:
    assert SaveThread(id=ID, revision=1, **changes).creates is creates


def test_derived_ids_are_stable() -> None:
    assert SaveUser(identifier="a", revision=1).id == SaveUser(identifier="a", revision=2).id
    first = SaveFeedback(step_id=ID, thread_id=THREAD, value=0, revision=1)
    second = SaveFeedback(step_id=ID, thread_id=THREAD, value=1, revision=2)
    assert first.id == second.id
    assert as_id(first.id) == first.id


# Domains

ODD: list[object] = [
    *(None, True, 0, 1, 7, -1, 2**63, 10**30, 0.5, float("nan")),
    *("", "x", BAD, ID, ID.upper(), "ab" * 32, b"x", [BAD], (), {BAD: float("inf")}, [1]),
]
WRONG: dict[str, list[object]] = {
    "id": [None, "", "x", 3],
    "step_id": [None, "", "x", 3],
    "thread_id": [None, "", "x", 3],
    "revision": [None, 0, -1, LAST_REVISION + 1, 1.0, "1", True],
    "identifier": [None, 3, b"x"],
    "owner": [3, b"x"],
    "name": [3, b"x"],
    "comment": [3, b"x"],
    "tags": ["ab", [3], [None], {"a": 1}],
    "metadata": ["{}", [], 3],
    "preferences": [None, "{}", [], 3],
    "extra": [None, "{}", []],
    "fields": [None, "{}", []],
    "creates": [None, 1, "true"],
    "favorite": [None, 1, "true"],
    "ready": [None, 0, "false"],
    "value": [None, 7, -1, 0.5, "1", 2],
    "size": [None, -1, 2**63, 1.0, "1", True],
    "sha256": [None, "", "AB" * 32, "ab" * 31, "ab" * 33, "zz" * 32],
    "object_key": [None, "", "a\x00b", "\ud800", 3],
    "object_keys": [None, "key", [""], [BAD], [None]],
}
NAMES = [(kind, each.name) for kind in ALL for each in dataclasses.fields(ALL[kind](ID, THREAD))]


def with_field(kind: str, name: str, value: object) -> Write:
    changes: dict[str, Any] = {name: value}
    return dataclasses.replace(ALL[kind](ID, THREAD), **changes)


def test_every_field_has_a_domain() -> None:
    assert {name for _, name in NAMES} == set(WRONG)


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_what_is_outside_of_a_domain_is_refused_by_name(kind: str, name: str) -> None:
    optional = getattr(ALL[kind](ID, THREAD), name) is None
    for value in WRONG[name]:
        if value is None and optional:
            continue
        with pytest.raises(ValueError, match=rf"^{kind}.*: {name} must be "):
            with_field(kind, name, value)


@settings(deadline=None)
@given(data=st.data())
def test_what_can_be_made_can_be_stored(data: st.DataObject) -> None:
    kind, name = data.draw(st.sampled_from(NAMES))
    try:
        write = with_field(kind, name, data.draw(st.sampled_from(ODD) | ANYTHING))
    except ValueError:
        return
    text = json.dumps(dataclasses.asdict(write), allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in text
    assert text.encode()
    assert dataclasses.replace(write) == write
    assert time_of_revision(write.revision)


def test_a_refusal_names_the_row_and_nothing_of_the_content() -> None:
    with pytest.raises(ValueError, match="must be") as raised:
        SaveFeedback(step_id=ID, thread_id=THREAD, value=7, revision=1, comment="secret")
    assert str(raised.value) == f"SaveFeedback {ID}: value must be 0 or 1."


def test_values_that_are_the_same_become_the_same() -> None:
    flags: list[Any] = [True, 1, 1.0]
    found = [SaveFeedback(step_id=ID, thread_id=THREAD, value=v, revision=1) for v in flags]
    assert [type(write.value) for write in found] == [int] * 3
    assert SaveThread(id=ID, tags=["a"], revision=1).tags == ("a",)


# The clock


def test_revisions_are_microseconds_of_utc() -> None:
    before = time.time_ns() // 1_000
    revision = RevisionClock().next()
    assert before <= revision <= time.time_ns() // 1_000


@pytest.mark.parametrize("step_ns", [0, 1, -1_000_000_000, 5_000])
def test_revisions_grow_whatever_the_clock_does(
    monkeypatch: pytest.MonkeyPatch, step_ns: int
) -> None:
    start = time.time_ns()
    readings = iter(range(100)) if step_ns else iter([0] * 100)
    monkeypatch.setattr(time, "time_ns", lambda: start + next(readings) * step_ns)
    clock = RevisionClock()
    revisions = [clock.next() for _ in range(100)]
    assert all(old < new for old, new in itertools.pairwise(revisions))
