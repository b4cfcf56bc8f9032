"""Letters of pages in the fonts Symbol and Wingdings, as Word and Outlook write bullets and ☺."""

import re

from bs4 import BeautifulSoup, Tag

from chat.attachments.reading import symbols

_FONT = re.compile(r"\s*[\"']?(symbol|wingdings(?: [23])?)\b", re.IGNORECASE)
_FAMILY = re.compile(rf"font-family\s*:{_FONT.pattern}", re.IGNORECASE)


def write(soup: BeautifulSoup) -> None:
    """Put what is seen instead of the letters that stand for it."""
    for tag in soup(lambda it: bool(_font(it))):
        for text in tag.find_all(string=True, recursive=False):
            text.replace_with(symbols.in_font(_font(tag), text))


def _font(tag: Tag) -> str:
    found = _FAMILY.search(str(tag.get("style") or "")) or (
        _FONT.match(str(tag.get("face") or "")) if tag.name == "font" else None
    )
    return found[1] if found else ""
