"""What requests meet before Chainlit's own routes do."""

from chainlit.server import app

from patches.patch import Parts
from routes.headers import SecurityHeaders
from routes.old_links import OldLinks
from routes.upload_size import UploadSize


def add_login(parts: Parts) -> None:
    """Ask who it is."""
    app.add_middleware(parts.login.guard)


def add_headers(parts: Parts) -> None:
    """Add the headers that every answer has."""
    app.add_middleware(SecurityHeaders, origin=parts.links.origin if parts.links else None)


def add_upload_size(parts: Parts) -> None:
    """Count the bytes of uploads."""
    app.add_middleware(UploadSize, limits=parts.limits, prefix=parts.prefix)


def add_old_links(parts: Parts) -> None:
    """Lead old links to new ones."""
    app.add_middleware(OldLinks, prefix=parts.prefix)
