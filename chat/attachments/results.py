"""What reading a file gives. Known on both sides of the pipe to the reading process."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

STARTED = b"\n"
"""What the reading process says before it looks at its file."""


class Reason(StrEnum):
    """Why a file could not be read."""

    ARCHIVE = "archive"
    BINARY = "binary"
    BROKEN = "broken"
    DATA = "data"
    DRAWING = "drawing"
    EMPTY = "empty"
    IMAGE = "image"
    IWORK = "iwork"
    KILLED = "killed"
    NO_TEXT = "no_text"
    OLD_OFFICE = "old_office"
    PASSWORD = "password"  # noqa: S105 - a reason, not a secret
    RECORDING = "recording"
    RIGHTS = "rights"
    SCAN = "scan"
    SLOW = "slow"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    UNAVAILABLE = "unavailable"


class RemarkKind(StrEnum):
    """What the model gets otherwise than it is in the file. Each has its words in `sentences`."""

    FIRST_FRAME = "first_frame"  # detail: how many there are
    PICTURES = "pictures"  # detail: how many are left out
    PICTURES_ON_PAGES = "pictures_on_pages"  # detail: on which, and after a bar how many
    PARTS = "parts"  # detail: how many files within it are not read
    PAGES_WITHOUT_TEXT = "pages_without_text"  # detail: which
    GUESSED = "guessed"  # detail: the encoding
    DOUBTED = "doubted"  # detail: the encoding
    MISNAMED = "misnamed"  # detail: the encoding that it is in
    MIXED = "mixed"  # detail: the encoding of some lines
    NAMES = "names"  # detail: the encoding of the names in an archive
    TNEF = "tnef"
    DAMAGED = "damaged"
    RAW = "raw"
    XFA = "xfa"
    SIGNED = "signed"
    MACROS = "macros"
    UNFORMATTED = "unformatted"
    # detail of those that follow: how many
    CUT_PARTS = "cut_parts"
    BAD_BYTES = "bad_bytes"
    NULS = "nuls"
    CONTROLS = "controls"
    SEPARATORS = "separators"
    HALVES = "halves"
    DELETED_TEXT = "deleted_text"
    HIDDEN_TEXT = "hidden_text"
    HIDDEN_SLIDES = "hidden_slides"
    HIDDEN_SHEETS = "hidden_sheets"
    HIDDEN_CELLS = "hidden_cells"
    HIDDEN_VALUES = "hidden_values"  # in cells, by their formats
    FORMULAS = "formulas"
    LOCKED = "locked"  # detail: how many files within it are encrypted
    ENCRYPTED = "encrypted"  # detail: how many parts of a message
    OUTPUTS = "outputs"  # detail: how many outputs of a notebook are cut
    NO_OUTPUTS = "no_outputs"  # detail: how many outputs of a notebook have no text
    NO_CELLS = "no_cells"  # detail: how many parts of a notebook are none
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was guessed, changed or left out; `detail` is a number or a name."""

    kind: RemarkKind
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtractedText:
    """A file's text, as much as was asked for; `total` is about how many characters it has.

    It is None where all that is known is that there are more. `counts` are what the file consists
    of: pages, sheets or slides.
    """

    text: str
    total: int | None
    counts: Mapping[str, int] = field(default_factory=dict)
    remarks: Sequence[Remark] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """An image as a model takes it, `data` in Base64; `words` are what a drawing says in text."""

    mime: str
    data: str
    width: int
    height: int
    words: str = ""
    remarks: Sequence[Remark] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """A file that could not be read; `detail` is for the log."""

    reason: Reason
    detail: str = ""

    @property
    def is_temporary(self) -> bool:
        """Whether the file may well be read the next time."""
        return self.reason in (Reason.KILLED, Reason.SLOW, Reason.UNAVAILABLE)


Reading = ExtractedText | Picture | Unread
_KINDS: Mapping[str, type[ExtractedText] | type[Picture] | type[Unread]] = {
    "text": ExtractedText,
    "picture": Picture,
    "unread": Unread,
}


class CannotRead(Exception):
    """Raised by a reader; becomes an `Unread`."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.unread = Unread(reason=reason, detail=detail)


def picture(mime: str, encoded: bytes, size: tuple[int, int]) -> Picture:
    """Return an image from its encoded bytes."""
    data = base64.b64encode(encoded).decode("ascii")
    return Picture(mime=mime, data=data, width=size[0], height=size[1])


def to_json(reading: Reading) -> bytes:
    """Return a reading as one line of ASCII."""
    kind = next(name for name, cls in _KINDS.items() if isinstance(reading, cls))
    return json.dumps({"kind": kind, **asdict(reading)}).encode("ascii")


def from_json(line: bytes) -> Reading:
    """Return the reading that `to_json` wrote; raises `ValueError` when it is none."""
    try:
        fields: dict[str, Any] = json.loads(line)
        kind = fields.pop("kind")
        if kind == "unread":
            fields["reason"] = Reason(fields["reason"])
        else:
            fields["remarks"] = tuple(
                Remark(RemarkKind(it["kind"]), it["detail"]) for it in fields.get("remarks", ())
            )
        return _KINDS[kind](**fields)
    except (AttributeError, KeyError, TypeError) as exc:
        message = "The reading process gave no reading."
        raise ValueError(message) from exc
