"""The line to open pages, as the rest of a turn sees it."""

from collections.abc import Sequence
from typing import Any, Protocol

from chainlit.session import WebsocketSession


class Line(Protocol):
    """Sends to open pages."""

    def is_open(self, page: WebsocketSession) -> bool:
        """Tell whether a page is there and connected."""

    async def send(self, event: str, data: Any, pages: Sequence[WebsocketSession]) -> None:
        """Send an event to pages. It is on its way, after all that was sent before, when this has
        run to where it first waits.
        """
