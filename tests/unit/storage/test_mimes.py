"""The types of files, as headers carry them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.mimes import BINARY, content_type


@pytest.mark.parametrize(
    "mime",
    ["text/plain", "text/html; charset=utf-8", "image/svg+xml", "application/vnd.ms-excel"],
)
def test_a_mime_stays_as_it_is(mime: str) -> None:
    assert content_type(mime) == mime


@pytest.mark.parametrize(
    "mime",
    ["", "/", "text", "text/", "image/é", "a/b\r\nX: 1", "a/b;\nX: 1", "a b/c", "a/" + "b" * 300],
)
def test_what_is_no_mime_is_bytes(mime: str) -> None:
    assert content_type(mime) == BINARY


@given(st.text() | st.from_regex(r"[a-z]+/[a-z]+;.*"))
def test_any_text_gives_a_header(mime: str) -> None:
    found = content_type(mime)
    assert found.isascii()
    assert found.isprintable()
