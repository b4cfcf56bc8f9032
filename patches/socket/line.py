"""The line to open pages, by Chainlit's socket."""

from collections.abc import Sequence
from typing import Any

from chainlit.server import sio
from chainlit.session import WebsocketSession, ws_sessions_id
from engineio.async_socket import AsyncSocket
from engineio.packet import MESSAGE
from engineio.packet import Packet as Frame
from socketio.packet import EVENT, Packet

_ROOT = "/"  # the namespace that Chainlit's page connects to


class SocketLine:
    """The line that Chainlit's server has."""

    def is_open(self, page: WebsocketSession) -> bool:
        """Tell whether a page is there and connected."""
        return page.id in ws_sessions_id and sio.manager.is_connected(page.socket_id, _ROOT)

    async def send(self, event: str, data: Any, pages: Sequence[WebsocketSession]) -> None:
        """Send an event, made ready once for all pages.

        It is in their queues when this returns; `sio.emit` has a task for each page and event.
        """
        frames = _frames(event, data) if pages else ()
        for page in pages:
            if (connection := _connection(page)) and not connection.closed:
                for frame in frames:
                    connection.queue.put_nowait(frame)

    def count_sessions(self) -> int:
        """Return how many pages there are, those included that are gone and may come back."""
        return len(ws_sessions_id)

    def count_open(self) -> int:
        """Return how many pages are connected."""
        return sum(map(self.is_open, list(ws_sessions_id.values())))


def _connection(page: WebsocketSession) -> AsyncSocket | None:
    found: AsyncSocket | None = sio.eio.sockets.get(
        sio.manager.eio_sid_from_sid(page.socket_id, _ROOT)
    )
    return found


def _frames(event: str, data: Any) -> Sequence[Frame]:
    encoded = Packet(EVENT, namespace=_ROOT, data=[event, data]).encode()
    parts = encoded if isinstance(encoded, list) else [encoded]
    return [Frame(MESSAGE, part) for part in parts]
