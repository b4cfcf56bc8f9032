"""What is read of files of every kind, by the process that reads them."""

import base64
import io
import random
import sys
import time
import zlib
from collections.abc import AsyncGenerator, Sequence
from functools import partial

import pytest
from PIL import Image

from chat.attachments.process import MEMORY, Reader, ReadingLimits
from chat.attachments.reading.images.pictures import SMALL_PNG
from chat.attachments.results import (
    ExtractedText,
    Picture,
    Reading,
    Reason,
    Remark,
    RemarkKind,
    Unread,
)
from tests.support import documents
from tests.support.reading import CASES, text_in

CHARACTERS = 3_000


async def pieces(content: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), 50_000):
        yield content[start : start + 50_000]


PATIENCE_S = 100.0  # however busy the machine is


async def read(
    name: str, content: bytes, *, characters: int = CHARACTERS, memory: int = MEMORY
) -> Reading:
    limits = ReadingLimits(characters=characters, memory=memory, timeout_s=PATIENCE_S)
    return await Reader(limits).read(name, partial(pieces, content))


async def text_of(name: str, content: bytes, *, characters: int = CHARACTERS) -> ExtractedText:
    reading = await read(name, content, characters=characters)
    assert isinstance(reading, ExtractedText), reading
    return reading


async def reason_for(name: str, content: bytes) -> Reason:
    reading = await read(name, content)
    assert isinstance(reading, Unread), reading
    return reading.reason


async def picture_of(content: bytes) -> tuple[Picture, Image.Image]:
    reading = await read("picture", content)
    assert isinstance(reading, Picture), reading
    shown = Image.open(io.BytesIO(base64.b64decode(reading.data)))
    assert shown.size == (reading.width, reading.height)
    return reading, shown


# Text


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.txt", "Grüße, 世界 🌍".encode(), "Grüße, 世界 🌍"),
        ("a.txt", b"\xef\xbb\xbfmarked", "marked"),
        ("a.csv", "a;ü\n1;2".encode("utf-16"), "a;ü\n1;2"),
        ("a.csv", b"\xfe\xff" + "a;ü".encode("utf-16-be"), "a;ü"),
        ("a.md", b"# Title\n\n- one", "# Title\n\n- one"),
        ("a.json", b'{"a": [1, 2]}', '{"a": [1, 2]}'),
        ("a.py", b"def f():\n    return 1\n", "def f():\n    return 1"),
        ("a.svg", b'<svg xmlns="x"><text>Hi</text></svg>', '<svg xmlns="x"><text>Hi</text></svg>'),
        ("image.png", b"only text all the same", "only text all the same"),
        ("a.txt", b"one\x0ctwo\x0c three" + b" more" * 40, "one\x0ctwo\x0c three" + " more" * 40),
    ],
)
async def test_text_is_read_in_its_encoding(name: str, content: bytes, text: str) -> None:
    reading = await text_of(name, content)
    assert reading == ExtractedText(text=text, total=len(text))


@pytest.mark.slow
async def test_html_becomes_markdown_without_what_nobody_sees() -> None:
    page = (
        b"<!DOCTYPE html><html><head><title>t</title><style>p{}</style></head><body><h1>Hi</h1>"
        b"<script>alert(1)</script><p>there <b>you</b></p><img src='data:image/png;base64,AAAA'>"
        b"</body></html>"
    )
    assert (await text_of("page", page)).text == "# Hi\n\nthere **you**"


@pytest.mark.slow
async def test_html_of_many_levels_is_read() -> None:
    assert (await text_of("a.html", b"<div>" * 1_500 + b"deep")).text == "deep"


async def test_a_long_text_is_read_as_far_as_there_is_room() -> None:
    reading = await text_of("a.txt", b"word " * 200_000, characters=1_000)
    assert reading.text == ("word " * 200).strip()
    assert reading.total == pytest.approx(1_000_000, rel=0.01)


# Documents


@pytest.mark.slow
async def test_a_pdf_is_read_page_by_page() -> None:
    reading = await text_of("a.pdf", documents.pdf("Hello", "World"))
    assert reading.text == "[page 1]\nHello\n\n[page 2]\nWorld"
    assert reading.counts == {"pages": 2}


@pytest.mark.slow
async def test_a_long_pdf_is_cut_and_its_length_estimated() -> None:
    pages = [f"Sentence of page {number}, some words long." for number in range(400)]
    reading = await text_of("a.pdf", documents.pdf(*pages), characters=1_000)
    assert len(reading.text) <= 1_000
    assert "page 18" in reading.text
    assert reading.total == pytest.approx(400 * 52, rel=0.1)


