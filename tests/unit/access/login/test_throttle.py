"""What slows guessing, by a clock of the test's own."""

from collections.abc import Callable

import pytest

from access.login.guessing.throttle import (
    ADDRESS,
    DEVICE,
    NAME,
    OVERALL,
    PAIR,
    Attempt,
    Buckets,
    Rate,
    Throttle,
    TooManyAttempts,
)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(clock)


def fails(throttle: Throttle, make: Callable[[int], Attempt], most: int = 1_000) -> int:
    """Return how many of attempts are taken before one is refused; all of them fail."""
    for number in range(most):
        try:
            throttle.begin(make(number))
        except TooManyAttempts:
            return number
    return most


def anna(address: str = "home", device: str = "") -> Attempt:
    return Attempt("anna", is_known=True, address=address, device=device)


def test_a_bucket_fills_again(clock: Clock) -> None:
    buckets = Buckets(Rate(2, 10.0), clock=clock)
    buckets.take("a")
    buckets.take("a")
    assert (buckets.wait_s("a"), buckets.wait_s("b")) == (10.0, 0.0)
    clock.now += 4
    assert buckets.wait_s("a") == pytest.approx(6.0)
    clock.now += 6
    assert buckets.wait_s("a") == 0
    buckets.give_back("b")
    buckets.take("b")
    assert buckets.wait_s("b") == 0


def test_eight_wrong_ones_leave_the_right_one_its_place(throttle: Throttle) -> None:
    assert fails(throttle, lambda _: anna(), 8) == 8
    throttle.begin(anna())()


def test_guessing_one_name_from_one_address_is_slowed(throttle: Throttle, clock: Clock) -> None:
    assert fails(throttle, lambda _: anna()) == PAIR.burst
    with pytest.raises(TooManyAttempts) as refused:
        throttle.begin(anna())
    assert 0 < refused.value.retry_s <= PAIR.every_s
    throttle.begin(anna("elsewhere"))()  # the owner, at another address
    clock.now += PAIR.every_s
    assert fails(throttle, lambda _: anna()) == 1


def test_addresses_that_are_made_up_do_not_help(throttle: Throttle, clock: Clock) -> None:
    made_up = lambda number: anna(f"10.0.{number}.1")  # noqa: E731
    assert fails(throttle, made_up) == NAME.burst
    clock.now += NAME.every_s * 3
    assert fails(throttle, made_up) == 3


def test_names_do_not_help_who_guesses_from_one_address(throttle: Throttle) -> None:
    for is_known in (True, False):
        each = lambda number: Attempt(f"name {number}", is_known=is_known, address=f"{is_known}")  # noqa: B023, E731
        assert fails(throttle, each) == ADDRESS.burst
        with pytest.raises(TooManyAttempts):
            throttle.check_address(f"{is_known}")
    throttle.check_address("home")


def test_one_address_alone_does_not_use_up_a_name(throttle: Throttle, clock: Clock) -> None:
    for _ in range(200):
        fails(throttle, lambda _: anna("there"))
        clock.now += PAIR.every_s
        throttle.begin(anna("home"))()


def test_success_undoes_what_it_counted_and_nothing_more(throttle: Throttle) -> None:
    for _ in range(500):
        throttle.begin(anna())()
    assert fails(throttle, lambda _: anna()) == PAIR.burst
    bob = Attempt("bob", is_known=True, address="home")
    throttle.begin(bob)()
    with pytest.raises(TooManyAttempts):
        throttle.begin(anna())


def test_a_browser_that_was_here_before_is_let_past(throttle: Throttle) -> None:
    fails(throttle, lambda _: anna())
    fails(throttle, lambda number: anna(f"{number}"))
    fails(throttle, lambda number: Attempt(f"name {number}", is_known=False, address="home"))
    for _ in range(100):
        assert throttle.is_trusted("hers")
        throttle.begin(anna(device="hers"))()
    assert not throttle.is_trusted("")


def test_it_has_a_count_of_its_own_and_then_is_like_others(throttle: Throttle) -> None:
    fails(throttle, lambda _: anna())
    assert fails(throttle, lambda _: anna(device="stolen")) == DEVICE.burst
    assert not throttle.is_trusted("stolen")
    assert throttle.is_trusted("hers")


def test_many_who_guess_everywhere_are_slowed_and_not_refused(throttle: Throttle) -> None:
    spray = lambda number: Attempt(f"name {number}", is_known=True, address=f"{number}")  # noqa: E731
    assert fails(throttle, spray, OVERALL.burst) == OVERALL.burst
    assert throttle.pause_s(anna()) == pytest.approx(OVERALL.every_s)
    assert throttle.pause_s(anna(device="hers")) == 0
    made_up = Attempt("nobody", is_known=False, address="x")
    assert throttle.pause_s(made_up) == 0


def test_made_up_names_do_not_slow_all(throttle: Throttle) -> None:
    made_up = lambda number: Attempt(f"name {number}", is_known=False, address=f"{number}")  # noqa: E731
    assert fails(throttle, made_up, 2_000) == 2_000
    assert throttle.pause_s(anna()) == 0


@pytest.mark.slow
def test_made_up_names_make_nobody_forget_whom_somebody_guesses(throttle: Throttle) -> None:
    fails(throttle, lambda _: anna())
    made_up = lambda number: Attempt(f"name {number}", is_known=False, address=f"{number}")  # noqa: E731
    fails(throttle, made_up, 12_000)
    with pytest.raises(TooManyAttempts):
        throttle.begin(anna())


@pytest.mark.slow
def test_no_more_is_remembered_than_there_is_room(throttle: Throttle) -> None:
    made_up = lambda number: Attempt(f"name {number}", is_known=False, address=f"{number}")  # noqa: E731
    fails(throttle, made_up, 12_000)
    assert max(len(it._buckets) for it in throttle._names.values()) == 10_000
