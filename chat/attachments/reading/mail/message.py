"""Messages as they are sent: who wrote to whom, the text, and the texts that are attached."""

import binascii
import email
import quopri
import re
from collections.abc import Callable, Iterator, Mapping
from email.message import Message

from chat.attachments.reading import signed
from chat.attachments.reading.mail import flowed, tnef
from chat.attachments.reading.mail.headers import decoded, header, plain
from chat.attachments.reading.packed import parts
from chat.attachments.reading.packed.parts import Part
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind

SHOWN = ("From", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject")
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
_READABLE = frozenset({"signed-data", "certs-only", "compressed-data"})  # of S/MIME, by whomever
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})  # Outlook's winmail.dat
_SHARE = 4  # a text that says less than such a part of the page beside it only stands in for it
_MOST_WORDS = 0.5  # of a page, which a text has that says the same
_WORD = re.compile(r"[\u2e80-\uffff]|[^\W\d_\u2e80-\uffff]{3,}|\d+")
_STANDS_IN = re.compile(r"\A.{0,300}\bHTML\b.{0,300}\Z", re.DOTALL | re.IGNORECASE)
_ENCODED: Mapping[str, Callable[[bytes], bytes]] = {  # which a message should not be, and is
    "base64": binascii.a2b_base64,
    "quoted-printable": quopri.decodestring,
}


def read(content: bytes, buffer: TextBuffer) -> None:
    """Write a message's headers and text, and what is attached to it."""
    plain = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if counted := _COUNTED.match(plain):
        plain = plain[counted.end() :][: int(counted[1])]
    write(email.message_from_bytes(plain), buffer)


def write(message: Message, buffer: TextBuffer) -> None:
    """Write a message that was parsed; raises `BufferFull`."""
    for name in SHOWN:
        if value := header(message, name, buffer):
            buffer.write(f"{name}: {value}\n")
    attached: list[Message] = []
    is_silent = True
    for body in _bodies(message, attached, buffer):
        is_silent = is_silent and not body.strip()
        buffer.write(f"\n{body.strip()}\n" if body.strip() else "")
    files = [it for part in attached for it in _files(part, buffer, says_all=is_silent)]
    write_attached(files, buffer)


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
    if kind in _ENCRYPTED:
        yield from _sealed(part, attached, buffer)
    elif kind == "multipart/alternative" and part.is_multipart():
        yield from _best(_subparts(part), attached, buffer)
    elif kind.startswith("multipart/") and part.is_multipart():
        for it in _subparts(part):
            yield from _bodies(it, attached, buffer)
    elif kind in _READ_AT_ONCE and not _is_attached(part):
        yield _text(part, buffer)
    elif _is_package(part):
        attached.append(part)
    elif kind.startswith("image/") and part.get_content_disposition() != "attachment":
        buffer.tally[RemarkKind.PICTURES] += 1
    elif kind not in _SIGNATURES and (_is_attached(part) or kind not in _OF_PAGES):
        attached.append(part)


def _sealed(part: Message, attached: list[Message], buffer: TextBuffer) -> Iterator[str]:
    """Yield the texts in what is signed as a whole; what is encrypted is counted."""
    if (within := signed.signed(_content(part))) is not None:
        buffer.remark(RemarkKind.SIGNED)
        yield from _bodies(email.message_from_bytes(within), attached, buffer)
    elif part.get_param("smime-type") in _READABLE:
        attached.append(part)
    else:
        buffer.tally[RemarkKind.ENCRYPTED] += 1


def _best(ways: list[Message], attached: list[Message], buffer: TextBuffer) -> Iterator[str]:
    """Yield of the ways to say the same the plain one, unless it does not say the same."""
    hidden = buffer.tally[RemarkKind.HIDDEN_TEXT]
    found = [
        (it.get_content_type() == "text/plain", "\n\n".join(_bodies(it, attached, buffer)))
        for it in ways
    ]
    longest = max((text for is_plain, text in found if not is_plain), key=len, default="").strip()
    plain_one = next((text.strip() for is_plain, text in found if is_plain), "")
    says_enough = plain_one and len(plain_one) * _SHARE >= len(longest)
    if says_enough and not _is_instead(plain_one, longest):
        yield plain_one
    if not says_enough or not _has_words_of(longest, plain_one):
        yield longest
    else:
        buffer.tally[RemarkKind.HIDDEN_TEXT] = hidden  # of the page, which is not read


def _is_instead(text: str, page: str) -> bool:
    """Tell whether a text only says that there is a page."""
    return bool(_STANDS_IN.match(text)) and not _has_words_of(page, text)


def _has_words_of(page: str, text: str) -> bool:
    """Tell whether a text has most of the words of a page."""
    words, others = (set(_WORD.findall(it.lower())) for it in (text, page))
    return len(words & others) >= _MOST_WORDS * len(others)


def _subparts(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [it for it in payload if isinstance(it, Message)] if isinstance(payload, list) else []


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _text(part: Message, buffer: TextBuffer) -> str:
    text = decoded(_content(part), part.get_content_charset(), buffer)
    if part.get_content_type() != "text/html":
        text = text.replace("\r\n", "\n")
        return flowed.joined(text, part) if flowed.is_flowed(part) else text
    from chat.attachments.reading.pages import markup

    return markup.to_markdown(text, buffer.tally)


def _content(part: Message) -> bytes:
    """Return a part's bytes: of a message within the message the whole of it."""
    if part.get_content_maintype() != "message" or not part.is_multipart():
        content = part.get_payload(decode=True)
        return content if isinstance(content, bytes) else b""
    whole = b"\n\n".join(it.as_bytes() for it in _subparts(part))
    decode = _ENCODED.get(str(part.get("Content-Transfer-Encoding", "")).strip().lower())
    return decode(whole) if decode else whole


def _is_package(part: Message) -> bool:
    name = (part.get_filename() or "").lower()
    return part.get_content_type() in _TNEF or name == "winmail.dat"


def _files(part: Message, buffer: TextBuffer, *, says_all: bool) -> Iterator[Part]:
    """Yield what is attached, and what Outlook packed; its text repeats that of the message."""
    if not _is_package(part):
        yield _part(part, buffer)
        return
    content = _content(part)
    if not content.startswith(tnef.MARK):
        buffer.remark(RemarkKind.TNEF)
        return
    package = tnef.Package(content, buffer)
    if says_all and (body := package.body().strip()):
        buffer.write(f"\n{body}\n")
    yield from package.parts()


def _part(part: Message, buffer: TextBuffer) -> Part:
    content = _content(part)
    text = content
    if part.get_content_maintype() == "text" and (charset := part.get_content_charset()):
        text = decoded(content, charset, buffer).encode("utf-8", "replace")
    return Part(_name(part, content, buffer), len(content), lambda most: text[:most])


def _name(part: Message, content: bytes, buffer: TextBuffer) -> str:
    if name := part.get_filename():
        return plain(name, buffer)
    if part.get_content_type() != "message/rfc822":
        return part.get_content_type()
    return f"{header(email.message_from_bytes(content), 'Subject', buffer) or 'message'}.eml"
