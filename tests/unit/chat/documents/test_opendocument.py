"""What LibreOffice wrote: a letter, an account and slides, in archives and as one XML."""

import re
import zipfile

import pytest

from chat.attachments.results import Reason
from tests.support import documents
from tests.support.reading import CASES, case, reason_in, remarks_on, text_in

LETTER = """# Bericht für 世界

Grüße [note: Fußnotentext] aus [comment by Ada: Kommentar dazu] [Köln](https://example.org/x), \
  drei Leerzeichen.

- eins
  - eins a
- zwei

| Monat | Umsatz |
| Mai | 1.234,50 € |

Im Textfeld



Das Ende."""
PICTURE = "pictures in it that are left out: 1"


def changed(name: str, member: str, old: bytes, new: bytes) -> bytes:
    """One of the files, with other bytes in one of its members."""
    with zipfile.ZipFile(CASES / name) as archive:
        members = {it: archive.read(it) for it in archive.namelist()}
    assert old in members[member]
    return documents.zipped(members | {member: members[member].replace(old, new)})


@pytest.mark.parametrize("name", ["letter.odt", "letter.fodt"])
def test_a_text_is_read_with_all_that_stands_on_its_pages(name: str) -> None:
    reading = case(name)
    head, letter = reading.text.split("\n\n\n", 1)
    assert head == "Kopf: Aktenzeichen 47/11\n\nFuß: vertraulich"
    assert letter == LETTER
    assert remarks_on(reading) == PICTURE


def test_what_was_deleted_is_not_read_and_that_is_said() -> None:
    deleted = b"<text:tracked-changes><text:changed-region><text:deletion><text:p>war hier"
    deleted += b"</text:p></text:deletion></text:changed-region></text:tracked-changes>"
    content = changed("letter.odt", "content.xml", b"<text:h ", deleted + b"<text:h ")
    reading = text_in("a.odt", content)
    assert "war hier" not in reading.text
    assert "tracked changes delete: 1" in remarks_on(reading)


def test_a_sheet_shows_values_as_they_are_shown() -> None:
    reading = case("account.ods")
    assert reading.text == "## konto\n\nDatum,Betrag,Summe\n2026-05-01,12.5,25\n2026-05-02,7,14"
    assert reading.counts == {"sheets": 1}
    assert not reading.remarks


def test_formulas_without_a_value_are_shown_as_formulas() -> None:
    with zipfile.ZipFile(CASES / "account.ods") as archive:
        cells = archive.read("content.xml")
    stored = re.search(rb'(<table:table-cell[^>]*)office:value-type="float" office:value="25"'
                       rb"([^>]*)><text:p>25</text:p>", cells)  # fmt: skip
    assert stored
    bare = stored[1] + stored[2] + b">"
    reading = text_in("a.ods", changed("account.ods", "content.xml", stored[0], bare))
    assert "2026-05-01,12.5,of:=[.B2]*2" in reading.text
    assert "formulas" in remarks_on(reading)


def test_a_sheet_whose_rest_is_repeated_stays_small() -> None:
    row = b'<table:table-row table:number-rows-repeated="1048573"><table:table-cell '
    rest = row + b'table:number-columns-repeated="16384"/></table:table-row></table:table>'
    content = changed("account.ods", "content.xml", b"</table:table>", rest)
    assert text_in("a.ods", content).text == case("account.ods").text


def test_slides_are_read_with_tables_and_notes() -> None:
    reading = case("slides.odp")
    first, second = reading.text.split("## Slide 2")
    assert "Erste\n| a | b |\n| 1 | 2 |\n\nNotes: Bitte lächeln" in first
    assert second.strip() == "Zweite"
    assert reading.counts == {"slides": 2}
    assert remarks_on(reading) == PICTURE


def test_a_document_with_a_password_is_said_to_have_one() -> None:
    locked = b"<manifest:encryption-data/></manifest:file-entry>"
    content = changed("letter.odt", "META-INF/manifest.xml", b"</manifest:manifest>", locked)
    assert reason_in("a.odt", content) is Reason.PASSWORD
    newer = {"META-INF/manifest.xml": locked, "encrypted-package": b"\1\2"}
    assert reason_in("a.odt", documents.zipped(newer)) is Reason.PASSWORD


def test_what_only_claims_to_be_one_is_broken() -> None:
    assert reason_in("a.odt", documents.zipped({"x.txt": b"x"})) is Reason.BROKEN
    assert reason_in("a.odt", (CASES / "letter.odt").read_bytes()[:9_000]) is Reason.BROKEN


def test_its_mimetype_may_be_missing() -> None:
    with zipfile.ZipFile(CASES / "letter.odt") as archive:
        content = documents.zipped({"content.xml": archive.read("content.xml")})
    assert text_in("renamed.bin", content).text == LETTER
