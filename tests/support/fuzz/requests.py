"""Requests byte by byte, well formed and not, and what comes back."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.support.fuzz import odd
from tests.support.fuzz.described import ENDS

ANSWER_S = 30.0  # after so long without an answer the program hangs
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
READING = METHODS[:2]
ODD_METHODS = ("PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "G\0T", "X" * 300, "PRI", "")
VERSIONS = ("HTTP/1.0", "HTTP/9.9", "HTTP/2.0", "HTTP/1.1 x", "")
SCRAPS = (
    *("\0", "%00", "%", "%zz", "%ff%fe", "é", "..", "%2e%2e", "//", "\\", "x" * 300, "x" * 5_000),
    *("*", "http://[", "http://x/y", ":", ";a=1", "#", "%ed%a0%80", "a b", "\t", "y/" * 3_000),
)
QUERIES = ("session_id=", "session_id={}", "EIO=4&transport=polling", "EIO=4&transport=websocket")
HEADERS: Sequence[tuple[bytes, Sequence[bytes]]] = (
    (b"Host", (b"[", b"", b"a b", b"x" * 300, b"evil.example", b"localhost:99999", b"\xff")),
    (b"Origin", (b"null", b"http://[", b"http://evil.example", b"", b"\xe9", b"http://a:b:c")),
    (b"Sec-Fetch-Site", (b"cross-site", b"none", b"x")),
    (b"Cookie", (b"=", b";;;", b"access_token=", b"a" * 5_000, b"\xff=\xff", b'a="\\', b"X=1")),
    (b"Authorization", (b"Bearer ", b"Bearer x.y.z", b"Basic Og==", b"\xff", b"Bearer " * 50)),
    (b"Content-Type", (b"application/json", b"text/plain", b"multipart/form-data", b"\xff", b";")),
    (b"Content-Type", (b"multipart/form-data; boundary=x", b"application/x-www-form-urlencoded")),
    (
        b"Content-Type",
        (b"multipart/form-data; boundary=" + b"-" * 300, b"application/json; charset=x"),
    ),
    (b"Content-Encoding", (b"gzip", b"x")),
    (b"Accept-Language", (b"zh", b"*;q=9", b"x" * 3_000, b"\xff", b";q=;,,")),
    (b"Range", (b"bytes=9-1", b"bytes=0-0,1-1,2-2", b"bytes=-", b"bytes=" + b"9" * 30 + b"-")),
    (b"If-None-Match", (b"*", b'"', b"W/")),
    (b"If-Modified-Since", (b"yesterday", b"\xff", b"Thu, 99 Foo 0000 99:99:99 GMT")),
    (b"If-Range", (b'"', b"x", b"Thu, 01 Jan 1970 00:00:00 GMT")),
    (b"X-Forwarded-Proto", (b"https", b"x", b"")),
    (b"X-Forwarded-For", (b"127.0.0.1", b"[", b"x" * 500)),
    (b"Forwarded", (b"for=[", b"host=evil.example")),
    (b"Expect", (b"100-continue", b"x")),
    (b"Upgrade", (b"websocket", b"h2c")),
    (b"Connection", (b"close", b"upgrade", b"keep-alive, x")),
    (b"Sec-WebSocket-Key", (b"x", b"dGhlIHNhbXBsZSBub25jZQ==")),
    (b"Sec-WebSocket-Version", (b"13", b"99")),
    (b"Sec-WebSocket-Extensions", (b"permessage-deflate; x=\xff", b"permessage-deflate")),
    (b"Content-Disposition", (b"attachment", b'form-data; name="')),
    (b"Bad Name", (b"x",)),
    (b"X\0", (b"\0",)),
    (b"X-Long", (b"x" * 70_000,)),
)
LENGTHS = (b"0", b"-1", b"1e3", b"+5", b"9" * 30, b"0x10", b"", b" 3", b"3, 3", b"1000000")
CHUNKED = (
    *(b"zz\r\n", b"ffffffffffffffffff\r\nx", b"-1\r\n", b"5\r\nab", b"3;x=y\r\nabc\r\n0\r\n\r\n"),
    *(b"3\r\nabcdef", b"\r\n", b"0\r\nX: y\r\n\r\n", b"0\r\n\r\n", b"1\r\n" * 2_000),
)
PARTS = (
    *(b"--x", b"--x--", b"\r\n", b"\r\n\r\n", b"--", b"\xff\xfe", b"x" * 70_000, b"hello", b"\0"),
    *(
        b'Content-Disposition: form-data; name="file"; filename="a.txt"',
        b"Content-Type: text/plain",
    ),
    *(
        b'Content-Disposition: form-data; name="file"; filename="\xff\0/../a.html"',
        b"Content-Length: 9",
    ),
    *(
        b'Content-Disposition: form-data; name="',
        b"Content-Disposition",
        b"Content-Type: a/b; charset=x",
    ),
    *(
        b"Content-Disposition: form-data; filename*=utf-8''%ff",
        b"Content-Transfer-Encoding: base64",
    ),
)
_PARTED = st.lists(st.sampled_from(PARTS), max_size=12).map(b"\r\n".join)
BODIES = (b"username=a&password=b", b"a=%ff&" * 50, b"&" * 2_000, b"x" * 4_200_000)
_HEADERS = st.sampled_from([(name, value) for name, values in HEADERS for value in values])
_SCRAPS = st.sampled_from(SCRAPS) | st.text(max_size=12).map(quote)
_HEAD = re.compile(rb"HTTP/1\.1 (?P<status>\d{3})[^\n]*\n(?P<headers>.*?)\r\n\r\n", re.DOTALL)
_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RawRequest:
    """What is sent; `leaves` is somebody who does not wait for the answer."""

    who: str
    sent: bytes
    leaves: bool


@st.composite
def raw_requests(
    draw: DrawFn,
    doors: Sequence[str],
    cookies: Mapping[str, str],
    people: Sequence[str],
    ids: tuple[str, ...],
) -> RawRequest:
    """Requests of anybody's to the program's routes, most of which have something wrong."""
    who, (own_method, path) = draw(st.sampled_from(people)), draw(st.sampled_from(doors)).split()
    method = own_method if draw(_likely(8)) else draw(st.sampled_from([*METHODS, *ODD_METHODS]))
    if who == "anna" or method == "MOUNT":
        method = "GET"  # the owner only reads
    if f"{method} {path}".startswith(ENDS):
        who = "nobody"
    headers = [(b"Host", b"localhost")] if draw(_likely(9)) else []
    if who in cookies:
        headers.append((b"Cookie", cookies[who].encode()))
    if not draw(_likely(6)):
        headers += draw(st.lists(_HEADERS, min_size=1, max_size=3))
    framing, body = (
        draw(_framed(ids)) if method not in READING or not draw(_likely(9)) else ([], b"")
    )
    version = "HTTP/1.1" if draw(_likely(9)) else draw(st.sampled_from(VERSIONS))
    line = f"{method} {draw(_targets(path, ids))} {version}".encode(errors="replace")
    head = b"\r\n".join([line, *(name + b": " + value for name, value in [*headers, *framing])])
    return RawRequest(who, head + b"\r\n\r\n" + body, leaves=not draw(_likely(9)))


def _likely(of_ten: int) -> SearchStrategy[bool]:
    return st.integers(0, 9).map(lambda drawn: drawn < of_ten)


@st.composite
def _targets(draw: DrawFn, path: str, ids: tuple[str, ...]) -> str:
    """Draw a path with ids or scraps in it, and sometimes a query, or no path at all."""

    def part(_: re.Match[str]) -> str:
        return quote(draw(st.sampled_from(ids))) if draw(_likely(7)) else draw(_SCRAPS)

    target = re.sub(r"\{[^}]*\}", part, path)
    if not draw(_likely(9)):
        target = draw(st.sampled_from([target, ""])) + draw(_SCRAPS)
    if draw(_likely(4)):
        target += "?" + draw(st.sampled_from(QUERIES)).format(draw(st.sampled_from(ids)))
        target += "" if draw(_likely(8)) else draw(_SCRAPS)
    return target


@st.composite
def _framed(draw: DrawFn, ids: tuple[str, ...]) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Draw a body with the headers that say how long it is, rightly or not."""
    body = draw(odd.bodies(ids) | _PARTED | st.sampled_from(BODIES))
    match draw(st.integers(0, 11)):
        case 0:
            return [(b"Content-Length", draw(st.sampled_from(LENGTHS)))], body
        case 1:
            return [(b"Transfer-Encoding", b"chunked")], draw(st.sampled_from(CHUNKED))
        case 2:
            both = [(b"Content-Length", b"3"), (b"Transfer-Encoding", b"chunked")]
            return draw(st.sampled_from([both, both * 2, [(b"Transfer-Encoding", b"gzip")]])), body
        case 3:
            return [(b"Transfer-Encoding", b"chunked")], b"%x\r\n%b\r\n0\r\n\r\n" % (
                len(body),
                body,
            )
        case _:
            kind = [(b"Content-Type", b"application/json")] if draw(_likely(6)) else []
            return [*kind, (b"Content-Length", b"%d" % len(body))], body


