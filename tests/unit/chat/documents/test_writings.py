"""Notebooks, rich text, books, cards and pages.

LibreOffice wrote the letters, nbformat two of the notebooks; the third came from the field.
"""

import json
import plistlib

import pytest

from chat.attachments.results import Reason
from tests.support import documents
from tests.support.reading import CASES, case, reason_in, remarks_on, text_in

PICTURE = "pictures in it that are left out: 1"


def test_a_notebook_is_read_to_its_end_without_pictures() -> None:
    reading = case("analysis.ipynb")
    assert reading.text == (
        "# Sales\n\n\n```\ndf.plot()\n```\n\n```output\n<Figure>\n```\n\n"
        "## Conclusion: sales fell in May"
    )
    assert remarks_on(reading) == PICTURE


def test_outputs_are_shown_as_a_person_sees_them() -> None:
    text = case("outputs.ipynb").text
    assert "```python\ndf\n```\n\n```output\n  Monat\n0   Mai\n```" in text
    assert "```output\n100%|###|\n```" in text  # of a progress bar the last state
    assert "```output\n---\nZeroDivisionError: division by zero\n```" in text
    assert "```output\nsolo **HTML**\n```" in text
    assert "base64" not in text
    assert "\x1b" not in text


def test_a_long_output_leaves_room_for_the_end() -> None:
    reading = text_in("a.ipynb", (CASES / "outputs.ipynb").read_bytes(), characters=3_000)
    assert reading.text.endswith("Conclusión: bajaron en mayo")
    assert "x\n[… cut …]\nx" in reading.text
    assert remarks_on(reading) == (
        "pictures in it that are left out: 3; long outputs in it that are cut: 1"
    )


def test_a_notebook_of_an_old_version_is_read() -> None:
    reading = case("old.ipynb")
    assert reading.text == (
        "## Ventas\n\n```python\nprint(1)\n```\n\n```output\n1\n```\n\n```output\nuno\n```\n\n"
        "El final"
    )
    assert remarks_on(reading) == PICTURE


def test_json_is_no_notebook_because_it_speaks_of_one() -> None:
    assert text_in("a.json", b'{"nbformat": 4}').text == '{"nbformat": 4}'
    assert reason_in("a.ipynb", b'{"nbformat": 4, "cells": [') is Reason.BROKEN
    empty = json.dumps({"nbformat": 4, "cells": []}).encode()
    assert reason_in("a.ipynb", empty) is Reason.NO_TEXT


def test_rich_text_is_read_with_notes_heads_and_boxes() -> None:
    reading = case("letter.rtf")
    for part in (
        "Kopf: Aktenzeichen 47/11",
        "Fuß: vertraulich",
        "Im Textfeld",
        "Bericht für 世界",
        "Fußnotentext] aus [comment: Kommentar dazu] Köln,   drei Leerzeichen.",
        "•\teins a",
        "Mai|1.234,50 €|",
    ):
        assert reading.text.count(part) == 1
    assert reading.text.endswith("Das Ende.")
    assert remarks_on(reading) == PICTURE


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2}", "Привет"),
        (b"{\\rtf1\\ansi\\ansicpg1251 " + "Привет".encode("cp1251") + b"}", "Привет"),
        (rb"{\rtf1\ansi\uc1 Gr\u252 ?\u223 ?e \u-10179 ?\u-8704 ?}", "Grüße 😀"),
        (rb"{\rtf1\mac Gr\'9f\'a7e}", "Grüße"),
        (rb"{\rtf1 one\par two\line three {\b bold}\{x\}}", "one\ntwo\nthree bold{x}"),
        (rb"{\rtf1 a{\footnote {\b n}\}}b}", "a [note:  n}]b"),
    ],
)
def test_rich_text_of_any_code_page_is_read(written: bytes, text: str) -> None:
    assert text_in("a.rtf", written).text == text


def test_a_book_is_read_by_chapters() -> None:
    reading = case("letter.epub")
    assert reading.text.startswith("Title: Unknown Title")
    assert "Bericht für 世界" in reading.text
    assert "| Mai | 1.234,50 € |" in reading.text
    assert "image0001" not in reading.text
    assert reading.text.endswith("Fußnotentext")
    assert reading.counts == {"chapters": 1}
    assert remarks_on(reading) == PICTURE


def test_a_page_of_safari_is_read() -> None:
    archive = {
        "WebMainResource": {"WebResourceData": "<html><body><h1>Größe</h1></body></html>".encode()},
        "WebSubresources": [{"WebResourceMIMEType": "image/png", "WebResourceData": b"\x89PNG"}],
    }
    reading = text_in("a.webarchive", plistlib.dumps(archive, fmt=plistlib.FMT_BINARY))
    assert reading.text == "# Größe"
    assert remarks_on(reading) == PICTURE


def test_a_card_of_an_old_telephone_is_read_without_its_picture() -> None:
    card = (
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:"
        b"M=C3=BCll=\r\ner;J=C3=BCrgen\r\nPHOTO;ENCODING=BASE64;JPEG:" + b"A" * 60 + b"\r\n"
        b" " + b"B" * 60 + b"\r\n\r\nNOTE:long\r\n er\r\nTEL;CELL:+49 1\r\nEND:VCARD\r\n"
    )
    reading = text_in("a.vcf", card)
    assert "QUOTED-PRINTABLE:Müller;Jürgen\n" in reading.text
    assert "NOTE:longer\nTEL;CELL:+49 1\nEND:VCARD" in reading.text
    assert "AAA" not in reading.text
    assert "BBB" not in reading.text
    assert remarks_on(reading) == PICTURE


def test_a_calendar_is_read_as_it_is() -> None:
    text = "BEGIN:VCALENDAR\nSUMMARY:Besuch\nEND:VCALENDAR"
    assert text_in("a.ics", text.encode()).text == text


def test_a_book_that_lacks_a_chapter_says_so() -> None:
    package = (
        b'<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="a" href="a.xhtml"/>'
        b'<item id="b" href="b%20b.xhtml"/></manifest><spine><itemref idref="a"/>'
        b'<itemref idref="b"/></spine></package>'
    )
    container = b'<container><rootfiles><rootfile full-path="O/x.opf"/></rootfiles></container>'
    reading = text_in(
        "a.epub",
        documents.zipped(
            {
                "META-INF/container.xml": container,
                "O/x.opf": package,
                "O/b b.xhtml": b"<html><body><p>zweites</p></body></html>",
            }
        ),
    )
    assert reading.text == "zweites"
    assert remarks_on(reading) == "files in it that are not read: 1"
