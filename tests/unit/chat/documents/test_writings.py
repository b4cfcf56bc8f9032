"""Notebooks, rich text, books, cards and pages.

LibreOffice wrote the letters, nbformat two of the notebooks; the third came from the field.
"""

import json
import plistlib
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

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
    for cells in ("none", {"a": 1}, 3):
        text = json.dumps({"nbformat": 4, "cells": cells})
        assert text_in("a.json", text.encode()).text == text
    empty = json.dumps({"nbformat": 4, "cells": []}).encode()
    assert reason_in("a.ipynb", empty) is Reason.NO_TEXT


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


def notebook(*outputs: Any, cells: Sequence[Any] = ()) -> bytes:
    """A notebook of one cell with outputs, and others."""
    cell = {"cell_type": "code", "source": "x", "outputs": outputs}
    return json.dumps({"nbformat": 4, "metadata": [], "cells": [cell, *cells]}).encode()


def shown(**data: Any) -> Mapping[str, Any]:
    """An output that is shown in these ways."""
    return {"output_type": "display_data", "data": data}


def test_odd_cells_and_outputs_leave_the_others() -> None:
    stream = {"output_type": "stream", "text": ["said", 1]}
    heading = {"cell_type": "heading", "level": "two", "source": "The end"}
    content = notebook(None, "odd", stream, cells=[None, "odd", {"source": None}, heading])
    reading = text_in("a.ipynb", content)
    assert reading.text.startswith("```\nx\n```\n\n```output\nsaid1\n```")
    assert reading.text.endswith("# The end")
    assert remarks_on(reading) == "damaged cells and outputs in it that are left out: 4"


def test_a_notebook_that_is_no_json_is_read_as_text_without_its_pictures() -> None:
    picture = '"image/png": "' + "iVBOR/" * 200 + '"'
    reading = text_in("a.ipynb", f'{{"nbformat": 4, "cells": [\n<<<< HEAD\n{picture}'.encode())
    assert reading.text.endswith('<<<< HEAD\n"image/png": ""')
    assert remarks_on(reading) == f"it is damaged, and what is left of it is read; {PICTURE}"


def test_outputs_without_text_are_counted_and_pages_read() -> None:
    chart = {"application/vnd.plotly.v1+json": {}, "text/html": "<div></div><script>1</script>"}
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}
    page = {"text/plain": ["<IPython.core.display.HTML object>"], "text/html": ["<b>said</b>"]}
    content = notebook(shown(**chart), shown(**widget), shown(**page), {"data": None})
    reading = text_in("a.ipynb", content)
    assert reading.text == "```\nx\n```\n\n```output\n**said**\n```"
    assert "interactive charts, and are left out: 3" in remarks_on(reading)


def test_what_is_filled_into_a_page_is_read() -> None:
    page = """<html><body><label>Name</label><input value="Ada"><input type="hidden" value="x">
    <input type="password" value="secret"><input type="checkbox" CHECKED>paid<input type=radio>due
    <select><option>Red<option selected>Green</select><select><option>One</select>
    <textarea>in\nlines</textarea><textarea>in one</textarea></body></html>"""
    text = " ".join(text_in("a.html", page.encode()).text.split())
    assert text.startswith("Name Ada ☑ paid ☐ due Green [options: Red, Green] One [options: One]")
    assert text.endswith("in lines ``` in one")
    assert "secret" not in text


def test_what_a_page_does_not_show_is_counted() -> None:
    page = """<html><body style="display:none"><details><summary>More</summary>inside</details>
    <p hidden>1</p><div style="Display: none"><p hidden>2</p></div><p hidden></p><template>3
    </template><header>a</header><main>b</main><img src="data:image/png;base64,AA" alt="A chart">
    <img src=" DATA:image/png;base64,AA"><svg><text>Chart</text></svg><svg><path/></svg>"""
    reading = text_in("a.html", page.encode())
    assert reading.text == "More\n\ninside\n\na\n\nb\n\n[picture: A chart]"
    said = "pictures in it that are left out: 3; hidden passages left out: 2"
    assert remarks_on(reading) == said


