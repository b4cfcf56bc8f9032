"""A text in chunks has every part of the text, and a thread is built when it is quiet."""

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.search.terms import SearchTerms
from datalayer.stores.dynamodb.search.chunks import Chunks, contains, cut
from datalayer.stores.dynamodb.search.unbuilt import QUIET_S, Unbuilt

SIZE = 16 * 1024
PIECES = st.lists(st.text("abc", max_size=4).map(str.encode))
TERMS = st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=4).map(tuple)


@given(PIECES, TERMS)
def test_cuts_hide_nothing_and_show_nothing(pieces: list[bytes], needed: tuple[str, ...]) -> None:
    whole = b"".join(pieces)
    says = all(needle.encode() in whole for needle in needed)
    assert contains(pieces, SearchTerms(needed=needed)) == says


def text(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def pieces(chunks: Chunks) -> list[bytes]:
    return [zlib.decompress(chunks.new[name]) for name in chunks.names]


def test_the_chunks_of_a_text_are_the_text() -> None:
    for size in (0, 1, SIZE, SIZE + 1, 5 * SIZE, 100 * SIZE):
        assert b"".join(pieces(cut(text(size), ()))) == text(size)
    assert len(cut(text(5 * SIZE), ()).names) == 5


def test_what_is_added_changes_the_last_chunk_alone() -> None:
    before = cut(text(3 * SIZE)[:-10], ())
    after = cut(text(3 * SIZE), before.names)
    assert before.names[:2] == after.names[:2]
    assert list(after.new) == [after.names[2]]
    assert before.names[2] != after.names[2]


def test_equal_chunks_have_one_name() -> None:
    chunks = cut(b"x" * 3 * SIZE, ())
    assert len(chunks.names) == 3
    assert len(chunks.new) == 1


@pytest.mark.slow
def test_a_head_lists_few_chunks_however_long_the_text_is() -> None:
    for size in (64 * SIZE, 65 * SIZE, 1_000 * SIZE):
        assert 32 < len(cut(text(size), ()).names) <= 64


@pytest.mark.slow
def test_a_chunk_fits_into_an_item_whatever_is_in_it() -> None:
    chunks = cut(text(1_100 * SIZE), ())
    assert max(map(len, chunks.new.values())) < 400_000


# Quiet threads


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def due(unbuilt: Unbuilt) -> list[str]:
    return [noted.thread_id for noted in unbuilt.due(10)]


def test_a_thread_is_built_when_its_head_was_the_same_for_long() -> None:
    clock = Clock()
    unbuilt = Unbuilt(now=clock)
    unbuilt.note("a", "1")
    clock.seconds = QUIET_S - 1
    unbuilt.note("a", "1")
    unbuilt.note("b", "1")
    assert due(unbuilt) == []
    clock.seconds = QUIET_S
    assert due(unbuilt) == ["a"]
    unbuilt.note("a", "2")
    assert due(unbuilt) == []
    clock.seconds = 2 * QUIET_S
    assert due(unbuilt) == ["b", "a"]


def test_what_was_saved_meanwhile_is_not_forgotten() -> None:
    clock = Clock()
    unbuilt = Unbuilt(now=clock)
    unbuilt.note("a", "1")
    clock.seconds = QUIET_S
    [built] = unbuilt.due(10)
    unbuilt.note("a", "2")
    unbuilt.forget(built)
    assert len(unbuilt) == 1
    clock.seconds = 2 * QUIET_S
    unbuilt.forget(unbuilt.due(1)[0])
    assert not unbuilt


def test_no_more_are_noted_than_there_is_room_for() -> None:
    unbuilt = Unbuilt(2, now=lambda: 0.0)
    for name in "abc":
        unbuilt.note(name, "1")
    assert len(unbuilt) == 2
    unbuilt.note("a", "2")
    assert len(unbuilt) == 2
