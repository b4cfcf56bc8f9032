"""Chainlit as it came: what we replace in it is remembered, so that reloaded code replaces it anew.

It is kept with Chainlit's server, which a reload of our code leaves as it is.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from chainlit.server import app, sio

Handler = Callable[..., Awaitable[Any]]


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put in the place of an attribute of Chainlit's what `make` makes of it."""
    found = getattr(owner, name)
    _kept("attributes").setdefault((owner, name), found)
    setattr(owner, name, make(found))


def wrap(event: str, make: Callable[[Any], Handler]) -> None:
    """Put in the place of the handler of a socket's event what `make` makes of it."""
    found = sio.handlers["/"][event]
    _kept("events").setdefault(event, found)
    sio.on(event, make(found))


def wrap_packets(name: str, make: Callable[[Any], Handler]) -> None:
    """The same for what the socket does beneath its events."""
    found = sio.eio.handlers[name]
    _kept("packets").setdefault(name, found)
    sio.eio.on(name, make(found))


def restore() -> None:
    """Put everything back as it was."""
    for (owner, name), original in _kept("attributes").items():
        setattr(owner, name, original)
    sio.handlers["/"].update(_kept("events"))
    sio.eio.handlers.update(_kept("packets"))


def _kept(kind: str) -> dict[Any, Any]:
    state = app.state
    if not hasattr(state, "keepchat_originals"):
        state.keepchat_originals = {}
    kept: dict[Any, Any] = state.keepchat_originals.setdefault(kind, {})
    return kept
