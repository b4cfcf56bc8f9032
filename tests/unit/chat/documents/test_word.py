"""Word documents: what stands in the text, around it and on top of it."""

import io
from collections.abc import Callable
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml

from tests.support import documents
from tests.support.office import renamed, strict, unpacked, without
from tests.support.reading import CASES, case, remarks_on, text_in

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMES = (
    f'xmlns:w="{W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)


def written(document: Any) -> bytes:
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def body(inside: str, **parts: bytes) -> bytes:
    """A document with this in its body."""
    members = unpacked(documents.docx())
    xml = f"<w:document {NAMES}><w:body>{inside}</w:body></w:document>"
    return documents.zipped(members | {"word/document.xml": xml.encode()} | parts)


def text_of(inside: str) -> str:
    return text_in("a.docx", body(inside)).text


def test_the_main_part_is_found_by_its_relation() -> None:
    assert case("word_online.docx").text == "Dear reader,\n\nthe end."


def test_the_address_of_a_link_is_read_where_a_field_has_it() -> None:
    def run(inside: str) -> str:
        return f"<w:r>{inside}</w:r>"

    field = "".join(
        map(
            run,
            (
                '<w:fldChar w:fldCharType="begin"/>',
                "<w:instrText> HYPERLINK </w:instrText>",
                '<w:instrText>"https://example.com/a" </w:instrText>',
                '<w:fldChar w:fldCharType="separate"/>',
                "<w:t>terms</w:t>",
                '<w:fldChar w:fldCharType="end"/>',
            ),
        )
    )
    simple = '<w:fldSimple w:instr="HYPERLINK &quot;mailto:a@b.c&quot;"><w:r><w:t>us</w:t></w:r>'
    inside = f"<w:p>{field}{run('<w:t> and </w:t>')}{simple}</w:fldSimple></w:p>"
    assert text_of(inside) == "terms (https://example.com/a) and us (mailto:a@b.c)"


def test_a_letter_of_libreoffice_is_read_with_all_that_stands_around_its_text() -> None:
    reading = case("letter.docx")
    head, _, rest = reading.text.partition("\n\n")
    assert head == "[header] Letterhead of Grün & Söhne"
    assert rest.strip() == (
        "# Offer\n\n"
        "Dear reader[^1], this is inserted words[comment 1].\n\n"
        "[Terms](https://example.com/terms) and an endnote[^e1]\n\n"
        "1. first\n  a) under a\n  b) under b\n2. second\n\n"
        "| what | sum |\n| --- | --- |\n| rent | 12 |\n\n"
        "After the box.\n\nIn a text box\n\n"
        "[footer] Page 1\n\n[^1]: A footnote.\n\n[^e1]: An endnote.\n\n"
        "[comment 1] Bob: Is that so?"
    )
    assert remarks_on(reading) == (
        "passages left out that tracked changes delete: 1; hidden passages left out: 1"
    )


@pytest.mark.parametrize(
    "change",
    [
        strict,
        renamed(lambda name: name.replace("/", "\\")),
        renamed(lambda name: "/" + name),
        renamed(str.upper),
        renamed(lambda name: name.replace("document.xml", "Document.xml")),
        without("[Content_Types].xml"),
        without("_rels/.rels"),
    ],
)
def test_a_letter_reads_the_same_however_its_parts_are_named(
    change: Callable[[dict[str, bytes]], dict[str, bytes]],
) -> None:
    members = unpacked((CASES / "letter.docx").read_bytes())
    assert text_in("a.docx", documents.zipped(change(members))).text == case("letter.docx").text


def test_what_stands_before_or_behind_an_archive_is_no_hindrance() -> None:
    content = (CASES / "letter.docx").read_bytes()
    assert text_in("a.docx", b"\r\n\r\n" + content + b"\r\n").text == case("letter.docx").text


def test_parts_that_are_missing_leave_the_others() -> None:
    members = unpacked((CASES / "letter.docx").read_bytes())
    optional = [name for name in members if name.startswith("word/") and "document" not in name]
    reading = text_in("a.docx", documents.zipped(without(*optional)(members)))
    assert "Dear reader" in reading.text
    assert "Letterhead" not in reading.text


def test_headings_lists_and_tables_of_python_docx_are_markdown() -> None:
    document = docx.Document()
    document.add_heading("Report", 0)
    document.add_heading("One", 1)
    document.add_heading("Deeper", 3)
    for text in ("pen", "ink"):
        document.add_paragraph(text, style="List Bullet")
    document.add_paragraph("counted", style="List Number")
    table = document.add_table(2, 2)
    table.cell(0, 0).text = "a|b"
    table.cell(0, 1).text = "two\nlines"
    table.cell(1, 0).merge(table.cell(1, 1)).text = "wide"
    inner = table.cell(0, 1).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "in", "ner"
    assert text_in("a.docx", written(document)).text == (
        "# Report\n\n# One\n\n### Deeper\n\n- pen\n- ink\n1. counted\n\n"
        "| a\\|b | two<br>lines<br>in; ner |\n| --- | --- |\n| wide |  |"
    )


BOX = "<w:txbxContent><w:p><w:r><w:t>In the box</w:t></w:r></w:p></w:txbxContent>"


@pytest.mark.parametrize(
    "drawn",
    [
        f"<mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:wsp><wps:txbx>{BOX}"
        f"</wps:txbx></wps:wsp></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{BOX}"
        "</v:textbox></w:pict></mc:Fallback></mc:AlternateContent>",
        f"<w:pict><v:shape><v:textbox>{BOX}</v:textbox></v:shape></w:pict>",
        f"<mc:AlternateContent><mc:Fallback><w:pict><v:textbox>{BOX}</v:textbox></w:pict>"
        "</mc:Fallback></mc:AlternateContent>",
    ],
)
def test_a_text_box_is_read_once(drawn: str) -> None:
    assert text_of(f"<w:p><w:r><w:t>Beside</w:t>{drawn}</w:r></w:p>") == "Beside\n\nIn the box"


PARAGRAPH = "<w:p><w:r><w:t>inside</w:t></w:r></w:p>"


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (f"<w:sdt><w:sdtPr/><w:sdtContent>{PARAGRAPH}</w:sdtContent></w:sdt>", "inside"),
        (
            "<w:p><w:sdt><w:sdtContent><w:r><w:t>in line</w:t></w:r></w:sdtContent></w:sdt></w:p>",
            "in line",
        ),
        (f"<w:tbl><w:tr><w:tc>{PARAGRAPH}</w:tc></w:tr></w:tbl>", "inside"),
        (f"<w:customXml><w:ins>{PARAGRAPH}</w:ins></w:customXml>", "inside"),
        ("<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>", "a\tb\nc"),
        (
            "<w:p><w:r><w:rPr><w:strike/></w:rPr><w:t>old</w:t></w:r>"
            '<w:r><w:rPr><w:strike w:val="0"/></w:rPr><w:t>new</w:t></w:r></w:p>',
            "~~old~~new",
        ),
        (
            '<w:p><w:r><w:t>a </w:t><w:sym w:font="Symbol" w:char="F0A3"/>'
            '<w:sym w:font="Symbol" w:char="F062"/><w:sym w:font="Wingdings" w:char="F0FE"/>'
            '<w:sym w:font="Arial" w:char="00D7"/></w:r></w:p>',
            "a ≤β☑×",  # noqa: RUF001
        ),
        (
            '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>DATE</w:instrText>'
            '</w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1 May</w:t></w:r>'
            "</w:p>",
            "1 May",
        ),
        (
            "<w:p><w:r><w:fldChar><w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData>"
            "</w:fldChar><w:t> agreed</w:t></w:r></w:p>",
            "☑ agreed",
        ),
        (
            "<w:p><w:r><w:t>E = </w:t></w:r><m:oMath><m:f><m:num><m:r><m:t>m</m:t></m:r></m:num>"
            "<m:den><m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r>"
            "</m:sup></m:sSup></m:den></m:f></m:oMath></w:p>",
            "E = (m)/(c^(2))",
        ),
        (
            "<w:p><w:r><w:ruby><w:rt><w:r><w:t>とうきょう</w:t></w:r></w:rt><w:rubyBase><w:r>"
            "<w:t>東京</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>",
            "東京",
        ),
    ],
)
def test_what_stands_in_the_text_is_read(inside: str, text: str) -> None:
    assert text_of(inside) == text


