"""Handlers of the socket's events: ours go before Chainlit's own, anew after each reload."""

from collections.abc import Awaitable, Callable
from typing import Any

from chainlit.server import sio
from chainlit.session import WebsocketSession

from access.login.base import LoginMode

Event = Callable[..., Awaitable[Any]]


def restore_handlers() -> None:
    """Put Chainlit's own handlers back, so that reloaded code can go before them once again."""
    handlers = sio.handlers["/"]
    server: Any = sio
    if not hasattr(server, "keepchat_originals"):
        server.keepchat_originals = dict(handlers)
    handlers.clear()
    handlers.update(server.keepchat_originals)


def end_logins(login: LoginMode) -> None:
    """Disconnect an open page at its next event once its login does not count any more."""
    for event, handler in list(sio.handlers["/"].items()):
        if event not in ("connect", "disconnect"):
            sio.on(event, signed_in(handler, login))


def signed_in(original: Event, login: LoginMode) -> Event:
    """Return a handler that lets only those through who are still signed in."""

    async def handle(sid: str, *sent: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is not None and not login.honours(session.token or ""):
            await sio.disconnect(sid)
            return None
        return await original(sid, *sent)

    return handle
