"""The middleware that refuses what pages of other sites send: changes, and all of the socket."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from access.guard.origins import Origins
from chat.wording.refusals import FOREIGN

READING = ("GET", "HEAD", "OPTIONS")
SOCKET_PATH = "/ws/socket.io"


class OriginCheck:
    """The middleware: answers 403, or closes, where the origin is foreign."""

    def __init__(self, app: ASGIApp, origins: Origins, prefix: str = "") -> None:
        self._app = app
        self._origins = origins
        self._socket = prefix + SOCKET_PATH

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        where = self._origins.foreign(scope) if self._matters(scope) else None
        if where is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(code=1008)(scope, receive, send)
        else:
            refusal = JSONResponse({"detail": FOREIGN.filled(where=where).of_request()}, 403)
            await refusal(scope, receive, send)

    def _matters(self, scope: Scope) -> bool:
        if scope["type"] != "http":
            return bool(scope["type"] == "websocket")
        is_change = scope["method"] not in READING
        return is_change or (scope["method"] != "OPTIONS" and self._is_socket(scope["path"]))

    def _is_socket(self, path: str) -> bool:
        return path == self._socket or path.startswith(f"{self._socket}/")
