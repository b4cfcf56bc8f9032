"""What LibreOffice wrote: a letter, an account and slides, in archives and as one XML."""

import io
import re
import zipfile

import pytest

from chat.attachments.results import Reason
from tests.support import documents
from tests.support.office import unpacked
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
    head = "Kopf: Aktenzeichen 47/11\n\nFuß: vertraulich\n\n"
    assert reading.text.split("\n\n") == (head + LETTER).split("\n\n")
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
    assert second.strip() == "Zweite\n[picture: image.png]"
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


REPORT = """Head 4711

Foot

# Report

Before after INSERTED end.

Visible text ~~struck~~.

Russian Привет мир, Greek Καλημέρα, Japanese 日本語のテキスト, Polish Zażółć, emoji 😀.

A [link here](https://example.org/a?b=1) and note [note: Foot note text].

1. first
2. second
  a) sub a
  b) sub b
3. third

between

4. fourth

- bullet

| Outer A | Outer B |
| line one<br>line two | with<br>in1; in2 |

Picture: [picture: A red square]

Commented [comment by Ada: Why so?] here."""


def test_lists_have_numbers_tables_are_read_once_and_the_hidden_is_left_out() -> None:
    reading = case("report.odt")
    assert reading.text.replace("Foot \n", "Foot\n").startswith(REPORT)
    assert "SECRET" not in reading.text
    assert remarks_on(reading) == (
        "passages left out that tracked changes delete: 1; hidden passages left out: 3; "
        "pictures in it that are left out: 1"
    )


NUMBERS = """5. five
6. six
  c) c
  d) d
    6.d.ii. deep2
    6.d.iii. deep3
7. seven
  c) c again

between

8. continued eight

5. new list five

9. cont l1

40. set 40
41. 41
42. override F

  I.0. phantom
II. first
III. second
  III.0. sub0
  III.1. sub1

Z. Z
AA. AA
AB. AB
  z. z
  aa. aa-sync
  bb. bb-sync

§1: one
  [1-1] 1-1

九. nine
  ① c1
  ② c2
    1st first
    2nd second
    3rd third
      イ. ro
        А. ru
          01. zero
十. ten
十一. eleven

  head
3. three
0. zero
1. one

# 4. Chapter

## 4.1 Section

## 4.2 Section2

### Nonum

# 5. Chapter2

# 9. Re

# unnum

## 9.1 Sec

# 10. Jump

#### 10.1.1 Deep

#### 10.1.2 Deeper

## 10.2 Back

# 3. Heading in list F
# 4. Heading in list F 2

5. five
  c) c
  d) d
6. six

5. noid 5

5. noid 5b
6. contnum

3. three

7. a
8. formatted

by paragraph style

3. np three
4. np four"""  # noqa: RUF001


def test_lists_and_chapters_have_the_numbers_that_libreoffice_shows() -> None:
    """It shows these when it saves `numbers.odt` as a plain text."""
    assert case("numbers.odt").text == NUMBERS


def test_lists_without_an_id_do_not_go_on_with_each_other() -> None:
    """As other programs than LibreOffice write them."""
    item = b'<text:list text:style-name="%b"><text:list-item><text:p>x</text:p></text:list-item>'
    lists = b"".join(item % name + b"</text:list>" for name in (b"L1", b"L2", b"L1"))
    with zipfile.ZipFile(CASES / "numbers.odt") as archive:
        content, styles = (archive.read(f"{it}.xml") for it in ("content", "styles"))
    body = re.sub(rb"(?s)(<office:text[^>]*>).*(</office:text>)", rb"\1" + lists + rb"\2", content)
    reading = text_in("a.odt", documents.zipped({"content.xml": body, "styles.xml": styles}))
    assert reading.text.split("\n\n") == ["5. x", "3. x", "5. x"]


@pytest.mark.parametrize(
    ("control", "said"),
    [
        (b'text form:value="x" form:current-value="Ada"', "Ada"),
        (b'checkbox form:label="Yes" form:current-state="checked"', "☑ Yes"),
        (b'checkbox form:label="Yes"', "☐ Yes"),
        (b'password form:value="secret"', ""),
    ],
)
def test_forms_are_read_as_they_are_filled(control: bytes, said: str) -> None:
    form = (
        b'<office:forms xmlns:form="urn:oasis:names:tc:opendocument:xmlns:form:1.0"><form:form>'
        b'<form:%b form:id="c1"/></form:form></office:forms><text:p>Name: '
        b'<draw:control draw:control="c1"/></text:p>' % control
    )
    content = (CASES / "letter.fodt").read_bytes()
    assert content.count(b"<text:sequence-decls>") == 1
    content = content.replace(b"<text:sequence-decls>", form + b"<text:sequence-decls>")
    assert f"Name: {said}\n" in text_in("a.fodt", content).text


