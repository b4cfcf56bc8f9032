"""What was read is kept, within bounds."""

from chat.attachments.cache import REMEMBERED_S, ReadingCache
from chat.attachments.results import ExtractedText, Picture, Reason, Unread


def text(length: int) -> ExtractedText:
    return ExtractedText(text="x" * length, total=length)


def test_the_least_recently_used_leaves_first() -> None:
    cache = ReadingCache(max_bytes=10_000)
    cache.put("a", text(1_000))
    cache.put("b", text(1_000))
    assert cache.get("a") == text(1_000)
    cache.put("c", text(1_000))
    assert cache.get("b") is None
    assert cache.get("a")
    assert cache.get("c")


def test_what_is_larger_than_all_is_not_kept() -> None:
    cache = ReadingCache(max_bytes=1_000)
    cache.put("a", Unread(reason=Reason.BROKEN))
    cache.put("b", Picture(mime="image/png", data="A" * 5_000, width=1, height=1))
    assert cache.get("b") is None
    assert cache.get("a")


def test_a_newer_reading_takes_the_place_of_the_older() -> None:
    cache = ReadingCache(max_bytes=5_000)
    for length in range(1_000):
        cache.put("a", text(length))
    assert cache.get("a") == text(999)


def test_what_was_slow_is_remembered_for_a_while() -> None:
    now = 0.0
    cache = ReadingCache(max_bytes=5_000, clock=lambda: now)
    for reason in (Reason.SLOW, Reason.KILLED, Reason.UNAVAILABLE):
        cache.put(reason, Unread(reason=reason))
    assert cache.get(Reason.SLOW)
    assert cache.get(Reason.KILLED)
    assert cache.get(Reason.UNAVAILABLE) is None  # which says nothing of the file
    now = REMEMBERED_S
    assert cache.get(Reason.SLOW) is None
    assert cache.get(Reason.KILLED) is None
