"""The open pages of a user, as far as this process has them."""

from collections.abc import Iterator

from chainlit.session import WebsocketSession, ws_sessions_id


def user_of(session: WebsocketSession) -> str:
    """Return whose page it is; empty for nobody's."""
    return session.user.identifier if session.user else ""


def all_pages() -> list[WebsocketSession]:
    """Return everybody's pages, also those whose line is cut."""
    return list(ws_sessions_id.values())


def sessions_of(user: str) -> Iterator[WebsocketSession]:
    """Yield a user's pages, the oldest first, also those whose line is cut."""
    return (session for session in list(ws_sessions_id.values()) if user_of(session) == user)
