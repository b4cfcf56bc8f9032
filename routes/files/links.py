"""Links that the storage signs, to which media and downloads are redirected.

They work for a minute and for whoever has them, so they are made anew for each request, after it
is known who asks. What the page fetches by script is never among them.
"""

import asyncio
import contextvars
import logging
import time
from urllib.parse import urlsplit

from routes.files.content import Presentation
from storage.base import Storage
from storage.errors import StorageError
from storage.filenames import content_disposition

logger = logging.getLogger(__name__)

LIVE_S = 60
WAIT_S = 1.0
ASK_AGAIN_S = 10.0  # after a failure
_EXAMPLE = "keepchat-check/link"  # never followed: links to all files have the same origin


class SignedLinks:
    """Makes links to a storage, where it has them; where it has none, files are streamed."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._origin = ""
        self._asking: asyncio.Task[None] | None = None
        self._failed_at = -ASK_AGAIN_S

    async def origin(self) -> str:
        """Return scheme, host and port of the links; empty where there are none at the moment.

        Waits for the storage a second at most, whoever else asks: pages wait for this.
        """
        if not self._origin and time.monotonic() - self._failed_at >= ASK_AGAIN_S:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask(), context=contextvars.Context())
            await asyncio.wait([self._asking], timeout=WAIT_S)
        return self._origin

    async def close(self) -> None:
        """Stop to ask the storage."""
        if self._asking:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        try:
            found = urlsplit(await self._storage.read_url(_EXAMPLE, LIVE_S) or "")
        except StorageError as exc:
            logger.warning("No links to the storage for now, files are streamed: %s", exc)
            self._failed_at = time.monotonic()
        else:
            self._origin = f"{found.scheme}://{found.netloc}" if found.netloc else ""

    async def to(self, key: str, name: object, shown: Presentation) -> str | None:
        """Return a link to an object, presented as our own answer would be; None for none."""
        # A page that was sent without the origin would refuse what is behind the link.
        if not shown.from_elsewhere or not await self.origin():
            return None
        disposition = content_disposition(name, inline=shown.inline)
        try:
            return await self._storage.read_url(
                key, LIVE_S, mime=shown.media_type, disposition=disposition
            )
        except StorageError as exc:
            logger.warning("No link to %r, it is streamed: %s", key, exc)
            return None
