"""How the server takes connections, before there is a request."""

from uvicorn.protocols.http import auto

from patches.patch import Parts
from routes.connections import WaitingConnections


def watch_waiting(parts: Parts) -> None:
    """Close connections that do not send a whole request in time."""
    waiting = WaitingConnections(parts.requests)
    auto.AutoHTTPProtocol = waiting.watching(auto.AutoHTTPProtocol)  # type: ignore[assignment]
