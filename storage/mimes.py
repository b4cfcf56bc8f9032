"""The types of files as people's browsers gave them, made fit for a header. Pure functions."""

import re

BINARY = "application/octet-stream"
_LONGEST = 255
_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*"
_MIME = re.compile(rf"{_NAME}/{_NAME}( *;[\x20-\x7e]*)?")


def content_type(mime: str) -> str:
    """Return a mime as it is, with its parameters, or that of any bytes for what is none."""
    return mime if len(mime) <= _LONGEST and _MIME.fullmatch(mime) else BINARY
