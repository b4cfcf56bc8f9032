"""Office files as other programs would have written them."""

import io
import zipfile
from collections.abc import Callable

_STRICT = {
    f"http://schemas.openxmlformats.org/{old}": f"http://purl.oclc.org/ooxml/{new}"
    for old, new in (
        ("wordprocessingml/2006/main", "wordprocessingml/main"),
        ("spreadsheetml/2006/main", "spreadsheetml/main"),
        ("presentationml/2006/main", "presentationml/main"),
        ("drawingml/2006/main", "drawingml/main"),
        ("drawingml/2006/chart", "drawingml/chart"),
        ("officeDocument/2006/relationships", "officeDocument/relationships"),
        ("officeDocument/2006/math", "officeDocument/math"),
    )
}


def unpacked(content: bytes) -> dict[str, bytes]:
    """The members of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def strict(members: dict[str, bytes]) -> dict[str, bytes]:
    """The members of a file in the strict kind of Open XML."""
    return {name: _strict(part) for name, part in members.items()}


def _strict(part: bytes) -> bytes:
    for old, new in _STRICT.items():
        part = part.replace(old.encode(), new.encode())
    return part


def renamed(change: Callable[[str], str]) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Return what gives members other names than their relations say."""
    return lambda members: {change(name): part for name, part in members.items()}


def without(*names: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Return what takes members away."""
    return lambda members: {name: part for name, part in members.items() if name not in names}
