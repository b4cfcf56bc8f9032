"""Writes as bytes: each comes back as it was, and what is none is said to be none."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.errors import UnreadableWrite
from datalayer.serialization import VERSION, decode, encode
from datalayer.values import MAX_DEPTH, MOST_BITS
from datalayer.writes import (
    DeleteElement,
    DeleteFeedback,
    DeleteStep,
    DeleteStepsAfter,
    DeleteThread,
    DeleteUser,
    FinishElement,
    ForgetRemovals,
    SaveElement,
    SaveFeedback,
    SavePreferences,
    SaveStep,
    SaveThread,
    SaveUser,
    SetFavorite,
    Write,
)
from tests.support.random_writes import PlannedWrite, World, planned_writes, typed

ID = "0c5e1d4e-8f0b-4c55-9d5a-3b1b7f1d2a10"
THREAD = "3f0c2a64-5f0e-4f0e-8c1a-0a4b0de7b001"
SHA = "ab" * 32
ROW = f'"id":"{ID}","thread_id":"{THREAD}"'
STEP = f'"step_id":"{ID}","thread_id":"{THREAD}"'
WORLD = World.new()

# What may be kept somewhere from today on: whoever changes a line needs a new version.
GOLDEN: list[tuple[Write, str]] = [
    (
        SaveUser(identifier="ann", revision=7, metadata={"a": 1}),
        '{"identifier":"ann","revision":7,"metadata":{"a":1}}',
    ),
    (
        SavePreferences(identifier="ann", revision=7, preferences={"a": "b", "c": None}),
        '{"identifier":"ann","revision":7,"preferences":{"a":"b","c":null}}',
    ),
    (DeleteUser(identifier="ann", revision=7), '{"identifier":"ann","revision":7}'),
    (
        SaveThread(id=THREAD, revision=7, owner="ann", name="n", tags=("t",), metadata={"a": None}),
        f'{{"id":"{THREAD}","revision":7,"owner":"ann","name":"n","tags":["t"],'
        '"metadata":{"a":null},"creates":true}',
    ),
    (DeleteThread(id=THREAD, revision=7), f'{{"id":"{THREAD}","revision":7}}'),
    (
        SaveStep(
            id=ID,
            thread_id=THREAD,
            revision=7,
            owner="ann",
            fields={"output": "ü", "tags": ["t"], "later": 1.5},
        ),
        f'{{{ROW},"revision":7,"fields":{{"output":"ü","tags":["t"],"extra":{{"later":1.5}}}},'
        '"owner":"ann"}',
    ),
    (
        SetFavorite(step_id=ID, thread_id=THREAD, favorite=True, revision=7),
        f'{{{STEP},"favorite":true,"revision":7}}',
    ),
    (DeleteStep(id=ID, thread_id=THREAD, revision=7), f'{{{ROW},"revision":7}}'),
    (DeleteStepsAfter(id=ID, thread_id=THREAD, revision=7), f'{{{ROW},"revision":7}}'),
    (
        SaveElement(id=ID, thread_id=THREAD, revision=7, fields={"page": 1}, ready=False),
        f'{{{ROW},"revision":7,"fields":{{"page":1}},"owner":null,"ready":false}}',
    ),
    (
        FinishElement(id=ID, thread_id=THREAD, object_key="k", size=3, sha256=SHA, revision=7),
        f'{{{ROW},"object_key":"k","size":3,"sha256":"{SHA}","revision":7}}',
    ),
    (DeleteElement(id=ID, thread_id=THREAD, revision=7), f'{{{ROW},"revision":7}}'),
    (
        SaveFeedback(
            step_id=ID, thread_id=THREAD, value=1, revision=7, comment="good", extra={"a": []}
        ),
        f'{{{STEP},"value":1,"revision":7,"comment":"good","extra":{{"a":[]}}}}',
    ),
    (
        DeleteFeedback(id=ID, revision=7, thread_id=THREAD),
        f'{{"id":"{ID}","revision":7,"thread_id":"{THREAD}"}}',
    ),
    (ForgetRemovals(object_keys=("k",), revision=7), '{"object_keys":["k"],"revision":7}'),
]
LINES = [line for _, line in GOLDEN]
each_kind = pytest.mark.parametrize(
    ("write", "line"), GOLDEN, ids=[type(write).__name__ for write, _ in GOLDEN]
)


def envelope(kind: str, line: str, version: int = VERSION) -> bytes:
    return f'{{"version":{version},"kind":"{kind}","write":{line}}}'.encode()


@each_kind
def test_the_format_is_what_it_was(write: Write, line: str) -> None:
    kept = envelope(type(write).__name__, line)
    assert encode(write) == kept
    assert decode(kept) == write


def test_there_is_a_line_of_every_kind() -> None:
    assert {type(write) for write, _ in GOLDEN} == set(get_args(Write))


@given(planned=planned_writes())
def test_a_write_comes_back_as_it_was(planned: PlannedWrite) -> None:
    write = planned.write(WORLD)
    line = encode(write)
    assert b"\n" not in line
    found = decode(line)
    assert found == write
    assert typed(found) == typed(write)


@pytest.mark.parametrize("value", [2 ** (MOST_BITS - 1), -(2**70), 1e300, 5e-324, -0.0, "\x00"])
def test_a_value_at_the_edge_comes_back(value: object) -> None:
    write = SaveUser(identifier="ann", revision=1, metadata={"a": value})  # type: ignore[dict-item]
    assert repr(decode(encode(write))) == repr(write)


@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, MAX_DEPTH + 9])
def test_what_is_nested_deep_comes_back(depth: int) -> None:
    nested: Any = "x"
    for _ in range(depth):
        nested = [nested]
    write = SaveStep(id=ID, thread_id=THREAD, revision=1, fields={"later": nested})
    assert decode(encode(write)) == write


@each_kind
def test_a_field_that_was_added_with_a_default_is_read_from_older_lines(
    write: Any, line: str
) -> None:
    optional = {
        it.name for it in dataclasses.fields(write) if it.default is not dataclasses.MISSING
    }
    given: Mapping[str, Any] = json.loads(line)
    older = {name: value for name, value in given.items() if name not in optional}
    found = decode(envelope(type(write).__name__, json.dumps(older)))
    for each in dataclasses.fields(write):
        expected = each.default if each.name in optional else getattr(write, each.name)
        assert getattr(found, each.name) == expected


@each_kind
def test_a_required_field_has_to_be_there(write: Any, line: str) -> None:
    required = json.loads(line)
    del required["revision"]
    with pytest.raises(UnreadableWrite, match="damaged"):
        decode(envelope(type(write).__name__, json.dumps(required)))


@pytest.mark.parametrize(
    ("kind", "version"), [("DeleteUser", VERSION + 1), ("RenameUser", VERSION)]
)
def test_what_a_newer_keepchat_wrote_is_named(kind: str, version: int) -> None:
    with pytest.raises(UnreadableWrite, match=f"{kind} of version {version}.*newer Keepchat"):
        decode(envelope(kind, '{"identifier":"ann","revision":7}', version))


@given(planned=planned_writes(), data=st.data())
def test_a_write_that_is_cut_short_is_none(planned: PlannedWrite, data: st.DataObject) -> None:
    line = encode(planned.write(WORLD))
    end = data.draw(st.integers(0, len(line) - 1))
    with pytest.raises(UnreadableWrite, match=f"{end} bytes are no write"):
        decode(line[:end])


@given(line=st.binary())
def test_any_bytes_are_a_write_or_unreadable(line: bytes) -> None:
    with pytest.raises(UnreadableWrite):
        decode(line)


@pytest.mark.parametrize(
    "line",
    [
        '{"identifier":"ann","revision":0}',
        '{"identifier":5,"revision":7}',
        '{"identifier":"ann","revision":"7"}',
        "[]",
        '{"identifier":"ann","revision":7,"metadata":' + "[" * 20_000 + "]" * 20_000 + "}",
    ],
)
def test_what_no_write_can_hold_is_damaged(line: str) -> None:
    with pytest.raises(UnreadableWrite, match="damaged") as caught:
        decode(envelope("SaveUser", line))
    assert "ann" not in str(caught.value)
