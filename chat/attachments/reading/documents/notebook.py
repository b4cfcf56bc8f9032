"""Notebooks of Jupyter: texts, code and outputs; no pictures, and no colours of a terminal."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chat.attachments.reading.text import terminal
from chat.attachments.reading.text.decoding import text_of
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

_SHARE = 16  # one output may take such a part of the room, so that the end of the notebook has some
_LEAST = 1_000  # characters of an output that are kept in any case
_OVERWRITTEN = re.compile(r"[^\n]*\r(?=[^\n])")  # as progress bars do it
_INLINE = re.compile(r"data:[a-z]+/[\w.+-]+(?:;[\w=.-]+)*;base64,[A-Za-z0-9+/=\s]*")
_DATA = re.compile(rb"(?:[A-Za-z0-9+/=]|\\n){400,}+")  # Base64 within a text that is no notebook
_STANDS_IN = re.compile(r"<IPython\.[\w.]+ object>")  # for what is beside it
_TEXTS = ("text/markdown", "text/latex", "text/plain", "latex", "text")  # the best is first
_MARKUP = ("text/html", "html")
_PICTURES = frozenset({"png", "jpeg", "svg", "pdf"})


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write every cell with its outputs; what only looks like a notebook is a text."""
    try:
        notebook: Any = json.loads(text_of(content))
    except (ValueError, RecursionError):
        buffer.remark(RemarkKind.DAMAGED)
        _write_as_text(content, buffer)
        return
    if not isinstance(notebook.get("cells", notebook.get("worksheets")), list):
        _write_as_text(content, buffer)
        return
    cells = _mappings(_cells(notebook), buffer)
    language = _language(notebook)
    buffer.counts["cells"] = len(cells)
    for number, cell in enumerate(cells):
        buffer.reached(number + 0.5, len(cells))
        _write_cell(cell, language, buffer)


def _write_as_text(content: bytes, buffer: TextBuffer) -> None:
    from chat.attachments.reading import plain

    text, pictures = _DATA.subn(b"", content)
    buffer.tally[RemarkKind.PICTURES] += pictures
    plain.read(text, ".json", buffer)


def _cells(notebook: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the cells; before the fourth version they lay in worksheets."""
    yield from _list(notebook.get("cells"))
    for sheet in _list(notebook.get("worksheets")):
        yield from _list(_mapping(sheet).get("cells"))


def _mappings(items: Iterable[Any], buffer: TextBuffer) -> list[Mapping[str, Any]]:
    """Return those that are what they should be, and count the others."""
    found = list(items)
    whole = [it for it in found if isinstance(it, Mapping)]
    buffer.tally[RemarkKind.NO_CELLS] += len(found) - len(whole)
    return whole


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}


def _list(given: Any) -> Sequence[Any]:
    return given if isinstance(given, list) else ()


def _language(notebook: Mapping[str, Any]) -> str:
    metadata = _mapping(notebook.get("metadata"))
    spec = _mapping(metadata.get("language_info") or metadata.get("kernelspec"))
    return str(spec.get("name" if "language_info" in metadata else "language") or "")


def _write_cell(cell: Mapping[str, Any], language: str, buffer: TextBuffer) -> None:
    text = _joined(cell.get("source") or cell.get("input") or cell.get("text"))
    buffer.tally[RemarkKind.PICTURES] += len(_mapping(cell.get("attachments")))
    match cell.get("cell_type"):
        case "code":
            code = f"```{cell.get('language') or language}\n{text.rstrip()}\n```"
            buffer.write(f"\n\n{code}" if text.strip() else "")
            for output in _mappings(_list(cell.get("outputs")), buffer):
                _write_output(output, buffer)
        case "heading":
            buffer.write(f"\n\n{'#' * _level(cell)} {text}")
        case _:
            buffer.write(f"\n\n{_without_pictures(text, buffer)}")


def _level(cell: Mapping[str, Any]) -> int:
    level = cell.get("level")
    return max(1, min(6, level)) if isinstance(level, int) else 1


def _write_output(output: Mapping[str, Any], buffer: TextBuffer) -> None:
    text = _output_text(output, buffer).rstrip()
    if text:
        buffer.write(f"\n\n```output\n{_shortened(text, buffer)}\n```")


def _output_text(output: Mapping[str, Any], buffer: TextBuffer) -> str:
    match output.get("output_type"):
        case "stream":
            return _plain(_joined(output.get("text")))
        case "error" | "pyerr":
            trace = _plain("\n".join(map(str, _list(output.get("traceback")))))
            return trace or f"{output.get('ename')}: {output.get('evalue')}"
        case _:
            return _shown(_mapping(output.get("data", output)), buffer)


def _shown(data: Mapping[str, Any], buffer: TextBuffer) -> str:
    """Return a result in the one of its forms that says most to a reader of text."""
    has_picture = any(kind in _PICTURES or kind.startswith("image/") for kind in data)
    buffer.tally[RemarkKind.PICTURES] += has_picture
    pictures = buffer.tally[RemarkKind.PICTURES]
    text = _text(data, buffer)
    is_said = has_picture or text or pictures < buffer.tally[RemarkKind.PICTURES]
    buffer.tally[RemarkKind.NO_OUTPUTS] += not is_said
    return text


def _text(data: Mapping[str, Any], buffer: TextBuffer) -> str:
    for kind in _TEXTS:
        text = _plain(_joined(data.get(kind))).strip("\n")
        if text.strip() and not _STANDS_IN.fullmatch(text.strip()):
            return _without_pictures(text, buffer)
    for kind in _MARKUP:
        if html := _markdown(_joined(data.get(kind)), buffer):
            return html
    return json.dumps(data["application/json"]) if "application/json" in data else ""


def _markdown(html: str, buffer: TextBuffer) -> str:
    if not html.strip():
        return ""
    from chat.attachments.reading.pages import markup

    return markup.to_markdown(html, buffer.tally)


def _joined(text: Any) -> str:
    """Return a text that a notebook has whole or by lines."""
    if isinstance(text, list):
        return "".join(map(str, text))
    return "" if text is None else str(text)


def _plain(text: str) -> str:
    return _OVERWRITTEN.sub("", terminal.plain(text)[0].replace("\r\n", "\n"))


def _without_pictures(text: str, buffer: TextBuffer) -> str:
    text, number = _INLINE.subn("", text)
    buffer.tally[RemarkKind.PICTURES] += number
    return text


def _shortened(text: str, buffer: TextBuffer) -> str:
    """Return the beginning and the end of an output that would take too much of the room."""
    most = max(_LEAST, buffer.limit // _SHARE)
    if len(text) <= most:
        return text
    buffer.tally[RemarkKind.OUTPUTS] += 1
    return f"{text[: most // 2]}\n[… cut …]\n{text[-most // 2 :]}"