def test_cells_that_span_leave_the_others_in_their_columns() -> None:
    page = "<html><table><tr><th>A<th colspan=2>B<tr><td rowspan=2>1<td>2<td rowspan=9>3"
    page += "<tr><td>4<tr><td>5<td>6</table>"
    rows = text_in("a.html", page.encode()).text.splitlines()
    assert [row.replace(" ", "") for row in rows] == [
        *("|A|B||", "|---|---|---|", "|1|2|3|", "||4||", "|5|6||"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "is_read"),
    [
        ("rights.xml", b"<rights/>", False),
        ("encryption.xml", b"<e><EncryptionMethod Algorithm='http://x#aes128-cbc'/></e>", False),
        (
            "encryption.xml",
            b"<e><EncryptionMethod Algorithm='http://www.idpf.org/2008/embedding'/></e>",
            True,
        ),
    ],
)
def test_books_with_digital_rights_are_refused(name: str, content: bytes, is_read: bool) -> None:
    with zipfile.ZipFile(CASES / "letter.epub") as archive:
        members = {it: archive.read(it) for it in archive.namelist()}
    book = documents.zipped(members | {f"META-INF/{name}": content})
    if is_read:
        assert "Bericht" in text_in("a.epub", book).text
    else:
        assert reason_in("a.epub", book) is Reason.RIGHTS


def markdown_of(body: str) -> str:
    return text_in("a.html", f"<html><body>{body}</body></html>".encode()).text


def test_a_table_within_a_table_stands_in_its_cell() -> None:
    inner = "<table><tr><td>a<td>b<tr><td><a href='https://x.org'>c</a><td>d</table>"
    page = f"<table><tr><th>A<th>B<tr><td>x{inner}y<td>z<tr><td>{inner}<td>1</table>"
    assert markdown_of(page) == (
        "| A | B |\n| --- | --- |\n| x<br>a; b<br>[c](https://x.org); d<br>y | z |\n"
        "| a; b<br>[c](https://x.org); d | 1 |"
    )


def test_tables_that_only_place_others_are_none() -> None:
    inner = "<table><tr><th>A<th>B<tr><td>1<td>2</table>"
    shown = "| A | B |\n| --- | --- |\n| 1 | 2 |"
    assert markdown_of(f"<table><tr><td>Dear Ada<tr><td>{inner}</table>") == f"Dear Ada\n\n{shown}"
    sides = f"<table><tr><td colspan=2><h1>T</h1><tr><td>Left<td>{inner}</table>"
    assert markdown_of(sides) == f"# T\n\nLeft\n\n{shown}"
    assert markdown_of(f"<table><tr><td><table><tr><td>{inner}</table></table>") == shown
    said = f"<table role=presentation><tr><th>x<th>y<tr><td>{inner}<td>z</table>"
    assert markdown_of(said) == f"x\n\ny\n\n{shown}\n\nz"


def test_lines_and_bars_within_a_cell_stay_in_it() -> None:
    page = "<table><tr><th>A<th>B<tr><td>a | b<td>one<br>two<ul><li>x<li>y</ul></table>"
    assert markdown_of(page).endswith("| a \\| b | one<br>two<br>- x<br>- y |")


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<ol type=a start=3><li>x<li>y</ol>", "c. x\nd. y"),
        ("<ol type=A start=26><li>x<li>y</ol>", "Z. x\nAA. y"),
        ("<ol type=I reversed><li>x<li>y</ol>", "II. x\nI. y"),
        ("<ol reversed start=10><li>x<li value=5>y<li>z</ol>", "10. x\n5. y\n4. z"),
        ("<ol><li value=7>x<li>y</ol>", "7. x\n8. y"),
        ("<ol start=-1><li>x<li>y<li>z</ol>", "-1. x\n0. y\n1. z"),
        ("<ol start=x type=9><li>x</ol>", "1. x"),
        ("<ol><li>x<ol type=i><li>y<li>z</ol><li>w</ol>", "1. x\n   i. y\n   ii. z\n2. w"),
        ("<ol style='list-style: lower-greek inside'><li>x</ol>", "1. x"),
        ("<ol style='list-style-type:upper-roman'><li>x<li>y</ol>", "I. x\nII. y"),
        ("<ol><li style='list-style-type: none'>x<li type=A>y</ol>", "- x\nB. y"),
        ("<ol type=a start=0><li>x<li>y</ol>", "0. x\na. y"),
        ("<ul><li value=3 data-keepchat-label=9>x</ul>", "- x"),
    ],
)
def test_items_have_the_numbers_that_browsers_show(page: str, shown: str) -> None:
    assert markdown_of(page) == shown


