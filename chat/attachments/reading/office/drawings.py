"""What drawings say: charts, SmartArt and texts in shapes are the same in all of Office's files."""

from collections.abc import Callable, Iterator, Mapping

from chat.attachments.reading import xml
from chat.attachments.reading.office import equations
from chat.attachments.reading.office.package import Package, Relation

_MOST_POINTS = 500  # of one series of a chart


def outermost(element: xml.Element, wanted: str) -> Iterator[xml.Element]:
    """Yield the elements of a local name that are within no other of it."""
    for child in element:
        if xml.name(child) == wanted:
            yield child
        else:
            yield from outermost(child, wanted)


def paragraphs(
    body: xml.Element, link: Callable[[xml.Element], str | None] = lambda _: None
) -> Iterator[str]:
    """Yield the paragraphs of a text in a shape that are not blank, by their levels.

    `link` tells where a piece of text leads to.
    """
    for paragraph in xml.children(body, "p"):
        text = "".join(_pieces(paragraph, link)).strip()
        if text:
            level = xml.value(xml.child(paragraph, "pPr"), "lvl") or ""
            yield "  " * (min(int(level), 9) if level.isdecimal() else 0) + text


def _pieces(paragraph: xml.Element, link: Callable[[xml.Element], str | None]) -> Iterator[str]:
    for piece in paragraph:
        kind = xml.name(piece)
        if kind == "br":
            yield "\n"
        elif kind in ("r", "fld"):
            text, address = _run(piece), link(piece)
            yield f"[{text}]({address})" if address and address not in text else text
        elif kind in ("m", "AlternateContent"):
            math = next(xml.within(piece, "oMath"), None)
            yield equations.linear(math) if math is not None else xml.texts(piece)


def _run(run: xml.Element) -> str:
    """Return the text of a run, of which PowerPoint says in thousandths how high it stands."""
    height = xml.value(xml.child(run, "rPr"), "baseline") or "0"
    place = "subscript" if height.startswith("-") else "superscript" if height.strip("0%") else ""
    return raised(xml.texts(run), place)


def raised(text: str, place: str) -> str:
    """Return a text that stands high or low so that `10²` is not `102`."""
    tag = {"superscript": "sup", "subscript": "sub"}.get(place)
    is_mark = text.startswith("[^")  # of a footnote
    return f"<{tag}>{text}</{tag}>" if tag and text.strip() and not is_mark else text


def referred(package: Package, relations: Mapping[str, Relation], of: xml.Element) -> Iterator[str]:
    """Yield the texts of the charts and diagrams that a drawing shows."""
    for element in xml.within(of, "chart", "relIds"):
        key = "dm" if xml.name(element) == "relIds" else "id"
        relation = relations.get(xml.value(element, key) or "")
        if relation and (root := package.xml(relation.target)) is not None:
            yield diagram(root) if key == "dm" else chart(root)


def diagram(root: xml.Element) -> str:
    """Return the texts of a SmartArt, one a line."""
    said = (" ".join(xml.texts(point).split()) for point in xml.within(root, "pt"))
    return "\n".join(f"- {text}" for text in said if text)


def chart(root: xml.Element) -> str:
    """Return the titles of a chart and its axes, and its values where they are stored with it."""
    titles = (xml.texts(it) or xml.texts(it, "v") for it in xml.within(root, "title"))
    said = "; ".join(filter(None, (" ".join(it.split()) for it in titles)))
    lines = [f"[chart: {said}]" if said else "[chart]"]
    lines += (_series(it) for it in xml.within(root, "ser"))
    return "\n".join(lines)


def _series(series: xml.Element) -> str:
    name = " ".join(_points(xml.child(series, "tx")))
    across = _points(xml.child(series, "cat") if _has(series, "cat") else xml.child(series, "xVal"))
    up = _points(xml.child(series, "val") if _has(series, "val") else xml.child(series, "yVal"))
    labels = across + [""] * (len(up) - len(across))
    pairs = (f"{label} = {value}".strip(" =") for label, value in zip(labels, up, strict=False))
    return f"{name or 'values'}: {'; '.join(pairs)}"


def _has(series: xml.Element, name: str) -> bool:
    return xml.child(series, name) is not None


def _points(element: xml.Element | None) -> list[str]:
    if element is None:
        return []
    values = [it.text or "" for it in xml.within(element, "v")]
    return values[:_MOST_POINTS]
