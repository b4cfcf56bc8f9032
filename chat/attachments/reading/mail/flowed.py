"""Texts whose paragraphs are in lines that flow into each other (RFC 3676)."""

import re
from email.message import Message

_LINE = re.compile(r"(>*) ?(.*)")  # a space is put before what would look like something else
_SIGNATURE = "-- "


def is_flowed(part: Message) -> bool:
    """Tell whether a part of a message says that its lines flow."""
    return _parameter(part, "format") == "flowed"


def joined(text: str, part: Message) -> str:
    """Return a text of a part with each paragraph in one line; what is quoted stays so."""
    removes_space = _parameter(part, "delsp") == "yes"
    lines: list[str] = []
    depth, is_open = 0, False  # whether the paragraph goes on
    for line in text.split("\n"):
        found = _LINE.fullmatch(line.rstrip("\r"))
        quoted, said = (found[1], found[2]) if found else ("", line)
        goes_on = said.endswith(" ") and said != _SIGNATURE
        kept = said[:-1] if goes_on and removes_space else said
        if is_open and len(quoted) == depth and said.strip() and said != _SIGNATURE:
            lines[-1] += kept
        else:
            lines.append(f"{quoted} {kept}" if quoted else kept)
        depth, is_open = len(quoted), goes_on
    return "\n".join(it if it == _SIGNATURE else it.rstrip() for it in lines)


def _parameter(part: Message, name: str) -> str:
    return str(part.get_param(name) or "").strip().lower()
