"""What reads the files of messages, as the settings limit it."""

from chat.attachments.collect import Attachments, reading_limits
from chat.attachments.process import Reader
from datalayer.layer import KeepchatDataLayer
from settings import Settings


def open_attachments(settings: Settings, layer: KeepchatDataLayer) -> Attachments:
    """Return what reads the files of messages."""
    limits = reading_limits(
        file_tokens=settings.model_file_tokens,
        pixels=settings.model_image_pixels,
        timeout_s=settings.attachment_timeout_s,
    )
    return Attachments(layer, Reader(limits), settings.model_file_tokens)
