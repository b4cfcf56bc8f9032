"""Events of a stream, however a server writes them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.models import events
from chat.models.events import DONE, EventReader, NotAnEvent, values_of


def read(*chunks: bytes) -> list[Any]:
    reader = EventReader()
    found = [value for chunk in chunks for value in reader.feed(chunk)]
    return [*found, *reader.end()]


@pytest.mark.parametrize(
    "stream",
    [
        b'data: {"a": 1}\n\ndata: {"a": 2}\n\ndata: [DONE]\n\n',
        b'data: {"a": 1}\r\n\r\ndata: {"a": 2}\r\n\r\ndata: [DONE]\r\n\r\n',
        b'data: {"a": 1}\r\rdata: {"a": 2}\r\rdata: [DONE]\r\r',
        b'data:{"a": 1}\n\ndata:{"a": 2}\n\ndata:[DONE]',
        b'data: {"a": 1}\ndata: {"a": 2}\ndata: [DONE]\n',
        b': hello\n\nevent: x\nid: 7\nretry: 3\ndata: {"a": 1}\n\ndata:\n\ndata: {"a": 2}\n\n'
        b"data: [DONE] \n\n",
        b'\xef\xbb\xbfdata: {"a":\ndata: 1}\n\ndata: {"a": 2}\n\ndata: [DONE]\n\n',
    ],
)
def test_every_way_to_write_events_is_read(stream: bytes) -> None:
    expected = [{"a": 1}, {"a": 2}, DONE]
    assert read(stream) == expected
    assert read(*(bytes([byte]) for byte in stream)) == expected, "cut anywhere"


TEXTS = st.lists(st.text(), min_size=1, max_size=5)


@given(texts=TEXTS, end=st.sampled_from(["\n", "\r\n", "\r"]), sizes=st.lists(st.integers(1, 9)))
def test_a_stream_may_be_cut_anywhere(texts: list[str], end: str, sizes: list[int]) -> None:
    stream = "".join(
        f"data: {json.dumps({'t': text}, ensure_ascii=len(text) % 2 == 0)}{end}{end}"
        for text in texts
    ).encode("utf-8", "surrogatepass")
    chunks, at = [], 0
    for size in sizes:
        chunks.append(stream[at : at + size])
        at += size
    assert read(*chunks, stream[at:]) == [{"t": text} for text in texts]


def test_an_event_is_told_before_its_blank_line() -> None:
    reader = EventReader()
    assert list(reader.feed(b"data: [1]\n")) == [[1]]
    assert list(reader.feed(b"data: [2]\r")) == [[2]]


def test_line_ends_within_a_string_are_taken() -> None:
    assert read(b'data: {"a": "x\ty"}\n\n') == [{"a": "x\ty"}]


@pytest.mark.parametrize("stream", [b"data: <html>\n\n", b'data: {"a"\n\ndata: 1}\n\n', b"data: {"])
def test_what_is_no_json_is_told(stream: bytes) -> None:
    with pytest.raises(NotAnEvent):
        read(stream)


def test_an_event_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LONGEST_EVENT", 100)
    with pytest.raises(NotAnEvent, match="longer"):
        read(*[b"data: " + b"x" * 20] * 6)
    with pytest.raises(NotAnEvent, match="longer"):
        read(*[b'data: "xxxxxxxxxxxxxxxx\n'] * 9)


def test_a_body_is_one_json_or_one_a_line() -> None:
    assert values_of(b'\xef\xbb\xbf {"a":\n 1} ') == [{"a": 1}]
    assert values_of(b'{"a": 1}\n{"a": 2}\r\n') == [{"a": 1}, {"a": 2}]
    with pytest.raises(NotAnEvent, match="oops"):
        values_of(b"{oops")
