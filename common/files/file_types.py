"""What a file is: by its content first, then by its name, and by what was declared last. Pure.

Also for the process that reads attachments, which starts for each file: what takes time to load is
imported where it is used.
"""

import codecs
import mimetypes
import re
import struct
from collections.abc import Mapping
from enum import Enum, auto
from fnmatch import fnmatch
from pathlib import PurePath

from common.files.wide_text import narrowed, wide_encodings

HEAD_SIZE = 65_536  # bytes that are looked at
ANYTHING = "*/*"


class FileKind(Enum):
    """What a file is, whatever it is called."""

    IMAGE = auto()  # one that can be shown to a model
    PDF = auto()
    TEXT = auto()
    ZIP = auto()  # as Office's files are, and many others
    DOCUMENT = auto()
    SHEETS = auto()
    SLIDES = auto()
    OLE = auto()  # the container of Office's old files, and of encrypted new ones
    OTHER = auto()
    # What `kind_of` does not tell from ZIP, OLE, TEXT and OTHER
    ARCHIVE = auto()
    CARD = auto()  # of a person, or a calendar
    BINARY_SHEETS = auto()  # Excel's, in OLE or ZIP
    EPUB = auto()
    IWORK = auto()  # of Apple's
    MAIL = auto()
    MAILBOX = auto()
    NOTEBOOK = auto()
    OPEN_DOCUMENT = auto()
    OUTLOOK = auto()  # a message of Outlook's
    RTF = auto()
    TNEF = auto()  # what Outlook packs for others of its kind
    SVG = auto()
    WEB_ARCHIVE = auto()  # of Safari's
    XML_SHEETS = auto()  # Excel's of 2003, in one piece of XML


# Office's files, by the one of their members that each has
MAIN_PARTS: Mapping[str, FileKind] = {
    "word/document.xml": FileKind.DOCUMENT,
    "xl/workbook.xml": FileKind.SHEETS,
    "ppt/presentation.xml": FileKind.SLIDES,
}
_FOLDERS = {part.partition("/")[0].encode(): kind for part, kind in MAIN_PARTS.items()}
_OFFICE_MEMBER = re.compile(
    rb"PK\x03\x04.{26}[/\\]?(%b)[/\\]" % b"|".join(_FOLDERS), re.DOTALL | re.IGNORECASE
)
_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")  # the second begins an empty one
_OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IMAGE_MARKS = (
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"),
    *(b"\0\0\1\0", b"icns", b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),  # icons, JPEG 2000
    *(b"II+\0", b"MM\0+", b"8BPS\0\1", b"qoif"),  # large TIFF, Photoshop
    *(b"FUJIFILMCCD-RAW", b"IIRO\x08\0", b"IIRS\x08\0", b"MMOR\0\0", b"IIU\0"),  # cameras
)
# Cursors, whose number is not 0 as it is in TGA; PCX; portable maps of pixels.
_IMAGE_HEAD = re.compile(
    rb"\0\0\x02\0[^\0]|\n[\0\x02-\x05]\x01[\x01\x02\x04\x08]|P[1-6]\r?\n(?:#[^\n]*\n)*\d+\s+\d+\s"
    rb"|P7\nWIDTH |P[Ff]\n\d+\s+\d+\s"
)
_BRANDS = frozenset(  # of images that have the container of films
    {
        b"avif",
        b"avis",
        b"heic",
        b"heix",
        b"heim",
        b"heis",
        b"hevc",
        b"hevx",
        b"mif1",
        b"msf1",
        b"crx ",
    }
)
# A book, or what LibreOffice writes, says first what it is.
_SAYS_TYPE = re.compile(
    rb"PK\x03\x04.{26}mimetype(application/(?:epub\+zip|vnd\.oasis\.opendocument\.[a-z-]{1,40}))",
    re.DOTALL,
)
_TEXT_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\r\f\x1b\x08")) + b"\x7f"
_END = b"\x1a"  # of a text of DOS
_KOREAN, _SHIFTS = b"\x1b$)C", b"\x0e\x0f"  # ISO-2022-KR
_SEPARATORS = b"\x01\x02\x03\x14\x1c\x1d\x1e\x1f"  # between cells and rows, as databases export
_ROW = re.compile(rb"[^\n\x1c-\x1e]+")
_TAR_MARK_AT = 257
_NULS = re.compile(rb"\0+")
_TEXT_A_RUN = 30  # bytes of text that each run of NULs, or other control, needs beside it
_PDF_WITHIN = 1024  # bytes
_MARKUP_WITHIN = 4096
_MARKUP = (
    (re.compile(r"<svg[\s>]", re.IGNORECASE), "image/svg+xml"),
    (re.compile(r"<!doctype\s+html|<html[\s>]", re.IGNORECASE), "text/html"),
)

