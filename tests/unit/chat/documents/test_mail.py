"""Mail as Python's own library writes it, and a message of Outlook's.

The messages of Outlook's were written by aspose-email-foss; the one in a code page got its
letters afterwards.
"""

import base64
import mailbox
import quopri
import struct
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import compressed_rtf
import pytest

from tests.support import documents
from tests.support.reading import case, remarks_on, text_in

SENT = "Thu, 26 Nov 2026 10:00:00 +0100"


def message(text: str = "Grüße\n\nAnbei die Liste.\n", **headers: str) -> EmailMessage:
    """A message with a text in quoted-printable."""
    written = EmailMessage()
    written["From"] = "Jürgen Müller <j@example.com>"
    written["Subject"] = (
        "Größe der Lieferung 世界, und ein Betreff, der so lang ist, dass er bricht"
    )
    written["Date"] = SENT
    for name, value in headers.items():
        written[name] = value
    written.set_content(text, cte="quoted-printable")
    return written


def raw(content_type: str, body: bytes, subject: bytes = b"x") -> bytes:
    """A message whose encoding is its own affair."""
    head = b"From: a@example.com\r\nSubject: %b\r\nMIME-Version: 1.0\r\n" % subject
    return head + f"Content-Type: {content_type}\r\n\r\n".encode() + body


def test_a_message_is_read_with_its_headers_and_what_is_attached() -> None:
    sent = message(To="bob@example.com")
    sent.add_alternative("<p>Grüße</p><img src='cid:x'><p>Anbei die <b>Liste</b>.</p>", "html")
    page = sent.get_payload()[1]  # type: ignore[index]
    page.add_related(documents.image("PNG"), "image", "png", cid="<x>")  # type: ignore[union-attr]
    listed = "Stück;Größe\n1;XL\n".encode()
    sent.add_attachment(listed, maintype="text", subtype="csv", filename="größe.csv")
    offer = documents.pdf("Angebot 7")
    sent.add_attachment(offer, maintype="application", subtype="pdf", filename="angebot.pdf")
    program = b"MZ\0\1" * 9
    sent.add_attachment(program, maintype="application", subtype="x", filename="prog.exe")
    forwarded = EmailMessage()
    forwarded["Subject"] = "Das Original"
    forwarded.set_content("Davor geschrieben.")
    sent.add_attachment(forwarded)
    reading = text_in("a.eml", sent.as_bytes())
    assert reading.text == (
        "From: Jürgen Müller <j@example.com>\n"
        "To: bob@example.com\n"
        f"Date: {SENT}\n"
        "Subject: Größe der Lieferung 世界, und ein Betreff, der so lang ist, dass er bricht\n"
        "\nGrüße\n\nAnbei die Liste.\n\n"
        f"Attached:\n- größe.csv ({len(listed)} bytes)\n- angebot.pdf ({len(offer)} bytes)\n"
        f"- prog.exe (36 bytes)\n- Das Original.eml ({len(forwarded.as_bytes())} bytes)\n\n\n"
        "## größe.csv\n\nStück;Größe\n1;XL\n\n## angebot.pdf\n\n[page 1]\nAngebot 7\n\n"
        "## Das Original.eml\n\nSubject: Das Original\n\nDavor geschrieben."
    )
    assert reading.counts == {"attachments": 4}
    assert remarks_on(reading) == (
        "pictures in it that are left out: 1; files in it that are not read: 1"
    )


def test_a_picture_that_is_attached_is_named() -> None:
    sent = message()
    photo = documents.image("JPEG")
    sent.add_attachment(photo, maintype="image", subtype="jpeg", filename="beach.jpg")
    reading = text_in("a.eml", sent.as_bytes())
    assert reading.text.endswith(f"Attached:\n- beach.jpg ({len(photo)} bytes)")
    assert remarks_on(reading) == "files in it that are not read: 1"