async def answer_to(request: RawRequest, port: int) -> tuple[int, bytes]:
    """Send it, and return the answer's status and all that came; 0 where there was none.

    Raises TimeoutError where the program hangs.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request.sent)
        if request.leaves:
            return 0, b""
        async with asyncio.timeout(ANSWER_S):
            return await _read(reader, is_head=request.sent.startswith(b"HEAD "))
    finally:
        writer.transport.abort()


async def _read(reader: asyncio.StreamReader, *, is_head: bool) -> tuple[int, bytes]:
    received = b""
    with suppress(ConnectionError):
        while not _is_whole(received, is_head) and (piece := await reader.read(1_000_000)):
            received += piece
    head = _last_head(received)
    return (int(head["status"]) if head else 0), received


def _last_head(received: bytes) -> re.Match[bytes] | None:
    """Return the head of the answer itself, after those that only say that one is to go on."""
    heads = _HEAD.finditer(received)
    return next(
        (one for one in heads if one["status"] == b"101" or one["status"][:1] != b"1"), None
    )


def _is_whole(received: bytes, is_head: bool) -> bool:
    head = _last_head(received)
    if head is None or is_head or head["status"] in (b"101", b"204", b"304"):
        return head is not None
    length = _LENGTH.search(head["headers"])
    return length is not None and len(received) >= head.end() + int(length[1])
