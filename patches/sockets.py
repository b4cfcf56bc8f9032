"""Handlers of the socket's events: ours go before Chainlit's own, anew after each reload."""

from typing import Any

from chainlit.server import sio


def restore_handlers() -> None:
    """Put Chainlit's own handlers back, so that reloaded code can go before them once again."""
    handlers = sio.handlers["/"]
    server: Any = sio
    if not hasattr(server, "keepchat_originals"):
        server.keepchat_originals = dict(handlers)
    handlers.clear()
    handlers.update(server.keepchat_originals)
