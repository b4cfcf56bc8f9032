"""Texts in every encoding, as programs of all kinds write them."""

import codecs
import gzip
import io
import random
import sqlite3
import struct
import sys
import tarfile
from pathlib import Path

import pytest

from benchmarks.parts.encodings import measure
from chat.attachments.reading.text.candidates import CANDIDATES
from chat.attachments.reading.text.decoding import decode, text_of
from chat.attachments.results import Reason
from common.file_types import FileKind, kind_of
from tests.support.reading import case, reason_in, remarks_on, text_in

SHORT = [
    ("cp1252", "Año;Región;Campaña"),
    ("cp1252", "£1.20"),
    ("cp1252", "Preis;10 €"),
    ("cp1252", "item,price\nTea,£1.20\n"),
    ("cp1252", "naïve café"),
    ("cp1252", "„Ja“, sagte er – und ging."),
    ("cp1252", "Straße"),
    ("cp1252", "Müller;Köln"),
    ("cp1252", "São Paulo"),
    ("cp1252", "l’été"),
    ("cp1252", "Crème brûlée"),
    ("cp1252", "20 °C"),
    ("cp1252", "¿Qué?"),
    ("cp1252", "§ 5 Abs. 2"),
    ("cp1252", "Gómez Núñez"),
    ("cp1252", "Ibáñez"),
    ("cp1252", "cœur"),
    ("cp1252", "Nome;Endereço\nJoão;Rua São José 12"),
    ("cp1252", "Datum;Betrag\n01.02.2024;1.234,56 €\n"),
    ("cp1252", "Don’t"),
    ("cp1252", "“Hello”"),
    ("cp1252", "© 2024 Foo"),
    ("cp1252", "Name;Größe\nA;5 µm"),
    ("cp1252", "La famiglia è il nucleo"),
    ("cp1251", "Привет"),
    ("koi8-r", "Привет"),
    ("cp866", "Дата;Сумма"),
    ("gbk", "姓名,年龄\n张三,20"),
    ("big5", "姓名,年齡\n陳大文,20"),
    ("cp932", "名前,年齢\n田中,20"),
    ("euc-jp", "名前,年齢\n田中,20"),
    ("euc-kr", "이름,나이\n김철수,20"),
    ("cp1250", "Zażółć gęślą jaźń"),
    ("iso8859-2", "Příliš žluťoučký kůň"),
    ("cp1254", "Çağrı merkezi"),  # noqa: RUF001 - Turkish
    ("cp1253", "Καλημέρα"),
    ("cp1255", "שלום עולם"),
    ("cp1256", "مرحبا بالعالم"),
    ("mac-roman", "Die Größe der Straße hängt nicht von der Höhe der Bäume ab."),
    ("cp850", "Die Größe der Straße hängt nicht von der Höhe der Bäume ab."),
    ("cp437", "┌────────┐\n│ Größe  │\n└────────┘\n"),
]


@pytest.mark.parametrize(("codec", "text"), SHORT)
def test_a_short_text_is_read_as_what_is_the_commonest(codec: str, text: str) -> None:
    found = decode(text.encode(codec))
    assert (found.text, found.is_text, found.bad) == (text, True, 0)
    assert found.guessed


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ventas.csv", "Año;Región;Campaña\n2024;Córdoba;Otoño\n2025;Málaga;Niños"),
        ("prices.csv", "item,price\nbread,£1.20\nmilk,£0.90"),
    ],
)
def test_a_table_of_an_older_office_is_read_and_the_guess_is_said(name: str, text: str) -> None:
    found = case(name)
    assert found.text == text
    assert "read as Windows-1252" in remarks_on(found)


def test_a_table_in_utf16_without_a_mark_is_read_and_the_guess_is_said() -> None:
    found = case("export-utf16-no-bom.csv")
    assert found.text == "name;city\nAnna;Köln"
    assert "read as UTF-16 LE" in remarks_on(found)


def test_one_bad_byte_does_not_change_the_encoding_and_is_said() -> None:
    found = case("one-bad-byte-german.txt")
    assert found.text == "Grüße aus Köln\n" * 30 + "It�s here"
    assert remarks_on(found) == "bytes in it that mean nothing in its encoding, each shown as �: 1"