async def test_a_word_document_is_read() -> None:
    content = documents.docx("Dear reader,", "the end.", more={"word/media/x.png": b"\0" * 1000})
    assert (await text_of("renamed.bin", content)).text == "Dear reader,\n\nthe end."


@pytest.mark.slow
async def test_a_workbook_is_read_sheet_by_sheet() -> None:
    sheets: dict[str, Sequence[Sequence[object]]] = {
        "Costs": [("what", "sum"), ("rent, heat", 12.5), (), (None, True, None)],
        "空": [("日本",)],
    }
    reading = await text_of("a.xlsx", documents.xlsx(sheets))
    assert reading.text.replace("\n\n\n", "\n\n") == (
        '## Costs\n\nwhat,sum\n"rent, heat",12.5\n,TRUE\n\n## 空\n\n日本'
    )
    assert reading.counts == {"sheets": 2}


@pytest.mark.slow
async def test_a_huge_sheet_is_read_as_far_as_there_is_room() -> None:
    content = documents.xlsx({"Big": ([number] * 20 for number in range(20_000))})
    begun = time.monotonic()
    reading = await text_of("a.xlsx", content, characters=1_000)
    assert time.monotonic() - begun < 8
    assert len(reading.text) <= 1_000
    assert reading.total == pytest.approx(20_000 * 115, rel=0.7)  # by bytes read


async def test_slides_are_read_with_tables_and_notes() -> None:
    content = documents.slides("First", "Second", table=[["a", "b"], ["1", "2"]], notes="Smile")
    reading = await text_of("a.pptx", content)
    first, second = reading.text.split("## Slide 2")
    assert "First\n| a | b |\n| 1 | 2 |\n\nNotes: Smile" in first
    assert second.strip() == "Second"
    assert reading.counts == {"slides": 2}


# Images


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.slow
async def test_images_become_jpeg(kind: str) -> None:
    picture, shown = await picture_of(documents.image(kind))
    assert picture.mime == "image/jpeg"
    red, green, _ = shown.convert("RGB").getpixel((30, 20))  # type: ignore[misc]
    assert red > 200 > 50 > green


@pytest.mark.slow
async def test_of_many_pictures_the_first_is_shown_and_that_is_said() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "green", "blue")]
    written = io.BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])
    picture, _ = await picture_of(written.getvalue())
    assert list(picture.remarks) == [Remark(RemarkKind.FIRST_FRAME, "3")]


@pytest.mark.slow
async def test_a_large_image_is_made_smaller() -> None:
    picture, _ = await picture_of(documents.image("PNG", (4_000, 1_000)))
    assert (picture.width, picture.height) == (1_568, 392)


@pytest.mark.slow
async def test_an_image_is_turned_upright_and_tells_nothing_of_its_user() -> None:
    lying = Image.new("RGB", (2_000, 1_000), "blue")
    lying.paste("red", (0, 0, 1_000, 1_000))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    exif[0x010F] = "Camera of Ada"
    written = io.BytesIO()
    lying.save(written, "JPEG", exif=exif, comment=b"Ada's holiday")
    picture, shown = await picture_of(written.getvalue())
    assert (picture.width, picture.height) == (784, 1_568)
    above, below = shown.getpixel((392, 100)), shown.getpixel((392, 1_400))
    assert isinstance(above, tuple)
    assert isinstance(below, tuple)
    assert above[0] > 200 > 60 > above[2]
    assert below[2] > 200 > 60 > below[0]
    assert not shown.getexif()
    assert b"Ada" not in base64.b64decode(picture.data)


async def test_transparency_stays_where_the_image_is_small() -> None:
    picture, shown = await picture_of(documents.image("PNG", mode="RGBA", colour=(255, 0, 0, 90)))
    assert picture.mime == "image/png"
    assert shown.getpixel((5, 5)) == (255, 0, 0, 90)


@pytest.mark.slow
async def test_a_large_image_gets_a_white_ground() -> None:
    noise = Image.frombytes("RGBA", (400, 400), random.randbytes(640_000))
    noise.putalpha(0)
    written = io.BytesIO()
    noise.save(written, "PNG", optimize=True)
    assert written.tell() > SMALL_PNG
    picture, shown = await picture_of(written.getvalue())
    assert picture.mime == "image/jpeg"
    assert shown.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "CMYK", "I;16", "F"])
