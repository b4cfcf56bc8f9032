"""Cards and calendars: their lines whole, in plain characters, and without the pictures in them."""

import quopri
import re

from chat.attachments.reading.mail.headers import decoded
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

_FOLD = re.compile(rb"\r?\n[ \t]")
_BROKEN = re.compile(  # lines in quoted-printable, as telephones of old write them
    rb"^[^:\r\n]*QUOTED-PRINTABLE[^:\r\n]*:(?:[^\r\n]*=\r?\n)++", re.IGNORECASE | re.MULTILINE
)
_SOFT_BREAK = re.compile(rb"=\r?\n")
_PICTURE = re.compile(rb"(?:[\w-]+\.)?(?:PHOTO|LOGO)\b", re.IGNORECASE)
_DATA = re.compile(rb"ENCODING=(?:b|BASE64)\b|;base64,|:data:[^,]*;base64,", re.IGNORECASE)
_QUOTED = re.compile(rb"ENCODING=QUOTED-PRINTABLE|;QUOTED-PRINTABLE", re.IGNORECASE)
_CHARSET = re.compile(rb"CHARSET=([\w.-]+)", re.IGNORECASE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/=]{60,}")  # goes on where old programs fold it as they like


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write the lines; pictures and what else is in Base64 are counted."""
    whole = _BROKEN.sub(lambda it: _SOFT_BREAK.sub(b"", it[0]), content)
    lines = _FOLD.sub(b"", whole).splitlines()
    for number, line in enumerate(lines):
        buffer.reached(number, len(lines))
        name, _, value = line.partition(b":")
        if _DATA.search(line):
            is_picture = _PICTURE.match(name)
            buffer.tally[RemarkKind.PICTURES if is_picture else RemarkKind.PARTS] += 1
        elif not _BASE64.fullmatch(line):
            buffer.write(
                f"{_text(name, value, buffer) if value else decoded(line, None, buffer)}\n"
            )


def _text(name: bytes, value: bytes, buffer: TextBuffer) -> str:
    said = _CHARSET.search(name)
    if _QUOTED.search(name):
        value = quopri.decodestring(value)
    text = decoded(value, said[1].decode("ascii") if said else None, buffer)
    return f"{decoded(name, None, buffer)}:{text}"
