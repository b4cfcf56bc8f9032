"""Archives and compressed files: what is in them, as far as it is text and small."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping

import pytest

from chat.attachments.reading.packed.parts import MAX_PART
from chat.attachments.results import Reason, RemarkKind
from tests.support import documents
from tests.support.reading import reason_in, remarks_on, text_in


def taped(members: Mapping[str, bytes], mode: str = "w:") -> bytes:
    """A tape archive."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


def test_an_archive_is_read_as_a_list_and_small_texts() -> None:
    inner = documents.zipped({"deep.txt": b"deep inside"})
    table = gzip.compress(b"a;b")
    letter = documents.docx("In the letter")
    content = documents.zipped(
        {
            "readme.md": "# Größe".encode(),
            "data/": b"",
            "data/a.bin": b"\0" * 100,
            "picture.png": documents.image("PNG"),
            "letter.docx": letter,
            "inner.zip": inner,
            "table.csv.gz": table,
            "../../etc/x.txt": b"elsewhere",
            "__MACOSX/._readme.md": b"\0",
            ".DS_Store": b"\0",
        }
    )
    reading = text_in("a.zip", content)
    listed, *texts = reading.text.split("\n\n\n")
    assert listed.splitlines() == [
        "- readme.md (9 bytes)",
        "- data/a.bin (100 bytes)",
        f"- picture.png ({len(documents.image('PNG'))} bytes)",
        f"- letter.docx ({len(letter)} bytes)",
        f"- inner.zip ({len(inner)} bytes)",
        f"- table.csv.gz ({len(table)} bytes)",
        "- ../../etc/x.txt (9 bytes)",
    ]
    assert "\n\n\n".join(texts) == (
        "## readme.md\n\n# Größe\n\n## letter.docx\n\nIn the letter\n\n"
        "## inner.zip\n\n- deep.txt (11 bytes)\n\n\n## deep.txt\n\ndeep inside\n\n"
        "## table.csv.gz\n\na;b\n\n"
        "## ../../etc/x.txt\n\nelsewhere"
    )
    assert reading.counts == {"files": 7}
    assert remarks_on(reading) == "files in it that are not read: 2"


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:bz2", "w:xz"])
def test_a_tape_archive_is_read_alike(mode: str) -> None:
    reading = text_in("a.tar.x", taped({"a/x.txt": b"hello", "a/y": b"\0\1" * 50}, mode))
    assert reading.text == "- a/x.txt (5 bytes)\n- a/y (100 bytes)\n\n\n## a/x.txt\n\nhello"
    assert remarks_on(reading) == "files in it that are not read: 1"


def test_links_in_a_tape_archive_lead_nowhere() -> None:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, target in {"a": "/etc/passwd", "b": "../../etc/passwd"}.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
        member = tarfile.TarInfo("c\n## d")
        member.type = tarfile.CHRTYPE
        archive.addfile(member)
    assert text_in("a.tar", written.getvalue()).text.splitlines() == [
        "- a (link to /etc/passwd)",
        "- b (link to ../../etc/passwd)",
        "- c ## d (device)",
    ]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_file_is_read_as_what_is_in_it(compress: Callable[[bytes], bytes]) -> None:
    packed = compress(b"a;b\n1;2")
    assert text_in("a.csv.gz", packed).text == "a;b\n1;2"
    assert reason_in("a.csv.gz", packed[:8]) is Reason.BROKEN


def test_the_name_that_gzip_keeps_says_what_is_in_it() -> None:
    written = io.BytesIO()
    with gzip.GzipFile("page.HTML", "wb", fileobj=written) as packed:
        packed.write(b"<p>a <b>page</b></p>")
    assert text_in("a.gz", written.getvalue()).text == "a **page**"