@pytest.mark.slow
async def test_images_of_every_mode(mode: str) -> None:
    kind = "PNG" if mode in ("1", "L", "P", "LA", "I;16") else "TIFF"
    picture, shown = await picture_of(documents.image(kind, mode=mode, colour=0))
    assert picture.mime == ("image/png" if mode == "LA" else "image/jpeg")
    assert shown.size == (60, 40)


# Of each library one file, by the process behind its walls


@pytest.mark.parametrize(
    "name", ["account.ods", "letter.epub", "letter.rtf", "old.ipynb", "outlook.msg"]
)
async def test_what_other_programs_wrote_is_read_behind_the_walls(name: str) -> None:
    content = (CASES / name).read_bytes()
    assert await text_of(name, content) == text_in(name, content, CHARACTERS)


@pytest.mark.slow
async def test_images_of_phones_and_drawings_are_shown_behind_the_walls() -> None:
    _, shown = await picture_of((CASES / "phone.heic").read_bytes())
    assert sorted(shown.size) == [40, 60]
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><title>x</title></svg>'
    drawn, _ = await picture_of(drawing)
    assert (drawn.width, drawn.height, drawn.words) == (512, 256, "x")


# What cannot be read


def huge_png() -> bytes:
    """A PNG of a few kilobytes that says it has 50,000 times 50,000 pixels."""
    small = documents.image("PNG", (1, 1))
    head = b"IHDR" + (50_000).to_bytes(4, "big") * 2 + small[24:29]
    return small[:12] + head + zlib.crc32(head).to_bytes(4, "big") + small[33:]


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", b"", Reason.EMPTY),
        ("a.txt", b" \n\n", Reason.EMPTY),
        ("a.exe", b"MZ\0\1" * 100, Reason.BINARY),
        ("a.pdf", documents.pdf("x", encrypted=True), Reason.PASSWORD),
        ("a.pdf", documents.pdf("", ""), Reason.SCAN),
        ("a.pdf", documents.pdf(), Reason.NO_TEXT),
        ("a.pdf", documents.pdf("x")[:60], Reason.BROKEN),
        ("a.pdf", b"\0\1\2" * 100, Reason.BROKEN),
        ("a.docx", documents.docx("x" * 10_000)[:200], Reason.BROKEN),
        ("a.docx", documents.zipped({"word/document.xml": b"<w:p"}), Reason.BROKEN),
        ("a.docx", documents.docx(), Reason.NO_TEXT),
        ("a.xlsx", documents.xlsx({"Empty": []}), Reason.NO_TEXT),
        ("a.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), Reason.PASSWORD),
        ("a.doc", OLE, Reason.OLD_OFFICE),
        ("a.msi", OLE, Reason.BINARY),
        ("a.png", documents.image("PNG", (50, 50))[:50], Reason.BROKEN),
        ("a.png", huge_png(), Reason.TOO_MANY_PIXELS),
    ],
)
async def test_what_cannot_be_read_has_its_reason(
    name: str, content: bytes, reason: Reason
) -> None:
    assert await reason_for(name, content) is reason


@pytest.mark.slow
async def test_a_zip_bomb_is_not_unpacked() -> None:
    bomb = documents.docx("x", more={"word/bomb.xml": b"\0" * 250_000_000})
    assert len(bomb) < 1_000_000
    begun = time.monotonic()
    assert await reason_for("a.docx", bomb) is Reason.TOO_LARGE
    assert time.monotonic() - begun < 8


async def test_entities_that_grow_are_refused() -> None:
    laughs = b'<!DOCTYPE a [<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 10)
    )
    document = laughs + b"]><a>&a9;</a>"
    content = documents.zipped({"word/document.xml": document})
    assert await reason_for("a.docx", content) in (Reason.BROKEN, Reason.TOO_LARGE)


@pytest.mark.slow
async def test_a_document_that_needs_too_much_memory_is_given_up() -> None:
    # 30 MB of XML in one table, whose tree has no room; where it has, the end is missing
    body = b"<w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc>" * 600_000
    head = b'<w:document xmlns:w="w"><w:body><w:tbl><w:tr>'
    content = documents.zipped({"word/document.xml": head + body})
    reading = await read("a.docx", content, memory=1 << 28)
    assert isinstance(reading, Unread)
    assert reading.reason is (Reason.TOO_LARGE if sys.platform == "linux" else Reason.BROKEN)
