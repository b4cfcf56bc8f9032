"""What is said where something of a turn is not stored."""

import chainlit as cl
import pytest

from chat.turn.durability import until_stored
from chat.wording.unavailable import QUESTION
from datalayer.errors import JournalUnusable, StoreUnavailable, WriteRefused
from tests.support.builders import new_id
from tests.support.chainlits import in_session


async def failing(exc: Exception) -> None:
    raise exc


async def test_what_is_refused_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with in_session(new_id()):
        refused = WriteRefused("It belongs to another thread.")
        await until_stored(failing(refused), "The question", QUESTION)
    [record] = caplog.records
    assert record.exc_info is None
    assert record.message.startswith("The question is not stored: WriteRefused at ")
    assert record.message.endswith("It belongs to another thread.")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (StoreUnavailable("away"), QUESTION.en.late),
        (JournalUnusable("full"), QUESTION.en.failed),
    ],
    ids=["away", "full"],
)
async def test_what_waits_is_told_apart_from_what_could_be_lost(
    fault: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    toasts: list[str] = []

    async def send_toast(message: str, _kind: str) -> None:
        toasts.append(message)

    with in_session(new_id()):
        monkeypatch.setattr(cl.context.emitter, "send_toast", send_toast)
        await until_stored(failing(fault), "The question", QUESTION)
    assert toasts == [said]
