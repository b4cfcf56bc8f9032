"""File names as headers carry them."""

import re
import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.filenames import content_disposition, safe_name


@pytest.mark.parametrize(
    ("name", "plain", "encoded"),
    [
        ("report.pdf", "report.pdf", "report.pdf"),
        ("two words.txt", "two words.txt", "two%20words.txt"),
        ('say "hi".txt', 'say \\"hi\\".txt', "say%20%22hi%22.txt"),
        ("100%.txt", "100_.txt", "100%25.txt"),
        ("a'b(c)*;=,.txt", "a'b(c)*;=,.txt", "a%27b%28c%29%2A%3B%3D%2C.txt"),
        ("é.txt", "_.txt", "%C3%A9.txt"),
        ("文件.txt", "__.txt", "%E6%96%87%E4%BB%B6.txt"),
        ("🎉", "_", "%F0%9F%8E%89"),
        ("a/b\\c.txt", "a_b_c.txt", "a_b_c.txt"),
        ("../../etc/passwd", "_.._etc_passwd", "_.._etc_passwd"),
        ("a\r\nSet-Cookie: x=1", "a__Set-Cookie: x=1", "a__Set-Cookie%3A%20x%3D1"),
        ("a\x00\x1b\x7f\x85\u2028b", "a_____b", "a_____b"),
        ("invoice\u202efdp.exe", "invoice_fdp.exe", "invoice_fdp.exe"),
        ("\ud800", "_", "_"),
        ("", "file", "file"),
        (None, "file", "file"),
        (" .. ", "file", "file"),
        (".htaccess", "htaccess", "htaccess"),
    ],
)
def test_content_disposition(name: object, plain: str, encoded: str) -> None:
    expected = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
    assert content_disposition(name, inline=False) == expected


def test_inline_disposition() -> None:
    assert content_disposition("a", inline=True) == "inline; filename=\"a\"; filename*=UTF-8''a"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x" * 300 + ".pdf", "x" * 176 + ".pdf"),
        ("x" * 300, "x" * 180),
        ("a." + "x" * 300, "a." + "x" * 178),
    ],
)
def test_a_long_name_keeps_its_suffix(name: str, expected: str) -> None:
    assert safe_name(name) == expected


@given(st.text())
def test_any_name_gives_one_harmless_header(name: str) -> None:
    header = content_disposition(name, inline=False)
    match = re.fullmatch(
        r"attachment; filename=\"((?:[^\"\\]|\\\")+)\"; filename\*=UTF-8''([!#$&+.^_`|~\w%-]+)",
        header,
    )
    assert match
    assert header.isascii()
    assert header.isprintable()
    assert unquote(match[2]) == safe_name(name)
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in safe_name(name))
