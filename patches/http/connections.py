"""How the server takes connections, before there is a request."""

from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http import auto
from uvicorn.protocols.http.h11_impl import H11Protocol

from access.login.addresses import PEER
from patches.patch import Parts
from routes.middleware.connections import MakeProtocol, WaitingConnections

Call = Callable[[Any, Scope, Receive, Send], Awaitable[None]]

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


def remember_peer(_parts: Parts) -> None:
    """Keep the address of whoever is connected where a proxy says another one."""
    middleware: Any = ProxyHeadersMiddleware
    middleware.__call__ = remembering(middleware.__call__)


def remembering(original: Call) -> Call:
    """Return what notes the peer of a request, before its address is replaced."""

    async def call(self: Any, scope: Scope, receive: Receive, send: Send) -> None:
        if client := scope.get("client"):
            scope[PEER] = client[0]
        await original(self, scope, receive, send)

    return call
