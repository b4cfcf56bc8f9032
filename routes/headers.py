"""Headers that keep a browser from doing more with what it is sent than the page needs."""

from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SOURCES = {
    "default-src": "'self'",
    # Narrowed to the page's own scripts by the page itself.
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    # No pictures of other sites: an answer that shows one would tell that site what it likes.
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    # Browsers do not agree that 'self' includes the own socket.
    "connect-src": "'self' ws: wss: data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
FROM_STORAGE = ("img-src", "media-src")
POLICY = "; ".join(f"{what} {where}" for what, where in SOURCES.items())


class SecurityHeaders:
    """The middleware: adds the headers to every answer that has none of its own.

    `origin` says where the storage's links lead, if media may come from there.
    """

    def __init__(self, app: ASGIApp, origin: Callable[[], Awaitable[str]] | None = None) -> None:
        self._app = app
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._add(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_with_headers)

    async def _add(self, headers: MutableHeaders) -> None:
        """Add what is missing."""
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        if headers.get("content-type", "").startswith("text/html"):
            origin = await self._origin() if self._origin else ""
            headers.setdefault("Content-Security-Policy", policy(origin))


def policy(origin: str = "") -> str:
    """Return the page's policy; media may come from the `origin` too, if one is given."""
    if not origin:
        return POLICY
    added = {what: f"{SOURCES[what]} {origin}" for what in FROM_STORAGE}
    return "; ".join(f"{what} {where}" for what, where in (SOURCES | added).items())
