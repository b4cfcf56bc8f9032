"""Messages as they are sent: who wrote to whom, the text, and the texts that are attached."""

import email
import re
from collections.abc import Iterator
from email.message import Message

from chat.attachments.reading.mail.headers import decoded, header, plain
from chat.attachments.reading.packed import parts
from chat.attachments.reading.packed.parts import Part
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

SHOWN = ("From", "To", "Cc", "Date", "Subject")
_COUNTED = re.compile(rb"(\d{1,9})[ \t]*\r?\n")  # so many bytes, says Apple's Mail at first
_ENCRYPTED = frozenset(
    {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
)
_READ_AT_ONCE = frozenset({"text/plain", "text/html", "text/enriched"})
_OF_PAGES = frozenset(  # what a page consists of, where it is not attached as a file
    {"text/x-amp-html", "text/css", "text/javascript", "application/javascript"}
)
_SIGNATURES = frozenset(
    {
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
    }
)
_SHARE = 4  # a text that says less than such a part of the page beside it only stands in for it


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write a message's headers and text, and what is attached to it."""
    plain = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if counted := _COUNTED.match(plain):
        plain = plain[counted.end() :][: int(counted[1])]
    write(email.message_from_bytes(plain), buffer)


def write(message: Message, buffer: TextBuffer) -> None:
    """Write a message that was parsed; raises `BufferFull`."""
    for name in SHOWN:
        if value := header(message, name):
            buffer.write(f"{name}: {value}\n")
    attached: list[Message] = []
    for body in _bodies(message, attached, buffer):
        buffer.write(f"\n{body.strip()}\n" if body.strip() else "")
    write_attached([_part(it) for it in attached], buffer)


def write_attached(attached: list[Part], buffer: TextBuffer) -> None:
    """Write the names of what is attached, and the texts among it."""
    if not attached:
        return
    names = "".join(f"- {it.name} ({it.size:,} bytes)\n" for it in attached)
    buffer.write(f"\nAttached:\n{names}")
    buffer.counts["attachments"] = len(attached)
    parts.write(attached, buffer)


def _bodies(part: Message, attached: list[Message], buffer: TextBuffer) -> Iterator[str]:
    """Yield the texts to be read at once; what is attached is put into the list."""
    kind = part.get_content_type()
    if kind in _ENCRYPTED and part.get_param("smime-type") != "signed-data":
        buffer.tally[RemarkKind.LOCKED] += 1
    elif kind == "multipart/alternative" and part.is_multipart():
        yield from _best(_subparts(part), attached, buffer)
    elif kind.startswith("multipart/") and part.is_multipart():
        for it in _subparts(part):
            yield from _bodies(it, attached, buffer)
    elif kind in _READ_AT_ONCE and not _is_attached(part):
        yield _text(part)
    elif kind.startswith("image/") and part.get_content_disposition() != "attachment":
        buffer.tally[RemarkKind.PICTURES] += 1
    elif kind not in _SIGNATURES and (_is_attached(part) or kind not in _OF_PAGES):
        attached.append(part)


def _best(ways: list[Message], attached: list[Message], buffer: TextBuffer) -> Iterator[str]:
    """Yield of the ways to say the same the plain one, unless it says next to nothing."""
    found = [
        (it.get_content_type() == "text/plain", "\n\n".join(_bodies(it, attached, buffer)))
        for it in ways
    ]
    longest = max((text for _, text in found), key=len, default="")
    plain_ones = [text for is_plain, text in found if is_plain]
    is_enough = plain_ones and len(plain_ones[0].strip()) * _SHARE >= len(longest.strip())
    yield plain_ones[0] if is_enough else longest


def _subparts(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [it for it in payload if isinstance(it, Message)] if isinstance(payload, list) else []


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _text(part: Message) -> str:
    text = decoded(_content(part), part.get_content_charset())
    if part.get_content_type() != "text/html":
        return text.replace("\r\n", "\n")
    from chat.attachments.reading import markup

    return markup.to_markdown(text)


def _content(part: Message) -> bytes:
    """Return a part's bytes: of a message within the message the whole of it."""
    if part.get_content_maintype() == "message":
        return b"\n\n".join(it.as_bytes() for it in _subparts(part))
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _part(part: Message) -> Part:
    content = _content(part)
    return Part(_name(part), len(content), lambda most: content[:most])


def _name(part: Message) -> str:
    if name := part.get_filename():
        return plain(name)
    if part.get_content_maintype() == "message":
        inner = next((header(it, "Subject") for it in _subparts(part)), "")
        return f"{inner or 'message'}.eml"
    return part.get_content_type()
