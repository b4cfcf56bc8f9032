"""What this process has put into the index is known for a minute."""

from datalayer.stores.dynamodb.recent import WITHIN_S, RecentThreads

NOON, LATER = "2026-01-02T12:00:00.000000Z", "2026-01-02T12:01:00.000000Z"


def test_threads_are_known_for_a_minute() -> None:
    now = [0.0]
    recent = RecentThreads(lambda: now[0])
    recent.note("ann", "1", NOON)
    recent.note("bob", "2", NOON)
    now[0] = WITHIN_S - 1
    recent.note("ann", "3", LATER)
    assert recent.of("ann") == {"1": NOON, "3": LATER}
    recent.note("ann", "3", NOON)
    now[0] = WITHIN_S + 1
    assert recent.of("ann") == {"3": NOON}
    assert recent.of("bob") == recent.of("nobody") == {}
