"""Workbooks: what each cell shows, and what lies upon and behind the sheets."""

import datetime
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import xlrd
import xlsxwriter
from openpyxl.comments import Comment
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from chat.attachments.reading.office.sheets.cells import address, column_of
from chat.attachments.results import Reason
from tests.support import documents
from tests.support.office import renamed, strict, unpacked, without, xlsb
from tests.support.reading import CASES, case, reason_in, remarks_on, text_in

COSTS = (
    "## Costs\n\nitem,day,share,sum,ok\npen,01.03.2026,12.5%,12.50 €,TRUE\n"
    "#DIV/0!,2026-03-01 12:30:00,,25\nmerged\n[comment at A2: which one?]\n\n\n"
    "## Hidden (hidden)\n\nsecret"
)


REPORT = """## Report

Größe,time,day,share,sum
pen,36:00:00,01.03.2026 12:00,12.5%,"1,234.50 €",TRUE,#DIV/0!,42,1.23E+06,1 3/4
our prices
https://example.com/shown
hidden row
[link at A3: https://example.com/a]
[comment at B2: too long]

[header] Confidential
[chart: EUR; How they rose]
In a text box"""
PICTURE = {
    "image_data": io.BytesIO(documents.image("PNG", colour="blue")),
    "description": "a red one",
}


def written(fill: Callable[[Any], None]) -> bytes:
    """A workbook that XlsxWriter wrote."""
    return _written(fill, in_memory=True)


def _written(fill: Callable[[Any], None], **options: bool) -> bytes:
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, options) as workbook:
        fill(workbook)
    return held.getvalue()


def with_sheet(rows: str, **parts: bytes) -> bytes:
    """A workbook with these rows of XML in its sheet."""
    members = unpacked(documents.xlsx({"One": [[1]]}))
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{name}"><sheetData>{rows}</sheetData></worksheet>'
    return documents.zipped(members | {"xl/worksheets/sheet1.xml": sheet.encode()} | parts)


def rows_of(rows: str) -> str:
    return text_in("a.xlsx", with_sheet(rows)).text.removeprefix("## One\n\n")


def test_strict_open_xml_is_read() -> None:
    assert case("strict.xlsx").text == "## Sheet\n\na,1"


def test_formulas_without_stored_values_are_shown_and_that_is_said() -> None:
    reading = case("formulas.xlsx")
    assert "pen,2,10,=B2*C2\nink,5,4,=B3*C3\nsum,,,=SUM(D2:D3)" in reading.text
    assert remarks_on(reading) == "formulas whose value is not stored, shown as formulas: 3"


def test_a_workbook_of_libreoffice_shows_what_a_person_sees() -> None:
    reading = case("costs.xlsx")
    assert reading.text == COSTS
    assert remarks_on(reading) == "hidden sheets, which are read too: 1"


@pytest.mark.parametrize(
    "change",
    [
        strict,
        renamed(lambda name: name.replace("/", "\\")),
        renamed(str.upper),
        without("[Content_Types].xml", "docProps/app.xml"),
        without("_rels/.rels"),
    ],
)
def test_a_workbook_reads_the_same_however_its_parts_are_named(
    change: Callable[[dict[str, bytes]], dict[str, bytes]],
) -> None:
    members = unpacked((CASES / "costs.xlsx").read_bytes())
    assert text_in("a.xlsx", documents.zipped(change(members))).text == COSTS


def test_excels_old_files_show_what_a_person_sees() -> None:
    reading = case("costs.xls")
    assert reading.text == COSTS
    assert remarks_on(reading) == "hidden sheets, which are read too: 1"


def test_what_stands_upon_and_around_the_sheets_of_old_files_is_read() -> None:
    reading = case("report.xls")
    assert reading.text == REPORT
    assert remarks_on(reading) == (
        "values that their number formats hide, which are read too: 1; "
        "hidden rows and columns, which are read too: 1; pictures in it that are left out: 1"
    )


