"""HTML as Markdown."""

import re
from collections import Counter

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from chat.attachments.reading.pages import forms as page_forms
from chat.attachments.reading.pages import formulas as page_formulas
from chat.attachments.reading.pages import lists as page_lists
from chat.attachments.reading.pages import symbols
from chat.attachments.reading.pages import tables as page_tables
from chat.attachments.results import RemarkKind

_UNSEEN = ("script", "style", "noscript", "template", "svg", "iframe", "object", "head")
_HIDING = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.IGNORECASE)
_BLOCKS = ("details", "summary", "fieldset", "legend", "address", "dialog", "figure", "form",
           "header", "footer", "main", "nav", "aside")  # fmt: skip
_BLANK_LINES = re.compile(r"\n{3,}")
_LINES_IN_CELL = re.compile(r"\s*(?:(?:\n|<br>)\s*)+")
_ENDS_OF_CELL = re.compile(r"\A(?:<br>)+|(?:<br>)+\Z")
_NEXT_LINE = re.compile(r"\n(?=[^\n])")
DEEPEST = 40  # elements within each other; of what is deeper the text alone is kept
SHARE = 10  # so many times more HTML than text is looked at


def to_markdown(html: str, tally: Counter[RemarkKind]) -> str:
    """Return what a person would see of HTML, as Markdown; count in the tally what is left out.

    The parser is lxml's: Python's own takes the square of the time for a page of open tags.
    """
    soup = BeautifulSoup(html.replace("\0", ""), "lxml")
    _leave_out(soup, tally)
    page_formulas.write(soup)
    symbols.write(soup)
    page_forms.fill(soup)
    page_tables.arrange(soup)
    page_lists.label(soup)
    for block in soup(_BLOCKS):
        block.name = "div"
    _flatten(soup)
    markdown = _Converter(heading_style="ATX", bullets="-").convert_soup(soup)
    return _BLANK_LINES.sub("\n\n", markdown).strip()


class _Converter(MarkdownConverter):
    """Writes what the library writes, but for numbers of lists and lines within cells."""

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Return an item with its number, or a dash."""
        label = str(el.get(page_lists.LABEL) or "-")
        next_line = "\n" + " " * (len(label) + 1)
        return f"{label} {_NEXT_LINE.sub(next_line, text.strip())}\n" if text.strip() else "\n"

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Return a cell in one line."""
        shown = _LINES_IN_CELL.sub("<br>", text.strip().replace("|", "\\|"))
        return f" {_ENDS_OF_CELL.sub('', shown)}{' |' * page_tables.span(el, 'colspan')}"

    convert_th = convert_td

    def convert_math(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Return a formula as it is, without Markdown's escapes."""
        return str(el.get(page_formulas.SAID) or text)

    def convert_br(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Return a break of the line, as far as Markdown has one there."""
        if {"td", "th"} & parent_tags:
            return "<br>"
        return " " if "_inline" in parent_tags else "  \n"


def _leave_out(soup: BeautifulSoup, tally: Counter[RemarkKind]) -> None:
    """Take away what is not seen, and the pictures that lie in the page itself."""
    tally[RemarkKind.PICTURES] += sum(it.find("text") is not None for it in soup("svg"))
    for tag in soup(_UNSEEN):
        tag.decompose()
    for tag in soup(_is_hidden):
        if not tag.decomposed:
            tally[RemarkKind.HIDDEN_TEXT] += bool(tag.get_text(strip=True))
            tag.decompose()
    for image in soup("img"):
        if str(image.get("src") or "").lstrip()[:5].lower() == "data:":
            tally[RemarkKind.PICTURES] += 1
            said = " ".join(str(image.get("alt") or "").split())
            image.replace_with(f"[picture: {said}]" if said else "")


def _is_hidden(tag: Tag) -> bool:
    """Tell whether a tag hides what is in it; a whole page is hidden until its script has run."""
    if tag.name in ("html", "body"):
        return False
    hidden = tag.get("hidden")
    return (hidden is not None and hidden != "until-found") or bool(
        _HIDING.search(str(tag.get("style") or ""))
    )


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
