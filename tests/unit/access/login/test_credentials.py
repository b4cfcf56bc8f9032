"""What a request says of who sends it is read in one way, or refused."""

from collections.abc import Sequence

import pytest
from chainlit.auth import get_token_from_cookies
from starlette.requests import Request
from starlette.types import Scope

from access.login.credentials import Ambiguous, read


def scope_of(*headers: tuple[str, str]) -> Scope:
    return {
        "type": "http",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }


def cookie(value: str) -> Scope:
    return scope_of(("cookie", value))


def test_the_token_is_found_wherever_it_is() -> None:
    assert read(cookie("a=b; access_token=t; c=d")).token == "t"
    assert read(cookie("access_token_1=y;access_token_0=x")).token == "xy"
    assert read(scope_of(("authorization", "Bearer  t "))).token == "t"
    assert read(scope_of(("authorization", "bearer t"), ("cookie", "access_token=t"))).token == "t"


def test_there_may_be_none() -> None:
    for scope in (
        scope_of(),
        cookie("a=b"),
        cookie("access_token="),
        cookie("access_tokens=t; Access_Token=t"),
        scope_of(("authorization", "Basic dDp0")),
        scope_of(("authorization", "Bearer")),
    ):
        assert read(scope).token is None


def test_the_header_may_be_for_others() -> None:
    scope = scope_of(("authorization", "Bearer x"), ("cookie", "access_token=t"))
    assert read(scope, takes_bearer=False).token == "t"


@pytest.mark.parametrize(
    "headers",
    [
        [("cookie", "access_token=t"), ("cookie", "a=b")],
        [("cookie", "access_token=t"), ("cookie", "access_token=t")],
        [("cookie", "access_token=t; access_token=u")],
        [("cookie", "access_token=t; access_token=t")],
        [("cookie", "access_token=t; access_token_0=t")],
        [("cookie", "access_token_0=t; access_token_0=u")],
        [("cookie", "access_token_1=t")],
        [("cookie", "access_token_0=t; access_token_2=u")],
        [("cookie", "access_token_00=t")],
        [("cookie", 'access_token="t"; access_token=u')],
        [("cookie", "access_token=t"), ("authorization", "Bearer u")],
        [("authorization", "Bearer t"), ("authorization", "Bearer t")],
        [("authorization", "Bearer t"), ("authorization", "Basic u")],
    ],
    ids=str,
)
def test_what_could_be_read_in_two_ways_is_refused(headers: Sequence[tuple[str, str]]) -> None:
    with pytest.raises(Ambiguous, match="says once who sends it"):
        read(scope_of(*headers))


@pytest.mark.parametrize(
    "sent",
    [
        "a=b; access_token=t; c=d",
        "access_token=; access_token_0=x; access_token_1=y",
        "access_token_0=x; a=b; access_token_1=y",
        'access_token="t\\"u"; a',
        "a=b",
        "\xa0access_token\xa0=t",
        "access_token =t;;",
    ],
)
def test_chainlit_reads_what_was_judged_and_nothing_else(sent: str) -> None:
    scope = cookie(sent)
    found = read(scope)
    assert found.token == get_token_from_cookies(Request(scope).cookies)
    for token in (found.token, "judged", None):
        handed_on = Request(found.given_as(token, scope))
        assert get_token_from_cookies(handed_on.cookies) == token
        assert read(handed_on.scope).token == token


def test_other_cookies_and_headers_go_on_as_they_came() -> None:
    scope = scope_of(
        ("cookie", 'a=b; access_token=t; c="d e"; =f; g'),
        ("authorization", "Bearer t"),
        ("accept", "text/html"),
    )
    found = read(scope)
    anonymous = found.given_as(None, scope)["headers"]
    assert anonymous == [(b"accept", b"text/html"), (b"cookie", b'a=b; c="d e"; =f; g')]
    assert found.given_as("t", scope_of())["headers"] == [
        (b"cookie", b'a=b; c="d e"; =f; g; access_token=t')
    ]
    assert read(cookie("access_token=t")).given_as(None, scope_of())["headers"] == []


def test_another_cookie_is_read_once() -> None:
    found = read(cookie("a=b; c=1; c=2"))
    assert found.cookie("a") == "b"
    assert found.cookie("x") is None
    with pytest.raises(Ambiguous, match="two cookies c"):
        found.cookie("c")
