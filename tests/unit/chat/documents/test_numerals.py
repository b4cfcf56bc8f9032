"""Numbers of lists, as Word and LibreOffice show them."""

import pytest

from chat.attachments.reading.numerals import numeral, spreadsheet_letters


@pytest.mark.parametrize(
    ("form", "number", "shown"),
    [
        ("lowerLetter", 27, "aa"),
        ("upperLetter", 28, "BB"),
        ("lowerRoman", 1994, "mcmxciv"),
        ("upperRoman", 0, "0"),
        ("upperRoman", 10**9, "1000000000"),
        ("ordinal", 11, "11th"),
        ("ordinal", 22, "22nd"),
        ("decimalFullWidth", 10, "１０"),  # noqa: RUF001
        ("decimalEnclosedCircle", 20, "⑳"),
        ("decimalEnclosedCircle", 21, "㉑"),
        ("decimalEnclosedCircle", 50, "㊿"),
        ("decimalEnclosedCircle", 51, "51"),
        ("chineseCounting", 21, "二十一"),
        ("ideographTraditional", 2, "乙"),
        ("ideographTraditional", 11, "11"),
        ("aiueoFullWidth", 6, "カ"),
        ("russianUpper", 30, "АА"),  # noqa: RUF001
        ("none", 3, ""),
        ("unknown", 7, "7"),
    ],
)
def test_a_number_has_its_form(form: str, number: int, shown: str) -> None:
    assert numeral(form, number) == shown


@pytest.mark.parametrize(("number", "shown"), [(1, "a"), (26, "z"), (27, "aa"), (703, "aaa")])
def test_letters_of_columns_go_on_as_numbers_do(number: int, shown: str) -> None:
    assert spreadsheet_letters(number) == shown
