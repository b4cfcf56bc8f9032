"""The cookies of a login: set as Chainlit sets them, and taken away whole."""

from collections.abc import Iterable, Sequence

from chainlit.auth.cookie import _cookie_samesite, set_auth_cookie
from starlette.requests import Request
from starlette.responses import Response

from access.login.credentials import is_login_cookie


def signing_in(token: str, sent: Iterable[str] = ()) -> list[str]:
    """Return the `Set-Cookie` values of a login; `sent` names the cookies of the one before it."""
    answer = Response()
    set_auth_cookie(Request({"type": "http", "headers": []}), answer, token)
    new = answer.headers.getlist("set-cookie")
    made = {one.partition("=")[0] for one in new}
    return [*new, *removing(name for name in sent if name not in made)]


def sign_in(answer: Response, token: str, sent: Iterable[str] = ()) -> None:
    """Add the cookies of a login to an answer; `sent` as in `signing_in`."""
    for cookie in signing_in(token, sent):
        answer.headers.append("set-cookie", cookie)


def sign_out(answer: Response, sent: Iterable[str]) -> None:
    """Let an answer take the cookies of a login out of the browser that sent them."""
    for cookie in removing(sent):
        answer.headers.append("set-cookie", cookie)


def removing(names: Iterable[str]) -> Sequence[str]:
    """Return the `Set-Cookie` values that take cookies of a login out of a browser."""
    answer = Response()
    for name in names:
        if is_login_cookie(name):
            answer.delete_cookie(name, path="/", httponly=True, samesite=_cookie_samesite)
    return answer.headers.getlist("set-cookie")


def below(prefix: str, cookie: str) -> Sequence[str]:
    """Return `Set-Cookie` values for a program that has a path of its own beside others.

    Its login is sent to that path alone; what is taken away is so at both paths: versions of before
    had it at the other one.
    """
    name, *attributes = cookie.split("; ")
    if not prefix or "Path=/" not in attributes or not is_login_cookie(name.partition("=")[0]):
        return [cookie]
    attributes[attributes.index("Path=/")] = f"Path={prefix}"
    placed = "; ".join([name, *attributes])
    return [placed, cookie] if "Max-Age=0" in attributes else [placed]


def secured(cookie: str) -> str:
    """Return a `Set-Cookie` value for a browser that came by HTTPS."""
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    return cookie if "secure" in parts else f"{cookie}; Secure"
