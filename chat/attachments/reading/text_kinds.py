"""What a file of text is: mail, notebooks, drawings and documents are texts too. Pure."""

import re

from common.files.file_types import HEAD_SIZE, FileKind

# What was taken is never given back (`++`): a text of comments alone would be read in all ways.
_BEFORE_ROOT = (
    rb"(?:\xef\xbb\xbf)?+\s*+(?:<\?[^>]*+>\s*+)*+(?:<!--(?:(?!-->).)*+-->\s*+)*+"
    rb"(?:<!DOCTYPE[^>\[]*+(?:\[(?:(?!\]\s*>).)*+\])?+\s*+>\s*+)?+(?:<!--(?:(?!-->).)*+-->\s*+)*+"
)
_SVG = re.compile(_BEFORE_ROOT + rb"<(?:\w+:)?svg[\s>]", re.IGNORECASE | re.DOTALL)
_FLAT_DOCUMENT = re.compile(_BEFORE_ROOT + rb"<office:document[\s>]", re.DOTALL)
_WORKBOOK = re.compile(
    _BEFORE_ROOT + rb"<(?:\w+:)?Workbook\s[^>]*urn:schemas-microsoft-com:office:spreadsheet",
    re.DOTALL,
)
_HEADERS = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{0,60}:[^\n]*+\n(?:[ \t][^\n]*+\n)*+)++")
_COUNTED = re.compile(rb"\A\d+[ \t]*\r?\n")  # Apple's Mail begins with how many bytes there are
_NAME = re.compile(rb"^([A-Za-z][A-Za-z0-9-]*):", re.MULTILINE)
_ENVELOPE = re.compile(rb"From [^\n]{1,200}\d\d[^\n]*\n(?=>?[A-Za-z][A-Za-z0-9-]{0,60}[: ])")
_OF_MAIL = frozenset({b"from", b"to", b"subject", b"date", b"cc", b"return-path", b"content-type"})
_OF_SENT_MAIL = frozenset({b"mime-version", b"message-id", b"received"})
_OF_PAGES = frozenset({b"mime-version", b"content-type"})
_MAIL_SUFFIXES = frozenset({".eml", ".emlx", ".mht", ".mhtml"})


def text_kind(content: bytes, suffix: str) -> FileKind:
    """Return what a text is, by what it begins with; its name decides where that may be chance."""
    head = content[:HEAD_SIZE]
    begun = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begun.startswith(b"{\\rtf"):
        return FileKind.RTF
    if _SVG.match(head):
        return FileKind.SVG
    if _FLAT_DOCUMENT.match(head):
        return FileKind.OPEN_DOCUMENT
    if _WORKBOOK.match(head):
        return FileKind.XML_SHEETS
    if begun.startswith(b"{") and _is_notebook(content):
        return FileKind.NOTEBOOK
    if begun[:15].upper().startswith((b"BEGIN:VCARD", b"BEGIN:VCALENDAR")):
        return FileKind.CARD
    if _ENVELOPE.match(begun):
        return FileKind.MAILBOX
    return FileKind.MAIL if _is_mail(begun, suffix) else FileKind.TEXT


def _is_notebook(content: bytes) -> bool:
    return b'"nbformat"' in content and (b'"cells"' in content or b'"worksheets"' in content)


def _is_mail(begun: bytes, suffix: str) -> bool:
    found = _HEADERS.match(_COUNTED.sub(b"", begun))
    if not found:
        return False
    names = {name.lower() for name in _NAME.findall(found[0])}
    if suffix in _MAIL_SUFFIXES:
        return True
    # A page that Word saved as one file is a message to nobody.
    return names >= _OF_PAGES or (len(names & _OF_MAIL) >= 2 and bool(names & _OF_SENT_MAIL))
