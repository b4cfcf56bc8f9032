"""Cursors of thread lists: opaque to callers, the place after which the next page begins."""

import base64
import binascii
import json

from datalayer.values import as_id, clean_time


def encode_cursor(updated_at: str, thread_id: str) -> str:
    """Return the cursor of the page that follows this thread."""
    return base64.urlsafe_b64encode(json.dumps([updated_at, thread_id]).encode()).decode()


def decode_cursor(cursor: str) -> tuple[str, str]:
    """Return last activity and id of the thread before the page; ValueError for any other text."""
    try:
        timestamp, thread = json.loads(base64.b64decode(cursor, b"-_", validate=True))
        updated_at, thread_id = clean_time(timestamp), as_id(thread)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        updated_at = thread_id = None
    if updated_at is None or thread_id is None:
        message = f"The cursor {cursor!r} is none that a page gave."
        raise ValueError(message)
    return updated_at, thread_id
