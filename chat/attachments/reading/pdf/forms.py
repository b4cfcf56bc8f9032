"""The fields of a page's form with their values, which are no part of the page's own text."""

import io
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

import pypdfium2
from pypdfium2 import raw

from chat.attachments.reading.pdf.pdfium import annotations, place, string

_LONGEST_LABEL = 80  # characters
_LINE = 8  # points: fields whose middles are no further apart stand in one line
_TICKED = frozenset({"yes", "on", "1", "true"})


def fields(page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage) -> Iterator[str]:
    """Yield `Name: value` for each field that says something, in the order of the page."""
    if not page.formenv:
        yield from _without_form(page)
        return
    chosen: dict[str, bool] = {}
    labels = _Labels(text)
    for field in _fields(page):
        label = labels.of(field)
        if field.kind == raw.FPDF_FORMFIELD_RADIOBUTTON:
            chosen[field.name] = chosen.get(field.name, False) or field.is_checked
            if not field.is_checked:
                continue
        value = field.value()
        if value is not None:
            yield f"{label}: {value}"
    yield from (f"{name}: (none chosen)" for name, is_chosen in chosen.items() if not is_chosen)


def names(page: pypdfium2.PdfPage) -> set[str]:
    """Return the whole names of a page's fields."""
    return {it.name for it in _fields(page)} if page.formenv else set()


def _fields(page: pypdfium2.PdfPage) -> "Iterator[_Field]":
    for widget in _widgets(page):
        yield _Field(page.formenv, widget)


def _widgets(page: pypdfium2.PdfPage) -> Iterator[Any]:
    return (it for subtype, it in annotations(page) if subtype == raw.FPDF_ANNOT_WIDGET)


def _without_form(page: pypdfium2.PdfPage) -> Iterator[str]:
    """Yield the fields that are left on a page of a document that has lost its form."""
    for widget in _widgets(page):
        name, value = (string(raw.FPDFAnnot_GetStringValue, widget, key) for key in (b"T", b"V"))
        if name and value:
            yield f"{name}: {value}"


def lost(content: bytes, found: Collection[str]) -> Iterator[str]:
    """Yield `Name: value` for the filled fields of a document that are on none of its pages."""
    from pypdf import PdfReader

    with suppress(Exception):  # a broken form leaves the pages
        for name, field in (PdfReader(io.BytesIO(content)).get_fields() or {}).items():
            value = str(field.get("/V") or "").lstrip("/")
            if name not in found and value:
                yield f"{name}: {value}"


class _Field:
    def __init__(self, form: Any, widget: Any) -> None:
        self._of = (form, widget)
        self.kind = raw.FPDFAnnot_GetFormFieldType(form, widget)
        self.name = string(raw.FPDFAnnot_GetFormFieldName, form, widget)
        self.place = place(widget)

    @property
    def is_checked(self) -> bool:
        return bool(raw.FPDFAnnot_IsChecked(*self._of))

    @property
    def tooltip(self) -> str:
        return string(raw.FPDFAnnot_GetFormFieldAlternateName, *self._of)

    def value(self) -> str | None:
        """Return what is filled in, empty where nothing is; None of what takes no value."""
        if self.kind in (raw.FPDF_FORMFIELD_UNKNOWN, raw.FPDF_FORMFIELD_PUSHBUTTON):
            return None
        if self.kind == raw.FPDF_FORMFIELD_CHECKBOX:
            return self._ticked() if self.is_checked else "No"
        if self.kind == raw.FPDF_FORMFIELD_RADIOBUTTON:
            return self._exported()
        if self.kind == raw.FPDF_FORMFIELD_SIGNATURE:
            return "(a signature)"
        selected = ", ".join(self._selected())
        return selected or string(raw.FPDFAnnot_GetFormFieldValue, *self._of)

    def _ticked(self) -> str:
        exported = self._exported()
        return "Yes" if exported.lower() in _TICKED else f"Yes ({exported})"

    def _exported(self) -> str:
        return string(raw.FPDFAnnot_GetFormFieldExportValue, *self._of) or "Yes"

    def _selected(self) -> Iterator[str]:
        for index in range(raw.FPDFAnnot_GetOptionCount(*self._of)):
            if raw.FPDFAnnot_IsOptionSelected(*self._of, index):
                yield string(raw.FPDFAnnot_GetOptionLabel, *self._of, index)


class _Labels:
    """Finds what fields are called on their page."""

    def __init__(self, text: pypdfium2.PdfTextPage) -> None:
        self._text = text
        self._ends: dict[int, list[float]] = {}  # where fields end, by the line they are in

    def of(self, field: _Field) -> str:
        """Return a field's name for people, with its own where that is another."""
        before = self._words_before(field)
        shown = field.tooltip or before
        if not shown or _plain(shown) == _plain(field.name):
            return shown or field.name or "(no name)"
        return f"{shown} ({field.name})" if field.name else shown

    def _words_before(self, field: _Field) -> str:
        """Return what stands to the left of a field, behind the one before it on its line."""
        left, bottom, right, top = field.place
        ends = self._ends.setdefault(round((bottom + top) / 2 / _LINE), [])
        start = max((end for end in ends if end <= left), default=0.0)
        ends.append(right)
        words = self._text.get_text_bounded(left=start, bottom=bottom, right=max(0, left), top=top)
        label = " ".join(str(words).split()).rstrip(" :.…_")
        return label if len(label) <= _LONGEST_LABEL else ""


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()
