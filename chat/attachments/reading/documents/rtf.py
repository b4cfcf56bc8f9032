"""Rich text, as WordPad, Word and TextEdit write it."""

import re
from collections.abc import Iterator

from striprtf.striprtf import rtf_to_text

from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

_PICTURE = re.compile(rb"\\pict\b")
_SHOWN_TWICE = re.compile(rb"\\nonshppict\b")  # the same picture for older programs
_DATA = re.compile(rb"(?:[0-9a-fA-F]{2}\s*+){200,}+")  # pictures are written as digits
_BYTE = re.compile(rb"[\x80-\xff]")  # not as the format wants it, and as some programs write it
_SYMBOL = re.compile("[\uf020-\uf0ff]")  # of a font of symbols: mostly a list's bullet
_CODE_PAGE = re.compile(rb"\\(mac|pca?)(?![a-z0-9])")  # where no number says it
_CODE_PAGES = {b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}
_BRACE = re.compile(rb"\\[\\{}]|[{}]")
# What the library leaves out, and what it becomes. Boxes stand in groups that are left out whole.
_ASIDE = re.compile(
    rb"\{\s*(?:\\\*\s*)?\\(footnote|annotation|header[lrf]?|footer[lrf]?|shptxt)(?![a-z])"
)
_NAMES = {b"footnote": b"note", b"annotation": b"comment"}
_MOST_ASIDE = 2_000  # groups


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write the text; pictures are counted."""
    pictures = len(_PICTURE.findall(content)) - len(_SHOWN_TWICE.findall(content))
    buffer.tally[RemarkKind.PICTURES] += max(0, pictures)
    buffer.write(to_text(content))


def to_text(content: bytes) -> str:
    """Return what is written in rich text: the text of boxes, heads and feet comes before it."""
    escaped = _BYTE.sub(lambda byte: b"\\'%02x" % ord(byte[0]), _DATA.sub(b" ", content))
    said = _CODE_PAGE.search(escaped)
    encoding = _CODE_PAGES[said[1]] if said else "cp1252"
    plain = _with_asides(escaped).decode("ascii")
    text = str(rtf_to_text(plain, encoding=encoding, errors="replace"))
    # What lies beyond 16 bits is written in two halves.
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _SYMBOL.sub("•", whole)


def _with_asides(content: bytes) -> bytes:
    """Put notes and comments into the text, and the rest of what stands aside before it."""
    asides: dict[bytes, None] = {}
    parts: list[bytes] = []
    done = 0
    for start, end, name, inner in _groups(content):
        if start < done:  # it is within the one before
            continue
        parts.append(content[done:start])
        if name in _NAMES:
            parts.append(b"{ [%b: %b]}" % (_NAMES[name], inner))
        else:
            asides[inner] = None
        done = end
    rest = b"".join((*parts, content[done:]))
    body = rest.find(b"\\pard")
    if not asides or body < 0:
        return rest
    before = b"".join(b"{%b\\par}" % it for it in asides)
    return rest[:body] + before + rest[body:]


def _groups(content: bytes) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Yield where a group begins and ends, its name, and what is in it."""
    for number, found in enumerate(_ASIDE.finditer(content)):
        if number >= _MOST_ASIDE:
            return
        depth = 1
        for brace in _BRACE.finditer(content, found.end()):
            depth += {b"{": 1, b"}": -1}.get(brace[0], 0)
            if depth == 0:
                yield found.start(), brace.end(), found[1], content[found.end() : brace.start()]
                break
