"""HTML as Markdown."""

import re

from bs4 import BeautifulSoup
from markdownify import MarkdownConverter

_UNSEEN = ("script", "style", "noscript", "template", "svg", "iframe", "object", "head")
_BLANK_LINES = re.compile(r"\n{3,}")
SHARE = 10  # so many times more HTML than text is looked at


def to_markdown(html: str) -> str:
    """Return what a person would see of HTML, as Markdown."""
    soup = BeautifulSoup(html, "html.parser")
    for tag in soup(_UNSEEN):
        tag.decompose()
    for image in soup("img"):
        if str(image.get("src") or "").startswith("data:"):
            image.decompose()
    markdown = MarkdownConverter(heading_style="ATX", bullets="-").convert_soup(soup)
    return _BLANK_LINES.sub("\n\n", markdown).strip()
