"""The formulas of pages, each once and on one line."""

import re

from bs4 import BeautifulSoup
from lxml import etree

from chat.attachments.reading import mathml, xml

SAID = "data-keepchat-formula"
_FORMULA = re.compile(r"(?:\w+:)?math")
_PREFIX = re.compile(r"(?<=<)(/?)\w+:")
_DRAWN_ANEW = "katex-html"  # by KaTeX, beside the formula itself


def write(soup: BeautifulSoup) -> None:
    """Put what formulas say in their place."""
    formulas = soup(_FORMULA)
    if not formulas:
        return
    for formula in formulas:
        content = _PREFIX.sub(r"\1", str(formula)).encode()
        try:
            said = mathml.linear(xml.parse(content))
        except etree.XMLSyntaxError:
            continue
        shown = soup.new_tag("math")
        shown[SAID] = said
        formula.replace_with(shown)
    for drawn in soup(class_=_DRAWN_ANEW):
        drawn.decompose()
