"""Which passwords are taken, and how they are kept."""

import pytest
from argon2 import PasswordHasher

from access.login.accounts.errors import AccountError
from access.login.accounts.passwords import OF_NOBODY, checked_password, hash_password, is_password

PASSWORD = "correct horse"


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_a_password_of_a_length_that_is_not_taken(password: str) -> None:
    with pytest.raises(AccountError, match="8 to 1024"):
        checked_password(password, "anna")


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "Password1!",
        "qwertyuiop",
        "aaaaaaaa",
        "12345678",
        "iloveyou",
        "keepchat",
        "x" * 99,
    ],
)
def test_a_common_password(password: str) -> None:
    with pytest.raises(AccountError, match="first that are tried"):
        checked_password(password, "anna")


@pytest.mark.parametrize("password", ["Karl-Heinz", "karl-heinz1", "KARL-HEINZ"])
def test_the_name_as_a_password(password: str) -> None:
    assert checked_password(password, "anna") == password
    with pytest.raises(AccountError, match="first that are tried"):
        checked_password(password, "Karl-Heinz")


@pytest.mark.parametrize(
    "password", [PASSWORD, "pässwörter überall", "爱丽丝的密码是很长的", " " * 4 + "sesam open"]
)
def test_a_password_that_is_taken_opens_as_it_is_written(password: str) -> None:
    kept = hash_password(checked_password(password, "anna"))
    assert password not in kept
    assert kept.startswith("$argon2id$")
    assert is_password(password, kept)
    assert not is_password(password.upper() + "!", kept)


def test_a_name_that_there_is_not_takes_as_long() -> None:
    assert not PasswordHasher().check_needs_rehash(OF_NOBODY)


def test_nobody_has_a_password() -> None:
    assert not is_password("nobody", None)
    assert not is_password("nobody", "")
    assert not is_password(PASSWORD, "no hash")
