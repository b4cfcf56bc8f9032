"""As what an element's bytes are shown: content type, disposition and policy.

The page expects a content type for each kind of element, whatever was declared, and a browser must
never run what somebody uploaded. Pure functions.
"""

import re
from dataclasses import dataclass

_BINARY = "application/octet-stream"
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"
_PDF = "application/pdf"
_SVG = "image/svg+xml"

# A file opened by itself, in a tab, obeys these; the browser's own viewers need what they allow.
_LOCKED = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
# The player asks again for the file, by ranges; from a sandbox without an origin it may not.
_PLAYER = (
    "sandbox allow-same-origin; default-src 'none'; media-src 'self'; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'"
)
# No sandbox: the PDF viewer does not open in one.
_VIEWER = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"

_IMAGES = frozenset(
    f"image/{kind}"
    for kind in ("png", "jpeg", "gif", "webp", "avif", "bmp", "x-icon", "vnd.microsoft.icon")
)
_OFFICE = "application/vnd.openxmlformats-officedocument"
_HARMLESS = _IMAGES | {
    _JSON,
    _PDF,
    "application/epub+zip",
    "application/gzip",
    "application/msword",
    "application/rtf",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    f"{_OFFICE}.presentationml.presentation",
    f"{_OFFICE}.spreadsheetml.sheet",
    f"{_OFFICE}.wordprocessingml.document",
    "application/x-7z-compressed",
    "application/x-tar",
    "application/zip",
    "text/csv",
    "text/markdown",
    "text/plain",
}
_MIME = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")


@dataclass(frozen=True, slots=True)
class Presentation:
    """How bytes are sent: `inline` or to be saved, and under which Content-Security-Policy.

    Only media and what is to be saved may come from another origin: the rest is read by the page's
    scripts.
    """

    media_type: str
    inline: bool
    policy: str = _LOCKED
    from_elsewhere: bool = True


def _read(media_type: str, policy: str = _LOCKED) -> Presentation:
    return Presentation(media_type, inline=True, policy=policy, from_elsewhere=False)


_ATTACHED = Presentation(_BINARY, inline=False)
_FIXED = {
    "custom": _read(_JSON),
    # Never as JSON: the page would parse it twice and go blank.
    "dataframe": _read(_TEXT),
    "pdf": _read(_PDF, _VIEWER),
    "plotly": _read(_JSON),
    "tasklist": _read(_JSON),
    "text": _read(_TEXT),
}


def present(element_type: object, mime: object) -> Presentation:
    """Decide from an element's type, and its declared mime where the type leaves a choice."""
    declared = _clean_mime(mime)
    if element_type == "image":
        return _image(declared)
    if element_type in ("audio", "video"):
        is_media = declared.startswith(("audio/", "video/"))
        return Presentation(declared, inline=True, policy=_PLAYER) if is_media else _ATTACHED
    return _FIXED.get(str(element_type)) or _file(declared)


def _image(mime: str) -> Presentation:
    if mime == _SVG:  # an <img> shows it all the same; opened by itself it could run scripts
        return Presentation(_SVG, inline=False)
    return Presentation(mime, inline=True) if mime in _IMAGES else _ATTACHED


def _file(mime: str) -> Presentation:
    is_harmless = mime in _HARMLESS or mime.startswith(("audio/", "video/"))
    return Presentation(mime if is_harmless else _BINARY, inline=False)


def _clean_mime(mime: object) -> str:
    found = str(mime or "").partition(";")[0].strip().lower()
    return found if _MIME.fullmatch(found) else _BINARY
