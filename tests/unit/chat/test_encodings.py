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
from common.files.file_types import FileKind, kind_of
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
    ("cp1252", "Size (µm),Name\n5,a\n"),
    ("cp1252", "12 µg/L"),
    ("cp1252", "Temp °C,Humidity\n21,40\n"),
    ("cp1252", "it’s Ann’s"),
    ("cp1252", "rock ’n’ roll"),
    ("cp1252", "x·y"),
    ("cp1252", "2×4"),  # noqa: RUF001 - it is meant
    ("cp1252", "10 ‰"),
    ("cp1252", "50¢"),
    ("cp1252", "Artigo 13.º\nToda a p"),
    ("cp1252", "id,name,value\n1,®,5\n"),
    ("cp1252", "Grade Ñ, section B\n"),
    ("cp1252", "a;ß;b\n1;2;3\n"),
    ("cp1252", "key=ü\n"),
    ("cp850", "Tea;1.20 £\nMilk;0.90 £\n"),
    ("cp437", "Chacun a le droit à la reconnaissance"),
    ("mac-roman", "Thee;1.20 €\nMelk;0.90 €\n"),
    ("mac-roman", "Artículo 16"),
    ("cp1251", "№ 5"),
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
    ("cp1252", "Þór á Ísafirði"),
    ("cp1252", "Shqipëria është çmimi"),
    ("cp1252", "Æði í Føroyum"),
    ("cp1250", "Niš;Čačak"),
    ("cp1250", "Cena;Količina\nŠećer;5"),
    ("cp1251", "Чачак;Ваљево"),
    ("cp1251", "Шећер"),
    ("gbk", "5元"),
    ("gbk", "苹果,5元\n香蕉,3元\n"),
    ("gbk", "豆腐,3元"),
    ("cp932", "100円"),
    ("cp932", "りんご,100円\nみかん,80円\n"),
    ("cp932", "品名,ﾌﾘｶﾞﾅ\n商品,ｼｮｳﾋﾝ\n"),
    ("cp932", "ﾀﾅｶ ﾀﾛｳ,100\n"),
    ("cp932", "ﾄｳｷｮｳﾄ ｼﾝｼﾞｭｸｸ"),
    ("mac-roman", "Die Größe der Straße hängt nicht von der Höhe der Bäume ab."),
    ("cp850", "Die Größe der Straße hängt nicht von der Höhe der Bäume ab."),
    ("cp437", "┌────────┐\n│ Größe  │\n└────────┘\n"),
]


@pytest.mark.parametrize(("codec", "text"), SHORT)
def test_a_short_text_is_read_as_what_is_the_commonest(codec: str, text: str) -> None:
    found = decode(text.encode(codec))
    assert (found.text, found.is_text, found.bad) == (text, True, 0)
    assert found.guessed


RARE = [
    "Size (µm)", "100 µl", "25 °C", "21°C", "don’t", "Ann’s book", "2×4", "1920×1080", "café",  # noqa: RUF001 - they are meant
    "déjà vu", "Björk", "Ångström", "Øresund", "México", "Muñoz", "Çelik", "François", "Motörhead",
    "Häagen-Dazs", "© 2024 Foo", "Acme™", "€ 5", "£ 1.20", "– done", "pages 5–9", "“quoted”",
    "wait…", "½ cup", "10 m²", "±0.5", "§ 12", "1ª", "Nº 5", "¿Qué?", "Grade Ñ", "Größe", "Grüße",
    "coördinate", "ñ", "Ö", "ß",
]  # fmt: skip
ENGLISH = (
    "The committee met on Tuesday to discuss the annual report and the plans for the coming year. "
    "Several members asked about the budget, which has grown faster than expected. {} The chair "
    "thanked everybody and said that the next meeting will be held in March at the usual place.\n"
)
LOG = "2024-05-01 12:00:01 INFO worker[1] request served in 1 ms\n" * 6 + "ERROR at: {}\n"


@pytest.mark.parametrize("around", [ENGLISH, LOG, ENGLISH * 6])
@pytest.mark.parametrize("rare", RARE)
def test_a_text_that_is_nearly_all_ascii_is_read_as_what_is_the_commonest(
    rare: str, around: str
) -> None:
    text = around.format(*[rare] * 6)
    assert decode(text.encode("cp1252")).text == text


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
        "בכך;69;52.53 ₪\nוהדת האומות;56;39.02 ₪\n" * 3,  # noqa: RUF001 - it is meant
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


