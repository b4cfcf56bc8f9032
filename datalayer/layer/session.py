"""Who calls: the session of Chainlit's that a method is called in, if it is in one."""

from typing import TYPE_CHECKING

from chainlit.context import context_var

if TYPE_CHECKING:
    from chainlit.session import HTTPSession, WebsocketSession


def current_session() -> "HTTPSession | WebsocketSession | None":
    """Return the session that is called in; None outside of one."""
    # Not by `context`, whose complaint that there is none takes longer than to store a message.
    found = context_var.get(None)
    return found.session if found else None


def current_user() -> str | None:
    """Return the identifier of the session's user."""
    session = current_session()
    return session.user.identifier if session and session.user else None


def current_thread() -> str | None:
    """Return the id of the session's thread."""
    session = current_session()
    return str(session.thread_id) if session else None
