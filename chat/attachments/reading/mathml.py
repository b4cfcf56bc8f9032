"""Formulas of pages, books and OpenDocument (MathML), on one line as those of Office."""

from collections.abc import Callable, Mapping

from chat.attachments.reading import xml

NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
_TEX = ("application/x-tex", "latex", "tex")


def linear(element: xml.Element) -> str:
    """Return what an element of a formula shows: `(a+b)/(2)`, `x^(2)`, `√(x)`; TeX if it has it."""
    kind = xml.name(element)
    if kind == "math":
        return (_tex(element) or _joined(element)).strip()
    if kind in _FORMS:
        return _FORMS[kind](element)
    return _joined(element)


def _tex(formula: xml.Element) -> str:
    for note in xml.within(formula, "annotation"):
        if (note.get("encoding") or "").lower() in _TEX and note.text:
            return f"${' '.join(note.text.split())}$"
    return ""


def _joined(element: xml.Element) -> str:
    return " ".join((element.text or "").split()) + "".join(map(linear, _parts(element)))


def _parts(element: xml.Element) -> list[xml.Element]:
    return [it for it in element if xml.name(it)]


def _script(*signs: str) -> Callable[[xml.Element], str]:
    """Return how what stands above or below something is written."""

    def shown(element: xml.Element) -> str:
        base, *scripts = map(linear, _parts(element)) if len(element) else ("",)
        pairs = zip(signs, scripts, strict=False)
        return base + "".join(f"{sign}({it})" for sign, it in pairs if it)

    return shown


def _fraction(element: xml.Element) -> str:
    return "/".join(f"({linear(it)})" for it in _parts(element))


def _root(element: xml.Element) -> str:
    base, *degree = map(linear, _parts(element)) if len(element) else ("",)
    return f"√{''.join(f'[{it}]' for it in degree)}({base})"


def _fenced(element: xml.Element) -> str:
    inside = ", ".join(map(linear, _parts(element)))
    return f"{element.get('open', '(')}{inside}{element.get('close', ')')}"


def _table(element: xml.Element) -> str:
    rows = (", ".join(map(linear, _parts(row))) for row in _parts(element))
    return f"[{'; '.join(rows)}]"


def _nothing(_: xml.Element) -> str:
    return ""


_FORMS: Mapping[str, Callable[[xml.Element], str]] = {
    "mfrac": _fraction,
    "msqrt": lambda it: f"√({_joined(it)})",
    "mroot": _root,
    "mfenced": _fenced,
    "mtable": _table,
    "mspace": lambda _: " ",
    **dict.fromkeys(("msup", "mover"), _script("^")),
    **dict.fromkeys(("msub", "munder"), _script("_")),
    **dict.fromkeys(("msubsup", "munderover"), _script("_", "^")),
    **dict.fromkeys(("annotation", "annotation-xml", "mphantom"), _nothing),
}
