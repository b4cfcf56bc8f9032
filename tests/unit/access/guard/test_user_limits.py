"""What one user may use up: told in sentences, one line of the log each, and per user."""

import logging
import math

import pytest

from access.guard.user_limits import LIMITS, LimitReached, UserLimits
from settings import Settings

MOST = dict.fromkeys(LIMITS, 3)


class Clock:
    """Goes when it is told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> UserLimits:
    return UserLimits(MOST, clock)


@pytest.mark.parametrize("name", LIMITS)
def test_each_has_a_setting_with_the_same_default_and_two_sentences(name: str) -> None:
    field = Settings.model_fields[f"user_max_{name}"]
    assert field.default == LIMITS[name].default
    reached = LimitReached(name, 3)
    english, chinese = str(reached.sentence), reached.sentence.in_language("zh")
    assert "{" not in english + chinese
    assert english.endswith(".")
    assert chinese.endswith("。")


@pytest.mark.parametrize("name", LIMITS)
def test_up_to_the_limit_and_no_further(name: str, limits: UserLimits) -> None:
    limits.check(name, 3, "ada")
    with pytest.raises(LimitReached):
        limits.check(name, 4, "ada")


def test_bytes_count_as_they_are_stored(limits: UserLimits) -> None:
    limits.check_bytes("name_kb", "é" * 1_500, "ada")
    limits.check_bytes("name_kb", None, "ada")
    with pytest.raises(LimitReached):
        limits.check_bytes("name_kb", "é" * 1_501, "ada")
    with pytest.raises(LimitReached):
        limits.check_bytes("name_kb", "\ud800" * 3_001, "ada")


def test_events_come_again_with_time_and_are_each_users_own(
    limits: UserLimits, clock: Clock
) -> None:
    for _ in range(6):  # twice the rate after a rest
        limits.take_event("ada")
    with pytest.raises(LimitReached):
        limits.take_event("ada")
    limits.take_event("bob")
    clock.now += 1
    for _ in range(3):
        limits.take_event("ada")
    with pytest.raises(LimitReached):
        limits.take_event("ada")
    clock.now += 1_000
    for _ in range(6):
        limits.take_event("ada")


def test_a_flood_is_one_line_a_second(
    limits: UserLimits, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    news = []
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            with pytest.raises(LimitReached) as reached:
                limits.check("answers", math.inf, "ada")
            news.append(reached.value.is_news)
        clock.now += 1.1
        with pytest.raises(LimitReached):
            limits.check("answers", math.inf, "ada")
    assert (len(caplog.records), sum(news)) == (2, 1)
    assert caplog.records[0].getMessage() == (
        "'ada' has reached a limit: Only 3 answers can be on their way at once. "
        "Wait for one, or stop it."
    )


def test_who_uses_the_program_alone_has_no_limits() -> None:
    alone = UserLimits(None)
    for _ in range(1_000):
        alone.take_event("local")
    for name in LIMITS:
        alone.check(name, math.inf, "local")
