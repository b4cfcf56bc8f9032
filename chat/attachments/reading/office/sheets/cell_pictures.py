"""Pictures that are the values of cells: what a cell has of them is an error and a number."""

from collections.abc import Iterator, Mapping

from chat.attachments.reading import xml
from chat.attachments.reading.office.package import Package

_IMAGE = "image"  # `_localImage`, `_webImage`
_DESCRIPTION = "Text"
_OF_WPS = "DISPIMG("  # its own function


def is_formula(text: str) -> bool:
    """Tell whether a formula shows a picture, as WPS Office writes it."""
    return _OF_WPS in text


def described(description: str = "") -> str:
    """Return what stands in place of a picture."""
    said = " ".join(description.split())
    return f"[picture: {said}]" if said else "[picture]"


def in_cells(package: Package, book: str) -> Mapping[str, str]:
    """Return what stands for each picture, by the number of a cell's value metadata."""
    values = list(_values(package, book))
    metadata = next(package.related(book, "sheetMetadata"), None)
    root = package.xml(metadata) if metadata else None
    if root is None or not values:
        return {}
    places = [_number(it.get("i")) for it in xml.within(root, "rvb")]
    blocks = xml.children(xml.child(root, "valueMetadata"), "bk")
    found = (
        (str(number), _number(xml.value(xml.child(it, "rc"), "v")))
        for number, it in enumerate(blocks, 1)
    )
    return {
        key: said
        for key, at in found
        if 0 <= at < len(places) and 0 <= places[at] < len(values) and (said := values[places[at]])
    }


def _values(package: Package, book: str) -> Iterator[str]:
    """Yield what stands for each rich value, nothing for what is no picture."""
    structures = [
        (it.get("t") or "", [key.get("n") for key in xml.children(it, "k")])
        for part in package.related(book, "rdRichValueStructure")
        for it in xml.children(package.xml(part), "s")
    ]
    for part in package.related(book, "rdRichValue"):
        for value in xml.children(package.xml(part), "rv"):
            at = _number(value.get("s"))
            kind, keys = structures[at] if 0 <= at < len(structures) else ("", [])
            fields = dict(
                zip(keys, (it.text or "" for it in xml.children(value, "v")), strict=False)
            )
            yield described(fields.get(_DESCRIPTION, "")) if kind.lower().endswith(_IMAGE) else ""


def _number(said: str | None) -> int:
    return int(said) if said and said.isdecimal() else -1
