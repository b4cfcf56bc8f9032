"""HTML as Markdown."""

import re

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

_UNSEEN = ("script", "style", "noscript", "template", "svg", "iframe", "object", "head")
_BLANK_LINES = re.compile(r"\n{3,}")
DEEPEST = 40  # elements within each other; of what is deeper the text alone is kept
SHARE = 10  # so many times more HTML than text is looked at


def to_markdown(html: str) -> str:
    """Return what a person would see of HTML, as Markdown.

    The parser is lxml's: Python's own takes the square of the time for a page of open tags.
    """
    soup = BeautifulSoup(html.replace("\0", ""), "lxml")
    for tag in soup(_UNSEEN):
        tag.decompose()
    for image in soup("img"):
        if str(image.get("src") or "").startswith("data:"):
            image.decompose()
    _flatten(soup)
    markdown = MarkdownConverter(heading_style="ATX", bullets="-").convert_soup(soup)
    return _BLANK_LINES.sub("\n\n", markdown).strip()


def _flatten(soup: BeautifulSoup) -> None:
    """Leave of what is nested too deep its text: each level is written with all that is within."""
    depths = {id(soup): 0}
    deepest: list[Tag] = []
    for tag in soup.find_all(True):
        depths[id(tag)] = depth = depths[id(tag.parent)] + 1
        if depth == DEEPEST:
            deepest.append(tag)
    for tag in deepest:
        if tag.find(True):
            tag.string = tag.get_text(" ")
