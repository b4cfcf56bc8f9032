"""What users send costs time by its length: no text is so made that it stops everybody.

Each case runs in a process whose processor time is limited by the system, so that a busy machine
fails nothing. What took the square of the time took minutes for these.
"""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
LIMIT_S = 15  # of processor time; each takes one or two, most of them to start

LIMITED = f"import resource\nresource.setrlimit(resource.RLIMIT_CPU, ({LIMIT_S}, {LIMIT_S}))\n"
TITLE = "from chat.turn.title_text import clean\n"
FOLD = "from datalayer.search.folding import fold\n"
THOUGHTS = (
    "from chat.models.thoughts import ThoughtSplitter\n"
    "def split(pieces):\n"
    "    splitter = ThoughtSplitter()\n"
    "    for piece in pieces:\n"
    "        list(splitter.feed(piece))\n"
)
PLAIN = (
    "import sys\n"
    "from chat.attachments.reading import plain\n"
    "from chat.attachments.reading.text_buffer import BufferFull, TextBuffer\n"
    "sys.setrecursionlimit(20_000)\n"
    "def read(text, suffix='.txt'):\n"
    "    try:\n"
    "        plain.read(text.encode(), suffix, TextBuffer(24_001))\n"
    "    except BufferFull:\n"
    "        pass\n"
)
OFFICE = (
    "from tests.support.reading import reading_of\n"
    "from tests.support.documents import zipped\n"
    "def word(inside):\n"
    "    head = '<w:document xmlns:w=\"w\"><w:body>'\n"
    "    document = f'{head}{inside}</w:body></w:document>'\n"
    "    reading_of('a.docx', zipped({'word/document.xml': document.encode()}), 10**7)\n"
    "def sheet(inside):\n"
    '    start = \'<Relationships><Relationship Id="r" Type="x/worksheet" Target="s.xml"/>\'\n'
    "    reading_of('a.xlsx', zipped({\n"
    "        'xl/workbook.xml': b'<workbook><sheets><sheet id=\"r\"/></sheets></workbook>',\n"
    "        'xl/_rels/workbook.xml.rels': f'{start}</Relationships>'.encode(),\n"
    "        'xl/s.xml': f'<worksheet>{inside}</worksheet>'.encode(),\n"
    "    }), 10**7)\n"
)
COOKIE = (
    "from patches.http.cookies import unquote\n"
    "import http.cookies\n"
    "http.cookies._unquote = unquote\n"
    "from starlette.requests import cookie_parser\n"
)
CASES = {
    "comments": PLAIN + "read('<!-- -->' * 60)",
    "more comments": PLAIN + "read('<!-- -->' * 30_000)",
    "begun comments": PLAIN + "read('<!--' * 60_000, '.html')",
    "blanks": PLAIN + "read(' ' * 240_000 + 'x')",
    "begun tags": PLAIN + "read('<a ' * 80_000, '.html')",
    "begun attributes": PLAIN + "read('<a x=\"' * 40_000, '.html')",
    "cells in cells": PLAIN + "read('<tr><td>x' * 26_000, '.html')",
    "lists in lists": PLAIN + "read('<ul><li>x' * 26_000, '.html')",
    "quotes in quotes": PLAIN + "read('<blockquote>x' * 18_000, '.html')",
    "bold in bold": PLAIN + "read('<b>x' * 60_000, '.html')",
    "notes": OFFICE + "word('<w:p><w:r><w:footnoteReference w:id=\"%d\"/></w:r></w:p>' * 100_000)",
    "other notes": OFFICE
    + "word('<w:p><w:r>' + ''.join(f'<w:commentReference w:id=\"{n}\"/>' for n in range(200_000))"
    + " + '</w:r></w:p>')",
    "a wide row above many": OFFICE
    + "word('<w:tbl><w:tr>' + '<w:tc/>' * 30_000 + '</w:tr>' + '<w:tr><w:tc/></w:tr>' * 30_000"
    + " + '</w:tbl>')",
    "tables in tables": OFFICE
    + "word('<w:tbl><w:tr><w:tc><w:p><w:r><w:t>x|</w:t></w:r></w:p>' * 80"
    + " + '</w:tc></w:tr></w:tbl>' * 80)",
    "columns that are hidden": OFFICE
    + "sheet('<cols>' + '<col min=\"9\" max=\"9\" hidden=\"1\"/>' * 16_000 + '</cols><sheetData>'"
    + " + '<row><c><v>1</v></c></row>' * 30_000 + '</sheetData>')",
    "values far apart": OFFICE
    + "sheet('<sheetData>' + '<row><c r=\"XFD1\"><v>1</v></c></row>' * 100_000 + '</sheetData>')",
    "marks on a letter": FOLD + "fold('a' + '\\u0301\\u0327' * 500_000)",
    "marks that come of one": FOLD + "fold('a' + '\\u0f73' * 500_000)",
    "marks that count as letters": FOLD + "fold('a' + '\\u0301\\uff9e' * 500_000)",
    "a title of begun thoughts": TITLE + "clean('<think' * 50_000)",
    "a title of lists in lists": TITLE + "clean('- ' * 50_000 + 'x')",
    "a title of empty lines": TITLE + "clean('<title' + '\\n' * 100_000 + 'x')",
    "ends of thoughts": THOUGHTS + "split(['a'] + ['x</think>' * 200_000])",
    "blanks one by one": THOUGHTS + "split(' ' for _ in range(100_000))",
    "thoughts of blanks": THOUGHTS + "split(['<think>'] + [' '] * 100_000)",
    "a cookie of backslashes": COOKIE + "cookie_parser('a=\"' + chr(92) * 500_000 + '\"')",
}


@pytest.mark.skipif(
    sys.platform == "win32", reason="the time is measured by RLIMIT_CPU, which Windows has not"
)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_time_goes_by_the_length(case: str) -> None:
    code = LIMITED + CASES[case]
    ended = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=PROJECT, capture_output=True
    )
    assert ended.returncode == 0, ended.stderr.decode()[-500:] or "it took too long"


@pytest.mark.slow
def test_the_limit_ends_what_takes_too_long() -> None:
    """Keeps the tests above honest."""
    code = LIMITED.replace(str(LIMIT_S), "1") + "while True: pass"
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert ended.returncode < 0
