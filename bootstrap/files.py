"""What the settings say of the files of messages: which are taken."""

from access.guard.limits import UploadLimits
from settings import Settings


def upload_limits(settings: Settings) -> UploadLimits:
    """Return what of files may be sent."""
    return UploadLimits(
        files=settings.upload_max_files,
        megabytes=settings.upload_max_mb,
        characters=settings.message_max_characters,
        types=tuple(one.strip().lower() for one in settings.upload_types.split(",")),
    )
