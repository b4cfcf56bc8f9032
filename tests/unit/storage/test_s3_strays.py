"""Which unfinished uploads an upload to S3 may take for its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage.s3.upload import answered_at, uploads_since

NOW = datetime(2026, 5, 4, 10, 0, 30, tzinfo=UTC)


def answer(*uploads: tuple[str, str, int], date: str = "") -> Any:
    found = [
        {"Key": key, "UploadId": name, "Initiated": NOW + timedelta(seconds=seconds)}
        for key, name, seconds in uploads
    ]
    headers = {"date": date} if date else {}
    return {"ResponseMetadata": {"HTTPHeaders": headers}} | ({"Uploads": found} if found else {})


def test_those_of_the_key_that_began_after_it() -> None:
    found = answer(
        ("t/1", "another's", -60), ("t/1", "lost", 0), ("t/1", "last", 9), ("t/12", "far", 9)
    )
    assert uploads_since(found, "t/1", NOW) == ["lost", "last"]


def test_none() -> None:
    assert uploads_since(answer(), "t/1", NOW) == []


def test_the_services_clock_counts() -> None:
    assert answered_at(answer(date="Mon, 04 May 2026 10:00:30 GMT")) == NOW


@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 May 2026 10:00:30 GMT"])
def test_where_it_says_none_ours_does(date: str) -> None:
    before = datetime.now(UTC)
    assert before <= answered_at(answer(date=date)) <= datetime.now(UTC)