@pytest.mark.slow
def test_tables_of_thousands_of_levels_are_read_soon() -> None:
    """The whole test run has a limit for each test."""
    assert markdown_of("<table><tr><td>x" * 3_000).count("x") == 3_000


def test_what_follows_a_picture_of_a_card_is_there() -> None:
    """Base64 ends as a line of quoted-printable does that goes on."""
    photo = b"item1.PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\r\n SkZJRg==\r\n"
    key = b"KEY:data:application/pgp-keys;base64,AAA=\r\n"
    name = b"FN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:M=C3=BC=\r\n  ller=\r\n\r\n"
    card = b"BEGIN:VCARD\r\n" + photo + b"TEL:1\r\n" + key + name + b"URL:x=\r\nEND:VCARD\r\n"
    reading = text_in("a.vcf", card)
    lines = reading.text.splitlines()
    assert [lines[0], lines[1], *lines[-2:]] == ["BEGIN:VCARD", "TEL:1", "URL:x=", "END:VCARD"]
    assert lines[2].endswith("Mü  ller")
    assert remarks_on(reading) == (
        "pictures in it that are left out: 1; files in it that are not read: 1"
    )


FRACTION = "<mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac>"


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        (f"<math>{FRACTION}</math>", "(a)/(b+1)"),
        ("<math><msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup></math>", "x_(i)^(2)"),
        (
            "<math><mroot><mi>x</mi><mn>3</mn></mroot><msqrt><mi>y</mi></msqrt></math>",
            "√[3](x)√(y)",
        ),
        (
            "<math><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr></mtable></math>",
            "[1, 2]",
        ),
        ("<m:math><m:msup><m:mi>e</m:mi><m:mi>x</m:mi></m:msup></m:math>", "e^(x)"),
        ("<math><mfrac></mfrac><msup></msup><mroot></mroot></math>z", "√()z"),
        (
            "<span class=katex><math><semantics><mi>x</mi><annotation "
            'encoding="application/x-tex">x_1 &lt; *2*</annotation></semantics></math>'
            "<span class=katex-html>x1</span></span>",
            "$x_1 < *2*$",
        ),
    ],
)
def test_formulas_of_pages_keep_their_form(formula: str, shown: str) -> None:
    assert markdown_of(f"<p>so {formula} it is</p>") == f"so {shown} it is"


def test_letters_of_pages_in_fonts_of_symbols_are_what_they_show() -> None:
    """As Outlook writes them."""
    page = (
        "<p><span style='font-family:Wingdings'>J</span> and <font face=\"Symbol\">b</font>, "
        "<span style='font-family:Symbol;mso-list:Ignore'>·<span>J</span></span></p>"
    )
    assert text_in("a.html", page.encode()).text == "☺ and β, •J"


@pytest.mark.parametrize("name", ["report.xls", "report.doc"])
@pytest.mark.parametrize("before", ["", "\n<!-- of a program -->\n", "<meta charset='utf-8'>"])
def test_a_page_without_a_beginning_that_is_called_office_s(name: str, before: str) -> None:
    table = "<table border=1><tr><th>Größe</th></tr><tr><td>1</td></tr></table>"
    shown = text_in(name, f"{before}{table}".encode())
    assert shown.text == "| Größe |\n| --- |\n| 1 |"


def test_a_piece_of_a_page_that_is_called_text_is_shown_as_it_is() -> None:
    page = "<table><tr><td>1</td></tr></table>"
    assert text_in("piece.txt", page.encode()).text == page