def test_an_old_file_that_the_first_library_cannot_open_is_read_without_formats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xlrd, "open_workbook", lambda **_: 1 / 0)
    reading = case("costs.xls")
    assert "pen,2026-03-01,0.125,12.5,TRUE" in reading.text
    assert remarks_on(reading) == (
        "its numbers are as they are stored, without their formats; "
        "hidden sheets, which are read too: 1"
    )


def test_binary_workbooks_are_read() -> None:
    reading = text_in("a.xlsb", xlsb("Größe", 12.5, 3))
    assert reading.text == "## Sheet1\n\nGröße,12.5,3"


def test_zeros_that_a_program_left_for_excel_to_compute_are_no_values() -> None:
    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, [2, 0])
        sheet.write_formula(0, 2, "=A1*2")
        sheet.write_formula(0, 3, "=A1*3", value=6)

    reading = text_in("a.xlsx", written(fill))
    assert "2,0,=A1*2,6" in reading.text
    assert remarks_on(reading) == "formulas whose value is not stored, shown as formulas: 1"


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            '<row r="1"><c r="A1" t="b"><v>0</v></c><c r="B1" t="e"><v>#N/A</v></c></row>',
            "FALSE,#N/A",
        ),
        ("<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>", "1,2\n3"),
        (
            '<row r="1"><c r="B1" t="inlineStr"><is><r><t>bo</t></r><r><t>ld</t></r></is></c>'
            "</row>",
            ",bold",
        ),
        (
            '<row r="1"><c r="A1" t="inlineStr"><is><t>東京</t><rPh><t>トウキョウ</t></rPh></is>'
            "</c></row>",
            "東京",
        ),
        ('<row r="1"><c r="A1" t="str"><v>a_x0041_b</v></c></row>', "a_x0041_b"),
        ('<row r="1"><c r="A1" t="inlineStr"><is><t>a_x000D_b</t></is></c></row>', "ab"),
        ('<row r="1"><c r="A1" t="d"><v>2026-03-01T00:00:00</v></c></row>', "2026-03-01"),
        (
            '<row r="1"><c r="A1"><f t="shared" ref="A1:A2" si="0">B1+1</f></c></row>'
            '<row r="2"><c r="A2"><f t="shared" si="0"/></c></row>',
            "=B1+1\n=B1+1 (as in A1)",
        ),
        ('<row r="1"><c r="A1" t="str"><f>IF(B1,"","x")</f><v></v></c></row>', ""),
        ('<row r="1048576"><c r="XFD1048576"><v>7</v></c></row>', "XFD1048576: 7"),
        ('<row r="x"><c r="?"><v>7</v></c><c r="A1" t="s"><v>x</v></c></row>', ""),
    ],
)
def test_cells_of_every_kind_are_read(rows: str, text: str) -> None:
    end = '<row><c t="inlineStr"><is><t>end</t></is></c></row>'
    assert rows_of(rows + end) == f"{text}\nend".lstrip()


def test_rich_texts_comments_and_charts_are_read_and_what_is_hidden_is_said() -> None:
    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet("Data")
        sheet.write_rich_string("A1", "a ", workbook.add_format({"bold": True}), "bold", " word")
        sheet.write_column("A2", [1, 2, 3])
        sheet.write("C2", "in a hidden column")
        sheet.write_comment("A2", "too low", {"author": "Ada"})
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column("C:XFD", None, None, {"hidden": True})
        sheet.insert_textbox("E5", "In a text box")
        chart = workbook.add_chart({"type": "line"})
        chart.add_series({"name": "Prices", "values": "=Data!$A$2:$A$4"})
        chart.set_title({"name": "How they rose"})
        workbook.add_chartsheet("Chart").set_chart(chart)

    reading = text_in("a.xlsx", written(fill))
    assert reading.text == (
        "## Data\n\na bold word\n1,,in a hidden column\n2\n3\n[comment at A2 by Ada: too low]\n"
        "In a text box\n\n\n## Chart\n\n[chart: How they rose]"
    )
    assert remarks_on(reading) == "hidden rows and columns, which are read too: 2"


