"""What is away is told once, and once more when nobody misses it."""

import logging

import pytest

from common.concurrency.outages import Outage


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (12, "12 s"), (150, "2 min"), (7_260, "2 h")]
)
def test_one_line_for_all_who_miss_it(
    caplog: pytest.LogCaptureFixture, seconds: float, said: str
) -> None:
    now = [5.0]
    outage = Outage("The database", lambda: now[0])
    with caplog.at_level(logging.WARNING):
        outage.over("writes")
        outage.note("writes", ValueError("refused"))
        outage.note("logins", "another reason")
        outage.note("writes", "again")
        now[0] += seconds
        outage.over("logins")
        kept = outage.is_on
        outage.over("writes")
        outage.over("writes")
    assert (kept, outage.is_on) == (True, False)
    assert [record.getMessage() for record in caplog.records] == [
        "The database is away: refused",
        f"The database is back, after {said}.",
    ]
