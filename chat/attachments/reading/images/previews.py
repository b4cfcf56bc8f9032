"""Apple's Pages, Numbers and Keynote: nobody else reads them, but most hold a preview."""

import io
import zipfile
from dataclasses import replace

from chat.attachments.reading import archives
from chat.attachments.reading.images import pictures
from chat.attachments.results import CannotRead, Picture, Reason, Remark, RemarkKind

_PREVIEWS = ("preview.jpg", "QuickLook/Thumbnail.jpg", "preview-web.jpg", "preview-micro.jpg")


def read(content: bytes, pixels: int) -> Picture:
    """Return the preview, or raise `CannotRead` with what to do."""
    archives.check(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        for preview in _PREVIEWS:
            for name in names:
                if name.endswith(preview):  # there may be a folder around all
                    shown = pictures.read(archive.read(name), pixels)
                    return replace(shown, remarks=[Remark(RemarkKind.PREVIEW)])
    raise CannotRead(Reason.IWORK)
