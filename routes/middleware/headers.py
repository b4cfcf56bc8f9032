"""Headers that keep a browser from doing more with what it is sent than the page needs."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.guard.origins import Origins

SOURCES = {
    "default-src": "'self'",
    # Narrowed to the page's own scripts by the page itself.
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    # No pictures of other sites: an answer that shows one would tell that site what it likes.
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
FROM_STORAGE = ("img-src", "media-src")
# What everybody may keep: no part of it is anybody's own.
PUBLIC = ("/public/", "/assets/", "/copilot/", "/favicon", "/logo", "/avatars/")
# Its folders have their versions in their names.
NEVER_CHANGES = "/public/vendor/"
FOR_EVER = "public, max-age=31536000, immutable"


class SecurityHeaders:
    """The middleware: adds the headers to every answer that has none of its own.

    `origin` says where the storage's links lead, if media may come from there; for `hsts_s` seconds
    a browser that came by HTTPS comes by nothing else.
    """

    def __init__(
        self,
        app: ASGIApp,
        origins: Origins,
        prefix: str = "",
        origin: Callable[[], Awaitable[str]] | None = None,
        hsts_s: int = 0,
    ) -> None:
        self._app = app
        self._origins = origins
        self._public = tuple(prefix + one for one in PUBLIC)
        self._never_changes = prefix + NEVER_CHANGES
        self._origin = origin
        self._hsts_s = hsts_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._add(scope, message["status"], MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_with_headers)

    async def _add(self, scope: Scope, status: int, headers: MutableHeaders) -> None:
        """Add what is missing."""
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        if self._hsts_s and scope["scheme"] == "https":
            headers["Strict-Transport-Security"] = f"max-age={self._hsts_s}"
        is_page = headers.get("content-type", "").startswith("text/html")
        if is_page:
            storage = await self._origin() if self._origin else ""
            sockets = self._origins.sockets(Headers(scope=scope).get("host", ""))
            headers.setdefault("Content-Security-Policy", policy(storage, sockets))
            headers.add_vary_header("Accept-Language")
        if status == HTTPStatus.OK and scope["path"].startswith(self._never_changes):
            headers.setdefault("Cache-Control", FOR_EVER)
        if not scope["path"].startswith(self._public) and (not is_page or "set-cookie" in headers):
            headers.setdefault("Cache-Control", "no-store")


def policy(storage: str = "", sockets: Sequence[str] = ()) -> str:
    """Return the page's policy; media may come from the origin of the storage too, if one is given.

    Browsers do not agree that 'self' includes the own socket, so `sockets` are named.
    """
    added = {what: f"{SOURCES[what]} {storage}" for what in FROM_STORAGE if storage}
    added["connect-src"] = " ".join([SOURCES["connect-src"], *sockets])
    return "; ".join(f"{what} {where}" for what, where in (SOURCES | added).items())
