"""Cursors: what a page gave can be read again, and nothing else."""

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datalayer.stores.cursors import decode_cursor, encode_cursor
from datalayer.values import iso_time

TIME = "2026-01-02T12:00:00.000000Z"
ID = "0c5e1d4e-8f0b-4c55-9d5a-3b1b7f1d2a10"


def packed(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


@given(st.datetimes().map(iso_time), st.uuids().map(str))
def test_a_cursor_is_the_place_that_it_was_made_of(time: str, thread_id: str) -> None:
    assert decode_cursor(encode_cursor(time, thread_id)) == (time, thread_id)


def test_a_cursor_fits_into_a_url() -> None:
    assert set(encode_cursor(TIME, ID)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
    )


ANY_TEXT = st.text(st.characters(exclude_categories=()))
ANY_BASE64 = st.binary().map(lambda content: base64.urlsafe_b64encode(content).decode())


@given(ANY_TEXT | ANY_BASE64)
@example(packed("ab"))
def test_no_other_text_is_a_cursor(text: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        decode_cursor(text)


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        [],
        "ab",
        {"a": 1, "b": 2},
        [TIME],
        [TIME, ID, ID],
        [None, None],
        [1, 2],
        [TIME, 2],
        [TIME, "no id"],
        ["no time", ID],
        [ID, TIME],
        [TIME, [ID]],
        ["' OR 1=1 --", ID],
    ],
)
def test_other_content_is_no_cursor(content: object) -> None:
    with pytest.raises(ValueError, match="cursor"):
        decode_cursor(packed(content))


def error_of(cursor: str) -> type[Exception] | None:
    """What reading a cursor raises; its traceback, which may be endless, is let go."""
    try:
        decode_cursor(cursor)
    except (ValueError, RecursionError) as exc:
        return type(exc)
    return None


@pytest.mark.parametrize("brackets", ["[" * 100_000, '{"a":' * 100_000], ids=["list", "object"])
def test_deeply_nested_content_is_no_cursor(brackets: str) -> None:
    assert error_of(base64.urlsafe_b64encode(brackets.encode()).decode()) is ValueError


def test_an_altered_cursor_is_none() -> None:
    cursor = encode_cursor(TIME, ID)
    with pytest.raises(ValueError, match="cursor"):
        decode_cursor(cursor[:-9])
    with pytest.raises(ValueError, match="cursor"):
        decode_cursor(cursor + "!")
