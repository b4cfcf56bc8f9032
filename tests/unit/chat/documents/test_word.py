"""Word documents: what stands in the text, around it and on top of it."""

import base64
import io
from collections.abc import Callable
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml

from chat.attachments.results import Reason
from tests.support import documents
from tests.support.office import renamed, strict, unpacked, without
from tests.support.reading import CASES, case, reason_in, remarks_on, text_in

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


def with_chunk(name: str, chunk: bytes) -> bytes:
    """A document that consists of another file."""
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="x/aFChunk" Target="/word/{name}"/></Relationships>'
    )
    parts = {"word/_rels/document.xml.rels": relations.encode(), f"word/{name}": chunk}
    return body('<w:altChunk r:id="r1"/>', **parts)


@pytest.mark.parametrize(("name", "chunk"), [("chunk.html", PAGE), ("chunk.mht", MAIL)])
def test_a_document_that_is_one_piece_of_html_is_read(name: str, chunk: str) -> None:
    assert text_in("a.docx", with_chunk(name, chunk.encode())).text.endswith("# Grün\n\ntext")


def test_documents_within_a_document_are_read() -> None:
    rich = b"{\\rtf1\\ansi rich text Gr\\'fcn\\par}"
    assert text_in("a.docx", with_chunk("a.rtf", rich)).text == "rich text Grün"
    inner = documents.docx("In the inner one")
    assert text_in("a.docx", with_chunk("a.docx", inner)).text == "In the inner one"
    assert reason_in("a.docx", with_chunk("a.docx", inner[:-200])) is Reason.NO_TEXT


def test_documents_within_each_other_end_somewhere() -> None:
    content = documents.docx("the last")
    for _ in range(5):
        content = with_chunk("a.docx", content)
    assert reason_in("a.docx", content) is Reason.NO_TEXT


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


def test_what_stands_high_or_low_is_marked() -> None:
    def run(text: str, place: str) -> str:
        look = f'<w:rPr><w:vertAlign w:val="{place}"/></w:rPr>'
        return f"<w:r>{look}<w:t>{text}</w:t></w:r>"

    inside = "".join(
        run(*it) for it in (("10", "baseline"), ("6", "superscript"), ("2", "subscript"))
    )
    assert text_of(f"<w:p>{inside}</w:p>") == "10<sup>6</sup><sub>2</sub>"


def field(instruction: str) -> str:
    """A field that has no result, as Word writes those that it draws itself."""
    begin, end = ('<w:r><w:fldChar w:fldCharType="' + it + '"/></w:r>' for it in ("begin", "end"))
    return f"{begin}<w:r><w:instrText>{instruction}</w:instrText></w:r>{end}"


@pytest.mark.parametrize(
    ("instruction", "text"),
    [
        (r"EQ \o\ac(○,1)", "(1)"),
        (r'EQ \* jc2 \* "Font:MS Mincho" \* hps10 \o\ad(\s\up 9(かんじ),漢字)', "漢字"),
        (r"eq \f(3,4)+\r(3,x)+\r(,y)", "3/4+3√(x)+√(y)"),
        (r"EQ \b\lc\{\rc\}(\a\al\co2\hs3(1;2;3;4))", "(1 2 3 4)"),
        (r"EQ \i\su(1,5,3) f(x)", "∫1 5 3 f(x)"),
        (r"EQ \x(\l(a,b", "a,b"),
    ],
)
def test_fields_that_word_draws_itself_are_read(instruction: str, text: str) -> None:
    assert text_of(f"<w:p><w:r><w:t>It: </w:t></w:r>{field(instruction)}</w:p>") == f"It: {text}"


def test_letters_in_fonts_of_symbols_are_what_they_show() -> None:
    def run(font: str, text: str) -> str:
        look = f'<w:rPr><w:rFonts w:ascii="{font}"/></w:rPr>'
        return f"<w:r>{look}<w:t>{text}</w:t></w:r>"

    runs = (
        run("Wingdings", "J \uf0fe") + run("Symbol", "b£") + run("Symbol", "语") + run("Arial", "J")
    )
    assert text_of(f"<w:p>{runs}</w:p>") == "☺ ☑β≤语J"


def test_a_document_that_is_one_piece_of_xml_is_read() -> None:
    """Word calls it an XML document."""
    parts = "".join(
        f'<pkg:part pkg:name="/{name}"><pkg:xmlData>{part.decode().partition("?>")[2]}'
        "</pkg:xmlData></pkg:part>"
        if name.endswith((".xml", ".rels"))
        else f'<pkg:part pkg:name="/{name}"><pkg:binaryData>'
        f"{base64.encodebytes(part).decode()}</pkg:binaryData></pkg:part>"
        for name, part in unpacked((CASES / "letter.docx").read_bytes()).items()
    )
    flat = (
        '<?xml version="1.0" standalone="yes"?><?mso-application progid="Word.Document"?>'
        '<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">'
        f"{parts}</pkg:package>"
    )
    for name in ("a.xml", "a.doc"):
        assert text_in(name, flat.encode()).text == case("letter.docx").text


def in_utf16(part: bytes) -> bytes:
    text = part.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"')
    return text.encode("utf-16")


@pytest.mark.parametrize(
    "change",
    [
        lambda part: part.replace(b"?>", b"?><!-- by <x> -->", 1),
        in_utf16,
    ],
)
def test_xml_is_read_however_it_begins(change: Callable[[bytes], bytes]) -> None:
    members = unpacked((CASES / "letter.docx").read_bytes())
    members["word/document.xml"] = change(members["word/document.xml"])
    assert text_in("a.docx", documents.zipped(members)).text == case("letter.docx").text
