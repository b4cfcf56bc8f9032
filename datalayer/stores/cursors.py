"""Cursors of thread lists: opaque to callers, the place after which the next page begins."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from datalayer.records import ThreadPage, ThreadRecord
from datalayer.sections import is_pinned
from datalayer.values import as_id, clean_time


def encode_cursor(updated_at: str, thread_id: str) -> str:
    """Return the cursor of the page that follows this thread."""
    return _encode([updated_at, thread_id])


def decode_cursor(cursor: str) -> tuple[str, str]:
    """Return last activity and id of the thread before the page; ValueError for any other text."""
    return _place(_decode(cursor), cursor)


def decode_section_cursor(cursor: str) -> tuple[bool, str, str]:
    """Return the same of a thread in a section, with whether it is pinned before."""
    pinned, *place = _decode(cursor) or [None]
    if not isinstance(pinned, bool):
        raise _none(cursor)
    return pinned, *_place(place, cursor)


def section_page(found: Sequence[ThreadRecord], first: int) -> ThreadPage:
    """Return a page of a section; one thread more than asked tells that there is a next."""
    page, last = found[:first], None
    if len(found) > first and page:
        last = _encode([is_pinned(page[-1].metadata), page[-1].updated_at, page[-1].id])
    return ThreadPage(threads=page, next_cursor=last)


def _encode(values: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def _decode(cursor: str) -> list[Any]:
    try:
        values = json.loads(base64.b64decode(cursor, b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        values = None
    return values if isinstance(values, list) else []


def _place(values: Sequence[Any], cursor: str) -> tuple[str, str]:
    timestamp, thread = values if len(values) == 2 else (None, None)
    try:
        updated_at, thread_id = clean_time(timestamp), as_id(thread)
    except (ValueError, TypeError):
        updated_at = thread_id = None
    if updated_at is None or thread_id is None:
        raise _none(cursor)
    return updated_at, thread_id


def _none(cursor: str) -> ValueError:
    return ValueError(f"The cursor {cursor!r} is none that a page gave.")
