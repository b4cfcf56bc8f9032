"""Which languages the reader of a request asks for: known to whatever answers it."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from chat.wording.language import ASKED


class Reader:
    """The middleware: remembers what the reader of each request asks for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does."""
        if scope["type"] == "http":
            ASKED.set(Headers(scope=scope).get("accept-language"))
        await self._app(scope, receive, send)
