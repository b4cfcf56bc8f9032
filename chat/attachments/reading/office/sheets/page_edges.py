"""What is printed above and below each page of a sheet: `&LLeft&CIn the middle&R&P`."""

import re
from collections.abc import Mapping

_CODE = re.compile(
    r'&(?:"[^"]*"|\d+|K(?:[0-9A-F]{6}|\d\d[+-]\d{3})|(.))', re.IGNORECASE | re.DOTALL
)
_FIELDS = ("date", "time", "file", "sheet", "folder", "page", "pages", "picture")
_SECTION = re.compile(r"&[LCR]")
_SHOWN: Mapping[str, str] = {
    "&": "&",
    **{letter: f"[{it}]" for letter, it in zip("DTFAZPNG", _FIELDS, strict=True)},
}
_FIELD = re.compile(r"\[\w+\]")
_SHORT = 15  # characters beside a page's number that say nothing but that: `Page 1 of 2`


def shown(code: str) -> str:
    """Return what the codes of an edge show; empty where that is but a number or a date."""
    sections = (_CODE.sub(_character, it).strip() for it in _SECTION.split(code))
    return " | ".join(it for it in sections if _says_something(it))


def _character(code: re.Match[str]) -> str:
    return _SHOWN.get((code[1] or "").upper(), "")


def _says_something(section: str) -> bool:
    words = _FIELD.sub("", section).strip(" -–/.|")
    return len(words) > _SHORT if "[page]" in section else bool(words)
