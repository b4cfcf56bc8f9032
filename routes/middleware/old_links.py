"""Links of before an adoption: a thread whose id was no UUID has one that is derived from it."""

import re

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from datalayer.values import as_id, clean_text, derived_id


class OldLinks:
    """The middleware: leads a page's address from a thread's old id to the new one."""

    def __init__(self, app: ASGIApp, prefix: str = "") -> None:
        self._app = app
        self._page = re.compile(rf"({re.escape(prefix)}/(?:thread|share)/)([^/]+)/?")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the new address, or let the request through."""
        address = self._new_address(scope) if scope["type"] == "http" else None
        app = RedirectResponse(address) if address else self._app
        await app(scope, receive, send)

    def _new_address(self, scope: Scope) -> str | None:
        found = self._page.fullmatch(scope["path"])
        if scope["method"] not in ("GET", "HEAD") or not found or as_id(found[2]):
            return None
        query = scope["query_string"].decode("latin-1")
        new = found[1] + derived_id("thread", clean_text(found[2]))
        return f"{new}?{query}" if query else new