_OPEN_DOCUMENT = "vnd.oasis.opendocument"
_SHOWN = frozenset(  # by browsers
    f"image/{kind}"
    for kind in (
        *("png", "apng", "jpeg", "gif", "webp", "avif", "bmp", "svg+xml"),
        *("x-icon", "vnd.microsoft.icon"),
    )
)
_BINARY = "application/octet-stream"
_TEXT = "text/plain"
_TEXTUAL = frozenset(
    f"application/{kind}"
    for kind in (
        *("json", "ld+json", "geo+json", "xml", "javascript", "x-javascript", "sql", "toml"),
        *("x-sh", "x-tex", "x-latex", "x-ndjson", "rtf", "x-python", "typescript", "x-php"),
        *("yaml", "mbox", "x-bibtex", "x-ipynb+json", "x-mswinurl", "x-subrip"),
        *(f"{_OPEN_DOCUMENT}.{kind}-flat-xml" for kind in ("text", "spreadsheet", "presentation")),
    )
) | {"message/rfc822"}
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_TYPES: Mapping[FileKind, str] = {
    FileKind.PDF: "application/pdf",
    FileKind.DOCUMENT: f"{_OPEN_XML}.wordprocessingml.document",
    FileKind.SHEETS: f"{_OPEN_XML}.spreadsheetml.sheet",
    FileKind.SLIDES: f"{_OPEN_XML}.presentationml.presentation",
}
# What the chat reads that is no text. Office's files with macros, templates and the like are named
# as their content is judged. Python knows few of these endings where there is no /etc/mime.types.
READABLE_TYPES: Mapping[str, str] = {
    ".pdf": _TYPES[FileKind.PDF],
    **dict.fromkeys((".docx", ".docm", ".dotx", ".dotm"), _TYPES[FileKind.DOCUMENT]),
    **dict.fromkeys((".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb"), _TYPES[FileKind.SHEETS]),
    **dict.fromkeys(
        (".pptx", ".pptm", ".potx", ".potm", ".ppsx", ".ppsm"), _TYPES[FileKind.SLIDES]
    ),
    **dict.fromkeys((".jpg", ".jpeg"), "image/jpeg"),
    **dict.fromkeys((".tif", ".tiff"), "image/tiff"),
    **{f".{kind}": f"image/{kind}" for kind in ("png", "gif", "webp", "bmp", "avif", "heic")},
    ".heif": "image/heic",
    ".ico": "image/x-icon",
    **dict.fromkeys((".jp2", ".j2k", ".jpf"), "image/jpx"),
    **dict.fromkeys((".ppm", ".pgm", ".pbm", ".pnm"), "image/x-portable-anymap"),
    **{f".{kind}": f"image/x-{kind}" for kind in ("icns", "tga", "pcx", "dng")},
    **{f".{kind}": f"image/x-{kind}" for kind in ("cr2", "cr3", "nef", "arw", "orf", "raf", "rw2")},
    ".psd": "image/vnd.adobe.photoshop",
    **{
        f".{ending}": f"application/{_OPEN_DOCUMENT}.{kind}"
        for ending, kind in (
            *(("odt", "text"), ("ods", "spreadsheet"), ("odp", "presentation")),
            *(("ott", "text-template"), ("ots", "spreadsheet-template")),
            *(("otp", "presentation-template"), ("odg", "graphics")),
        )
    },
    ".epub": "application/epub+zip",
    ".msg": "application/vnd.ms-outlook",
    ".zip": "application/zip",
    ".tar": "application/x-tar",
    **dict.fromkeys((".gz", ".tgz", ".svgz"), "application/gzip"),
    ".bz2": "application/x-bzip2",
    ".xz": "application/x-xz",
    **{f".{kind}": f"application/vnd.apple.{kind}" for kind in ("pages", "numbers")},
    ".key": "application/vnd.apple.keynote",
}
OLD_OFFICE_TYPES: Mapping[str, str] = {
    **dict.fromkeys((".doc", ".dot"), "application/msword"),
    **dict.fromkeys((".xls", ".xlt"), "application/vnd.ms-excel"),
    **dict.fromkeys((".ppt", ".pot", ".pps"), "application/vnd.ms-powerpoint"),
}
_TEXT_TYPES: Mapping[str, str] = {
    **dict.fromkeys((".txt", ".log"), _TEXT),
    **dict.fromkeys((".html", ".htm"), "text/html"),
    **dict.fromkeys((".yaml", ".yml"), "application/yaml"),
    **{f".{kind}": f"application/{kind}" for kind in ("json", "xml", "sql", "toml", "rtf")},
    ".svg": "image/svg+xml",
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".py": "text/x-python",
    ".js": "text/javascript",
    ".ts": "application/typescript",
    ".sh": "application/x-sh",
    ".ipynb": "application/x-ipynb+json",
    ".geojson": "application/geo+json",
    **dict.fromkeys((".eml", ".mht", ".mhtml"), "message/rfc822"),
    ".mbox": "application/mbox",
    ".vcf": "text/vcard",
    ".ics": "text/calendar",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
    ".tex": "application/x-tex",
    ".bib": "application/x-bibtex",
    ".url": "application/x-mswinurl",
    **{
        f".{ending}": f"application/{_OPEN_DOCUMENT}.{kind}-flat-xml"
        for ending, kind in (
            *(("fodt", "text"), ("fods", "spreadsheet"), ("fodp", "presentation")),
        )
    },
}
_WITHIN = {  # containers, and what may be in them that their beginning does not tell
    FileKind.OLE: frozenset({*OLD_OFFICE_TYPES.values(), READABLE_TYPES[".msg"]}),
    FileKind.ZIP: frozenset(READABLE_TYPES[it] for it in (".pages", ".numbers", ".key")),
}
KNOWN_TYPES: Mapping[str, str] = {**READABLE_TYPES, **OLD_OFFICE_TYPES, **_TEXT_TYPES}


