"""The pure functions behind the files route: types, names, ranges and conditions."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routes.files import content
from routes.files.content import headers, present, present_type
from routes.files.ranges import content_range, etag, is_unchanged, parse_range, wanted_range
from storage.base import ByteRange
from storage.errors import RangeNotSatisfiable

BINARY = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"
TAG = '"5e2bf57d3f40c4b6df69daf1936cb766f832374b4fc0259a7cbff06e2f70f269"'

# Content types


@pytest.mark.parametrize(
    ("element_type", "mime", "media_type", "inline"),
    [
        ("image", "image/png", "image/png", True),
        ("image", "IMAGE/JPEG; q=1", "image/jpeg", True),
        ("image", "image/webp", "image/webp", True),
        ("image", "image/avif", "image/avif", True),
        ("image", "image/svg+xml", "image/svg+xml", False),
        ("image", "image/svg+xml;charset=utf-8", "image/svg+xml", False),
        ("image", "text/html", BINARY, False),
        ("image", None, BINARY, False),
        ("text", "text/html", TEXT, True),
        ("text", "application/json", TEXT, True),
        ("text", None, TEXT, True),
        ("dataframe", "application/json", TEXT, True),
        ("plotly", "text/html", "application/json", True),
        ("tasklist", None, "application/json", True),
        ("custom", None, "application/json", True),
        ("pdf", "text/html", "application/pdf", True),
        ("audio", "audio/mpeg", "audio/mpeg", True),
        ("audio", "audio/webm;codecs=opus", "audio/webm", True),
        ("audio", "video/mp4", "video/mp4", True),
        ("audio", "text/html", BINARY, False),
        ("video", "video/mp4", "video/mp4", True),
        ("video", None, BINARY, False),
        ("file", "application/zip", "application/zip", False),
        ("file", "text/csv", "text/csv", False),
        ("file", "audio/ogg", "audio/ogg", False),
        ("file", "image/png", "image/png", False),
        ("file", "image/svg+xml", BINARY, False),
        ("file", "text/html", BINARY, False),
        ("file", "application/xhtml+xml", BINARY, False),
        ("file", "text/xml", BINARY, False),
        ("file", "text/javascript", BINARY, False),
        ("file", None, BINARY, False),
        ("file", 7, BINARY, False),
        ("unheard of", "text/html", BINARY, False),
        (None, None, BINARY, False),
    ],
)
def test_present(element_type: object, mime: object, media_type: str, inline: bool) -> None:
    shown = present(element_type, mime)
    assert (shown.media_type, shown.inline) == (media_type, inline)


TYPES = ["image", "text", "pdf", "tasklist", "audio", "video", "file", "plotly", "dataframe"]


@pytest.mark.parametrize("element_type", [*TYPES, "custom", None])
@pytest.mark.parametrize("mime", ["image/png", "image/svg+xml", "audio/x", "text/html", None])
def test_everything_is_locked_up(element_type: object, mime: object) -> None:
    policy = present(element_type, mime).policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    # The browser's own viewer of PDF does not work in a sandbox.
    assert policy.startswith("sandbox") == (element_type != "pdf")


def test_a_player_may_ask_for_its_own_file() -> None:
    policy = present("video", "video/mp4").policy
    assert "sandbox allow-same-origin;" in policy
    assert "media-src 'self'" in policy


@pytest.mark.parametrize("element_type", ["audio", "video", "file", "image"])
@pytest.mark.parametrize("mime", ["audio/a\r\nX-Bad: 1", "audio/", "audio/a b", "audio/é", "/"])
def test_a_malformed_mime_never_reaches_a_header(element_type: str, mime: str) -> None:
    assert present(element_type, mime).media_type == BINARY


@given(st.sampled_from(TYPES), st.text())
def test_any_mime_gives_a_header(element_type: str, mime: str) -> None:
    media_type = present(element_type, mime).media_type
    assert re.fullmatch(r"[\x20-\x7e]+/[\x20-\x7e]+", media_type)
    assert not media_type.startswith(("text/html", "application/xhtml"))


@pytest.mark.parametrize(
    "mime", ["audio/x+xml", "video/svg+xml", "audio/xhtml", "video/unheard-of"]
)
@pytest.mark.parametrize("element_type", ["audio", "video", "file", "image"])
def test_what_only_begins_like_media_is_saved(element_type: str, mime: str) -> None:
    shown = present(element_type, mime)
    assert (shown.media_type, shown.inline) == (BINARY, False)


@pytest.mark.parametrize(
    ("mime", "media_type", "inline"),
    [
        ("image/png", "image/png", True),
        ("image/svg+xml", "image/svg+xml", False),
        ("audio/mpeg", "audio/mpeg", True),
        ("video/mp4", "video/mp4", True),
        ("video/x+xml", BINARY, False),
        ("application/pdf", "application/pdf", True),
        ("application/json", "application/json", True),
        ("text/plain", TEXT, True),
        ("text/csv", "text/csv", False),
        ("text/html", BINARY, False),
        ("text/html; charset=utf-7", BINARY, False),
        ("application/xhtml+xml", BINARY, False),
        ("text/xml", BINARY, False),
        ("application/xslt+xml", BINARY, False),
        ("text/javascript", BINARY, False),
        ("multipart/related", BINARY, False),
        ("message/rfc822", BINARY, False),
        ("custom", BINARY, False),
        ("custom/custom", BINARY, False),
        ("", BINARY, False),
        (None, BINARY, False),
    ],
)
def test_present_type(mime: object, media_type: str, inline: bool) -> None:
    shown = present_type(mime)
    assert (shown.media_type, shown.inline) == (media_type, inline)


@given(st.text(), st.text())
def test_all_headers_are_there_whatever_the_file_is(mime: str, name: str) -> None:
    sent = headers(present_type(mime), name)
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Cache-Control"] == "private, no-store"
    assert sent["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "default-src 'none'" in sent["Content-Security-Policy"]
    assert sent["Content-Disposition"].startswith(("inline; ", "attachment; "))
    assert all(value.isascii() and value.isprintable() for value in sent.values())


# Ranges

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", ByteRange(0, 999)),
        ("bytes=0-0", ByteRange(0, 0)),
        ("bytes=10-19", ByteRange(10, 19)),
        ("bytes=999-", ByteRange(999, 999)),
        ("bytes=990-5000", ByteRange(990, 999)),
        ("bytes=-1", ByteRange(999, 999)),
        ("bytes=-1000", ByteRange(0, 999)),
        ("bytes=-5000", ByteRange(0, 999)),
        ("Bytes= 1-2 ", ByteRange(1, 2)),
        (None, None),
        ("", None),
        ("bytes", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes= -", None),
        ("bytes=a-b", None),
        ("bytes=5-4", None),
        ("bytes=--5", None),
        ("bytes=0-1,5-6", None),
        ("bytes=0x1-2", None),
        ("bytes=\u0661-\u0662", None),
        ("bytes=+1-2", None),
        ("items=0-1", None),
        ("bytes=0-" + "9" * 5000, None),
    ],
)
def test_parse_range(header: str | None, expected: ByteRange | None) -> None:
    assert parse_range(header, SIZE) == expected


@pytest.mark.parametrize(
    ("header", "size"),
    [("bytes=1000-", SIZE), ("bytes=1000-2000", SIZE), ("bytes=-0", SIZE), ("bytes=0-", 0)],
)
def test_a_range_that_cannot_be_satisfied(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable):
        parse_range(header, size)


def test_the_end_of_nothing_is_the_whole() -> None:
    assert parse_range("bytes=-5", 0) is None


@given(st.text() | st.from_regex(r"bytes=\d*-\d*"), st.integers(min_value=0, max_value=50))
def test_any_range_is_within_the_size(header: str, size: int) -> None:
    try:
        found = parse_range(header, size)
    except RangeNotSatisfiable:
        return
    if found is not None:
        assert found.end is not None
        assert 0 <= found.start <= found.end < size


def test_content_range() -> None:
    assert content_range(10, 5, 100) == "bytes 10-14/100"


# Conditions


def test_etag() -> None:
    assert etag("abc") == '"abc"'
    assert etag(None) is None
    assert etag("") is None


@pytest.mark.parametrize(
    ("header", "tag", "expected"),
    [
        (None, TAG, False),
        (TAG, TAG, True),
        (f"W/{TAG}", TAG, True),
        (f'"other", {TAG}', TAG, True),
        (f'"a,b" , W/"c",{TAG}', TAG, True),
        ("*", TAG, True),
        ('"other"', TAG, False),
        (TAG.strip('"'), TAG, False),
        ("", TAG, False),
        (TAG, None, False),
        ("*", None, False),
    ],
)
def test_is_unchanged(header: str | None, tag: str | None, expected: bool) -> None:
    assert is_unchanged(header, tag) is expected


@pytest.mark.parametrize(
    ("if_range", "tag", "counts"),
    [
        (None, TAG, True),
        (None, None, True),
        (TAG, TAG, True),
        (f"W/{TAG}", TAG, False),
        ('"other"', TAG, False),
        ("Wed, 21 Oct 2026 07:28:00 GMT", TAG, False),
        (TAG, None, False),
    ],
)
def test_wanted_range(if_range: str | None, tag: str | None, counts: bool) -> None:
    assert wanted_range("bytes=0-1", if_range, tag) == ("bytes=0-1" if counts else None)


def test_what_bytes_are_is_said_in_one_place() -> None:
    routes = Path(content.__file__).parents[1]
    saying = {
        path.name for path in routes.rglob("*.py") if "Content-Disposition" in path.read_text()
    }
    assert saying == {"content.py"}
