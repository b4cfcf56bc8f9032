"""What is said where something of a turn is not stored."""

import pytest

from chat.turn.durability import until_stored
from chat.wording.unavailable import QUESTION
from datalayer.errors import WriteRefused
from tests.support.builders import new_id
from tests.support.chainlits import in_session


async def test_what_is_refused_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    async def store() -> None:
        message = "It belongs to another thread."
        raise WriteRefused(message)

    with in_session(new_id()):
        await until_stored(store(), "The question", QUESTION)
    [record] = caplog.records
    assert record.exc_info is None
    assert record.message.startswith("The question is not stored: WriteRefused at ")
    assert record.message.endswith("It belongs to another thread.")