@pytest.mark.parametrize(
    "text", ["Grüße, schöne Häuser", "汉字编码测试", "Привет, мир", "🙂 ja 🙂"]
)
def test_utf8_with_bad_bytes_stays_utf8(text: str) -> None:
    content = b"\x92" + text.encode() + b"\xfe"
    assert (decode(content).text, decode(content).bad) == (f"�{text}�", 2)


def test_what_stands_as_bad_in_the_file_itself_is_not_said() -> None:
    assert decode("a � b".encode()).bad == 0


@pytest.mark.parametrize("codec", ["utf-8", "cp932", "gb18030", "utf-16-le"])
def test_a_character_that_is_cut_at_the_end_is_bad_in_a_whole_file_alone(codec: str) -> None:
    text = "日本語の文字コードを調べる。名前、年齢\n" * 3 + "日"
    cut = text.encode(codec)[:-1]
    assert decode(cut, is_whole=False).text == text[:-1]
    assert decode(cut, is_whole=False).bad == 0
    assert decode(cut).text.removesuffix("�") == text[:-1]


# Unicode with more than a byte for each character


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "text",
    [
        "a;1\n",
        "1;2;3\n4;5;6\n",
        "Größe;5 €\n",
        "Привет",
        "Привет, мир\n",
        "你好世界你好世界\n再见",
        "안녕하세요 세계",
        "नमस्ते दुनिया",
        "emoji 🙂\n",
        "0;1\n" * 100,
        "Toţi oamenii se nasc liberi şi egali în demnitate şi în drepturi.\n" * 20,
    ],
)
def test_wide_text_without_a_mark_is_read(codec: str, text: str) -> None:
    content = text.encode(codec)
    assert kind_of(content) is FileKind.TEXT
    assert decode(content).text == text
    assert decode(content).guessed == codec


@pytest.mark.parametrize("length", [1, 40])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_chinese_in_utf16_without_any_ascii_is_read(codec: str, length: int) -> None:
    text = "今天天气很好，我们去公园散步。" * length
    assert kind_of(text.encode(codec)) is FileKind.TEXT
    assert decode(text.encode(codec)).text == text


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_is_no_guess(codec: str) -> None:
    found = decode("Größe".encode(codec))
    assert (found.text, found.guessed) == ("Größe", None)


def test_a_mark_in_the_middle_is_left_out() -> None:
    assert text_of(codecs.BOM_UTF8 + b"one\n" + codecs.BOM_UTF8 + b"two") == "one\ntwo"


# What a text says of itself


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("iso8859-2", '<?xml version="1.0" encoding="ISO-8859-2"?>\n<a>¶</a>'.replace("¶", "Ś")),
        ("cp1251", '<html><head><meta charset="windows-1251"></head>Ё</html>'),
        ("cp1252", '<meta http-equiv=Content-Type content="text/html; charset=iso-8859-1">“a”'),
        ("koi8-r", "# -*- coding: koi8-r -*-\nprint('Ё')"),
        ("cp1253", '@charset "windows-1253";\na { content: "Ω" }'),
        ("cp850", "/* vim: set fileencoding=cp850: */ é"),
        ("iso8859-7", 'msgid ""\n"Content-Type: text/plain; charset=ISO-8859-7\\n"\n"Ω"'),
        ("gb18030", '<meta charset="gb2312">囧'),
    ],
)
def test_an_encoding_that_a_text_names_is_taken(codec: str, text: str) -> None:
    found = decode(text.encode(codec))
    assert (found.text, found.guessed, found.bad) == (text, None, 0)


@pytest.mark.parametrize("name", ["utf-16", "rot13", "unicode_escape", "idna", "no-such", "hex"])
def test_an_encoding_that_cannot_be_meant_is_not_taken(name: str) -> None:
    assert decode(f"<meta charset={name}>Größe".encode("cp1252")).text.endswith("Größe")


def test_what_is_utf8_counts_more_than_what_is_named() -> None:
    assert text_of('<meta charset="iso-8859-1">Größe'.encode()).endswith("Größe")


def test_japanese_mail_of_seven_bits_is_read() -> None:
    text = "件名: 会議の資料\n明日の会議は十時からです。\n"
    assert decode(text.encode("iso-2022-jp")).text == text


