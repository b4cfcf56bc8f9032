"""What is said where something of a turn is not stored."""

import asyncio
from pathlib import Path
from typing import NoReturn

import chainlit as cl
import pytest

from chat.models.base import Ending, Piece
from chat.turn.durability import until_stored
from chat.wording.unavailable import ANSWER, QUESTION
from datalayer.errors import JournalUnusable, StoreUnavailable, WriteRefused
from datalayer.pipeline.journal.journal import Journal
from datalayer.records import Saving
from tests.support.away import AwayStore
from tests.support.builders import new_id
from tests.support.chainlits import in_session
from tests.support.conversation import conversation
from tests.support.models import FakeModel, Script
from tests.support.waiting import until


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
        (JournalUnusable("full"), QUESTION.en.unkept),
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


async def full(*_given: object) -> NoReturn:
    raise JournalUnusable("full")


@pytest.mark.slow
@pytest.mark.parametrize("is_known", [False, True])
async def test_an_answer_that_nothing_takes_is_stored_as_soon_as_something_does(
    is_known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its question was taken before: it is shown, and so is to be kept."""
    store, journal = AwayStore(), Journal(tmp_path / "journal", most_bytes=1_000_000)
    goes, thought = asyncio.Event(), "It is a riddle."
    script: Script = [Piece(thought, is_thought=True), goes, Piece("All of it."), Ending()]
    opened = conversation(tmp_path, monkeypatch, store=store, journal=journal, journal_after_s=0.5)
    async with opened as talk:
        talk.answered_by(FakeModel(script))
        asked = asyncio.create_task(talk.ask("tell me"))
        await until(lambda: thought in str(talk.page.steps), "its thought")
        store.is_away = True
        monkeypatch.setattr(Journal, "append", full)
        if is_known:
            with pytest.raises(JournalUnusable):
                await talk.layer.update_thread(talk.session.thread_id, name="Another")
            assert talk.layer.saving is Saving.REFUSED
        goes.set()
        await asked
        assert talk.page.toasts[-1] == ANSWER.en.unkept
        store.is_away = False
        await until(lambda: talk.layer.saving is Saving.SAVED, "that all is stored")
        await talk.layer.settle(talk.session.thread_id)
        thread = await talk.layer.get_thread_record(talk.session.thread_id)
        assert thread
        outputs = [step.fields["output"] for step in thread.steps]
        assert outputs[-1] == "All of it."
        assert thought in outputs
