"""PowerPoint presentations: slide by slide, with tables and notes."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import pptx

from chat.attachments.reading.text_buffer import TextBuffer


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write what stands on each slide."""
    slides: list[Any] = list(pptx.Presentation(io.BytesIO(content)).slides)
    buffer.counts["slides"] = len(slides)
    for number, slide in enumerate(slides, 1):
        buffer.reached(number, len(slides))
        buffer.heading(f"\n\n## Slide {number}\n\n")
        for text in _texts(slide.shapes):
            buffer.write(f"{text}\n")
        if notes := _notes(slide):
            buffer.write(f"\nNotes: {notes}\n")


def _texts(shapes: Iterable[Any]) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):  # a group
            yield from _texts(shape.shapes)
        elif getattr(shape, "has_table", False):
            yield from (_row(row) for row in shape.table.rows)
        elif shape.has_text_frame and shape.text_frame.text.strip():
            yield shape.text_frame.text


def _row(row: Any) -> str:
    return "| " + " | ".join(" ".join(cell.text.split()) for cell in row.cells) + " |"


def _notes(slide: Any) -> str:
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    return str(frame.text).strip() if frame else ""
