"""AUTH_MODE=local: one user, no login page, this computer only.

To come from this computer proves nothing: every account of it does, and so does a proxy. The one
user can read the secret in the data folder, and so can the browser that opens the link with it.

Nevertheless requests have to come from a loopback address and to name a loopback host: so no site
open in the same browser is answered that points a name of its own at 127.0.0.1. What comes from
pages of other origins is refused before (`routes/middleware/origins.py`).
"""

from typing import Any

import chainlit as cl
from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from access.guard.origins import Origin, origin_of
from access.login.base import Admission, LoginMode, LoginState, Visit
from access.login.local_secret import HEADER, LocalSecret, same_address, without_token
from access.login.returning import Returning, silent_router
from access.login.sessions import Sessions
from access.told import HEADERS, told
from chat.wording.language import Localized
from common.loopback import host_of, is_loopback

USER = "local"
ELSEWHERE = Localized(
    en="This chat answers on this computer only: open it as http://localhost, not as {host}.",
    zh="本聊天程序仅在本机应答：请使用 http://localhost 打开，而不是 {host}。",
)
STRANGER = Localized(
    en="This browser has not been let in yet. On the computer that the chat runs on, run this "
    "in its folder, and open the link that it prints:",
    zh="此浏览器尚未获得访问权限。请在运行本聊天程序的计算机上，进入其所在文件夹运行以下命令，并打开它输出的链接：",
)
COMMAND = "python manage.py link"
USUAL = ("http://localhost:8000", "http://127.0.0.1:8000")
COOKIE_S = 400 * 24 * 3_600  # browsers keep none for longer


class LocalLogin(LoginMode):
    """Whoever can read the secret is the one user."""

    is_personal = True
    users_are_operators = True

    def __init__(self, sessions: Sessions, secret: LocalSecret, prefix: str = "") -> None:
        super().__init__(sessions)
        self._secret = secret
        self._prefix = prefix
        self._returning = Returning(sessions)

    def state(self, host: str) -> LoginState:
        """Judge whether others could reach the host, and make the secret if there is none."""
        if not is_loopback(host):
            message = f"AUTH_MODE: local is for one computer and so does not listen on {host}."
            remedy = "Use --host 127.0.0.1 (CHAINLIT_HOST), or set AUTH_MODE=password."
            return LoginState("failed", message, remedy)
        try:
            self._secret.link("/")
        except OSError as exc:
            message = f"The secret of AUTH_MODE=local cannot be kept: {exc.strerror}."
            return LoginState("failed", message, "Check DATA_DIR.")
        except ValueError as exc:
            return LoginState("failed", str(exc))
        return LoginState("ok", f"this computer only, by the link of '{COMMAND}'")

    def link(self, address: str) -> str:
        """Return the address with the secret in it."""
        return self._secret.link(address)

    async def admit(self, visit: Visit) -> Admission:
        """Refuse strangers, and sign in whoever has the secret, or a cookie that was made of it."""
        scope = visit.connection.scope
        if not is_from_this_computer(scope):
            host = host_of(visit.connection.headers.get("host", "")) or "another name"
            return Admission(answer=told(scope, ELSEWHERE.filled(host=host), 403, headers=HEADERS))
        if visit.is_health_check(self._prefix):
            return Admission()
        tokens, query = without_token(scope["query_string"])
        if tokens and visit.is_reading:
            return await self._by_link(visit, tokens, query)
        if visit.login or self._has_proof(visit):
            return await self._let_in(visit)
        return self._turned_away(visit)

    def router(self, prefix: str) -> APIRouter:
        """Return what answers scripts that have signed in, which `admit` has seen to."""
        return silent_router(prefix)

    def register(self) -> None:
        """Make Chainlit want a login; whoever gets this far has one."""

        @cl.header_auth_callback
        async def header_auth(headers: Any) -> cl.User | None:  # noqa: ARG001 - Chainlit's signature
            return None

    async def _by_link(self, visit: Visit, tokens: list[str], query: bytes) -> Admission:
        """Lead to the same address without the secret, so that it stays nowhere to be seen."""
        if len(tokens) > 1 or not self._secret.is_secret(tokens[0]):
            return Admission(answer=self._stranger(visit))
        scope = visit.connection.scope
        path = scope.get("raw_path") or scope["path"].encode()
        answer = RedirectResponse(same_address(path, query), 303, HEADERS)
        login = visit.login or await self._returning.login(visit, cl.User(identifier=USER))
        return Admission(login, answer, [self._cookie(visit)])

    async def _let_in(self, visit: Visit) -> Admission:
        if visit.asks("POST", f"{self._prefix}/logout"):
            return Admission(visit.login, cookies=[self._cookie(visit, is_kept=False)])
        if visit.login:
            return Admission(visit.login)
        login = await self._returning.login(visit, cl.User(identifier=USER))
        return Admission(login, cookies=[] if visit.is_socket else [self._cookie(visit)])

    def _turned_away(self, visit: Visit) -> Admission:
        """Who was signed out stays so: a page may load anew before it hears of the answer to it."""
        has_ended = self._has_ended(visit)
        cookies = [self._cookie(visit, is_kept=False)] if has_ended and not visit.is_socket else []
        return Admission(answer=self._stranger(visit), cookies=cookies)

    def _has_ended(self, visit: Visit) -> bool:
        return self.sessions.has_ended(visit.credentials.token)

    def _has_proof(self, visit: Visit) -> bool:
        if visit.asks("POST", f"{self._prefix}/auth/header"):
            given = visit.connection.headers.getlist(HEADER)
            if given:
                return len(given) == 1 and self._secret.is_secret(given[0])
        if self._has_ended(visit):
            return False
        # Of several the right one counts: another program here may have set one of this name.
        name = _cookie_name(visit)
        found = [
            value
            for one in visit.credentials.others
            for key, value in cookie_parser(one).items()
            if key == name
        ]
        return any(self._secret.is_cookie(value) for value in found)

    def _cookie(self, visit: Visit, *, is_kept: bool = True) -> str:
        answer = Response()
        answer.set_cookie(
            _cookie_name(visit),
            self._secret.cookie if is_kept else "",
            max_age=COOKIE_S if is_kept else 0,
            path=self._prefix or "/",
            httponly=True,
            samesite="lax",
        )
        return answer.headers["set-cookie"]

    def _stranger(self, visit: Visit) -> Response:
        found = _origin(visit)
        where = f"{_shown(found)}{self._prefix}" if found else ""
        is_usual = where in ("", *USUAL)
        command = COMMAND if is_usual else f"{COMMAND} {where}"
        return told(visit.connection.scope, STRANGER, 401, command=command, headers=HEADERS)


def is_from_this_computer(scope: Scope) -> bool:
    """Tell whether a request comes from this computer, and for it."""
    host = Headers(scope=scope).get("host", "")
    client = scope.get("client")
    return is_loopback(host_of(host)) and (client is None or is_loopback(client[0]))


def _origin(visit: Visit) -> Origin | None:
    """Return scheme, host and port as the browser knows them."""
    return origin_of(f"{visit.connection.scope['scheme']}://{visit.connection.headers['host']}")


def _shown(origin: Origin) -> str:
    scheme, host, port = origin
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _cookie_name(visit: Visit) -> str:
    """Return the name of our cookie: of localhost, all ports share them."""
    found = _origin(visit)
    return f"keepchat_local_{found[2] if found else ''}"