def test_colours_of_a_terminal_are_no_encoding() -> None:
    assert decode(b"\x1b[31mred\x1b[0m").guessed is None


# Lines and controls


def test_every_line_ends_alike() -> None:
    assert text_of(b"one\r\ntwo\rthree\nfour") == "one\ntwo\nthree\nfour"


def test_nul_characters_in_a_log_are_left_out_and_that_is_said() -> None:
    lines = [f"2026-11-26 17:00:{second:02} request served in 12 ms\n" for second in range(30)]
    log = "".join(lines).encode()
    found = text_in("a.log", log + b"\0" * 3_000 + log)
    assert found.text == "".join(lines * 2).strip()
    assert remarks_on(found) == "NUL characters in it that are left out: 3000"


# What is no text


def _database(folder: Path) -> bytes:
    connection = sqlite3.connect(folder / "a.db")
    connection.execute("create table words (word text)")
    connection.executemany("insert into words values (?)", [("hello there",)] * 200)
    connection.commit()
    connection.close()
    return (folder / "a.db").read_bytes()


def _tar() -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = 5_000
        archive.addfile(member, io.BytesIO(b"some words\n" * 500))
    return written.getvalue()


def test_binary_data_is_no_text(tmp_path: Path) -> None:
    chance = random.Random(1)
    words = " ".join(str(chance.random()) for _ in range(500)).encode()
    packets = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1) + words
    sound = struct.pack("<2000h", *(chance.randrange(-300, 300) for _ in range(2_000)))
    counters = b"AC1032" + b"\0\1" * 200
    states = b"@" + b"U" * 180 + b"\0" * 8_011  # which transactions ended, by PostgreSQL
    for content in (
        counters,
        states,
        _database(tmp_path),
        gzip.compress(words),
        packets,
        sound,
        _tar(),
    ):
        assert kind_of(content) is not FileKind.TEXT
    assert kind_of(Path(sys.executable).read_bytes()) is not FileKind.TEXT


@pytest.mark.parametrize("size", [64, 256, 4_000])
def test_chance_bytes_are_no_text(size: int) -> None:
    chance = random.Random(size)
    for _ in range(100):
        content = chance.randbytes(size)
        assert reason_in("a.txt", content) is Reason.BINARY


# How sure it is


def test_a_doubt_is_said_as_a_doubt() -> None:
    assert "some letters may be wrong" in remarks_on(text_in("a.txt", "É".encode("cp1252")))
    assert "the likeliest" in remarks_on(text_in("a.txt", "Größe, Straße".encode("cp1252")))


ROWS = {
    "German prices": "Artikel;Größe;Preis\n"
    + "".join(f"Rad {n};M{n};{n},50 €\n" for n in range(300)),
    "prices alone": "Ref;Price\n" + "".join(f"A{n};£{n}.50\n" for n in range(300)),
    "French prices": "Réf;Prix\n" + "".join(f"A{n};12,{n}\xa0€\n" for n in range(300)),
    "French words": "«\xa0oui\xa0»",
    "a price": "Prix;12,50\xa0€\n",
}


@pytest.mark.parametrize("name", ROWS)
def test_what_a_table_repeats_counts_once(name: str) -> None:
    found = decode(ROWS[name].encode("cp1252"))
    assert found.text == ROWS[name]
    assert found.guessed == "cp1252"


@pytest.mark.parametrize("before", [b"plain words ", b'{"key":[1,2],"word":"x"},'])
def test_what_is_far_behind_ascii_is_found(before: bytes) -> None:
    content = before * 100_000 + "汉字编码测试文件，今天天气很好".encode("gbk")
    assert decode(content).text.endswith("汉字编码测试文件，今天天气很好")


@pytest.mark.slow
def test_of_a_kilobyte_all_and_of_twenty_bytes_nearly_all_is_read_to_the_letter() -> None:
    found = measure([20, 1_000], 1)
    assert [it.met for it in found.verdicts] == [True]
    [table] = found.tables
    [every] = [row for row in table.rows if row[0] == "all"]
    assert float(every[1].rstrip("%")) >= 95


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda it: it.codec)
def test_every_candidate_is_known_to_python_and_has_its_languages(candidate: object) -> None:
    codec = getattr(candidate, "codec", "")
    assert codecs.lookup(codec)
    assert getattr(candidate, "languages", ())
