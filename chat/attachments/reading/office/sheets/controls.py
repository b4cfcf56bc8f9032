"""Boxes to tick, buttons and labels that lie upon a sheet."""

from collections.abc import Iterator
from contextlib import suppress

from lxml.etree import XMLSyntaxError

from chat.attachments.reading import xml
from chat.attachments.reading.office.package import Package
from chat.attachments.reading.office.sheets.cells import address

_TICKED = frozenset({"Checkbox", "Radio"})
_WITH_WORDS = _TICKED | {"Button", "Label", "GBox"}  # of a group


def shown(package: Package, drawing: str) -> Iterator[str]:
    """Yield a line for each control of a drawing in VML that says something."""
    with suppress(XMLSyntaxError):  # Excel writes VML that is none
        for shape in xml.within(package.xml(drawing), "shape"):
            data = xml.child(shape, "ClientData")
            if data is not None and data.get("ObjectType") in _WITH_WORDS:
                yield from _control(shape, data)


def _control(shape: xml.Element, data: xml.Element) -> Iterator[str]:
    box = xml.child(shape, "textbox")
    words = " ".join("".join(box.itertext()).split()) if box is not None else ""
    if data.get("ObjectType") in _TICKED:
        is_on = xml.texts(data, "Checked").strip() not in ("", "0")
        words = f"{'☑' if is_on else '☐'} {words}".strip()
    if words:
        yield f"[at {_place(data)}: {words}]"


def _place(data: xml.Element) -> str:
    """Return the cell in which a control begins: its column and row come first and third."""
    numbers = xml.texts(data, "Anchor").split(",")
    try:
        return address(int(numbers[0]), int(numbers[2]) + 1)
    except (IndexError, ValueError):
        return "?"
