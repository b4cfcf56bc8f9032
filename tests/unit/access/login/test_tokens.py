"""Tokens: signed here, by the present secret or one before it."""

import time
from typing import Any

import jwt
import pytest
from chainlit.auth.jwt import decode_jwt
from chainlit.user import User

from access.login.tokens import Tokens
from datalayer.stores.accounts import LoginSession

OLD, NEW = "o" * 48, "n" * 48


def session(**changed: Any) -> LoginSession:
    given = {
        "id": "s1",
        "identifier": "anna",
        "created_at": "2026-01-01T00:00:00.000000Z",
        "expires_at": "2999-01-01T00:00:00.000000Z",
        "mode": "password",
    }
    return LoginSession(**{**given, **changed})


def test_a_token_says_whose_it_is_and_of_which_session() -> None:
    user = User(identifier="anna", display_name="Anna", metadata={"role": "admin"})
    began = time.time() - 0.25
    login = Tokens(NEW).read(Tokens(NEW).issue(user, session(), began))
    assert login
    assert (login.session_id, login.mode, login.began_at) == ("s1", "password", began)
    assert login.user == user
    assert not login.is_renewed


def test_chainlit_itself_could_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINLIT_AUTH_SECRET", NEW)
    token = Tokens(NEW).issue(User(identifier="anna"), session())
    assert decode_jwt(token).identifier == "anna"


def test_a_token_of_the_secret_before_is_signed_anew() -> None:
    sent = Tokens(OLD).issue(User(identifier="anna"), session())
    login = Tokens(NEW, [OLD]).read(sent)
    assert login
    assert login.is_renewed
    assert login.session_id == "s1"
    again = Tokens(NEW).read(login.token)
    assert again
    assert (again.session_id, again.expires_at) == ("s1", login.expires_at)
    assert Tokens(NEW).read(sent) is None


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        *((name, None) for name in ("identifier", "sid", "mode", "iat", "exp")),
        ("sid", 5),
        ("identifier", ""),
        ("exp", "x"),
        ("exp", 1.0),
        ("metadata", "x"),
    ],
)
def test_what_is_none_of_ours_says_nothing(claim: str, value: object) -> None:
    claims = {"identifier": "a", "sid": "s", "mode": "m", "iat": 1.0, "exp": 9e9, "metadata": {}}
    whole = jwt.encode(claims, NEW, algorithm="HS256")
    assert Tokens(NEW).read(whole)
    changed = {**claims, claim: value}
    if value is None:
        del changed[claim]
    assert Tokens(NEW).read(jwt.encode(changed, NEW, algorithm="HS256")) is None


def test_a_forged_token_says_nothing() -> None:
    token = Tokens(NEW).issue(User(identifier="anna"), session())
    unsigned = jwt.encode(jwt.decode(token, options={"verify_signature": False}), "", "none")
    other = jwt.encode(jwt.decode(token, NEW, ["HS256"]), NEW * 2, algorithm="HS512")
    for forged in ("", "x", token + "x", token[:-2], unsigned, other, "é" * 10, "x" * 100_000):
        assert Tokens(NEW).read(forged) is None


def test_a_known_token_expires_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(NEW)
    token = tokens.issue(User(identifier="anna"), session())
    assert tokens.read(token)
    monkeypatch.setattr(time, "time", lambda: 9e10)
    assert tokens.read(token) is None


def test_keys_of_other_kinds_are_others() -> None:
    keys = Tokens(NEW, [OLD, NEW]).key_for("device")
    assert len(set(keys)) == 2
    assert keys[0] == Tokens(NEW).key_for("device")[0] != Tokens(NEW).key_for("x")[0]
