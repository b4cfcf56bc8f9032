"""Of which type a file is, judged by what is in it. Pure."""

import codecs
import mimetypes
import re
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import PurePath

import filetype

HEAD = 65_536  # bytes that are looked at
ANYTHING = "*/*"
_BINARY = "application/octet-stream"
_TEXT = "text/plain"
_PDF = re.compile(rb"%PDF-")
_MARKUP = (
    (re.compile(r"<svg[\s>]", re.IGNORECASE), "image/svg+xml"),
    (re.compile(r"<!doctype\s+html|<html[\s>]", re.IGNORECASE), "text/html"),
)
_TEXTUAL = frozenset(
    f"application/{kind}"
    for kind in (
        *("json", "ld+json", "xml", "javascript", "x-javascript", "sql", "toml", "yaml"),
        *("x-sh", "x-tex", "x-latex", "x-ndjson", "rtf", "x-python", "typescript", "x-php"),
    )
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_OFFICE = ("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint")
_OFFICE_MEMBER = re.compile(rb"PK\x03\x04.{26}(word|xl|ppt)/", re.DOTALL)
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OFFICE = {
    b"word": f"{_OPEN_XML}.wordprocessingml.document",
    b"xl": f"{_OPEN_XML}.spreadsheetml.sheet",
    b"ppt": f"{_OPEN_XML}.presentationml.presentation",
}
# What the chat reads. Python knows few of these where there is no /etc/mime.types. Office's files
# with macros are named as their content is judged.
_NAMED: Mapping[str, str] = {
    **dict.fromkeys((".docx", ".docm"), _OFFICE[b"word"]),
    **dict.fromkeys((".xlsx", ".xlsm"), _OFFICE[b"xl"]),
    **dict.fromkeys((".pptx", ".pptm"), _OFFICE[b"ppt"]),
    **dict.fromkeys((".jpg", ".jpeg"), "image/jpeg"),
    **dict.fromkeys((".tif", ".tiff"), "image/tiff"),
    **dict.fromkeys((".html", ".htm"), "text/html"),
    **dict.fromkeys((".yaml", ".yml"), "application/yaml"),
    **{f".{kind}": f"image/{kind}" for kind in ("png", "gif", "webp", "bmp", "avif")},
    **{f".{kind}": f"application/{kind}" for kind in ("pdf", "json", "xml", "sql", "toml")},
    ".svg": "image/svg+xml",
    ".txt": _TEXT,
    ".log": _TEXT,
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".py": "text/x-python",
    ".js": "text/javascript",
    ".ts": "application/typescript",
    ".sh": "application/x-sh",
    ".rtf": "application/rtf",
}
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b\x08"))


def type_of(head: bytes, name: str) -> str:
    """Return a file's type by its first `HEAD` bytes; its name decides among kinds of text."""
    if _PDF.search(head[:1024]):
        return "application/pdf"
    if _is_text(head):
        return _textual(head, named_type(name))
    if office := _OFFICE_MEMBER.search(head):
        return _OFFICE[office.group(1)]
    if head.startswith(_OLE) and (named := named_type(name) or "") in _OLD_OFFICE:
        return named
    found = filetype.guess(head)
    return str(found.mime) if found else _BINARY


def shown_type(found: str, declared: str | None) -> str:
    """Return as what a file is kept: what was declared counts where its content says little."""
    is_vague = found in (_BINARY, _TEXT, "application/zip")
    is_shown = (declared or "").startswith(("image/", "audio/", "video/", "application/pdf"))
    return declared if declared and is_vague and not is_shown else found


def named_type(name: str) -> str | None:
    """Return the type that a name's ending stands for."""
    path = PurePath(name)
    return _NAMED.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]


def allowed_as(head: bytes, name: str, patterns: tuple[str, ...]) -> str | None:
    """Return as what a file is allowed by patterns such as `image/*` or `.docx`, else None."""
    found = type_of(head, name)
    for pattern in patterns:
        if not pattern.startswith("."):
            if fnmatch(found, pattern):
                return found
        elif name.lower().endswith(pattern) and _agrees(found, name):
            return named_type(name) or _BINARY
    return None


def _agrees(found: str, name: str) -> bool:
    """Tell whether what is in a file may stand under its name's ending."""
    named = named_type(name)
    return found == named or (found in (_TEXT, _BINARY) and (named is None or named == _BINARY))


def _is_text(head: bytes) -> bool:
    if head.startswith(_MARKS):
        return True
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return b"\0" not in head and controls * 50 <= len(head)


def _textual(head: bytes, named: str | None) -> str:
    beginning = head[:4096].decode("utf-8", "replace")
    for pattern, markup in _MARKUP:
        if pattern.search(beginning) and named in (None, markup, _TEXT):
            return markup
    is_text = named is not None and (named.startswith("text/") or named in _TEXTUAL)
    return named if named and (is_text or named == "image/svg+xml") else _TEXT