def test_a_page_is_read_where_the_text_beside_it_only_stands_in_for_it() -> None:
    sent = message("See the page.")
    sent.add_alternative(f"<h1>News</h1><p>{'All of it. ' * 9}</p>", "html")
    text = text_in("a.eml", sent.as_bytes()).text
    assert "# News\n\nAll of it." in text
    assert "See the page" not in text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (raw("text/plain; charset=gb2312", "朱镕基".encode("gbk")), "朱镕基"),
        (raw("text/plain; charset=iso-8859-1", "„12 €“".encode("cp1252")), "„12 €“"),
        (raw('text/plain; charset="koi8-r"', "Привет".encode("koi8-r")), "Привет"),
        (raw("text/plain; charset=us-ascii", "Grüße 日本".encode()), "Grüße 日本"),
        (raw("text/plain; charset=iso-8859-1", "Grüße".encode()), "Grüße"),
        (raw("text/plain; charset=iso-8859-1", "Grüße".encode("latin-1")), "Grüße"),
        (raw("text/plain; charset=unheard-of", "Grüße".encode()), "Grüße"),
        (raw("text/plain", "Grüße".encode()), "Grüße"),
        (raw("text/html; charset=utf-8", "<p>Grüße <b>an</b></p>".encode()), "Grüße **an**"),
    ],
)
def test_a_text_is_read_in_the_encoding_that_is_meant(content: bytes, text: str) -> None:
    assert text_in("a.eml", content).text.endswith(f"\n\n{text}")


@pytest.mark.parametrize(
    "subject",
    [
        b"=?gb2312?B?" + base64.b64encode("镕基报价".encode("gbk")) + b"?=",
        "镕基报价".encode(),
        b"=?utf-8?q?=E9=95=95=E5=9F=BA?=\r\n =?utf-8?b?5oql5Lu3?=",
    ],
)
def test_a_header_is_read_however_it_is_written(subject: bytes) -> None:
    assert "Subject: 镕基报价\n" in text_in("a.eml", raw("text/plain", b"x", subject)).text


def test_an_encrypted_message_is_said_to_be_one() -> None:
    content = raw('application/pkcs7-mime; smime-type="enveloped-data"', b"AAAA")
    assert (
        remarks_on(text_in("a.eml", content))
        == "parts of it that are encrypted, which only whom they were sent to can read: 1"
    )


def test_mail_is_known_without_its_name_and_other_texts_are_none() -> None:
    assert "\nDate: " in text_in("a", message().as_bytes()).text
    notes = b"From: here\nTo: there\nSubject: travel\n\nPack.\n"
    assert text_in("a.txt", notes).text == notes.decode().strip()
    # What a page consists of is none of its texts.
    page = b"--b\r\nContent-Type: text/html\r\n\r\n<h1>Page</h1>\r\n"
    style = b"--b\r\nContent-Type: text/css\r\n\r\nh1{}\r\n--b--\r\n"
    saved = raw('multipart/related; boundary="b"', page + style)
    assert text_in("a.mhtml", saved).text.endswith("# Page")
    of_word = saved[saved.index(b"MIME-Version") :]
    assert text_in("a.doc", of_word).text == "# Page"


