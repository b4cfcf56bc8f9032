"""Word documents, by way of HTML."""

import io

import mammoth

from chat.attachments.reading import markup
from chat.attachments.reading.text_buffer import TextBuffer


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write a document's text as Markdown."""
    # Its images would only be carried along as text.
    html = mammoth.convert_to_html(io.BytesIO(content), convert_image=lambda _: []).value
    looked_at = html[: buffer.limit * markup.SHARE]
    text = markup.to_markdown(looked_at)
    buffer.reached(min(buffer.limit, len(text)), len(text) * len(html) / max(1, len(looked_at)))
    buffer.write(text)
