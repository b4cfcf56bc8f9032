"""Links that the storage signs, to which media and downloads are redirected.

They work for a minute and for whoever has them, so they are made anew for each request, after it
is known who asks. What the page fetches by script is never among them.
"""

import logging
from urllib.parse import urlsplit

from access.content import Presentation
from storage.base import Storage
from storage.errors import StorageError
from storage.filenames import content_disposition

logger = logging.getLogger(__name__)

LIVE_S = 60
_EXAMPLE = "keepchat-check/link"  # never followed: links to all files have the same origin


class SignedLinks:
    """Makes links to a storage, where it has them; where it has none, files are streamed."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._origin = ""

    async def origin(self) -> str:
        """Return scheme, host and port of the links; empty where there are none at the moment."""
        if not self._origin:
            try:
                found = urlsplit(await self._storage.read_url(_EXAMPLE, LIVE_S) or "")
            except StorageError as exc:
                logger.warning("No links to the storage for now, files are streamed: %s", exc)
                return ""
            self._origin = f"{found.scheme}://{found.netloc}" if found.netloc else ""
        return self._origin

    async def to(self, key: str, name: object, shown: Presentation) -> str | None:
        """Return a link to an object, presented as our own answer would be; None for none.

        Raises the storage's error.
        """
        # A page that was sent without the origin would refuse what is behind the link.
        if not shown.from_elsewhere or not await self.origin():
            return None
        disposition = content_disposition(name, inline=shown.inline)
        return await self._storage.read_url(
            key, LIVE_S, mime=shown.media_type, disposition=disposition
        )
