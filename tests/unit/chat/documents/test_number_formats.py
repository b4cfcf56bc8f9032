"""Numbers as Excel shows them. What is expected is what LibreOffice shows of the same workbook."""

import pytest

from chat.attachments.reading.office.sheets.formats import shown, shown_text

ACCOUNTS = '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)'


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.1 + 0.2, "General", "0.3"),
        (-3, "0", "-3"),
        (-0.001, "0.00", "0.00"),
        (2.5, "0", "3"),
        (5, "00000", "00005"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (0.5, "#,##0.00", "0.50"),
        (0.5, "#.##", ".5"),
        (0.125, "0%", "13%"),
        (0.1256, "0.0%", "12.6%"),
        (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"),
        (-1234.5, "#,##0.00 [$€-407];[Red]-#,##0.00 [$€-407]", "-1,234.50 €"),
        (1234.5, "$#,##0.00", "$1,234.50"),
        (12, "[$CHF-807] 0.00", "CHF 12.00"),
        (-5, "#,##0_);(#,##0)", "(5)"),
        (1234.5, ACCOUNTS, "$1,234.50"),
        (-1234.5, ACCOUNTS, "$(1,234.50)"),
        (0, ACCOUNTS, "$-"),
        (1234567, '#,##0,"k"', "1,235k"),
        (3, '0 "pcs"', "3 pcs"),
        (3, "0 \\m\\²", "3 m²"),
        (4915123456, "000\\-000\\-0000", "491-512-3456"),
        (12345.678, "0.00E+00", "1.23E+04"),
        (0.00012, "0.0E+0", "1.2E-4"),
        (0.333, "# ?/?", "1/3"),
        (2.5, "# ?/?", "2 1/2"),
        (2.5, "?/?", "5/2"),
        (1.3, "# ?/8", "1 2/8"),
        (12, "0,000", "0,012"),
        (99.995, "0.00E+00", "1.00E+02"),
        (1.25, '[<1]"low";[>=1]"high" 0.0', "high 1.3"),
        (0.5, '[<1]"low";[>=1]"high" 0.0', "low"),
        (0, '"yes";"no";"none"', "none"),
        (-1, '"yes";"no";"none"', "no"),
        (7, ";;;", ""),
        (45000, "dd.mm.yyyy", "15.03.2023"),
        (45000, "m/d/yyyy", "3/15/2023"),
        (45000, "d. mmmm yyyy", "15. March 2023"),
        (45000, "[$-407]d. mmm yy;@", "15. Mar 23"),
        (45000, 'yyyy"年"m"月"d"日"', "2023年3月15日"),
        (45000, "dddd", "Wednesday"),
        (45000, "[$-F800]dddd, mmmm dd, yyyy", "2023-03-15"),
        (45000.5, "yyyy-mm-dd hh:mm", "2023-03-15 12:00"),
        (0.75, "h:mm AM/PM", "6:00 PM"),
        (45000.123, "mm:ss.0", "57:07.2"),
        (1.5, "[h]:mm:ss", "36:00:00"),
        (1.5, "[mm]:ss", "2160:00"),
        (1, "yyyy-mm-dd", "1900-01-01"),
        (61, "yyyy-mm-dd", "1900-03-01"),
        (-1, "yyyy-mm-dd", "-1"),
        (1e12, "yyyy-mm-dd", "1000000000000"),
    ],
)
def test_a_number_is_shown_by_its_format(value: float, code: str, text: str) -> None:
    assert shown(value, code) == text


def test_dates_of_old_macs_count_from_1904() -> None:
    assert shown(0, "yyyy-mm-dd", since_1904=True) == "1904-01-01"
    assert shown(43538, "yyyy-mm-dd", since_1904=True) == shown(45000, "yyyy-mm-dd")


def test_a_text_is_shown_by_its_format() -> None:
    assert shown_text("Ada", '0;0;0;"Dr. "@') == "Dr. Ada"
    assert shown_text("Ada", "0.00") == "Ada"


@pytest.mark.parametrize(
    "code", ["", '"', "[", "\\", "[$", "[$]", "0/", "E+", "s.0", ";" * 300, "_"]
)
def test_a_format_that_is_none_takes_nothing_away(code: str) -> None:
    for value in (0, 1.5, -2e300, 1e-300):
        assert isinstance(shown(value, code), str)
