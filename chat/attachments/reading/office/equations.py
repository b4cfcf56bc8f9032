"""Formulas of Office's own mathematics, on one line as people type them."""

from collections.abc import Callable, Mapping

from chat.attachments.reading import xml

Element = xml.Element


def linear(element: Element) -> str:
    """Return what an element of a formula shows: `(a+b)/(2)`, `x^(2)`, `√(x)`."""
    kind = xml.name(element)
    if kind == "t":
        return element.text or ""
    if kind.endswith("Pr"):
        return ""
    if kind in _FORMS:
        return _FORMS[kind](element)
    return "".join(linear(it) for it in element)


def _part(element: Element, name: str) -> str:
    found = xml.child(element, name)
    return linear(found).strip() if found is not None else ""


def _raised(element: Element) -> str:
    return f"^({upper})" if (upper := _part(element, "sup")) else ""


def _lowered(element: Element) -> str:
    return f"_({lower})" if (lower := _part(element, "sub")) else ""


def _script(element: Element) -> str:
    return _part(element, "e") + _lowered(element) + _raised(element)


def _large(element: Element) -> str:
    sign = xml.value(xml.child(element, "naryPr", "chr")) or "∫"
    return f"{sign}{_lowered(element)}{_raised(element)} {_part(element, 'e')}"


def _root(element: Element) -> str:
    return f"√{_raised_degree(element)}({_part(element, 'e')})"


def _raised_degree(element: Element) -> str:
    return f"[{degree}]" if (degree := _part(element, "deg")) else ""


def _bracketed(element: Element) -> str:
    begin = xml.value(xml.child(element, "dPr", "begChr"))
    end = xml.value(xml.child(element, "dPr", "endChr"))
    inside = ", ".join(linear(it).strip() for it in xml.children(element, "e"))
    return f"{'(' if begin is None else begin}{inside}{')' if end is None else end}"


def _matrix(element: Element) -> str:
    rows = (
        ", ".join(linear(cell).strip() for cell in xml.children(row, "e"))
        for row in xml.children(element, "mr")
    )
    return f"[{'; '.join(rows)}]"


_FORMS: Mapping[str, Callable[[Element], str]] = {
    "f": lambda it: f"({_part(it, 'num')})/({_part(it, 'den')})",
    "rad": _root,
    "nary": _large,
    "d": _bracketed,
    "m": _matrix,
    **dict.fromkeys(("sSup", "sSub", "sSubSup", "sPre"), _script),
}