def test_a_mailbox_is_read_message_by_message(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box.mbox")
    box.add(message("From hier aus\n\nFrom dort 2026\n"))
    box.add(message("Zweite."))
    box.close()
    reading = text_in("box.mbox", (tmp_path / "box.mbox").read_bytes())
    first, second = reading.text.split("## Message 2")
    assert first.strip().endswith("From hier aus\n\nFrom dort 2026")
    assert second.endswith("Zweite.")
    assert reading.counts == {"messages": 2}


def test_a_long_message_leaves_room_for_those_after_it(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box.mbox")
    box.add(message("Lang. " * 5_000))
    box.add(message("Zweite."))
    box.close()
    reading = text_in("box.mbox", (tmp_path / "box.mbox").read_bytes())
    assert reading.text.endswith("Zweite.")
    assert "[… cut …]" in reading.text


def test_an_invitation_does_not_stand_for_the_text_beside_it() -> None:
    sent = message("Kommst du?")
    invitation = "BEGIN:VCALENDAR\n" + "X-LONG:line of the invitation\n" * 50 + "END:VCALENDAR\n"
    sent.add_alternative(invitation, "calendar")
    text = text_in("a.eml", sent.as_bytes()).text
    assert "\n\nKommst du?\n" in text
    assert "X-LONG" in text


def test_mail_of_apple_is_read_without_what_stands_around_it() -> None:
    inside = message("Hallo.").as_bytes()
    around = b"%d      \n%b<?xml version='1.0'?><plist/>" % (len(inside), inside)
    text = text_in("1.emlx", around).text
    assert text.startswith("From: Jürgen")
    assert text.endswith("Hallo.")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.msg", "# Titel\n\nGröße"),
        ("rich.msg", "Grüße fett"),
        ("narrow.msg", "Добрый день, Ёлка."),
    ],
)
def test_a_message_of_outlook_may_be_a_page_or_rich_text_or_of_a_code_page(
    name: str, text: str
) -> None:
    assert case(name).text.endswith(f"\n\n{text}")


def test_a_message_of_outlook_is_read_with_what_is_attached() -> None:
    reading = case("outlook.msg")
    assert reading.text == (
        "From: Ada Lovelace <ada@example.com>\nTo: Bob <bob@example.com>\n"
        "Date: 2026-03-15 10:30:00+00:00\nSubject: Größe der Lieferung 世界\n\n"
        "Guten Tag,\n\ndie Lieferung kommt am Freitag.\n\n"
        "Attached:\n- liste.csv (17 bytes)\n- prog.exe (400 bytes)\n\n\n"
        "## liste.csv\n\nStück;Größe\n1;XL\n\n"
        "## An attached message\n\nSubject: Innere Nachricht\n\nDer innere Text."
    )
    assert remarks_on(reading) == (
        "it does not say its encoding, and is read as Windows-1252, the likeliest; "
        "pictures in it that are left out: 1; files in it that are not read: 1"
    )


def _parted(content_type: str, *parts: bytes) -> bytes:
    body = b"".join(b"--b\r\n%b\r\n" % it for it in parts) + b"--b--\r\n"
    return raw(f'{content_type}; boundary="b"', body)


@pytest.mark.parametrize(
    ("content", "text", "remark"),
    [
        (raw("text/plain", "Grüße aus Köln".encode("cp1252")), "Grüße aus Köln", "Windows-1252"),
        (raw("text/plain; charset=utf-8", "Grüße aus Köln".encode("cp1252")), "Grüße aus Köln",
         "it is not in the encoding that it names, and is read as Windows-1252"),
        (raw("text/plain; charset=iso-8859-1", "Добрый день, коллеги!".encode("cp1251")),
         "Добрый день, коллеги!", "it is not in the encoding that it names"),
        (_parted("multipart/mixed", b"Content-Type: text/csv; name=a.csv\r\n\r\n"
                 + "Имя;Город\r\nИван;Москва".encode("koi8-r")), "Иван;Москва", "KOI8-R"),  # noqa: RUF001 - Cyrillic
        (raw("text/plain", b"x", "Größe der Straße".encode("cp1252")), "Größe der Straße",
         "read as Windows-1252"),
    ],
)  # fmt: skip
def test_what_is_guessed_within_mail_is_said(content: bytes, text: str, remark: str) -> None:
    for name, file in (("a.eml", content), ("a.mbox", b"From a Thu Nov 26 2026\n" + content)):
        reading = text_in(name, file)
        assert text in reading.text
        assert remark in remarks_on(reading)


def test_an_attached_text_is_read_in_the_encoding_that_its_part_says() -> None:
    part = b"Content-Type: text/csv; charset=iso-8859-2; name=a.csv\r\n\r\n"
    reading = text_in("a.eml", _parted("multipart/mixed", part + "Łódź;1".encode("iso-8859-2")))
    assert reading.text.endswith("## a.csv\n\nŁódź;1")
    assert remarks_on(reading) == ""


