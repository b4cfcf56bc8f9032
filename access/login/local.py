"""AUTH_MODE=local: one user, no login page, this computer only.

The page's own requests come from a loopback address and name a loopback host. Everything else is
refused, so that no site open in the same browser can reach the chat by pointing a name of its own
at 127.0.0.1; what comes from pages of other origins is refused before (`routes/origins.py`).
"""

from typing import Any

import chainlit as cl
from chainlit.auth import create_jwt, get_token_from_cookies
from chainlit.auth.cookie import set_auth_cookie
from chainlit.auth.jwt import decode_jwt
from jwt import InvalidTokenError
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from access.login.base import LoginMode, LoginState
from access.login.loopback import host_of, is_loopback

USER = "local"
REFUSAL = "This chat answers on this computer only: open it as http://localhost, not as {host}.\n"


class LocalLogin(LoginMode):
    """Whoever sits at this computer is the one user."""

    is_personal = True
    users_are_operators = True

    def state(self, host: str) -> LoginState:
        """Judge whether others could reach the host."""
        if is_loopback(host):
            return LoginState("ok", "no login, this computer only")
        message = f"AUTH_MODE: local has no login and so does not listen on {host}."
        remedy = "Use --host 127.0.0.1 (CHAINLIT_HOST), or set AUTH_MODE=password."
        return LoginState("failed", message, remedy)

    def guard(self, app: ASGIApp) -> ASGIApp:
        """Return the app behind what refuses strangers and signs the browser in."""
        return LocalAccess(app)

    def register(self) -> None:
        """Let everyone who gets this far in as the one user: it makes Chainlit want a login."""

        @cl.header_auth_callback
        async def header_auth(headers: Any) -> cl.User:  # noqa: ARG001 - Chainlit's signature
            return cl.User(identifier=USER)

    def honours(self, token: str) -> bool:
        """Say yes: nobody is ever signed out."""
        return True


class LocalAccess:
    """The middleware: refuses strangers, and signs the browser in as the page is loaded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif not is_from_this_computer(scope):
            await _refuse(scope, receive, send)
        elif wants_page(scope) and not _is_signed_in(scope):
            await self._app(scope, receive, _signing_in(Request(scope), send))
        else:
            await self._app(scope, receive, send)


def is_from_this_computer(scope: Scope) -> bool:
    """Tell whether a request comes from this computer, and for it."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    client = scope.get("client")
    return is_loopback(host_of(host)) and (client is None or is_loopback(client[0]))


def wants_page(scope: Scope) -> bool:
    """Tell whether a browser loads a page, and not one of its parts."""
    accept = Headers(scope=scope).get("accept", "")
    return scope["type"] == "http" and scope["method"] == "GET" and "text/html" in accept


def _is_signed_in(scope: Scope) -> bool:
    token = get_token_from_cookies(HTTPConnection(scope).cookies)
    try:
        # The cookie of an account stays in the browser when AUTH_MODE is changed.
        return bool(token and decode_jwt(token).identifier == USER)
    except (InvalidTokenError, KeyError, TypeError):
        return False


def _signing_in(request: Request, send: Send) -> Send:
    """Return a `send` that adds the login's cookies to the answer."""
    login = Response()
    set_auth_cookie(request, login, create_jwt(cl.User(identifier=USER)))

    async def send_with_cookies(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for cookie in login.headers.getlist("set-cookie"):
                headers.append("set-cookie", cookie)
        await send(message)

    return send_with_cookies


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(code=1008)(scope, receive, send)
        return
    host = host_of(Headers(scope=scope).get("host", "")) or "another name"
    await PlainTextResponse(REFUSAL.format(host=host), 403)(scope, receive, send)