def test_links_lead_where_the_sheet_does() -> None:
    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet()
        sheet.write_url("A1", "https://example.com/a?b=1", None, "our prices")
        sheet.write_url("A2", "https://example.com/shown")
        sheet.write_url("A3", "mailto:ada@example.com", None, "ada@example.com")
        sheet.write_url("A4", "external:other.xlsx", None, "the other file")
        sheet.write_url("A5", "internal:Sheet1!A1", None, "up")
        sheet.write_formula("A6", '=HYPERLINK("https://example.com/f","more")', None, "more")
        sheet.insert_image("C1", "red.png", PICTURE | {"url": "https://example.com/red"})

    reading = text_in("a.xlsx", written(fill))
    assert reading.text.partition("more ")[2].splitlines() == [
        "(https://example.com/f)",
        "[link at A1: https://example.com/a?b=1]",
        "[link at A4: other.xlsx]",
        "[picture: a red one]",
        "[link: https://example.com/red]",
    ]


def test_what_is_printed_around_a_sheet_is_read() -> None:
    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "x")
        sheet.set_header('&L&"Arial,Bold"&12Confidential&CR&&D &D&R&K00FF00Page &P of &N')
        sheet.set_footer("&CSeite &P")

    text = text_in("a.xlsx", written(fill)).text
    assert text == "## Sheet1\n\nx\n[header] Confidential | R&D [date]"


def test_values_that_formats_hide_are_read_and_that_is_said() -> None:
    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet()
        hidden = workbook.add_format({"num_format": ";;;"})
        sheet.write_row(0, 0, [42, "a word"], hidden)
        sheet.write_number(0, 2, -3, workbook.add_format({"num_format": "0;;"}))
        sheet.write_number(0, 3, 5, workbook.add_format({"num_format": "0;;"}))

    reading = text_in("a.xlsx", written(fill))
    assert "42,a word,-3,5" in reading.text
    assert remarks_on(reading) == "values that their number formats hide, which are read too: 3"


def test_texts_of_every_kind_are_shown_by_their_format() -> None:
    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet()
        titled = workbook.add_format({"num_format": '0;-0;0;"Dr. "@'})
        sheet.write_string(0, 0, "Ada", titled)
        sheet.write_formula(0, 1, "=A1", titled, "Bob")
        sheet.write_number(0, 2, -3, titled)
        sheet.write_number(0, 3, 46082, workbook.add_format({"num_format": "[$-407]d. mmmm;@"}))

    for is_inline in (False, True):
        content = _written(fill, constant_memory=is_inline)
        assert "Dr. Ada,Dr. Bob,-3,1. März" in text_in("a.xlsx", content).text


def test_pictures_in_cells_are_said_and_described() -> None:
    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "x")
        sheet.embed_image(0, 1, "red.png", PICTURE)
        sheet.embed_image(0, 2, "blue.png", {"image_data": io.BytesIO(documents.image("PNG"))})
        sheet.write_formula(0, 3, '=_xlfn.DISPIMG("ID_1",1)', None, '=DISPIMG("ID_1",1)')
        sheet.write_formula(0, 4, "=NA()", None, "#N/A")

    reading = text_in("a.xlsx", written(fill))
    assert "x,[picture: a red one],[picture],[picture],#N/A" in reading.text
    assert remarks_on(reading) == "pictures in it that are left out: 3"


def test_dates_of_a_workbook_from_1904_are_right() -> None:
    workbook = openpyxl.Workbook()
    workbook.epoch = CALENDAR_MAC_1904
    sheet = workbook.active
    assert sheet is not None
    sheet["A1"] = datetime.date(2026, 3, 1)
    sheet["A1"].comment = Comment("a note", "Bob")
    held = io.BytesIO()
    workbook.save(held)
    assert "2026-03-01" in text_in("a.xlsx", held.getvalue()).text


