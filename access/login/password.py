"""AUTH_MODE=password: a login page, accounts in a file.

Chainlit's login is a signed cookie that nobody can call back for 15 days. So each request, and
each event of an open page, is looked at: without its account, or from before the last change of
the password, it is none.
"""

import asyncio
from contextvars import ContextVar
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

import chainlit as cl
import jwt
from chainlit.auth import get_token_from_cookies
from chainlit.auth.jwt import get_jwt_secret
from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from access.login.accounts import LONGEST_NAME, Account, AccountError, UsersFile, folded
from access.login.base import LoginMode, LoginState
from access.login.throttle import Throttle, TooManyAttempts
from common.blocking import BlockingPool

HASHING_THREADS = 2  # a hash takes 64 MiB and a core for a moment
# Chainlit's callback for logins is not told where the request comes from.
_client_address: ContextVar[str] = ContextVar("client_address", default="")


class PasswordLogin(LoginMode):
    """Those come in who have an account and know its password."""

    has_accounts = True

    def __init__(self, users: UsersFile) -> None:
        self._users = users
        self._throttle = Throttle()
        self._hashing = BlockingPool(HASHING_THREADS)

    def state(self, host: str) -> LoginState:
        """Judge whether there is anybody who can sign in; any host will do."""
        try:
            accounts = self._users.accounts()
        except AccountError as exc:
            return LoginState("failed", f"USERS_FILE: {exc}")
        if accounts:
            return LoginState("ok", f"{len(accounts)} can sign in with a password")
        remedy = "Run 'python manage.py user add NAME'."
        return LoginState("warning", "Nobody can sign in yet.", remedy)

    def guard(self, app: ASGIApp) -> ASGIApp:
        """Return the app behind what takes logins away that do not count any more."""
        return PasswordAccess(app, self)

    def register(self) -> None:
        """Let Chainlit's login page ask for the accounts."""

        @cl.password_auth_callback
        async def password_auth(name: str, password: str) -> cl.User | None:
            account = await self.authenticate(name, password)
            return cl.User(identifier=account.name) if account else None

    async def authenticate(self, name: str, password: str) -> Account | None:
        """Return the account if this is its password; slower and slower while it is not.

        Each address waits for its own failures only, so that nobody keeps others out.
        """
        if len(name) > LONGEST_NAME:
            return None
        try:
            async with self._throttle.turn((folded(name), _client_address.get())) as attempt:
                account = await self._hashing.run(self._users.verify, name, password)
                attempt.failed = account is None
                if account:
                    await asyncio.sleep(account.wait_s)
                return account
        except TooManyAttempts:
            return None

    def honours(self, token: str) -> bool:
        """Tell whether a login is signed by us and its account is as it was."""
        try:
            login: dict[str, Any] = jwt.decode(token, get_jwt_secret() or "", algorithms=["HS256"])
            account = self._users.find(str(login["identifier"]))
            return account is not None and account.honours(float(login["iat"]))
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
            return False


class PasswordAccess:
    """The middleware: takes logins away that do not count any more."""

    def __init__(self, app: ASGIApp, login: LoginMode) -> None:
        self._app = app
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _client_address.set(client_address(scope))
        if scope["type"] in ("http", "websocket"):
            scope = with_one_login(scope)
            if not self._is_honoured(scope):
                scope = without_login(scope)
        await self._app(scope, receive, send)

    def _is_honoured(self, scope: Scope) -> bool:
        token = _token(HTTPConnection(scope))
        return token is None or self._login.honours(token)


def with_one_login(scope: Scope) -> Scope:
    """Return the request with the login that counts: a bearer token where there is no cookie."""
    headers = MutableHeaders(raw=list(scope["headers"]))
    cookies = cookie_parser(headers.get("cookie", ""))
    if "authorization" in headers and get_token_from_cookies(cookies):
        del headers["authorization"]
    return {**scope, "headers": headers.raw}


def without_login(scope: Scope) -> Scope:
    """Return the request without the cookies and headers that sign it in."""
    stripped = {**scope, "headers": list(scope["headers"])}
    headers = MutableHeaders(scope=stripped)
    for name in ("cookie", "authorization"):
        if name in headers:
            del headers[name]
    return stripped


def client_address(scope: Scope) -> str:
    """Return the client's address, of IPv6 the network: one client has all of its addresses."""
    host: str = (scope.get("client") or ("",))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address) or address.ipv4_mapped:
        return str(getattr(address, "ipv4_mapped", None) or address)
    return str(IPv6Network((int(address), 64), strict=False))


def _token(request: HTTPConnection) -> str | None:
    if token := get_token_from_cookies(request.cookies):
        return str(token)
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    return token if scheme.lower() == "bearer" else None