@pytest.mark.parametrize(
    ("encoding", "flags"), [("utf-8", 0x800), ("utf-8", 0), ("gbk", 0), ("cp932", 0)]
)
def test_names_are_read_as_who_packed_them_wrote_them(encoding: str, flags: int) -> None:
    names = ["報告書/売上高の報告.txt", "報告書/顧客一覧表.txt"] if encoding == "cp932" else [
        "合同/第一季度的销售报告.txt", "合同/今年的发票清单.txt"]  # fmt: skip
    content = documents.zipped({"x" * len(name.encode(encoding)): b"words" for name in names})
    for name in names:
        raw = name.encode(encoding)
        content = content.replace(b"x" * len(raw), raw, 2)
    content = content.replace(
        b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0" + struct.pack("<H", flags)
    )
    text = text_in("a.zip", content).text
    assert [f"- {name} (5 bytes)" for name in names] == text.splitlines()[:2]


@pytest.mark.parametrize(
    ("encoding", "names", "said"),
    [
        ("cp1252", ["Größe der Räume.txt", "Übersicht für März.txt", "plain.txt"], "Windows-1252"),
        ("gbk", ["报告/销售额报告.txt", "报告/客户一览表.txt"], "GB 18030"),
        ("utf-8", ["報告書/売上高.txt", "Größe.txt"], ""),
    ],
)
def test_names_on_tapes_are_read_too(encoding: str, names: list[str], said: str) -> None:
    content = io.BytesIO()
    with tarfile.open(
        fileobj=content, mode="w", encoding=encoding, format=tarfile.GNU_FORMAT
    ) as it:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 5
            it.addfile(member, io.BytesIO(b"words"))
    reading = text_in("a.tar", content.getvalue())
    assert reading.text.splitlines()[: len(names)] == [f"- {name} (5 bytes)" for name in names]
    guessed = [it.detail for it in reading.remarks if it.kind is RemarkKind.NAMES]
    assert guessed == ([said] if said else [])


@pytest.mark.parametrize(
    ("encoding", "name", "said"),
    [
        ("cp437", "Größe.txt", "CP437"),
        ("cp437", "señor, niño.txt", "CP437"),
        ("cp850", "Ação, reunião.txt", "CP850"),
        ("cp852", "Žluťoučký kůň.txt", "CP852"),
        ("cp737", "Έγγραφο εργασίας.txt", "CP737"),
        ("cp862", "חשבונית מס.txt", "CP862"),
        ("cp720", "الميزانية العامة.txt", "CP720"),
        ("cp775", "ataskaita už gegužę.txt", "CP775"),
        ("cp857", "Şirket raporu.txt", "CP857"),
        ("cp866", "Отчёт за май.txt", "CP866"),
    ],
)
def test_names_of_dos_are_in_the_page_of_their_language(
    encoding: str, name: str, said: str
) -> None:
    raw = name.encode(encoding)
    content = documents.zipped({"x" * len(raw): b"words"}).replace(b"x" * len(raw), raw)
    reading = text_in("a.zip", content)
    assert reading.text.splitlines()[0] == f"- {name} (5 bytes)"
    assert said in remarks_on(reading)


def test_a_name_in_unicode_beside_one_of_dos_counts() -> None:
    raw = b"M\x81ller ?.txt"
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, checked in (("x" * len(raw), raw), ("other.txt", b"renamed.txt")):
            member = zipfile.ZipInfo(name)
            field = b"\1" + zlib.crc32(checked).to_bytes(4, "little") + "Müller 世.txt".encode()
            member.extra = struct.pack("<HHHH", 1, 0, 0x7075, len(field)) + field
            archive.writestr(member, b"words")
    reading = text_in("a.zip", held.getvalue().replace(b"x" * len(raw), raw))
    assert reading.text.splitlines()[:2] == ["- Müller 世.txt (5 bytes)", "- other.txt (5 bytes)"]
    assert not reading.remarks