def test_no_more_of_a_sheet_is_read_than_there_is_room_for() -> None:
    content = documents.xlsx({"Big": ([f"text {n}", n] for n in range(5_000))})
    reading = text_in("a.xlsx", content, characters=2_000)
    assert len(reading.text) <= 2_000
    assert reading.total == pytest.approx(5_000 * 14, rel=0.5)


@pytest.mark.parametrize(
    "content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "Workbook".encode("utf-16-le")]
)
def test_an_old_file_that_is_damaged_is_told_so(content: bytes) -> None:
    assert reason_in("a.xls", content) is Reason.BROKEN


def test_addresses_and_columns_agree() -> None:
    for column in (0, 25, 26, 701, 702, 16_383):
        assert column_of(address(column, 7)) == column
    assert address(27, 12) == "AB12"


def test_boxes_and_buttons_upon_a_sheet_are_read() -> None:
    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet("One")
        sheet.write(0, 0, "x")
        sheet.insert_button("B2", {"caption": "Send it"})
        sheet.insert_button("C3", {"caption": "Paid"})
        sheet.write_comment("D4", "a comment")

    members = unpacked(written(fill))
    [drawing] = [it for it in members if "vmlDrawing" in it]
    begin, _, end = members[drawing].rpartition(b'ObjectType="Button">')
    members[drawing] = begin + b'ObjectType="Checkbox"><x:Checked>1</x:Checked>' + end
    reading = text_in("a.xlsx", documents.zipped(members))
    assert reading.text.splitlines()[-2:] == ["[at B2: Send it]", "[at C3: ☑ Paid]"]


def test_a_workbook_is_one_though_something_stands_before_it() -> None:
    content = documents.xlsx({"One": [["words"]]})
    assert text_in("a.xlsx", b"\0\0\0\0" + content).text == "## One\n\nwords"


def test_conversations_about_cells_are_read_and_not_their_copies() -> None:
    """As Excel 365 writes them: with a note beside each, for those that know no conversations."""

    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet("One")
        sheet.write(0, 0, "x")
        sheet.write_comment("A1", "[Threaded comment] Your version of Excel ...")
        sheet.write_comment("B2", "a note", {"author": "Ada"})

    members = unpacked(written(fill))
    name = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
    kind = "http://schemas.microsoft.com/office/2017/10/relationships"
    members["xl/threadedComments/threadedComment1.xml"] = (
        f'<ThreadedComments xmlns="{name}"><threadedComment ref="A1" personId="{{1}}" id="{{3}}">'
        '<text>Is it so?</text></threadedComment><threadedComment ref="A1" personId="{2}" id="{4}" '
        'parentId="{3}"><text>It is.</text></threadedComment></ThreadedComments>'
    ).encode()
    members["xl/persons/person.xml"] = (
        f'<personList xmlns="{name}"><person displayName="Bob" id="{{1}}"/>'
        '<person displayName="Cy" id="{2}"/></personList>'
    ).encode()
    for part, target, relation in (
        (
            "xl/worksheets/_rels/sheet1.xml.rels",
            "../threadedComments/threadedComment1.xml",
            "threadedComment",
        ),
        ("xl/_rels/workbook.xml.rels", "persons/person.xml", "person"),
    ):
        entry = f'<Relationship Id="rId99" Type="{kind}/{relation}" Target="{target}"/>'
        members[part] = members[part].replace(
            b"</Relationships>", f"{entry}</Relationships>".encode()
        )
    assert text_in("a.xlsx", documents.zipped(members)).text.splitlines()[3:] == [
        "[comment at B2 by Ada: a note]",
        "[comment at A1 by Bob: Is it so?]",
        "[comment at A1 by Cy: It is.]",
    ]
