"""Which names are given, and which ones look the same."""

import pytest

from access.login.accounts.errors import AccountError
from access.login.accounts.names import checked_name, folded, look_alike


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("alice", "\u0430lice"),  # Cyrillic a
        ("coco", "\u0441\u043e\u0441\u043e"),  # Cyrillic throughout
        ("alice", "aIice"),
        ("alice", "a1ice"),
        ("bob", "b0b"),
        ("marnie", "mamie"),
        ("Omega", "\u039fmega"),  # Greek Omicron
        ("alice", "alice\ufe0f"),
        ("anna b", "anna  b"),
        ("anna b", "anna\u2003b"),
        ("J\u00fcrgen", "Ju\u0308rgen"),
        ("alice", "ALICE"),
    ],
)
def test_names_that_look_the_same(name: str, other: str) -> None:
    assert look_alike(name, other)
    assert look_alike(other, name)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("alice", "bob"),
        ("anna", "anne"),
        ("anna", "hanna"),
        ("user1", "user2"),
        ("Jürgen", "Jurgen"),
        ("анна", "anna"),
        ("王伟", "王芳"),
    ],
)
def test_names_that_do_not(name: str, other: str) -> None:
    assert not look_alike(name, other)


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "x" * 65, "a\u200bb", "\u3164", "\ufe0f", "\x00"]
)
def test_a_name_that_nobody_is_given(name: str) -> None:
    with pytest.raises(AccountError, match="1 to 64"):
        checked_name(name)


def test_a_name_is_kept_as_it_is_written() -> None:
    assert checked_name("  A\u0308nna ") == "Änna"
    assert folded(" ÄNNA ") == folded("änna")
    assert folded("\uff21nna") == "anna"