def test_what_is_left_out_is_counted() -> None:
    picture = '<w:drawing><wp:docPr descr="A plan of the house"/><a:blip/></w:drawing>'
    reading = text_in(
        "a.docm",
        body(
            f"<w:p><w:r><w:t>See </w:t>{picture}</w:r></w:p>"
            "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
            "<w:r><w:t>kept</w:t></w:r></w:p>"
            "<w:p><w:r><w:object><o:OLEObject/></w:object></w:r></w:p>",
            **{"word/vbaProject.bin": b"x"},
        ),
    )
    assert reading.text == "See [picture: A plan of the house]\n\nkept"
    assert remarks_on(reading) == (
        "its macros are left out; pictures in it that are left out: 1; passages left out that "
        "tracked changes delete: 1; files in it that are not read: 1"
    )


PAGE = "<html><body><h1>Grün</h1><p>text</p></body></html>"
MAIL = f"MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n{PAGE}"


@pytest.mark.parametrize(("name", "chunk"), [("chunk.html", PAGE), ("chunk.mht", MAIL)])
def test_a_document_that_is_one_piece_of_html_is_read(name: str, chunk: str) -> None:
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="x/aFChunk" Target="/word/{name}"/></Relationships>'
    )
    content = body(
        '<w:altChunk r:id="r1"/>',
        **{"word/_rels/document.xml.rels": relations.encode(), f"word/{name}": chunk.encode()},
    )
    assert text_in("a.docx", content).text.endswith("# Grün\n\ntext")


def test_a_long_document_is_read_as_far_as_there_is_room() -> None:
    paragraph = "<w:p><w:r><w:t>Ten words are in this paragraph, which is long.</w:t></w:r></w:p>"
    reading = text_in("a.docx", body(paragraph * 5_000), characters=20_000)
    assert len(reading.text) <= 20_000
    assert reading.total == pytest.approx(5_000 * 49, rel=0.3)


def test_numbers_of_lists_are_those_that_word_shows() -> None:
    document = docx.Document()
    numbering = document.part.numbering_part.element
    numbering.insert(
        0,
        parse_xml(
            f'<w:abstractNum xmlns:w="{W}" w:abstractNumId="90">'
            '<w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="upperRoman"/>'
            '<w:lvlText w:val="§ %1"/></w:lvl>'
            '<w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>'
            "</w:abstractNum>"
        ),
    )
    numbering.append(
        parse_xml(f'<w:num xmlns:w="{W}" w:numId="90"><w:abstractNumId w:val="90"/></w:num>')
    )
    for level in (0, 1, 1, 0, 1):
        paragraph = document.add_paragraph("x")
        paragraph._p.get_or_add_pPr().append(
            parse_xml(
                f'<w:numPr xmlns:w="{W}"><w:ilvl w:val="{level}"/><w:numId w:val="90"/></w:numPr>'
            )
        )
    lines = text_in("a.docx", written(document)).text.split("\n")
    labels = [line.split(" x")[0].strip() for line in lines if line]
    assert labels == ["§ III", "III.a)", "III.b)", "§ IV", "IV.a)"]
