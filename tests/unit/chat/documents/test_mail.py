"""Mail as Python's own library writes it, and a message of Outlook's.

The messages of Outlook's were written by aspose-email-foss; the one in a code page got its
letters afterwards.
"""

import base64
import mailbox
from email.message import EmailMessage
from pathlib import Path

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
        remarks_on(text_in("a.eml", content)) == "files in it that are protected with a password: 1"
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
