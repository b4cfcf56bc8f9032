"""The line to open pages, by Chainlit's socket."""

from collections.abc import Sequence
from typing import Any

from chainlit.server import sio
from chainlit.session import WebsocketSession, ws_sessions_id


class SocketLine:
    """The line that Chainlit's server has."""

    def is_open(self, page: WebsocketSession) -> bool:
        """Tell whether a page is there and connected."""
        return page.id in ws_sessions_id and sio.manager.is_connected(page.socket_id, "/")

    async def send(self, event: str, data: Any, pages: Sequence[WebsocketSession]) -> None:
        """Send an event, made ready once for all pages."""
        if pages:
            await sio.emit(event, data, to=[page.socket_id for page in pages])
