"""As what bytes of users are sent: content type, disposition and policy.

Every answer with such bytes has the headers that `headers` gives, and no others that say what they
are. The page expects a content type for each kind of element, whatever was declared, and a browser
must never run what somebody uploaded. Pure functions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from storage.filenames import content_disposition

# What everybody is told who asks for bytes of users, also where there are none.
GUARDED: Mapping[str, str] = {
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
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

_AUDIO = (
    *("3gpp", "aac", "aiff", "flac", "mp3", "mp4", "mpeg", "ogg", "opus", "vnd.wave", "wav"),
    *("wave", "webm", "x-aiff", "x-flac", "x-m4a", "x-wav"),
)
_VIDEO = (
    *("3gpp", "3gpp2", "mp2t", "mp4", "mpeg", "ogg", "quicktime", "webm"),
    *("x-flv", "x-m4v", "x-matroska", "x-ms-wmv", "x-msvideo"),
)
_IMAGES = frozenset(
    f"image/{kind}"
    for kind in ("png", "jpeg", "gif", "webp", "avif", "bmp", "x-icon", "vnd.microsoft.icon")
)
# By name: a type that ends in `+xml` is a document with scripts, whatever it begins with.
_MEDIA = frozenset(
    (
        *(f"audio/{kind}" for kind in _AUDIO),
        *(f"video/{kind}" for kind in _VIDEO),
    )
)
_OFFICE = "application/vnd.openxmlformats-officedocument"
_HARMLESS = (
    _IMAGES
    | _MEDIA
    | {
        _JSON,
        _PDF,
        "application/epub+zip",
        "application/gzip",
        "application/msword",
        "application/rtf",
        "application/vnd.ms-excel",
        "application/vnd.ms-outlook",
        "application/vnd.ms-powerpoint",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.text",
        f"{_OFFICE}.presentationml.presentation",
        f"{_OFFICE}.spreadsheetml.sheet",
        f"{_OFFICE}.wordprocessingml.document",
        "application/x-7z-compressed",
        "application/x-bzip2",
        "application/x-ipynb+json",
        "application/x-subrip",
        "application/x-tar",
        "application/x-xz",
        "application/zip",
        *(f"application/vnd.apple.{kind}" for kind in ("keynote", "numbers", "pages")),
        "text/calendar",
        "text/csv",
        "text/markdown",
        "text/plain",
        "text/vcard",
        "text/vtt",
    }
)
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
_KINDS = {_JSON: "plotly", _PDF: "pdf", "text/plain": "text"}
MARKDOWN = Presentation("text/markdown; charset=utf-8", inline=False)
JSON = Presentation(_JSON, inline=False)
_FIXED = {
    "custom": _read(_JSON),
    # Never as JSON: the page would parse it twice and go blank.
    "dataframe": _read(_TEXT),
    "pdf": _read(_PDF, _VIEWER),
    "plotly": _read(_JSON),
    "tasklist": _read(_JSON),
    "text": _read(_TEXT),
}


def headers(shown: Presentation, name: object) -> dict[str, str]:
    """Return all headers that say what bytes are, and keep a browser from running them."""
    return {
        **GUARDED,
        "Content-Disposition": content_disposition(name, inline=shown.inline),
        # Keeps Chainlit's GZip middleware from changing bytes whose length, ranges and tag we give.
        "Content-Encoding": "identity",
        "Content-Security-Policy": shown.policy,
        "Content-Type": shown.media_type,
    }


def present_type(mime: object) -> Presentation:
    """Decide where nothing but a declared mime is known."""
    declared = _clean_mime(mime)
    family = declared.partition("/")[0]
    kind = family if family in ("audio", "image", "video") else "file"
    return present(_KINDS.get(declared, kind), declared)


def present(element_type: object, mime: object) -> Presentation:
    """Decide from an element's type, and its declared mime where the type leaves a choice."""
    declared = _clean_mime(mime)
    if element_type == "image":
        return _image(declared)
    if element_type in ("audio", "video"):
        is_media = declared in _MEDIA
        return Presentation(declared, inline=True, policy=_PLAYER) if is_media else _ATTACHED
    return _FIXED.get(str(element_type)) or _file(declared)


def _image(mime: str) -> Presentation:
    if mime == _SVG:  # an <img> shows it all the same; opened by itself it could run scripts
        return Presentation(_SVG, inline=False)
    return Presentation(mime, inline=True) if mime in _IMAGES else _ATTACHED


def _file(mime: str) -> Presentation:
    return Presentation(mime if mime in _HARMLESS else _BINARY, inline=False)


def _clean_mime(mime: object) -> str:
    found = str(mime or "").partition(";")[0].strip().lower()
    return found if _MIME.fullmatch(found) else _BINARY
