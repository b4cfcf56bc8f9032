"""Files in a signature, as the library `cryptography` makes them."""

import base64
import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)

from chat.attachments.results import Reason
from tests.support import documents
from tests.support.reading import reason_in, remarks_on, text_in

SAID = "it is signed, and its signature is not checked"
MESSAGE = b"Content-Type: text/plain; charset=utf-8\r\n\r\nSigned words of the gr\xc3\xbcnen\r\n"


def signed(content: bytes, *options: PKCS7Options) -> bytes:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, SHA256())
    )
    builder = PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, SHA256())
    return builder.sign(Encoding.DER, [PKCS7Options.Binary, *options])


@pytest.mark.parametrize("armour", [bytes, base64.b64encode, base64.encodebytes])
def test_what_is_signed_is_read_as_what_it_is_and_that_is_said(armour: object) -> None:
    assert callable(armour)
    for content in ("<a>Größe</a>".encode(), documents.docx("Größe")):
        reading = text_in("contract.p7m", armour(signed(content)))
        assert "Größe" in reading.text
        assert remarks_on(reading) == SAID


def test_what_is_signed_in_pieces_of_no_said_length_is_read() -> None:
    """As programs write it that do not know the length at first."""
    content = bytes.fromhex(
        "3080 06092a864886f70d010702 a080 3080 020101 3100 3080 06092a864886f70d010701 a080"
        "2480 0403616263 0403646566 0000 0000 0000 0000 0000 0000"
    )
    assert text_in("a.p7m", content).text == "abcdef"


def test_a_signature_without_what_it_signs_is_no_text() -> None:
    alone = signed(b"words", PKCS7Options.DetachedSignature)
    assert reason_in("a.p7s", alone) is Reason.BINARY
    assert reason_in("a.p7m", signed(b"words")[:60]) is Reason.BINARY


def test_mail_that_is_signed_as_a_whole_is_read() -> None:
    head = (
        b"From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    reading = text_in("a.eml", head + base64.encodebytes(signed(MESSAGE)))
    assert reading.text.endswith("Subject: x\n\nSigned words of the grünen")
    assert remarks_on(reading) == SAID


def test_a_file_that_only_begins_so_is_what_it_was() -> None:
    assert text_in("a.txt", b"MINUTES of our MIA meeting").text == "MINUTES of our MIA meeting"
