"""A batch is cut where one thread's writes rest on another's, and nowhere else."""

from datalayer.stores.dynamodb.writes.pieces import pieces
from datalayer.writes import Write
from tests.support.builders import (
    delete_step,
    delete_thread,
    delete_user,
    element,
    feedback,
    new_id,
    step,
    thread,
    user,
)


def test_a_batch_is_one_piece() -> None:
    one, two = step(new_id()), step(new_id())
    writes: list[Write] = [
        *(user(), thread(), one, two, feedback(one), step(one.thread_id, one.id)),
        *(element(two.thread_id, one.id), delete_step(two), delete_thread(one.thread_id)),
    ]
    assert [*pieces(writes)] == [writes]
    assert [*pieces([])] == []


def test_a_user_is_deleted_alone() -> None:
    writes: list[Write] = [step(new_id()), delete_user(), delete_user(), step(new_id())]
    assert [*pieces(writes)] == [[write] for write in writes]
    assert [*pieces(writes[1:2])] == [writes[1:2]]


def test_a_row_is_named_under_one_thread() -> None:
    first = step(new_id())
    same, elsewhere = step(first.thread_id, first.id), step(new_id(), first.id)
    writes: list[Write] = [first, same, elsewhere, delete_step(elsewhere), feedback(first)]
    assert [*pieces(writes)] == [writes[:2], writes[2:4], writes[4:]]
