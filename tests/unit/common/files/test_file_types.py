"""What a file is, by its content and its name; for uploads and for the process that reads files."""

import mimetypes
from pathlib import PurePath

import pytest

from common.files.file_types import HEAD_SIZE, FileKind, allowed_as, kind_of, shown_type, type_of
from tests.support import documents
from tests.support.reading import CASES

OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


@pytest.mark.parametrize(
    ("content", "name", "found"),
    [
        (documents.image("PNG"), "a.txt", "image/png"),
        (documents.image("JPEG"), "a", "image/jpeg"),
        (documents.pdf("x"), "a.png", "application/pdf"),
        (documents.docx("x"), "a.zip", DOCX),
        (documents.xlsx({"a": [[1]]}), "a.xlsx", XLSX),
        (documents.zipped({"a": b"x"}), "a.docx", "application/zip"),
        (OLE, "a.doc", "application/msword"),
        (OLE, "a.msg", "application/vnd.ms-outlook"),
        ((CASES / "letter.odt").read_bytes(), "a.zip", f"{OPEN_DOCUMENT}.text"),
        ((CASES / "account.ods").read_bytes(), "a.ods", f"{OPEN_DOCUMENT}.spreadsheet"),
        ((CASES / "slides.odp").read_bytes(), "a", f"{OPEN_DOCUMENT}.presentation"),
        ((CASES / "letter.fodt").read_bytes(), "a.fodt", f"{OPEN_DOCUMENT}.text-flat-xml"),
        ((CASES / "letter.epub").read_bytes(), "a.zip", "application/epub+zip"),
        ((CASES / "phone.heic").read_bytes(), "a.jpg", "image/heic"),
        ((CASES / "old.ipynb").read_bytes(), "a.ipynb", "application/x-ipynb+json"),
        (documents.image("ICO"), "a.ico", "image/x-icon"),
        (documents.zipped({"a": b"x"}), "a.pages", "application/vnd.apple.pages"),
        (b"From: a\nTo: b\n\nx", "a.eml", "message/rfc822"),
        (b"MZ\0\1\2", "a.png", "application/x-msdownload"),
        (b"\0\1\2\3", "a.png", "application/octet-stream"),
        (b"BMW sales", "a.txt", "text/plain"),
        (b"a;b", "a.csv", "text/csv"),
        (b"words", "a.png", "text/plain"),
        ("Grüße".encode("utf-16"), "a.txt", "text/plain"),
        (b"<!doctype html><p>x", "a.txt", "text/html"),
        (b"<svg xmlns='x'/>", "a.svg", "image/svg+xml"),
        (b"# <html> is a tag", "a.py", "text/x-python"),
    ],
)
def test_a_type_is_judged_by_content(content: bytes, name: str, found: str) -> None:
    assert type_of(content, name) == found


@pytest.mark.parametrize(
    ("content", "name", "patterns", "allowed"),
    [
        (documents.image("PNG"), "a.txt", ("*/*",), "image/png"),
        (documents.image("PNG"), "a.png", ("image/*",), "image/png"),
        (b"words", "a.png", ("image/*",), None),
        (documents.image("PNG"), "a.txt", (".txt",), None),
        (b"words", "a.txt", (".txt",), "text/plain"),
        (b"words", "A.TXT", (".txt",), "text/plain"),
        (documents.docx("x"), "a.docx", (".pdf", ".docx"), DOCX),
        (documents.docx("x"), "a.pdf", (".pdf", ".docx"), None),
        (b"words", "a.unheardof", (".unheardof",), "application/octet-stream"),
        (documents.image("PNG"), "a.unheardof", (".unheardof",), None),
    ],
)
def test_types_are_allowed_by_patterns_and_endings(
    content: bytes, name: str, patterns: tuple[str, ...], allowed: str | None
) -> None:
    assert allowed_as(content, name, patterns) == allowed


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.docx", documents.docx("x")),
        ("a.docm", documents.docx("x")),
        ("a.xlsx", documents.xlsx({"a": [[1]]})),
        ("a.pdf", documents.pdf("x")),
        ("a.md", b"# words"),
        ("a.yml", b"a: b"),
        ("a.rtf", b"{\\rtf1 words}"),
        *((f"a.{kind}", documents.image(kind.upper())) for kind in ("webp", "bmp", "tiff", "avif")),
    ],
)
def test_endings_are_known_where_the_computer_has_no_list_of_types(
    monkeypatch: pytest.MonkeyPatch, name: str, content: bytes
) -> None:
    monkeypatch.setattr(mimetypes, "_db", mimetypes.MimeTypes())  # as without /etc/mime.types
    assert allowed_as(content, name, (PurePath(name).suffix,))
    assert not allowed_as(documents.image("PNG"), name, (PurePath(name).suffix,))


@pytest.mark.parametrize(
    "name",
    [
        *("letter.odt", "letter.fodt", "letter.rtf", "letter.epub", "account.ods", "slides.odp"),
        *("old.ipynb", "outlook.msg", "phone.heic"),
    ],
)
def test_whoever_allows_an_ending_allows_its_files(name: str) -> None:
    content = (CASES / name).read_bytes()
    assert allowed_as(content[:HEAD_SIZE], name, (PurePath(name).suffix,))
    assert not allowed_as(documents.image("PNG"), name, (PurePath(name).suffix,))


def test_what_browsers_do_not_show_is_kept_as_a_file() -> None:
    for kind in ("image/heic", "image/tiff"):
        assert shown_type(kind, kind) == "application/octet-stream"
    assert shown_type("image/avif", None) == "image/avif"


def test_what_was_declared_counts_where_the_content_says_little() -> None:
    assert shown_type("text/plain", "text/x-new") == "text/x-new"
    assert shown_type("text/plain", "image/png") == "text/plain"
    assert shown_type("image/png", "text/plain") == "image/png"
    assert shown_type("text/plain", None) == "text/plain"


# Of which kind: one decision for uploads and for the process that reads files


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        *(
            (documents.image(kind), FileKind.IMAGE)
            for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
        ),
        (b"GIF89a and then words", FileKind.IMAGE),
        (b"GIF89a %PDF-1.7", FileKind.IMAGE),
        (documents.pdf("x"), FileKind.PDF),
        (b"words before %PDF-1.7", FileKind.PDF),
        (b" " * 1024 + b"%PDF-1.7", FileKind.TEXT),
        (documents.docx("x"), FileKind.ZIP),
        (documents.zipped({}), FileKind.ZIP),
        (OLE, FileKind.OLE),
        (b"MZ\0\1" + documents.docx("x"), FileKind.OTHER),
        (b"words", FileKind.TEXT),
        (b"", FileKind.TEXT),
        ("Grüße".encode("utf-16"), FileKind.TEXT),
        (b"w" * 49 + b"\x01", FileKind.TEXT),
        (b"w" * 48 + b"\x01", FileKind.OTHER),
        (b"w" * 48 + b"\x7f", FileKind.OTHER),
        (b"w" * HEAD_SIZE + b"\0", FileKind.TEXT),
    ],
)
def test_a_kind_is_judged_by_content(content: bytes, kind: FileKind) -> None:
    assert kind_of(content) is kind


def test_what_office_wrapped_is_no_office_file() -> None:
    assert type_of(b"MZ\0\1" + documents.docx("x"), "a.exe") == "application/x-msdownload"
