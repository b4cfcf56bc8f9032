"""Values that a program may not expect, and texts that are JSON, or nearly."""

import json
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

NAMES = (
    *("id", "sessionId", "session_id", "threadId", "forId", "feedbackId", "message", "type"),
    *("output", "fileReferences", "feedback", "value", "comment", "pagination", "first", "cursor"),
    *("filter", "search", "element", "display", "props", "action", "payload", "name", "isShared"),
    *("metadata", "parentId", "createdAt", "command", "__proto__", "_placeholder", "num"),
)
TEXTS = (
    *("", "\0", "a\0b", "\ud800", "\udfff\ud800", "\ufeff", "\u202e", "é" * 200, "x" * 300),
    *("../../etc/passwd", "..%2f..", "%00", "{}", "1 OR 1=1", "'\"", "${7*7}", "user_message"),
    *("NaN", "1e999", "-0", "9" * 40, "2026-01-01T00:00:00Z", "<!-- -->" * 20, "http://["),
    "x" * 70_000,
)
NUMBERS = (0, -1, 2**31, 2**63, 2**64, -(2**63) - 1, 1e308, float("nan"), float("inf"))
# JSON that Python's writer does not write.
RAW = (
    *(b"", b"{", b"nul", b"\xff\xfe", b"\xef\xbb\xbf{}", b"1e999", b"-", b"9" * 400, b"9" * 5_000),
    *(b"[" * 50_000, b'{"a":' * 20_000 + b"1" + b"}" * 20_000, b'"\\ud800"', b'{"a":1,"a":{}}'),
    *(b"[" * 900 + b"]" * 900, b'{"message":1,"message":{"id":2},"message":[]}', b"[1,]"),
)


# What the routes ask for, to be spoilt.
GOOD: tuple[dict[str, Any], ...] = (
    {"pagination": {"first": 20, "cursor": None}, "filter": {"search": "x", "feedback": 1}},
    {"threadId": "", "name": "x", "isShared": True},
    {"feedback": {"forId": "", "threadId": "", "value": 1, "comment": "x"}, "sessionId": ""},
    {"feedbackId": ""},
    {"element": {"id": "", "threadId": "", "type": "custom", "props": {}}, "sessionId": ""},
    {"action": {"name": "x", "payload": {}, "id": ""}, "sessionId": ""},
    {"session_id": ""},
    {"sessionId": "", "clientType": "sse", "name": "x", "url": "http://["},
)


@cache
def values(ids: tuple[str, ...]) -> SearchStrategy[Any]:
    """Anything that JSON can say, more or less, that names what there is."""
    plain = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=20),
        st.sampled_from(TEXTS),
        st.sampled_from(NUMBERS),
        st.sampled_from(ids),
    )
    return st.recursive(
        plain,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
        ),
        max_leaves=12,
    )


def said(value: Any) -> bytes:
    """Return the JSON of a value, with what is none of it: NaN, and halves of characters."""
    return json.dumps(value).encode()


@cache
def bodies(ids: tuple[str, ...]) -> SearchStrategy[bytes]:
    """What may be sent where JSON is asked for."""
    return st.one_of(
        spoilt(ids).map(said), values(ids).map(said), st.sampled_from(RAW), st.binary(max_size=60)
    )


@st.composite
def spoilt(draw: DrawFn, ids: tuple[str, ...]) -> Any:
    """Draw what a route asks for, with an id or something odd in some places."""

    def changed(value: Any) -> Any:
        if draw(st.integers(0, 5)) == 0:
            return draw(values(ids))
        if isinstance(value, dict):
            return {name: changed(inner) for name, inner in value.items()}
        return draw(st.sampled_from(ids)) if value == "" else value

    return changed(draw(st.sampled_from(GOOD)))