def test_hidden_sheets_rows_and_columns_are_read_and_that_is_said() -> None:
    reading = case("hidden.ods")
    assert reading.text == (
        '## Open\n\nDate,Secret,Share,Sum\n01.05.2026,hid,12.5%,"1,234.50 €"\nhiddenrow\n'
        "rep,rep,rep,[comment by Ada: Checked] 3\nrep,rep,rep,3\n\n\n## Hidden\n\ndeep"
    )
    assert remarks_on(reading) == (
        "hidden sheets, which are read too: 1; hidden rows and columns, which are read too: 2"
    )


def test_values_that_have_no_text_have_their_unit() -> None:
    with zipfile.ZipFile(CASES / "hidden.ods") as archive:
        cells = re.sub(rb"<text:p>(?:12|1,2|01)[^<]*</text:p>", b"", archive.read("content.xml"))
    content = documents.zipped({"content.xml": cells})
    assert "2026-05-01,hid,12.5%,1234.5 EUR\n" in text_in("a.ods", content).text


def test_hidden_slides_are_read_and_that_is_said() -> None:
    reading = case("hidden.odp")
    assert "## Slide 2\n\nConcealed\n\nNotes: note 2" in reading.text
    assert remarks_on(reading) == "hidden slides, which are read too: 1"


def test_fields_of_word_and_struck_text_carry_their_marks() -> None:
    """`form.odt` was made by LibreOffice of a form of Word's."""
    assert case("form.odt").text.split() == ["☑yes☐noGreen", "~~gone~~stays"]


MATH = (
    b'<math:math xmlns:math="http://www.w3.org/1998/Math/MathML"><math:mfrac><math:mi>a</math:mi>'
    b"<math:mn>2</math:mn></math:mfrac><math:annotation>{a} over 2</math:annotation></math:math>"
)


def test_formulas_are_read_where_they_stand() -> None:
    """LibreOffice keeps each as a document within, a picture of it beside; flat files whole."""
    frame = b"<text:p>so <draw:frame>%b</draw:frame> it is</text:p><text:sequence-decls>"
    flat = (CASES / "letter.fodt").read_bytes()
    inside = frame % (b"<draw:object>" + MATH + b"</draw:object>")
    flat = flat.replace(b"<text:sequence-decls>", inside)
    assert "so (a)/(2) it is" in text_in("a.fodt", flat).text
    link = b'<draw:object xlink:href="./Object 1"/><draw:image xlink:href="./Pictures/1.svg"/>'
    content = changed("letter.odt", "content.xml", b"<text:sequence-decls>", frame % link)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {it: archive.read(it) for it in archive.namelist()}
    reading = text_in("a.odt", documents.zipped(members | {"Object 1/content.xml": MATH}))
    assert "so (a)/(2) it is" in reading.text
    assert remarks_on(reading) == PICTURE  # the letter's own
    reading = text_in("a.odt", documents.zipped(members | {"Object 1/content.xml": MATH[:-9]}))
    assert "so it is" in " ".join(reading.text.split())


def test_what_is_printed_around_sheets_is_read_once() -> None:
    members = unpacked((CASES / "account.ods").read_bytes())
    text, style = "urn:oasis:names:tc:opendocument:xmlns:text:1.0", "xmlns:style"
    page = (
        f'<style:master-page xmlns:text="{text}"><style:header><style:region-left><text:p>Secret'
        "</text:p></style:region-left><style:region-right><text:p>Page <text:page-number>1"
        "</text:page-number></text:p></style:region-right></style:header>"
        '<style:header-left style:display="false"><text:p>Unused</text:p></style:header-left>'
        "<style:footer><text:p>Secret</text:p></style:footer></style:master-page>"
    )
    styles = members["styles.xml"].decode()
    assert style in styles
    plain = text_in("a.ods", documents.zipped(members)).text
    end = "</office:master-styles>"
    members["styles.xml"] = styles.replace(end, f"{page * 2}{end}").encode()
    reading = text_in("a.ods", documents.zipped(members))
    assert reading.text == f"{plain}\n[header] Secret\n[footer] Secret"


def test_what_is_at_the_foot_of_slides_is_read_once() -> None:
    members = unpacked((CASES / "slides.odp").read_bytes())
    content = members["content.xml"].decode()
    plain = text_in("a.odp", documents.zipped(members)).text
    foot = '<presentation:footer-decl presentation:name="ftr1">Secret</presentation:footer-decl>'
    assert content.count("<draw:page ") > 1
    members["content.xml"] = content.replace("<draw:page ", f"{foot}<draw:page ", 1).encode()
    assert text_in("a.odp", documents.zipped(members)).text == f"{plain}\n\n[footer] Secret"