# What several programs wrote into one file


SAID = "not all of its lines are UTF-8; the others are read as {}, the likeliest"


@pytest.mark.parametrize(
    ("codec", "name", "unicode", "other"),
    [
        ("cp1252", "Windows-1252", "Größe geprüft", "Straße gesperrt"),
        ("cp1252", "Windows-1252", "fine 🎉", "Größe geprüft"),
        ("gbk", "GB 18030", "错误：连接失败", "警告：磁盘空间不足"),
        ("cp932", "Shift JIS", "エラー：接続に失敗しました", "警告：ディスク容量が不足"),
        ("cp1251", "Windows-1251", "Ошибка соединения", "Недостаточно места"),
    ],
)
@pytest.mark.parametrize("numbers", [(1, 5), (5, 2), (5, 5)])
def test_each_line_of_a_log_is_read_as_what_it_is(
    codec: str, name: str, unicode: str, other: str, numbers: tuple[int, int]
) -> None:
    parts = [f"{unicode}\n" * numbers[0], f"{other}\n" * numbers[1], "plain\n"]
    encoded = (parts[0].encode(), parts[1].encode(codec), parts[2].encode())
    found = text_in("a.log", b"".join(encoded))
    assert found.text == "".join(parts).strip()
    assert remarks_on(found) == SAID.format(name)


def test_lines_that_are_utf8_by_chance_do_not_make_a_text_a_mixed_one() -> None:
    text = "联\n通\n元\n" + "错误：连接失败\n" * 3
    found = decode(text.encode("gbk"))
    assert (found.text, found.is_mixed) == (text, False)


def test_characters_of_two_halves_are_put_together_and_that_is_said() -> None:
    found = text_in("a.log", b"ok \xed\xa0\xbd\xed\xb8\x80 and\n")
    assert found.text == "ok 😀 and"
    assert "two halves (CESU-8) and are read as one: 1" in remarks_on(found)
    alone = text_in("a.log", b"ok \xed\xa0\xbd and\n")
    assert alone.text == "ok � and"
    assert remarks_on(alone).endswith("each shown as �: 1")


LINES = [f"2026-11-26 17:00:{n:02} served in {n} ms\n".encode() for n in range(60)]
PACKED = b"body: " + gzip.compress(b"hello", mtime=0) + b"\n"
DAMAGES = {
    "bytes of all kinds": (
        b"\x00\xfe\x02\xf1\x80\x9b",
        "NUL characters in it that are left out: 1",
    ),
    "a NUL at each line": (b"\0\n" * 20, "NUL characters in it that are left out: 20"),
    "data": (PACKED, "control characters in it that are left out"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_log_with_some_data_in_it_is_read_and_what_is_left_out_is_said(name: str) -> None:
    data, remark = DAMAGES[name]
    found = text_in("a.log", b"".join(LINES[:30]) + data + b"".join(LINES[30:]))
    for line in LINES:
        assert line.decode().strip() in found.text
    assert remark in remarks_on(found)
    assert "likeliest" not in remarks_on(found)


@pytest.mark.parametrize(("named", "is_in"), [("iso-8859-1", "cp1251"), ("utf-8", "cp1252")])
def test_an_encoding_that_is_named_and_wrong_is_not_taken_and_that_is_said(
    named: str, is_in: str
) -> None:
    text = "Добрый день, коллеги" if is_in == "cp1251" else "Größe der Straße"
    found = text_in("a.html", f"<meta charset={named}><p>{text}</p>".encode(is_in))
    assert found.text == text
    assert "it is not in the encoding that it names, and is read as Windows" in remarks_on(found)


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


@pytest.mark.slow
@pytest.mark.parametrize("before", [b"plain words ", b'{"key":[1,2],"word":"x"},'])
def test_what_is_far_behind_ascii_is_found(before: bytes) -> None:
    content = before * 100_000 + "汉字编码测试文件，今天天气很好".encode("gbk")
    assert decode(content).text.endswith("汉字编码测试文件，今天天气很好")


@pytest.mark.slow
def test_of_a_kilobyte_all_and_of_twenty_bytes_nearly_all_is_read_to_the_letter() -> None:
    found = measure([20, 1_000], 1)
    assert [it.met for it in found.verdicts] == [True, True]
    for table in found.tables:
        [every] = [row for row in table.rows if row[0] == "all"]
        assert float(every[1].rstrip("%")) >= 94


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda it: it.codec)
def test_every_candidate_is_known_to_python_and_has_its_languages(candidate: object) -> None:
    codec = getattr(candidate, "codec", "")
    assert codecs.lookup(codec)
    assert getattr(candidate, "languages", ())


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("id\x01name\n1\x01Köln\x02Bonn\x02x\x03y\n".encode(), "id\tname\n1\tKöln,Bonn,x:y"),
        ("id\x1fname\x1e1\x1fKöln\x1e".encode(), "id\tname\n1\tKöln"),
        ("þidþ\x14þnameþ\r\nþ1þ\x14þMüllerþ\r\n".encode(), "þidþ\tþnameþ\nþ1þ\tþMüllerþ"),
    ],
)
def test_cells_that_control_characters_part_stay_apart(content: bytes, text: str) -> None:
    reading = text_in("export.csv", content)
    assert reading.text == text
    assert "parted by control characters" in remarks_on(reading)


