"""Why bytes that no room reads are not read, and so what to do about them."""

from collections.abc import Mapping

from chat.attachments.results import Reason
from common.files.file_types import READABLE_TYPES

_MARKS: Mapping[bytes, Reason] = {
    b"PAR1": Reason.DATA,  # Parquet
    b"ARROW1": Reason.DATA,
    b"SQLite format 3\0": Reason.DATA,
    b"\0\1\0\0Standard ": Reason.DATA,  # Access
    b"\x89HDF\r\n\x1a\n": Reason.DATA,
    b"\x93NUMPY": Reason.DATA,
    b"$FL2": Reason.DATA,  # SPSS
    b"AC10": Reason.DRAWING,  # AutoCAD
    b"7z\xbc\xaf\x27\x1c": Reason.ARCHIVE,
    b"Rar!\x1a\x07": Reason.ARCHIVE,
    b"\x28\xb5\x2f\xfd": Reason.ARCHIVE,  # Zstandard
    b"MSCF": Reason.ARCHIVE,
    b"LZIP": Reason.ARCHIVE,
    b"\x04\x22\x4d\x18": Reason.ARCHIVE,  # LZ4
    b"\x1f\x9d": Reason.ARCHIVE,  # compress
    b"!<arch>\n": Reason.ARCHIVE,
    b"xar!": Reason.ARCHIVE,
    b"AT&TFORM": Reason.DRAWING,  # DjVu
    b"8BPB": Reason.IMAGE,  # Photoshop's large ones
    b"gimp xcf": Reason.IMAGE,
    b"v/1\x01": Reason.IMAGE,  # OpenEXR
    b"#?RADIANCE": Reason.IMAGE,
    b"II\xbc\x01": Reason.IMAGE,  # JPEG XR
    b"FOVb": Reason.IMAGE,  # Sigma's cameras
    b"\xff\x0a": Reason.IMAGE,  # JPEG XL
    b"\0\0\0\x0cJXL \r\n\x87\n": Reason.IMAGE,
    b"\xd7\xcd\xc6\x9a": Reason.IMAGE,  # WMF
    b"\1\0\x09\0\0\x03": Reason.IMAGE,  # the same without a size
    b"\x1aE\xdf\xa3": Reason.RECORDING,  # Matroska, WebM
    b"OggS": Reason.RECORDING,
    b"fLaC": Reason.RECORDING,
    b"ID3": Reason.RECORDING,
    b"#!AMR": Reason.RECORDING,
    b"MThd": Reason.RECORDING,
    b"FLV\x01": Reason.RECORDING,
    b"\0\0\1\xba": Reason.RECORDING,  # MPEG
    b"\0\0\1\xb3": Reason.RECORDING,
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": Reason.RECORDING,  # of Windows Media
}
_LATER_MARKS = (
    (40, b" EMF", Reason.IMAGE),
    (128, b"DICM", Reason.IMAGE),
    (2, b"-lh", Reason.ARCHIVE),
    (0x8001, b"CD001", Reason.ARCHIVE),
)
_FORMS: Mapping[bytes, Reason] = dict.fromkeys(
    (b"WAVE", b"AVI ", b"AIFF", b"AIFC"), Reason.RECORDING
)
_MPEG_AUDIO = (b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9")


def reason(content: bytes, suffix: str) -> Reason:
    """Return why bytes are not read, by what they begin with; `suffix` says what they should be."""
    for mark, found in _MARKS.items():
        if content.startswith(mark):
            return found
    for place, mark, found in _LATER_MARKS:
        if content.startswith(mark, place):
            return found
    if content[:4] in (b"RIFF", b"FORM") and content[8:12] in _FORMS:
        return _FORMS[content[8:12]]
    if content[4:8] in (b"ftyp", b"moov", b"mdat", b"wide") or content.startswith(_MPEG_AUDIO):
        return Reason.RECORDING
    return Reason.BROKEN if suffix in READABLE_TYPES else Reason.BINARY