@pytest.mark.parametrize("encode", [base64.encodebytes, quopri.encodestring])
def test_a_forwarded_message_is_read_though_it_is_encoded(
    encode: Callable[[bytes], bytes],
) -> None:
    name = "base64" if encode is base64.encodebytes else "quoted-printable"
    head = f"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: {name}\r\n\r\n".encode()
    inside = raw("text/plain; charset=utf-8", "Von innen: Größe".encode(), b"Inside")
    text = text_in("a.eml", _parted("multipart/mixed", head + encode(inside))).text
    assert "- Inside.eml" in text
    assert text.endswith("Subject: Inside\n\nVon innen: Größe")


def test_a_bounce_says_of_whom_and_why() -> None:
    said = b"Content-Type: text/plain\r\n\r\nNot delivered."
    status = (
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        b"Final-Recipient: rfc822; nobody@example.com\r\nDiagnostic-Code: smtp; 550 No such user"
    )
    heads = (
        b"Content-Type: text/rfc822-headers\r\n\r\n"
        b"From: a@example.com\r\nSubject: The first\r\nMessage-ID: <1@example.com>\r\n"
    )
    text = text_in("a.eml", _parted("multipart/report", said, status, heads)).text
    assert "Diagnostic-Code: smtp; 550 No such user" in text
    assert "Subject: The first" in text


def test_whom_to_answer_is_shown() -> None:
    text = text_in("a.eml", message(**{"Reply-To": "b@example.com"}).as_bytes()).text
    assert "Reply-To: b@example.com\n" in text


@pytest.mark.parametrize(
    ("plain", "is_shown"),
    [
        (" \n", False),
        ("Please use a client that shows HTML to read this.", False),
        ("In the annex: number 4711 is out of stock.", True),
    ],
)
def test_a_page_is_read_that_says_what_the_text_beside_it_does_not(
    plain: str, is_shown: bool
) -> None:
    sent = message(plain)
    sent.add_alternative("<p>Die Lieferung kommt am <b>Freitag</b>.</p>", "html")
    text = text_in("a.eml", sent.as_bytes()).text
    assert text.endswith("Die Lieferung kommt am **Freitag**.")
    assert (plain in text) is is_shown


def attribute(number: int, data: bytes, level: int = 1) -> bytes:
    """One of what Outlook packs."""
    checksum = struct.pack("<H", sum(data) & 0xFFFF)
    return struct.pack("<BII", level, number, len(data)) + data + checksum


def mapi(*values: tuple[int, int, bytes], before: bytes = b"") -> bytes:
    """Properties, by their types and numbers, after some that are made up."""
    written = b"".join(
        struct.pack("<HHII", kind, number, 1, len(value)) + value + b"\0" * (-len(value) % 4)
        for kind, number, value in values
    )
    return struct.pack("<I", len(values) + 2 * bool(before)) + before + written


