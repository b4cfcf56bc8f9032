"""What an Office file would be when it is unpacked; zipfile never yields more than is declared."""

import io
import zipfile

from chat.attachments.results import CannotRead, Reason

MAX_UNPACKED = 200_000_000  # bytes of the parts that a library takes into memory
_STREAMED = "xl/worksheets/"  # read row by row, as far as there is room


def check(content: bytes) -> None:
    """Raise `CannotRead` when unpacking would take too much memory."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
    if any(member.flag_bits & 1 for member in members):
        raise CannotRead(Reason.PASSWORD)
    unpacked = sum(m.file_size for m in members if not m.filename.startswith(_STREAMED))
    if unpacked > MAX_UNPACKED:
        raise CannotRead(Reason.TOO_LARGE, f"{unpacked} bytes when unpacked")
