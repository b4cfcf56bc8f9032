"""An attempt counts for the browser that began it, for a while, whatever else is begun."""

import re

import pytest

from access.login.modes.oidc.attempt import LIVES_S, begun, is_key, new_key, resumed

NOW = 1_800_000_000.0
KEY, SECRET = new_key(), b"s" * 32


def test_an_attempt_is_the_same_when_its_browser_comes_back() -> None:
    attempt = begun(KEY, SECRET, NOW)
    assert resumed(attempt.state, KEY, [SECRET], NOW + LIVES_S - 1) == attempt


def test_what_an_attempt_says_differs_from_all_else() -> None:
    one, other = begun(KEY, SECRET, NOW), begun(KEY, SECRET, NOW)
    said = [one.state, one.nonce, one.verifier, other.state, other.nonce, other.verifier]
    assert len(set(said)) == len(said)
    assert KEY not in " ".join(said)
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", one.verifier)  # as RFC 7636 wants it


@pytest.mark.parametrize(
    ("key", "secrets", "later"),
    [
        (new_key(), [SECRET], 0),
        ("", [SECRET], 0),
        (KEY, [b"t" * 32], 0),
        (KEY, [], 0),
        (KEY, [SECRET], LIVES_S),
    ],
    ids=["another browser", "no browser", "another secret", "no secret", "too late"],
)
def test_an_attempt_is_nobody_elses(key: str, secrets: list[bytes], later: float) -> None:
    assert resumed(begun(KEY, SECRET, NOW).state, key, secrets, NOW + later) is None


def test_an_attempt_outlives_a_new_secret() -> None:
    attempt = begun(KEY, SECRET, NOW)
    assert resumed(attempt.state, KEY, [b"new" * 16, SECRET], NOW) == attempt


@pytest.mark.parametrize("change", ["", "x", ".1.", "\0", "é", "." * 100])
def test_a_state_that_was_changed_is_none(change: str) -> None:
    name, until, signature = begun(KEY, SECRET, NOW).state.split(".")
    later = str(int(until) + 1)
    longer = f"{name}.{until}.{signature}{change or 'A'}"
    for state in (change, f"{name}.{later}.{signature}", longer):
        assert resumed(state, KEY, [SECRET], NOW) is None


@pytest.mark.parametrize("given", ["", "a", "a" * 44, "é" * 43, "a" * 42 + "\n", "a" * 43 + "\n"])
def test_what_a_browser_made_up_is_no_key(given: str) -> None:
    assert is_key(new_key())
    assert not is_key(given)