NAMED = (  # a number with a name that is a text, and two numbers
    struct.pack("<HH16sII8s", 3, 0x8001, b"guid", 1, 6, "abc".encode("utf-16-le"))
    + struct.pack("<I", 7)
    + struct.pack("<HHIII", 0x1003, 0x3FFF, 2, 1, 2)
)
NAME = mapi((0x1F, 0x3707, "größe 世.csv\0".encode("utf-16-le")), before=NAMED)
LISTED = (
    attribute(0x9002, b"\1\0" + b"\0" * 12, 2)
    + attribute(0x8010, b"GRE~1.CSV\0", 2)
    + attribute(0x800F, b"a;b\n1;2", 2)
    + attribute(0x9005, NAME, 2)
)
TNEF = b"\x78\x9f\x3e\x22\1\0" + attribute(0x9007, struct.pack("<II", 1252, 0))
RICH = compressed_rtf.compress(rb"{\rtf1\ansi Gr\'fc\'dfe {\b fett}\par}")
READ = "Attached:\n- größe 世.csv (7 bytes)\n\n\n## größe 世.csv\n\na;b\n1;2"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (attribute(0x800C, "Grüße\r\nAda\0".encode("cp1252")), "Grüße\nAda"),
        (attribute(0x9003, mapi((0x102, 0x1013, b"<p>Gr\xfc\xdfe <b>f</b></p>"))), "Grüße **f**"),
        (attribute(0x9003, mapi((0x102, 0x1009, RICH), before=NAMED)), "Grüße fett"),
    ],
)
def test_what_outlook_packed_is_read(body: bytes, text: str) -> None:
    packed = TNEF + attribute(0x8004, b"Betreff\0") + body + LISTED
    assert text_in("winmail.dat", packed).text == f"Subject: Betreff\n\n{text}\n\n{READ}"
    part = b"Content-Type: application/ms-tnef; name=winmail.dat\r\n"
    part += b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(packed)
    silent = text_in("a.eml", _parted("multipart/mixed", part)).text
    assert silent.partition("\n\n")[2] == f"{text}\n\n{READ}"
    said = text_in("a.eml", _parted("multipart/mixed", b"\r\nHello", part)).text
    assert said.partition("\n\n")[2] == f"Hello\n\n{READ}"


def test_of_what_outlook_packed_and_is_damaged_the_beginning_is_read() -> None:
    packed = TNEF + attribute(0x800C, b"Hello\0") + LISTED
    for size in range(len(TNEF) + 17, len(packed)):
        assert text_in("winmail.dat", packed[:size]).text.startswith("Hello")
    broken = TNEF + attribute(0x9003, mapi((0x102, 0x1009, RICH[:-4]))) + LISTED
    reading = text_in("winmail.dat", broken)
    assert reading.text == READ
    assert "damaged" in remarks_on(reading)
    part = b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nx"
    reading = text_in("a.eml", _parted("multipart/mixed", b"\r\nHello", part))
    assert reading.text.endswith("Hello")
    assert "winmail.dat is not read" in remarks_on(reading)


def test_pictures_within_a_page_are_counted() -> None:
    page = b'<p>Hi <img alt="" src="data:image/png;base64,AAAA"> there</p>'
    for name, content in (("a.eml", raw("text/html", page)), ("a.html", page)):
        assert remarks_on(text_in(name, content)) == "pictures in it that are left out: 1"


def flowing(body: str, how: str = "") -> str:
    """What is read of a text whose lines flow."""
    lines = body.replace("\n", "\r\n").encode()
    content = raw(f"text/plain; charset=utf-8; Format=Flowed{how}", lines)
    return text_in("a.eml", content).text.partition("\n\n")[2]


@pytest.mark.parametrize(
    ("body", "how", "shown"),
    [
        ("one \ntwo \nthree\nfour", "", "one two three\nfour"),
        ("one \ntwo\n\nthree", "", "one two\n\nthree"),
        ("one \n\ntwo", "", "one\n\ntwo"),
        ("こんに \nちは。\n次", "; DelSp=Yes", "こんにちは。\n次"),
        ("one  \ntwo", "; delsp=yes", "one two"),
        (">> a \n>> b\n> c \nd", "", ">> a b\n> c\nd"),
        ("> a \n> b \n> c", "", "> a b c"),
        (" >no quote\n From here", "", ">no quote\nFrom here"),
        ("text \n-- \nAda \nLovelace", "", "text\n-- \nAda Lovelace"),
    ],
)
def test_lines_that_flow_are_paragraphs(body: str, how: str, shown: str) -> None:
    assert flowing(body, how) == shown


def test_lines_that_do_not_flow_stay_lines() -> None:
    assert text_in("a.eml", raw("text/plain; format=fixed", b"one \ntwo")).text.endswith(
        "one \ntwo"
    )
