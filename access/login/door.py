"""The door: each request, and each socket that opens, is judged here, once, for all that follows.

What goes on has the credentials that were judged, and no others.
"""

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from access.guard.away import try_again
from access.login import cookies
from access.login.addresses import client_address
from access.login.base import Admission, LoginMode, Visit, is_health_check
from access.login.credentials import Ambiguous, Credentials, read
from access.told import NOT_KEPT, told, wants_page
from chat.wording.logins import TWICE
from datalayer.errors import StoreUnavailable

VISIT = "keepchat.visit"


class Door:
    """The middleware around everything that asks who it is."""

    def __init__(self, app: ASGIApp, mode: LoginMode, prefix: str = "") -> None:
        self._app = app
        self._mode = mode
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        visit, admission = await self._judge(scope)
        app: ASGIApp = self._app
        if admission.answer is not None:
            app = WebSocketClose(code=1008) if scope["type"] == "websocket" else admission.answer
        if visit and is_health_check(scope, self._prefix):
            scope = {**scope, VISIT: visit}  # the metrics look at the rest of it themselves
        elif visit:
            scope = _as_judged(scope, visit, admission)
        if scope["type"] == "http":
            added, is_secure = _cookies(visit, admission), scope["scheme"] == "https"
            send = _adding(added, send, self._prefix, is_secure=is_secure)
        await app(scope, receive, send)

    async def _judge(self, scope: Scope) -> tuple[Visit | None, Admission]:
        try:
            credentials = read(scope, takes_bearer=self._mode.takes_bearer)
            if is_health_check(scope, self._prefix):  # which must not wait for what logins need
                visit = Visit(HTTPConnection(scope), Credentials(None), None, client_address(scope))
                return visit, await self._mode.admit(visit)
            if credentials.token and not self._mode.sessions.is_ready:
                return None, Admission(answer=try_again(scope))
            login = self._mode.sessions.judge(credentials.token)
            visit = Visit(HTTPConnection(scope), credentials, login, client_address(scope))
            return visit, await self._mode.admit(visit)
        except Ambiguous as exc:
            answer = _not_one(scope, exc)
            # Else whoever has them in the browser would not come in again.
            return None, Admission(answer=answer, cookies=cookies.removing(exc.names))
        except StoreUnavailable:
            return None, Admission(answer=try_again(scope))


def _not_one(scope: Scope, exc: Ambiguous) -> Response:
    if wants_page(scope):
        return told(scope, TWICE, 400)
    return JSONResponse({"detail": str(exc)}, 400, NOT_KEPT)


def visit_of(connection: HTTPConnection) -> Visit:
    """Return what the door has found of a request that it let through."""
    visit: Visit = connection.scope[VISIT]
    return visit


def _as_judged(scope: Scope, visit: Visit, admission: Admission) -> Scope:
    login = admission.login
    judged = Visit(visit.connection, visit.credentials, login, visit.address)
    return {**visit.credentials.given_as(login.token if login else None, scope), VISIT: judged}


def _cookies(visit: Visit | None, admission: Admission) -> Sequence[str]:
    login = admission.login
    if visit is None or login is None:
        return admission.cookies
    is_new = visit.login is None or visit.login.token != login.token
    came_by_cookie = bool(visit.credentials.names)
    if is_new or (login.is_renewed and came_by_cookie):
        renewed = cookies.signing_in(login.token, visit.credentials.names)
        return [*renewed, *admission.cookies]
    return admission.cookies


def _adding(added: Sequence[str], send: Send, prefix: str, *, is_secure: bool) -> Send:
    """Return a `send` that adds cookies, keeps those of logins below the prefix, and marks all for
    HTTPS alone where that was used.
    """

    async def send_with_cookies(message: Message) -> None:
        if message["type"] == "http.response.start" and (added or prefix or is_secure):
            headers = MutableHeaders(scope=message)
            given = [*added, *headers.getlist("set-cookie")]  # the answer's own count
            del headers["set-cookie"]
            for cookie in (placed for one in given for placed in cookies.below(prefix, one)):
                headers.append("set-cookie", cookies.secured(cookie) if is_secure else cookie)
            if added:
                headers["Cache-Control"] = "no-store"
        await send(message)

    return send_with_cookies
