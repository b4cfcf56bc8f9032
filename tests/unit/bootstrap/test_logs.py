"""What is logged."""

import logging
from collections.abc import Iterator

import pytest

from bootstrap.logs import log_in_detail

OURS, BELOW = "keepchat.dynamodb", "keepchat.dynamodb.calls"


@pytest.fixture(autouse=True)
def levels() -> Iterator[None]:
    kept = {name: logging.getLogger(name).level for name in (OURS, BELOW)}
    yield
    for name, level in kept.items():
        logging.getLogger(name).setLevel(level)


def test_one_part_alone_says_all(caplog: pytest.LogCaptureFixture) -> None:
    log_in_detail([OURS])
    for name in (BELOW, "keepchat", "datalayer.pipeline.writer"):
        logging.getLogger(name).debug("of %s", name)
    assert [record.name for record in caplog.records] == [BELOW]
