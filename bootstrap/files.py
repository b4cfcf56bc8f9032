"""What the settings say of the files of messages: which are taken, and how they are read."""

from access.guard.limits import UploadLimits
from chat.attachments import collect
from chat.attachments.collect import Attachments
from chat.attachments.process import Reader
from datalayer.layer import KeepchatDataLayer
from settings import Settings


def upload_limits(settings: Settings) -> UploadLimits:
    """Return what of files may be sent."""
    return UploadLimits(
        files=settings.upload_max_files,
        megabytes=settings.upload_max_mb,
        types=tuple(one.strip().lower() for one in settings.upload_types.split(",")),
    )


def open_attachments(settings: Settings, layer: KeepchatDataLayer) -> Attachments:
    """Return what reads the files of messages."""
    limits = collect.limits(
        file_tokens=settings.model_file_tokens,
        pixels=settings.model_image_pixels,
        timeout_s=settings.attachment_timeout_s,
    )
    return Attachments(layer, Reader(limits), settings.model_file_tokens)
