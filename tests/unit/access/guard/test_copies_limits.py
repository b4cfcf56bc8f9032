"""How many copies a user may have made at once, and how large."""

import pytest

from access.guard.copies import RunningCopies
from access.guard.user_limits import LIMITS, MEGABYTE, LimitReached, UserLimits


@pytest.fixture
def copies() -> RunningCopies:
    return RunningCopies(UserLimits(dict.fromkeys(LIMITS, 2)))


def make(copies: RunningCopies, user: str, size: int = 0, error: Exception | None = None) -> None:
    with copies.admit(user, size):
        if error:
            raise error


def test_each_user_has_so_many_at_once(copies: RunningCopies) -> None:
    with copies.admit("alice", 0), copies.admit("alice", 0):
        make(copies, "bob")
        with pytest.raises(LimitReached, match="Only 2 copies"):
            make(copies, "alice")
    make(copies, "alice")


def test_one_that_fails_counts_no_more(copies: RunningCopies) -> None:
    for _ in range(3):
        with pytest.raises(OSError, match="away"):
            make(copies, "alice", error=OSError("away"))
    make(copies, "alice")


def test_the_files_of_each_may_have_so_many_bytes(copies: RunningCopies) -> None:
    make(copies, "alice", 2 * MEGABYTE)
    for _ in range(3):
        with pytest.raises(LimitReached, match="2 MB") as caught:
            make(copies, "alice", 2 * MEGABYTE + 1)
        assert caught.value.status == 413
    make(copies, "alice")
