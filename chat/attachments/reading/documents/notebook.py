"""Notebooks of Jupyter: texts, code and outputs; no pictures, and no colours of a terminal."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chat.attachments.reading.text.decoding import text_of
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

_SHARE = 16  # one output may take such a part of the room, so that the end of the notebook has some
_LEAST = 1_000  # characters of an output that are kept in any case
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_OVERWRITTEN = re.compile(r"[^\n]*\r(?=[^\n])")  # as progress bars do it
_INLINE = re.compile(r"data:[a-z]+/[\w.+-]+(?:;[\w=.-]+)*;base64,[A-Za-z0-9+/=\s]*")
_NO_PICTURE = re.compile(r"!\[[^\]]*\]\(\)")  # what was within is left out
_TEXTS = ("text/markdown", "text/latex", "text/plain", "latex", "text")  # the best is first
_MARKUP = ("text/html", "html")
_PICTURES = frozenset({"png", "jpeg", "svg", "pdf"})


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write every cell with its outputs."""
    notebook: Any = json.loads(text_of(content))
    cells = list(_cells(notebook))
    language = _language(notebook)
    buffer.counts["cells"] = len(cells)
    for number, cell in enumerate(cells):
        buffer.reached(number + 0.5, len(cells))
        _write_cell(cell, language, buffer)


def _cells(notebook: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the cells; before the fourth version they lay in worksheets."""
    yield from notebook.get("cells") or ()
    for sheet in notebook.get("worksheets") or ():
        yield from sheet.get("cells") or ()


def _language(notebook: Mapping[str, Any]) -> str:
    metadata = notebook.get("metadata") or {}
    spec = metadata.get("language_info") or metadata.get("kernelspec") or {}
    return str(spec.get("name" if "language_info" in metadata else "language") or "")


def _write_cell(cell: Mapping[str, Any], language: str, buffer: TextBuffer) -> None:
    text = _joined(cell.get("source") or cell.get("input") or "")
    buffer.tally[RemarkKind.PICTURES] += len(cell.get("attachments") or ())
    match cell.get("cell_type"):
        case "code":
            code = f"```{cell.get('language') or language}\n{text.rstrip()}\n```"
            buffer.write(f"\n\n{code}" if text.strip() else "")
            for output in cell.get("outputs") or ():
                _write_output(output, buffer)
        case "heading":
            buffer.write(f"\n\n{'#' * int(cell.get('level') or 1)} {text}")
        case _:
            buffer.write(f"\n\n{_without_pictures(text, buffer)}")


def _write_output(output: Mapping[str, Any], buffer: TextBuffer) -> None:
    text = _output_text(output, buffer).rstrip()
    if text:
        buffer.write(f"\n\n```output\n{_shortened(text, buffer)}\n```")


def _output_text(output: Mapping[str, Any], buffer: TextBuffer) -> str:
    match output.get("output_type"):
        case "stream":
            return _plain(_joined(output.get("text") or ""))
        case "error" | "pyerr":
            trace = _plain("\n".join(map(str, output.get("traceback") or ())))
            return trace or f"{output.get('ename')}: {output.get('evalue')}"
        case _:
            return _shown(output.get("data", output), buffer)


def _shown(data: Mapping[str, Any], buffer: TextBuffer) -> str:
    """Return a result in the one of its forms that says most to a reader of text."""
    buffer.tally[RemarkKind.PICTURES] += any(
        kind in _PICTURES or kind.startswith("image/") for kind in data
    )
    for kind in _TEXTS:
        if (text := _plain(_joined(data.get(kind) or "")).strip("\n")).strip():
            return _without_pictures(text, buffer)
    for kind in _MARKUP:
        if html := _joined(data.get(kind) or ""):
            return _markdown(_without_pictures(html, buffer))
    return json.dumps(data["application/json"]) if "application/json" in data else ""


def _markdown(html: str) -> str:
    from chat.attachments.reading import markup

    return _NO_PICTURE.sub("", markup.to_markdown(html))


def _joined(text: str | Sequence[str]) -> str:
    """Return a text that a notebook has whole or by lines."""
    return text if isinstance(text, str) else "".join(map(str, text))


def _plain(text: str) -> str:
    return _OVERWRITTEN.sub("", _TERMINAL.sub("", text).replace("\r\n", "\n"))


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
