"""PDF documents: forms, notes, pages that hold nothing, and what locks them."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    TextStringObject,
)
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
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
    assert remarks_on(reading) == "no readable text on its pages 2–3, 5, which may be scans"
    assert not text_in("a.pdf", documents.pdf("one")).remarks


def test_a_scan_with_a_link_or_a_note_is_a_page_without_text() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.rect(0, 0, 100, 100, fill=True)
        canvas.linkURL("https://example.com", (10, 10, 60, 30))

    reading = text_in("a.pdf", drawn(draw))
    assert "[links: https://example.com]" in reading.text
    assert remarks_on(reading) == "no readable text on its pages 1, which may be scans"


def test_pages_beyond_what_is_read_are_not_said_to_be_empty() -> None:
    reading = text_in("a.pdf", documents.pdf("one", "", "x" * 100, ""), characters=60)
    assert remarks_on(reading) == "no readable text on its pages 2, which may be scans"


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
    assert reading.text == (
        "[page 1]\nInvoice\n\n[attached files: factur-x.xml, song.mp3]\n\n"
        "## factur-x.xml\n\n<total>12</total>"
    )
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


def picture(size: tuple[int, int]) -> ImageReader:
    return ImageReader(Image.new("RGB", size, "blue"))


def test_pictures_beside_text_are_said_with_their_pages() -> None:
    def draw(canvas: Canvas) -> None:
        for images in (1, 0, 2):
            canvas.drawString(10, 700, "A report")
            for at in range(images):
                canvas.drawImage(picture((30, 20)), 50, 100 + 200 * at, 150, 100)
            canvas.drawImage(picture((5, 5)), 300, 300, 6, 6)  # a bullet
            canvas.showPage()

    reading = text_in("a.pdf", drawn(draw))
    assert remarks_on(reading) == "pictures on its pages 1, 3 that are left out: 3"


def test_a_picture_cut_into_strips_or_within_a_form_is_one() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.beginForm("logo")
        for strip in range(10):
            canvas.drawImage(picture((30, 2)), 50, 100 + 10 * strip, 150, 10)
        canvas.endForm()
        canvas.doForm("logo")
        canvas.drawString(10, 700, "A report")

    reading = text_in("a.pdf", drawn(draw))
    assert remarks_on(reading) == "pictures on its pages 1 that are left out: 1"


@pytest.mark.parametrize("is_shown_upright", [False, True])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_pages_that_lie_on_their_side_are_read_line_by_line(
    turn: int, is_shown_upright: bool
) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageSize((600, 800))
        canvas.translate(*{0: (0, 0), 90: (600, 0), 180: (600, 800), 270: (0, 800)}[turn])
        canvas.rotate(turn)
        for line in range(4):
            canvas.drawString(50, 500 - 20 * line, f"line {line}")
            canvas.drawString(300, 500 - 20 * line, "end")

    writer = PdfWriter(clone_from=io.BytesIO(drawn(draw)))
    writer.pages[0].rotate(turn if is_shown_upright else 0)
    text = text_in("a.pdf", _written(writer)).text
    assert text == "[page 1]\nline 0 end\nline 1 end\nline 2 end\nline 3 end"


def test_upright_text_on_a_page_that_is_shown_turned_keeps_its_order() -> None:
    writer = PdfWriter(clone_from=io.BytesIO(drawn(fill_lines)))
    writer.pages[0].rotate(90)
    assert text_in("a.pdf", _written(writer)).text == "[page 1]\none\ntwo\nthree"


def fill_lines(canvas: Canvas) -> None:
    for at, word in enumerate(("one", "two", "three")):
        canvas.drawString(50, 700 - 50 * at, word)


def test_links_have_the_words_that_lead_there() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(50, 700, "our prices")
        canvas.linkURL("https://example.com/p", (48, 695, 150, 715))
        canvas.drawString(50, 600, "https://example.com/q")
        canvas.linkURL("https://example.com/q", (48, 595, 250, 615))

    text = text_in("a.pdf", drawn(draw)).text
    assert text.endswith("[links: “our prices” https://example.com/p, https://example.com/q]")


def annotated(*annotations: dict[str, Any]) -> bytes:
    """A PDF with one page and these annotations on it, each with `Rect`."""
    writer = PdfWriter(clone_from=io.BytesIO(documents.pdf("Hello")))
    for it in annotations:
        rect = ArrayObject(map(FloatObject, (10, 10, 30, 30)))
        fields = {NameObject(f"/{name}"): value for name, value in it.items()}
        annotation = DictionaryObject({NameObject("/Rect"): rect, **fields})
        writer.add_annotation(0, annotation)
    return _written(writer)


def test_what_is_stuck_on_a_page_is_said() -> None:
    def stuck(kind: str, **fields: Any) -> dict[str, Any]:
        return {"Subtype": NameObject(f"/{kind}"), **fields}

    reading = text_in(
        "a.pdf",
        annotated(
            stuck("Stamp", Name=NameObject("/Approved"), T=TextStringObject("Ada")),
            stuck("Ink"),
            stuck("RichMedia"),
            stuck("Square"),
        ),
    )
    assert reading.text == "[page 1]\nHello\n[stamp “Approved” by Ada]\n[drawn by hand]\n[film]"


def test_files_that_are_stuck_on_a_page_are_read_where_they_are_text() -> None:
    writer = PdfWriter(clone_from=io.BytesIO(documents.pdf("Hello")))
    for name, content in (("note.txt", b"look here"), ("song.mp3", b"ID3\0\0\0")):
        writer.add_attachment(name, content)
    names = writer.root_object["/Names"]["/EmbeddedFiles"]["/Names"]  # type: ignore[index]
    del writer.root_object[NameObject("/Names")]
    for file in names[1::2]:
        writer.add_annotation(
            0,
            DictionaryObject(
                {
                    NameObject("/Subtype"): NameObject("/FileAttachment"),
                    NameObject("/Rect"): ArrayObject(map(FloatObject, (10, 10, 30, 30))),
                    NameObject("/FS"): file,
                }
            ),
        )
    reading = text_in("a.pdf", _written(writer))
    assert "[attached file “note.txt”]\n[attached file “song.mp3”]" in reading.text
    assert reading.text.endswith("[attached files: note.txt, song.mp3]\n\n## note.txt\n\nlook here")
    assert remarks_on(reading) == "files in it that are not read: 1"


def test_fields_are_read_that_have_lost_their_page_or_their_form() -> None:
    def without_annotations(writer: PdfWriter) -> None:
        del writer.pages[0][NameObject("/Annots")]

    def without_form(writer: PdfWriter) -> None:
        del writer.root_object[NameObject("/AcroForm")]

    for lose in (without_annotations, without_form):
        writer = PdfWriter(clone_from=io.BytesIO(drawn(fill)))
        lose(writer)
        text = text_in("a.pdf", _written(writer)).text
        assert "first: Erika\nf2: Grün\nagree: Yes\n" in text
    assert "on no page" not in text_in("a.pdf", drawn(fill)).text


def test_pages_in_fonts_that_do_not_say_their_letters_are_said_to_have_no_text() -> None:
    """What is left is numbers of pictures: `7KLV` for `This`."""

    def draw(canvas: Canvas) -> None:
        pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
        canvas.drawString(10, 700, "These letters are known.")
        canvas.showPage()
        canvas.setFont("Vera", 12)
        canvas.drawString(10, 700, "Those letters are not.")

    writer = PdfWriter(PdfReader(io.BytesIO(drawn(draw))))
    fonts = writer.pages[1]["/Resources"]["/Font"].values()  # type: ignore[index]
    [font] = [it for font in fonts if "/ToUnicode" in (it := font.get_object())]
    cid = {"/Type": "/Font", "/Subtype": "/CIDFontType2", "/BaseFont": "/Vera"}
    below = DictionaryObject({NameObject(key): NameObject(it) for key, it in cid.items()})
    below[NameObject("/FontDescriptor")] = font["/FontDescriptor"]
    del font["/ToUnicode"]
    font.update(
        {
            NameObject("/Subtype"): NameObject("/Type0"),
            NameObject("/Encoding"): NameObject("/Identity-H"),
            NameObject("/DescendantFonts"): ArrayObject([below]),
        }
    )
    written = io.BytesIO()
    writer.write(written)
    reading = text_in("a.pdf", written.getvalue())
    assert reading.text.split() == [
        "[page",
        "1]",
        "These",
        "letters",
        "are",
        "known.",
        "[page",
        "2]",
    ]
    assert remarks_on(reading) == "no readable text on its pages 2, which may be scans"


def test_a_document_for_whom_it_was_made_alone_is_said_to_be_protected() -> None:
    lock = b"/Encrypt <</Filter /Adobe.PubSec /SubFilter /adbe.pkcs7.s4 /V 2 /Recipients [<00>]>>"
    lock += b" /ID [<00><00>]"
    content = documents.pdf("text").replace(b"trailer <<", b"trailer << " + lock)
    assert reason_in("a.pdf", content) is Reason.RIGHTS
