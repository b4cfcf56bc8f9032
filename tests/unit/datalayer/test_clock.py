"""The hybrid clock: above what was seen, by the wall clock otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.clock import HybridClock

HOUR = 3_600_000_000  # microseconds


class Wall:
    """A wall clock that stands where it is set."""

    def __init__(self) -> None:
        self.time = 1_800_000_000_000_000

    def __call__(self) -> int:
        return self.time


def test_it_goes_by_the_wall_clock() -> None:
    clock = HybridClock(wall := Wall())
    assert clock.next_of("a") == wall.time
    wall.time += HOUR
    assert clock.next_of("a") == wall.time


def test_what_was_seen_of_one_thread_says_nothing_of_others() -> None:
    clock = HybridClock(wall := Wall())
    clock.observe("ahead", wall.time + HOUR)
    assert clock.next_of("ahead") == wall.time + HOUR + 1
    assert clock.next_of("other") < wall.time + HOUR


def test_a_wall_clock_that_is_set_back_changes_no_order() -> None:
    clock = HybridClock(wall := Wall())
    before = clock.next_of("a")
    wall.time -= HOUR
    assert clock.next_of("a") > before


def test_it_knows_which_revisions_may_be_its_own() -> None:
    clock = HybridClock(wall := Wall())
    own = clock.next_of("a")
    clock.note_own("a", own)
    clock.observe("a", wall.time + HOUR)
    assert clock.is_own("a", own)
    assert not clock.is_own("a", wall.time + HOUR)
    assert not clock.is_own("b", own)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-2 * HOUR, 2 * HOUR), st.booleans())))
def test_revisions_of_a_thread_only_grow(steps: list[tuple[str, int, bool]]) -> None:
    clock = HybridClock(wall := Wall())
    last: dict[str, int] = {}
    for key, change, observes in steps:
        wall.time += change
        if observes:
            clock.observe(key, wall.time + HOUR)
            last[key] = max(last.get(key, 0), wall.time + HOUR)
        revision = clock.next_of(key)
        assert revision > last.get(key, 0)
        last[key] = revision


def test_it_forgets_the_threads_that_were_seen_longest_ago(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("datalayer.clock.REMEMBERED", 2)
    clock = HybridClock(wall := Wall())
    for key in "abac":
        clock.observe(key, wall.time + HOUR)
    assert clock.next_of("a") > wall.time + HOUR
    assert clock.next_of("b") < wall.time + HOUR
