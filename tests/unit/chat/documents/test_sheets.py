"""Workbooks: what each cell shows, and what lies upon and behind the sheets."""

import datetime
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
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


def written(fill: Callable[[Any], None]) -> bytes:
    """A workbook that XlsxWriter wrote."""
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True}) as workbook:
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


def test_excels_old_files_are_read() -> None:
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
