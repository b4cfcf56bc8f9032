"""Rich text line by line."""

from collections import Counter

from chat.attachments.reading.documents.rtf.story import Story
from chat.attachments.reading.text_buffer import TextBuffer


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write the text as Markdown, with what stands around it; what is left out is counted."""
    for place, line in Story(buffer.tally).lines(content):
        buffer.reached(place, len(content))
        buffer.write(f"{line}\n")


def to_text(content: bytes) -> str:
    """Return what is written in rich text."""
    return "\n".join(line for _, line in Story(Counter()).lines(content)).strip()
