"""How the server takes connections, before there is a request."""

from typing import Any

import uvicorn
from uvicorn.protocols.http import auto
from uvicorn.protocols.http.h11_impl import H11Protocol

from patches.patch import Parts
from routes.connections import MakeProtocol, WaitingConnections

LONGEST_MESSAGE = 4_000_000  # bytes of a websocket's; its million characters have four at most


def watch_waiting(parts: Parts) -> None:
    """Close connections that do not send a whole request in time.

    The protocol is one for all, whatever else is installed: walls that are tested.
    """
    waiting = WaitingConnections(parts.requests)
    make = waiting.watching(with_short_messages(H11Protocol))
    auto.AutoHTTPProtocol = make  # type: ignore[assignment]


def with_short_messages(make: MakeProtocol) -> MakeProtocol:
    """Return what makes a protocol whose sockets, if it becomes one, take short messages only."""

    def protocol(*args: Any, config: uvicorn.Config, **kwargs: Any) -> Any:
        config.ws_max_size = min(config.ws_max_size, LONGEST_MESSAGE)
        return make(*args, config=config, **kwargs)

    return protocol
