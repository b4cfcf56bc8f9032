"""What a page is told where going back to an answer fails before there is a turn to say so."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from chainlit.context import ChainlitContext

from access.guard.answers import RunningAnswers
from access.guard.user_limits import UserLimits
from chat.actions import answers
from chat.actions.answers import AnswerActions
from chat.live.running import LiveThreads
from chat.wording.actions import CANNOT
from tests.support.conversation import conversation
from tests.support.models import FakeModel
from tests.unit.chat.actions.test_editing import Line


async def test_a_failure_is_said_in_the_page_and_another_try_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "init_ws_context", ChainlitContext)
    async with conversation(tmp_path, monkeypatch) as talk:
        turns = talk.answered_by(FakeModel())
        question = await talk.ask("one")
        live = LiveThreads(talk.layer, Line())
        actions = AnswerActions(talk.layer, live, RunningAnswers(UserLimits(None)))

        async def fails(_exchange: Any) -> None:
            message = "of its own accord"
            raise RuntimeError(message)

        monkeypatch.setattr(turns, "again", fails)
        for number in (1, 2):
            await actions.act(turns, talk.session, "again", question.id)
            task = cast(asyncio.Task[None], talk.session.current_task)
            await task
            assert talk.page.toasts == [CANNOT.en] * number
        await actions.close()