def kind_of(content: bytes) -> FileKind:
    """Return what a file is by its first `HEAD_SIZE` bytes; Office's files are ZIP at first."""
    head = content[:HEAD_SIZE]
    if _is_image(head):
        return FileKind.IMAGE
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return FileKind.PDF
    if head.startswith(_ZIP_MARKS):
        return FileKind.ZIP
    if head.startswith(_OLE_MARK):
        return FileKind.OLE
    return FileKind.TEXT if _is_text(head) else FileKind.OTHER


def _is_image(head: bytes) -> bool:
    return (
        head.startswith(_IMAGE_MARKS)
        or _IMAGE_HEAD.match(head) is not None
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[4:8] == b"ftyp" and head[8:12] in _BRANDS)
        or _is_bitmap(head)
    )


def _is_bitmap(head: bytes) -> bool:
    if head[:2] != b"BM" or len(head) < 18:
        return False
    reserved, _, header = struct.unpack_from("<III", head, 6)
    return reserved == 0 and header in (12, 40, 52, 56, 64, 108, 124)


def _is_text(head: bytes) -> bool:
    """Tell whether it is text: in UTF-16 or UTF-32, or with next to no control characters."""
    if head.startswith(_TEXT_MARKS) or narrowed(head) is not None:
        return True
    head = head.rstrip(_END)
    if _KOREAN in head:
        head = head.translate(None, _SHIFTS)
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls == 0 or (controls * 50 <= len(head) and b"\0" not in head):
        return True
    return (
        bool(wide_encodings(head)) or _is_damaged_log(head, controls) or _is_table(head, controls)
    )


def _is_table(head: bytes, controls: int) -> bool:
    """Tell whether all control characters are such as part cells and rows, each with a cell."""
    separators = len(head) - len(head.translate(None, _SEPARATORS))
    rows = len(_ROW.findall(head))
    is_apart = 1 < rows <= separators + 1 and head[0] not in _SEPARATORS
    return is_apart and separators == controls and controls * 2 <= len(head)


def _is_damaged_log(head: bytes, controls: int) -> bool:
    """Tell whether it is a log that has NUL characters and other data here and there."""
    if head.startswith(b"ustar", _TAR_MARK_AT):  # what it packs is mostly text
        return False
    nuls = head.count(0)
    breaks = len(_NULS.findall(head)) + controls - nuls
    lines = head.count(b"\n")
    return breaks <= lines and len(head) - nuls >= _TEXT_A_RUN * breaks


def type_of(head: bytes, name: str) -> str:
    """Return a file's type by its first `HEAD_SIZE` bytes; its name decides among kinds of text."""
    kind = kind_of(head)
    if kind is FileKind.TEXT:
        return _text_type(head, named_type(name))
    if said := _SAYS_TYPE.match(head):
        return said[1].decode("ascii")
    if kind is FileKind.ZIP and (member := _OFFICE_MEMBER.search(head)):
        kind = _FOLDERS[member[1].lower()]
    if (named := named_type(name)) and named in _WITHIN.get(kind, ()):
        return named
    return _TYPES.get(kind) or _guess(head)


def _text_type(head: bytes, named: str | None) -> str:
    beginning = head[:_MARKUP_WITHIN].decode("utf-8", "replace")
    for pattern, markup in _MARKUP:
        if pattern.search(beginning) and named in (None, markup, _TEXT):
            return markup
    is_text = named is not None and (named.startswith("text/") or named in _TEXTUAL)
    return named if named and (is_text or named == "image/svg+xml") else _TEXT


def _guess(head: bytes) -> str:
    import filetype

    found = filetype.guess(head)
    return str(found.mime) if found else _BINARY


def named_type(name: str) -> str | None:
    """Return the type that a name's ending stands for."""
    path = PurePath(name)
    return KNOWN_TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]


def shown_type(found: str, declared: str | None) -> str:
    """Return as what a file is kept: what was declared counts where its content says little.

    An image that browsers do not show is kept as a file, since the page would show it as broken.
    """
    if found.startswith("image/") and found not in _SHOWN:
        return _BINARY
    is_vague = found in (_BINARY, _TEXT, "application/zip")
    is_shown = (declared or "").startswith(("image/", "audio/", "video/", "application/pdf"))
    return declared if declared and is_vague and not is_shown else found


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
