"""The open pages of a user, as far as this process has them."""

import asyncio
from collections.abc import Iterator

from chainlit.session import WebsocketSession, ws_sessions_id

from datalayer.values import as_id

CONNECTS_S = 3.0  # what a page takes that is being loaded, or whose program has just started
_LOOK_S = 0.05


def user_of(session: WebsocketSession) -> str:
    """Return whose page it is; empty for nobody's."""
    return session.user.identifier if session.user else ""


async def page_of(session_id: str, user: str) -> WebsocketSession | None:
    """Return a user's page, once it has connected: what it sends may come before that.

    None where it does not within `CONNECTS_S`, and as late where it is another's; at once where
    this can be no page's.
    """
    for _ in range(round(CONNECTS_S / _LOOK_S) if as_id(session_id) else 0):
        session: WebsocketSession | None = WebsocketSession.get_by_id(session_id)
        if session and user_of(session) == user:
            return session
        await asyncio.sleep(_LOOK_S)
    return None


def all_pages() -> list[WebsocketSession]:
    """Return everybody's pages, also those whose line is cut."""
    return list(ws_sessions_id.values())


def sessions_of(user: str) -> Iterator[WebsocketSession]:
    """Yield a user's pages, the oldest first, also those whose line is cut."""
    return (session for session in list(ws_sessions_id.values()) if user_of(session) == user)
