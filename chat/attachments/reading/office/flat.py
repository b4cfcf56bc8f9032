"""Office files that are one piece of XML (Flat OPC), as Word saves them as `.xml`."""

import base64
import io
import zipfile

from chat.attachments.reading import xml


def zipped(content: bytes) -> bytes:
    """Return the file as an archive of its parts, as it is otherwise."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in xml.children(xml.parse(content), "part"):
            archive.writestr((xml.value(part, "name") or "").lstrip("/"), _content(part))
    return packed.getvalue()


def _content(part: xml.Element) -> bytes:
    if (data := xml.child(part, "binaryData")) is not None:
        return base64.b64decode(data.text or "")
    data = xml.child(part, "xmlData")
    return b"" if data is None or not len(data) else xml.serialized(data[0])
