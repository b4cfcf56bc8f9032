"""The texts of a workbook, which most files keep in one part, in the order of their first use."""

import re
from collections.abc import Iterator
from typing import IO

from chat.attachments.reading import xml
from chat.attachments.reading.office import drawings

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PHONETIC = "rPh"  # how a text is to be pronounced


class SharedStrings:
    """Reads no further than to the last one that was asked for."""

    def __init__(self, source: IO[bytes] | None) -> None:
        self._coming = _strings(source) if source else iter(())
        self._known: list[str] = []

    def __getitem__(self, index: int) -> str:
        """Return a text, empty where there is none."""
        while index >= len(self._known):
            if (text := next(self._coming, None)) is None:
                return ""
            self._known.append(text)
        return self._known[index] if index >= 0 else ""


def _strings(source: IO[bytes]) -> Iterator[str]:
    for item in xml.stream(source, "si"):
        yield rich_text(item)
        xml.forget(item)


def rich_text(item: xml.Element) -> str:
    """Return all pieces of a text, whatever they look like."""
    text = "".join(
        drawings.raised(piece.text or "", _place(piece))
        for piece in xml.within(item, "t")
        if xml.name(piece.getparent()) != _PHONETIC
    )
    return _ESCAPED.sub(_character, text).replace("\r", "") if "_x" in text else text


def _place(piece: xml.Element) -> str:
    return xml.value(xml.child(piece.getparent(), "rPr", "vertAlign")) or ""


def _character(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 16))