def test_a_control_character_here_and_there_parts_nothing() -> None:
    reading = text_in("a.log", b"first line\n" * 20 + b"a\x01b\n")
    assert reading.text.endswith("line\nab")
    assert remarks_on(reading) == "control characters in it that are left out: 1"
    assert reason_in("a.dat", b"\x1f\x9d\x01 some packed") is not Reason.BROKEN
    assert reason_in("a.dat", b"x\x01\x02\x05y" * 9) is Reason.BINARY


def test_a_line_within_a_cell_does_not_join_its_words() -> None:
    """As FileMaker exports it."""
    assert text_in("a.csv", b'a,"one\x0btwo"\n').text == 'a,"one two"'


# As terminals, PowerShell and mainframes write


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\x1b[1;31mERROR\x1b[0m caf\xc3\xa9\x1b[K", "ERROR café"),
        (b"\x1b]0;title\x07" + b"a line of the log\n" * 9, "\n".join(["a line of the log"] * 9)),
        (b"N\bNA\bAM\bME\bE _\bf_\bi_\bl_\be", "NAME file"),
    ],
)
def test_what_is_meant_for_a_terminal_is_left_out_and_said(content: bytes, text: str) -> None:
    reading = text_in("a.log", content)
    assert reading.text == text
    assert "control characters in it that are left out" in remarks_on(reading)


def test_a_text_of_dos_ends_with_a_sign_of_its_own() -> None:
    assert text_in("a.txt", b"last line\r\n\x1a").text == "last line"


def test_korean_mail_of_seven_bits_is_read() -> None:
    assert text_in("a.txt", "안녕하세요 여러분\n".encode("iso2022_kr")).text == "안녕하세요 여러분"


@pytest.mark.parametrize("appended", ["Größe 2\r\n", "Größe – №\r\nЖдём, Юлия\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_in_utf16_within_a_log_of_single_bytes_are_read(appended: str, mark: str) -> None:
    begun = "Start: Größe 1\r\n"
    mixed = begun.encode("cp1252") * 3 + (mark + appended * 3).encode("utf-16-le")
    turned = (mark + appended * 3).encode("utf-16-le") + begun.encode("cp1252") * 3
    for content, text in ((mixed, begun * 3 + appended * 3), (turned, appended * 3 + begun * 3)):
        reading = text_in("a.log", content)
        assert reading.text == text.replace("\r", "").strip()
        assert remarks_on(reading) == (
            "not all of its lines are UTF-8; the others are read as Windows-1252, the likeliest"
        )


def test_a_text_of_a_mainframe_is_read_with_a_doubt() -> None:
    text = "KUNDE MUELLER  BESTELLUNG 4711 VOM 12.03.2024\n" * 3
    reading = text_in("a.dat", text.encode("cp500"))
    assert reading.text == text.strip()
    assert "read as EBCDIC, but some letters may be wrong" in remarks_on(reading)
