"""Mailboxes of one file, as Thunderbird, Apple's Mail and Google keep and export them."""

import email
import re
from contextlib import suppress

from chat.attachments.reading.mail import message
from chat.attachments.reading.text_buffer import BufferFull, TextBuffer

_ENVELOPE = re.compile(rb"(?:\A|\n\r?\n)From [^\n]*\d\d[^\n]*\n(?=[A-Za-z][A-Za-z0-9-]{0,60}:)")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_LEAST = 2_000  # characters that a message may have in any case


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write every message; they share the room."""
    messages = [it for it in _ENVELOPE.split(content.lstrip()) if it.strip()]
    buffer.counts["messages"] = len(messages)
    for number, raw in enumerate(messages):
        buffer.reached(number, len(messages))
        part = buffer.part(max(_LEAST, buffer.room // (len(messages) - number)))
        with suppress(BufferFull):
            message.write(email.message_from_bytes(_QUOTED.sub(rb"\1", raw)), part)
        buffer.heading(f"\n\n## Message {number + 1}\n\n")
        buffer.add(part)
