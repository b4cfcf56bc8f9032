"""PDF documents: forms, notes, pages that hold nothing, and what locks them."""

import io
from collections.abc import Callable

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject
from reportlab.pdfgen.canvas import Canvas

from chat.attachments.reading.pdf.document import plain, ranges
from chat.attachments.results import Reason
from tests.support import documents
from tests.support.reading import case, reason_in, remarks_on, text_in


def drawn(draw: Callable[[Canvas], None]) -> bytes:
    """A PDF that ReportLab wrote."""
    written = io.BytesIO()
    canvas = Canvas(written)
    draw(canvas)
    canvas.save()
    return written.getvalue()


def fill(canvas: Canvas) -> None:
    form = canvas.acroForm
    canvas.drawString(10, 700, "First name:")
    form.textfield(name="first", x=100, y=690, value="Erika")
    form.textfield(name="f2", tooltip="Family name", x=100, y=660, value="Grün")
    form.checkbox(name="agree", x=100, y=650, checked=True)
    form.checkbox(name="news", x=100, y=610, checked=False)
    form.radio(name="colour", value="red", x=100, y=570, selected=False)
    form.radio(name="colour", value="blue", x=140, y=570, selected=True)
    for size in ("small", "large"):
        form.radio(name="size", value=size, x=100, y=550, selected=False)
    form.choice(name="country", x=100, y=500, options=["DE", "FR"], value="FR")
    form.listbox(name="language", x=100, y=450, options=["en", "de"], value="de")


def test_a_filled_form_is_read_with_the_labels_of_its_page() -> None:
    reading = case("form.pdf")
    assert "Name: Erika Mustermann\nMarried: Yes" in reading.text
    assert not reading.remarks


def test_fields_of_every_kind_have_their_values() -> None:
    _, _, fields = text_in("a.pdf", drawn(fill)).text.partition("[form fields]\n")
    assert fields.splitlines() == [
        "First name (first): Erika",
        "Family name (f2): Grün",
        "agree: Yes",
        "news: No",
        "colour: blue",
        "country: FR",
        "language: de",
        "size: (none chosen)",
    ]


def test_fields_in_one_line_have_each_their_label() -> None:
    def draw(canvas: Canvas) -> None:
        for at, label in ((10, "Street:"), (250, "Town:")):
            canvas.drawString(at, 704, label)
            canvas.acroForm.textfield(name=f"f{at}", x=at + 60, y=700, value="x", width=100)

    text = text_in("a.pdf", drawn(draw)).text
    assert text.endswith("Street (f10): x\nTown (f250): x")


def test_values_are_read_that_no_program_has_drawn_yet() -> None:
    writer = PdfWriter(clone_from=io.BytesIO(drawn(fill)))
    for annotation in writer.pages[0]["/Annots"]:  # type: ignore[attr-defined]
        field = annotation.get_object()
        if field.get("/T") == "first":
            field[NameObject("/V")] = TextStringObject("undrawn 世界")
            del field["/AP"]
    assert "First name (first): undrawn 世界" in text_in("a.pdf", _written(writer)).text


def test_what_others_wrote_on_a_page_is_read() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(10, 700, "The price is 100 euros.")
        box = [8, 698, 130, 712]
        canvas.highlightAnnotation("too dear", box, QuadPoints=[8, 712, 130, 712, 8, 698, 130, 698])
        canvas.textAnnotation("Ask Ada", [300, 300, 320, 320])
        canvas.linkURL("https://example.com/prices", (10, 600, 100, 620))

    text = text_in("a.pdf", drawn(draw)).text
    assert "[highlighted “The price is 100 euros.”: too dear]" in text
    assert "[note: Ask Ada]" in text
    assert "[links: https://example.com/prices]" in text


def test_pages_without_text_are_named() -> None:
    reading = text_in("a.pdf", documents.pdf("one", "", "", "four", "", "six"))
    assert remarks_on(reading) == "no text on its pages 2–3, 5, which may be scans"
    assert not text_in("a.pdf", documents.pdf("one")).remarks


def test_a_scan_with_a_link_or_a_note_is_a_page_without_text() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.rect(0, 0, 100, 100, fill=True)
        canvas.linkURL("https://example.com", (10, 10, 60, 30))

    reading = text_in("a.pdf", drawn(draw))
    assert "[links: https://example.com]" in reading.text
    assert remarks_on(reading) == "no text on its pages 1, which may be scans"


def test_pages_beyond_what_is_read_are_not_said_to_be_empty() -> None:
    reading = text_in("a.pdf", documents.pdf("one", "", "x" * 100, ""), characters=60)
    assert remarks_on(reading) == "no text on its pages 2, which may be scans"


@pytest.mark.parametrize(
    ("numbers", "said"), [([1], "1"), ([1, 2, 3, 7], "1–3, 7"), ([2, 4, 5], "2, 4–5")]
)
def test_numbers_of_pages_are_put_together(numbers: list[int], said: str) -> None:
    assert ranges(numbers) == said


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
def test_a_password_counts_only_where_it_keeps_from_reading(algorithm: str) -> None:
    assert "secret" in text_in("a.pdf", _locked("", algorithm)).text
    assert reason_in("a.pdf", _locked("user", algorithm)) is Reason.PASSWORD


def _locked(user: str, algorithm: str) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(documents.pdf("secret")))
    writer.encrypt(user, "owner", algorithm=algorithm)
    return _written(writer)


def test_files_within_are_read_where_they_are_text() -> None:
    writer = PdfWriter(clone_from=io.BytesIO(documents.pdf("Invoice")))
    writer.add_attachment("factur-x.xml", b"<total>12</total>")
    writer.add_attachment("song.mp3", b"ID3\0\0\0")
    reading = text_in("a.pdf", _written(writer))
    assert reading.text == "[page 1]\nInvoice\n\n## factur-x.xml\n\n<total>12</total>"
    assert remarks_on(reading) == "files in it that are not read: 1"


def test_a_table_of_places_that_is_wrong_is_no_hindrance() -> None:
    content = documents.pdf("Hello")
    moved = content.replace(b"%PDF-1.4\n", b"%PDF-1.4\n%moved by some mail program\n")
    assert "Hello" in text_in("a.pdf", moved).text
    moved = content.replace(b"startxref", b"startxref 9")
    assert "Hello" in text_in("a.pdf", moved).text


def test_words_are_whole_that_lines_and_ligatures_cut() -> None:
    assert plain("of\ufb01ce exam\ufffe\r\nple, so\xadft") == "office example, soft"


def _written(writer: PdfWriter) -> bytes:
    written = io.BytesIO()
    writer.write(written)
    assert PdfReader(written).pages is not None
    return written.getvalue()
