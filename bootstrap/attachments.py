"""What reads the files of messages, as the settings limit it."""

import logging

from chat.attachments.collect import Attachments, reading_limits
from chat.attachments.kept import KeptReadings, reader_version
from chat.attachments.process import Reader, standing_walls
from chat.attachments.reading.walls import ALL
from datalayer.layer import KeepchatDataLayer
from settings import ROOT, Settings

logger = logging.getLogger("keepchat")


def open_attachments(settings: Settings, layer: KeepchatDataLayer) -> Attachments:
    """Return what reads the files of messages."""
    limits = reading_limits(
        file_tokens=settings.model_file_tokens,
        pixels=settings.model_image_pixels,
        timeout_s=settings.attachment_timeout_s,
    )
    version = f"{reader_version(ROOT)}/{limits.characters}/{limits.pixels}"
    kept = KeptReadings(settings.readings_path, version)
    return Attachments(layer, Reader(limits), settings.model_file_tokens, kept)


async def tell_walls() -> None:
    """Log what keeps the process that reads files from everything else."""
    standing = await standing_walls()
    logger.info("Attached files are read behind these walls: %s", ", ".join(standing) or "none")
    if missing := [wall for wall in ALL if wall not in standing]:
        logger.warning(
            "Nothing keeps the process that reads attached files from: %s. See docs/security.md.",
            ", ".join(missing),
        )
