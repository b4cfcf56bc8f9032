"""Pages as Safari keeps them."""

import plistlib

from chat.attachments.reading import plain
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write the page's text; what belongs to it is left out."""
    archive = plistlib.loads(content)
    pictures = [
        it
        for it in archive.get("WebSubresources", ())
        if it.get("WebResourceMIMEType", "").startswith("image/")
    ]
    buffer.tally[RemarkKind.PICTURES] += len(pictures)
    plain.read(archive["WebMainResource"]["WebResourceData"], ".html", buffer)
