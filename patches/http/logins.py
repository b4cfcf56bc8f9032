"""Chainlit's logins: begun in the database, judged by one function, ended in open pages too."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import jwt
from chainlit import auth, oauth_providers, server
from chainlit.config import ChainlitConfig
from chainlit.oauth_providers import OAuthProvider
from chainlit.server import sio
from chainlit.session import WebsocketSession, ws_sessions_id
from chainlit.user import User
from fastapi import HTTPException, Request, Response
from socketio.exceptions import ConnectionRefusedError as SocketRefused
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from access.login import cookies
from access.login.base import Button, LoginMode, Visit
from access.login.door import VISIT, visit_of
from access.login.sessions import Sessions
from chat.wording.logins import YOU, with_logins
from patches.originals import Handler, replace, wrap
from patches.patch import Parts
from patches.socket.handlers import end_session

Translations = Callable[[ChainlitConfig, str], dict[str, Any]]

NOT_YOURS = {"detail": "This socket was opened by another login, or by one that has ended."}
NOT_SENT = ("connect", "disconnect")  # the events that the server itself begins


def begin_sessions(parts: Parts) -> None:
    """Begin a session where Chainlit would make a token."""
    replace(server, "_authenticate_user", lambda _original: beginning(parts.login))


def beginning(mode: LoginMode) -> Callable[..., Awaitable[Response]]:
    """Return what signs in whom one of Chainlit's routes has let in."""

    async def authenticate_user(
        request: Request,
        user: User | None,
        redirect_to_callback: bool = False,
    ) -> Response:
        if user is None:
            raise HTTPException(401, "credentialssignin")
        visit = visit_of(request)
        login = await mode.sign_in(visit, user)
        answer: Response = server._get_auth_response(login.token, redirect_to_callback)
        cookies.sign_in(answer, login.token, visit.credentials.names)
        return answer

    return authenticate_user


def offer_button(parts: Parts) -> None:
    """Offer the mode's own button on the login page, and none of Chainlit's."""
    button = parts.login.button
    offered = [ModesOwn(button.id)] if button else []
    replace(oauth_providers, "providers", lambda _original: offered)
    replace(ChainlitConfig, "load_translation", lambda original: naming(original, button))


class ModesOwn(OAuthProvider):
    """What Chainlit takes for a provider. It is asked nothing but its name: the mode's routes are
    before those that would ask more.
    """

    def __init__(self, name: str) -> None:
        self.id = name
        self.env = []  # it is always configured


def naming(original: Translations, button: Button | None) -> Translations:
    """Return what finds the page's texts, with those of a login by a button."""

    def load_translation(config: ChainlitConfig, language: str) -> dict[str, Any]:
        found = original(config, language)
        return with_logins(found, language, button.label) if button else found

    return load_translation


def judge_tokens(parts: Parts) -> None:
    """Judge each token that Chainlit reads as the door does."""
    replace(
        auth,
        "decode_jwt",
        lambda _original: judging(parts.login.sessions, is_personal=parts.login.is_personal),
    )


def judging(sessions: Sessions, *, is_personal: bool = False) -> Callable[[str], User]:
    """Return what reads a token for Chainlit."""

    def decode_jwt(token: str) -> User:
        login = sessions.judge(token)
        if login is None:
            message = "The login has ended."
            raise jwt.InvalidTokenError(message)
        user = login.user
        if is_personal:
            user.display_name = YOU.of_request()
        return user

    return decode_jwt


def check_login(parts: Parts) -> None:
    """Disconnect an open page at its next event once its login does not count any more."""
    for event in sio.handlers["/"].keys() - set(NOT_SENT):
        wrap(event, lambda original: if_signed_in(original, parts.login.sessions))
    wrap("connect", lambda original: if_admitted(original, parts.login.sessions))


def if_signed_in(original: Handler, sessions: Sessions) -> Handler:
    """Return a handler that lets only those through who are still signed in."""

    async def handle(sid: str, *sent: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is not None and not sessions.honours(session.token or ""):
            await leave(session)
            return None
        return await original(sid, *sent)

    return handle


def if_admitted(original: Handler, sessions: Sessions) -> Handler:
    """Return a connect handler for those whom the door has let in, and whose login still counts."""

    async def connect(sid: str, environ: dict[str, Any], given: Any) -> Any:
        visit: Visit | None = environ["asgi.scope"].get(VISIT)
        login = visit.login if visit else None
        if login is None or not sessions.honours(login.token):
            raise SocketRefused("authentication failed")
        connected = await original(sid, environ, given)
        session = WebsocketSession.get(sid)
        if session:
            session.token = login.token  # a page that comes back may have signed in anew
            if not sessions.honours(login.token):
                await end_session(session)
                raise SocketRefused("authentication failed")
        return connected

    return connect


def check_carriers(_parts: Parts) -> None:
    """Take what carries an open socket's packets from the login alone that has opened it."""
    replace(sio, "handle_request", if_its_own)


def if_its_own(original: ASGIApp) -> ASGIApp:
    """Return what takes requests of the socket; each names its socket, and has a login too."""

    async def handle_request(scope: Scope, receive: Receive, send: Send) -> None:
        opened = sio.environ.get(_named_socket(scope))
        app = original
        if opened and _session_id(opened["asgi.scope"]) != _session_id(scope):
            is_socket = scope["type"] == "websocket"
            app = WebSocketClose(code=1008) if is_socket else JSONResponse(NOT_YOURS, 401)
        await app(scope, receive, send)

    return handle_request


def _named_socket(scope: Scope) -> str:
    """Return the id of a socket that a request is for, read as the library does."""
    query = parse_qs(str(scope["query_string"], "utf-8", "replace"))
    return query.get("sid", [""])[0]


def _session_id(scope: Scope) -> str | None:
    visit: Visit | None = scope.get(VISIT)
    return visit.login.session_id if visit and visit.login else None


def end_pages(parts: Parts) -> None:
    """End the pages of logins that have ended, also those that only listen."""
    sessions = parts.login.sessions

    async def sweep() -> None:
        for session in list(ws_sessions_id.values()):
            is_open = sio.manager.is_connected(session.socket_id, "/")
            if is_open and not sessions.honours(session.token or ""):
                await leave(session)

    sessions.on_change = sweep


async def leave(session: WebsocketSession) -> None:
    """Let a page load anew, and so land on the login page, and send it nothing more."""
    await sio.emit("reload", {}, to=session.socket_id)
    await sio.disconnect(session.socket_id)