def test_files_with_a_password_are_counted() -> None:
    content = documents.zipped({"a.txt": b"secret", "b.txt": b"secret too"})
    content = content.replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0", 1)
    reading = text_in("a.zip", content)
    assert "## a.txt" not in reading.text
    assert "secret too" in reading.text
    assert remarks_on(reading) == "files in it that are protected with a password: 1"


@pytest.mark.slow
def test_bombs_are_listed_and_left_alone() -> None:
    reading = text_in("a.zip", documents.zipped({"bomb.txt": b"x" * (MAX_PART + 1), "a.txt": b"a"}))
    assert reading.text.startswith(f"- bomb.txt ({MAX_PART + 1:,} bytes)")
    assert reading.text.endswith("## a.txt\n\na")
    many = text_in("a.zip", documents.zipped({f"{n}.txt": b"x" * MAX_PART for n in range(20)}))
    assert many.counts == {"files": 20}
    cut = "parts of it of which the beginning alone is read: 8"
    assert remarks_on(many) == f"{cut}; files in it that are not read: 12"


def test_a_size_that_is_a_lie_unpacks_no_more_than_is_small() -> None:
    content = documents.zipped({"bomb.txt": b"x" * 3 * MAX_PART})
    size = struct.pack("<I", 3 * MAX_PART)
    reading = text_in("a.zip", content.replace(size, struct.pack("<I", 9)))
    assert len(reading.text) < 100


@pytest.mark.slow
def test_what_is_compressed_beyond_measure_is_given_up() -> None:
    assert reason_in("a.gz", gzip.compress(b"\0" * 300_000_000, 1)) is Reason.BINARY


def test_the_texts_share_the_room() -> None:
    members = {"long.txt": b"long " * 10_000, "last.txt": b"the last"}
    reading = text_in("a.zip", documents.zipped(members), characters=1_000)
    assert reading.text.endswith("[… cut …]\n\n## last.txt\n\nthe last")
    assert remarks_on(reading) == "parts of it of which the beginning alone is read: 1"


@pytest.mark.slow
def test_an_archive_of_thousands_is_listed_in_part() -> None:
    members = {f"file-{number:05}.bin": b"\0" for number in range(3_000)}
    text = text_in("a.zip", documents.zipped(members)).text
    assert text.splitlines()[-1] == f"- and {3_000 - len(text.splitlines()) + 1:,} more"


def test_archives_in_archives_end_somewhere() -> None:
    content = b"the bottom"
    for depth in range(8):
        content = documents.zipped({f"{depth}.zip" if depth else "a.txt": content})
    reading = text_in("a.zip", content)
    assert "the bottom" not in reading.text
    assert remarks_on(reading) == "files in it that are not read: 1"


def test_a_broken_archive_is_said_to_be_broken() -> None:
    assert reason_in("a.zip", documents.zipped({"a.txt": b"x" * 99})[:60]) is Reason.BROKEN
    with zipfile.ZipFile(empty := io.BytesIO(), "w"):
        pass
    assert text_in("a.zip", empty.getvalue()).text == "There are no files in this archive."


@pytest.mark.slow
@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_of_a_compressed_file_that_is_cut_what_is_left_is_read_and_that_is_said(
    compress: Callable[[bytes], bytes],
) -> None:
    lines = b"".join(b"line %d: %d\n" % (it, it * 7919 % 10_007) for it in range(200_000))
    packed = compress(lines)
    reading = text_in("a.log.gz", packed[: len(packed) // 2])
    assert reading.text.startswith("line 0: 0\nline 1: 7919\n")
    assert remarks_on(reading) == "it is damaged, and what is left of it is read"


def test_of_a_tape_archive_that_is_cut_what_is_left_is_listed_and_that_is_said() -> None:
    content = taped({f"{it}.txt": b"words " * 100 for it in range(5)})
    reading = text_in("a.tar", content[:3_700])
    assert reading.text.startswith("- 0.txt (600 bytes)\n- 1.txt (600 bytes)\n")
    assert "it is damaged, and what is left of it is read" in remarks_on(reading)
