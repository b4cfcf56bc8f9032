"""Workbooks and documents in the XML of Office 2003, as reports and old programs write them."""

import pytest

from chat.attachments.results import Reason
from tests.support.reading import reason_in, remarks_on, text_in

WORKBOOK = """<?xml version="1.0" encoding="UTF-8"?>
<?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:x="urn:schemas-microsoft-com:office:excel"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
 <Styles>
  <Style ss:ID="Default" ss:Name="Normal"/>
  <Style ss:ID="day"><NumberFormat ss:Format="Short Date"/></Style>
  <Style ss:ID="share" ss:Parent="day"><NumberFormat ss:Format="Percent"/></Style>
  <Style ss:ID="euro"><NumberFormat ss:Format="#,##0.00\\ &quot;€&quot;"/></Style>
  <Style ss:ID="later" ss:Parent="day"/>
 </Styles>
 <Worksheet ss:Name="Umsätze &amp; mehr">
  <Table ss:ExpandedColumnCount="9">
   <Column ss:Hidden="1" ss:Width="20"/><Column/>
   <Row>
    <Cell><Data ss:Type="String">Größe</Data></Cell>
    <Cell ss:MergeAcross="1"><Data ss:Type="String">two wide</Data></Cell>
    <Cell><Data ss:Type="String">sum, in all</Data></Cell>
   </Row>
   <Row ss:Index="4">
    <Cell ss:StyleID="day"><Data ss:Type="DateTime">2026-03-01T00:00:00.000</Data></Cell>
    <Cell ss:Index="3" ss:StyleID="share"><Data ss:Type="Number">0.125</Data></Cell>
    <Cell ss:StyleID="euro" ss:Formula="=SUM(R1C1:R3C1)"><Data ss:Type="Number">1234.5</Data></Cell>
    <Cell><Data ss:Type="Boolean">1</Data></Cell>
    <Cell><Data ss:Type="Error">#DIV/0!</Data></Cell>
    <Cell ss:StyleID="later"><Data ss:Type="DateTime">2026-03-02T00:00:00.000</Data></Cell>
    <Cell><Data ss:Type="DateTime">2026-03-01T12:30:00.000</Data></Cell>
   </Row>
   <Row ss:Hidden="1">
    <Cell ss:HRef="https://example.org/x"><Data ss:Type="String">here</Data>
     <Comment ss:Author="Ada"><ss:Data xmlns="http://www.w3.org/TR/REC-html40"><B>Ada:</B>
which one?</ss:Data></Comment></Cell>
    <Cell ss:Formula="=R[-1]C"/>
    <Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40">in
     <B>bold</B></ss:Data></Cell>
    <Cell><Data ss:Type="Number">0.1</Data></Cell>
   </Row>
  </Table>
 </Worksheet>
 <Worksheet ss:Name="Empty"><Table/></Worksheet>
 <Worksheet ss:Name="Kept back">
  <Table><Row><Cell><Data ss:Type="String">secret</Data></Cell></Row></Table>
  <WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel">
   <Visible>SheetHidden</Visible>
  </WorksheetOptions>
 </Worksheet>
</Workbook>
"""
SHOWN = """## Umsätze & mehr

Größe,two wide,,"sum, in all"
2026-03-01,,12.50%,"1,234.50 €",TRUE,#DIV/0!,2026-03-02,2026-03-01 12:30:00
here (https://example.org/x),=R[-1]C,"in
     bold",0.1
[comment at A5 by Ada: which one?]


## Empty



## Kept back

secret"""


@pytest.mark.parametrize("name", ["report.xls", "report.xml", "report"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_workbook_shows_what_excel_shows(name: str, encoding: str) -> None:
    assert text_in(name, WORKBOOK.encode(encoding)).text == SHOWN


def test_what_is_hidden_or_not_computed_is_said() -> None:
    assert remarks_on(text_in("report.xls", WORKBOOK.encode())) == (
        "hidden rows and columns, which are read too: 2; "
        "formulas whose value is not stored, shown as formulas: 1; "
        "hidden sheets, which are read too: 1"
    )


def test_a_workbook_with_prefixes_in_another_encoding() -> None:
    content = (
        '<?xml version="1.0" encoding="windows-1252"?><ss:Workbook '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><ss:Worksheet ss:Name="Ä">'
        '<ss:Table><ss:Row><ss:Cell><ss:Data ss:Type="String">Köln</ss:Data></ss:Cell></ss:Row>'
        "</ss:Table></ss:Worksheet></ss:Workbook>"
    ).encode("windows-1252")
    assert text_in("a.xls", content).text == "## Ä\n\nKöln"


def test_a_workbook_that_is_cut_off_is_broken() -> None:
    assert reason_in("report.xls", WORKBOOK[:1500].encode()) is Reason.BROKEN
