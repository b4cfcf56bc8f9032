"""XML from strangers: no entities, nothing from elsewhere. Elements go by their local names.

So one reader knows both kinds of Open XML, whose names differ in nothing but their namespaces.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from lxml import etree

_SAFE = {"resolve_entities": False, "no_network": True, "load_dtd": False, "remove_pis": True}
_PIECE = 8_192  # bytes; so much further than what is yielded the source has been read

Element = Any
"""One of lxml's, which has no annotations."""


def parse(content: bytes) -> Element:
    """Return the root; raises lxml's `XMLSyntaxError` where it is no XML."""
    with _memory_errors():
        return etree.fromstring(content, etree.XMLParser(**_SAFE, remove_comments=True))


def serialized(element: Element) -> bytes:
    """Return an element as a document of its own."""
    return bytes(etree.tostring(element, encoding="UTF-8", xml_declaration=True, with_tail=False))


def root_name(beginning: bytes) -> str:
    """Return the local name of a document's first element; empty where it has none."""
    parser = etree.XMLPullParser(("start",), remove_comments=True, **_SAFE)
    with suppress(etree.XMLSyntaxError):
        parser.feed(beginning)
    return next((name(element) for _, element in parser.read_events()), "")


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Raise `MemoryError` for what lxml takes for a fault of the XML."""
    try:
        yield
    except etree.XMLSyntaxError as exc:
        if exc.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from exc
        raise


def stream(source: IO[bytes], *names: str) -> Iterator[Element]:
    """Yield elements of these local names as they end, wherever they are.

    What stands before one is forgotten where `forget` was called on it.
    """
    tags = [f"{{*}}{name}" for name in names]
    parser = etree.XMLPullParser(("end",), tag=tags, remove_comments=True, **_SAFE)
    while piece := source.read(_PIECE):
        with _memory_errors():
            parser.feed(piece)
        for _, element in parser.read_events():
            yield element
    with _memory_errors():
        parser.close()


def forget(element: Element) -> None:
    """Free what was read, so that memory does not grow with the file."""
    element.clear(keep_tail=False)
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def name(element: Element) -> str:
    """Return an element's local name; empty for what is none, such as an entity."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def value(element: Element | None, attribute: str = "val") -> str | None:
    """Return the attribute of this local name, in whatever namespace; None where there is none."""
    if element is None:
        return None
    for key, found in element.attrib.items():
        if key.rpartition("}")[2] == attribute:
            return str(found)
    return None


def child(element: Element | None, *path: str) -> Element | None:
    """Return the first element at the end of a path of local names."""
    for step in path:
        if element is None:
            return None
        element = next((it for it in element if name(it) == step), None)
    return element


def children(element: Element | None, wanted: str) -> Iterator[Element]:
    """Yield the children of a local name."""
    yield from () if element is None else (it for it in element if name(it) == wanted)


def within(element: Element, *wanted: str) -> Iterator[Element]:
    """Yield what is below an element with one of these local names, in order."""
    return element.iter(*(f"{{*}}{it}" for it in wanted))  # type: ignore[no-any-return]


def texts(element: Element, wanted: str = "t") -> str:
    """Return all text in elements of a local name below, as one."""
    return "".join(it.text or "" for it in within(element, wanted))
