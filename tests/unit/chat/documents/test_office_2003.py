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


DOCUMENT = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<?mso-application progid="Word.Document"?>
<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"
 xmlns:wx="http://schemas.microsoft.com/office/word/2003/auxHint"
 xmlns:v="urn:schemas-microsoft-com:vml"
 xmlns:aml="http://schemas.microsoft.com/aml/2001/core" w:macrosPresent="no">
<w:lists>
 <w:listDef w:listDefId="0"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:nfc w:val="4"/>
  <w:lvlText w:val="%1)"/></w:lvl></w:listDef>
 <w:listDef w:listDefId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:nfc w:val="23"/>
  <w:lvlText w:val="·"/></w:lvl></w:listDef>
 <w:list w:ilfo="1"><w:ilst w:val="0"/></w:list><w:list w:ilfo="2"><w:ilst w:val="1"/></w:list>
</w:lists>
<w:styles>
 <w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style>
 <w:style w:type="paragraph" w:styleId="L"><w:name w:val="List Bullet"/>
  <w:pPr><w:listPr><w:ilfo w:val="2"/></w:listPr></w:pPr></w:style>
</w:styles>
<w:docPr><w:footnotePr><w:footnote w:type="separator"><w:p/></w:footnote></w:footnotePr></w:docPr>
<w:body><wx:sect><wx:sub-section>
<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>Bericht für 世界</w:t></w:r></w:p>
<w:p><w:r><w:t>Grüße</w:t></w:r><w:r><w:footnote><w:p><w:r><w:t>am Fuß</w:t></w:r></w:p>
</w:footnote>
</w:r><w:r><w:t> aus </w:t></w:r><w:hlink w:dest="https://example.org/x"><w:r><w:t>Köln</w:t>
</w:r></w:hlink>
<w:r><aml:annotation aml:id="4" w:type="Word.Comment" aml:author="Ada"><aml:content>
<w:p><w:r><w:t>wirklich?</w:t></w:r></w:p></aml:content></aml:annotation></w:r>
<aml:annotation aml:id="5" w:type="Word.Insertion"><aml:content><w:r><w:t>, neu</w:t></w:r>
</aml:content></aml:annotation>
<aml:annotation aml:id="6" w:type="Word.Deletion"><aml:content><w:r><w:delText>, alt</w:delText>
</w:r>
</aml:content></aml:annotation></w:p>
<w:p><w:pPr><w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="1"/><wx:t wx:val="c)"/></w:listPr></w:pPr>
<w:r><w:t>drei</w:t></w:r></w:p>
<w:p><w:pPr><w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="1"/></w:listPr></w:pPr>
<w:r><w:t>vier</w:t></w:r></w:p>
<w:p><w:pPr><w:pStyle w:val="L"/></w:pPr><w:r><w:t>ein Punkt</w:t></w:r></w:p>
</wx:sub-section>
<w:tbl><w:tr><w:tc><w:tcPr><w:vmerge w:val="restart"/></w:tcPr><w:p><w:r><w:t>Mai</w:t></w:r></w:p>
</w:tc><w:tc><w:p><w:r><w:t>1</w:t></w:r></w:p></w:tc></w:tr>
<w:tr><w:tc><w:tcPr><w:vmerge/></w:tcPr><w:p/></w:tc>
<w:tc><w:p><w:r><w:t>2</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
<w:p><w:r><w:pict><w:binData w:name="wordml://1.png">aGVsbG8=</w:binData>
<v:shape alt="ein Bild"><v:imagedata src="wordml://1.png"/></v:shape></w:pict></w:r></w:p>
<w:sectPr><w:hdr w:type="odd"><w:p><w:r><w:t>Oben</w:t></w:r></w:p></w:hdr>
<w:ftr w:type="odd"><w:p><w:r><w:t>Unten</w:t></w:r></w:p></w:ftr></w:sectPr>
</wx:sect></w:body></w:wordDocument>
"""
WRITTEN = """[header] Oben



# Bericht für 世界

Grüße[^1] aus [Köln](https://example.org/x)[comment 1], neu

c) drei
d) vier
- ein Punkt

| Mai | 1 |
| --- | --- |
|  | 2 |

[picture: ein Bild]

[footer] Unten

[^1]: am Fuß

[comment 1] Ada: wirklich?"""


@pytest.mark.parametrize("name", ["letter.doc", "letter.xml", "letter"])
def test_a_document_says_what_word_shows(name: str) -> None:
    assert text_in(name, DOCUMENT.encode()).text == WRITTEN


def test_what_is_left_out_of_a_document_is_said() -> None:
    assert remarks_on(text_in("letter.doc", DOCUMENT.encode())) == (
        "passages left out that tracked changes delete: 1; pictures in it that are left out: 1"
    )


def test_a_document_that_is_cut_off_is_broken() -> None:
    assert reason_in("letter.doc", DOCUMENT[:1500].encode()) is Reason.BROKEN
