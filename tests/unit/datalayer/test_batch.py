"""Planning a batch: where it is cut, what a write needs, and what becomes of each row."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.rules.batch import (
    creates_thread,
    row_of,
    segments,
    thread_of,
)
from datalayer.writes import DeleteUser, ForgetRemovals, Write
from tests.support.builders import (
    delete_element,
    delete_feedback,
    delete_step,
    delete_thread,
    favorite,
    feedback,
    finish,
    new_id,
    step,
    thread,
    upload,
    user,
)

THREAD = new_id()
STEP = step(THREAD, output="x")
ELEMENT = upload(THREAD)
SAVES: list[Write] = [
    user(),
    thread(THREAD),
    STEP,
    favorite(STEP),
    ELEMENT,
    finish(ELEMENT),
    feedback(STEP),
]
DELETES: list[Write] = [
    DeleteUser(identifier="alice", revision=1),
    delete_thread(THREAD),
    delete_step(STEP),
    delete_element(ELEMENT),
    delete_feedback(new_id()),
    ForgetRemovals(object_keys=("x",), revision=1),
]


def cut(writes: Sequence[Write]) -> list[list[Write]]:
    return [[item.write for item in run] for run in segments(writes)]


def test_saves_go_together() -> None:
    assert cut(SAVES) == [SAVES]
    assert cut([]) == []


@pytest.mark.parametrize("write", DELETES, ids=lambda write: type(write).__name__)
def test_a_delete_cuts_the_batch(write: Write) -> None:
    assert cut([*SAVES, write, *SAVES]) == [SAVES, [write], SAVES]


def test_deletes_of_one_kind_go_together() -> None:
    first, second = delete_thread(new_id()), delete_thread(new_id())
    assert cut([first, second, DELETES[0]]) == [[first, second], [DELETES[0]]]


@given(st.lists(st.sampled_from([*SAVES, *DELETES])))
def test_nothing_is_lost_or_moved(writes: list[Write]) -> None:
    runs = cut(writes)
    assert [write for run in runs for write in run] == writes
    assert all(runs)


def test_the_thread_that_a_write_needs() -> None:
    assert [thread_of(write) for write in SAVES] == [None, *[THREAD] * 6]


def test_the_writes_that_create_a_thread() -> None:
    assert [creates_thread(write) for write in SAVES] == [
        *(False, True, True),
        *(False, True, False, False),
    ]
    assert not creates_thread(thread(THREAD, metadata={"a": 1}))


def test_the_row_that_a_write_is_about() -> None:
    found = {type(write).__name__: row_of(write) for write in SAVES}
    assert found["SaveStep"] == found["SetFavorite"] == ("step", STEP.id)
    assert found["SaveElement"] == found["FinishElement"] == ("element", ELEMENT.id)
    assert found["SaveUser"] is found["SaveThread"] is None
