"""What Chainlit lets its page offer."""

import chainlit as cl
from chainlit.config import SpontaneousFileUploadFeature, config
from chainlit.types import ThreadDict

from access.guard.limits import UploadLimits
from common.files.file_types import ANYTHING, named_type
from patches.patch import Parts


def offer_uploads(parts: Parts) -> None:
    """Let the page, and Chainlit's own check, know the limits."""
    config.features.spontaneous_file_upload = uploads(parts.limits)


def uploads(limits: UploadLimits) -> SpontaneousFileUploadFeature:
    """Return the limits as Chainlit knows them."""
    return SpontaneousFileUploadFeature(
        enabled=True,
        accept=[ANYTHING] if ANYTHING in limits.types else accepted(limits.types),
        max_files=limits.files,
        max_size_mb=limits.megabytes,
    )


def accepted(types: tuple[str, ...]) -> dict[str, list[str]]:
    """Return types and endings as the page takes them: endings under their types."""
    found: dict[str, list[str]] = {one: [] for one in types if not one.startswith(".")}
    for ending in (one for one in types if one.startswith(".")):
        kind = named_type(f"file{ending}") or "application/octet-stream"
        if kind not in found or found[kind]:
            found.setdefault(kind, []).append(ending)
    return found


def offer_sharing(parts: Parts) -> None:
    """Let the page offer sharing, or not."""
    config.features.allow_thread_sharing = parts.sharing
    if parts.sharing:

        @cl.on_shared_thread_view
        async def on_shared_thread_view(thread: ThreadDict, _viewer: cl.User | None) -> bool:
            # Without it the page offers no sharing. What it says does not count: our route decides.
            return (thread.get("metadata") or {}).get("is_shared") is True
