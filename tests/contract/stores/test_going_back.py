"""An answer that was killed, on each store: it is told, gone on with, and asked for once more."""

import time
import uuid
from pathlib import Path
from typing import Any, cast

import pytest
from chainlit.utils import utc_now

from chat.live.exchanges import exchanges
from chat.live.notes import LEASE_S, Note, notes_of
from chat.models.base import Ending, Piece
from tests.support.backends import Backend
from tests.support.conversation import Conversation, conversation
from tests.support.models import FakeModel, Script

HALF = "The quick brown fox jumps"
LEASE = int(LEASE_S * 1_000_000)


async def killed(talk: Conversation) -> str:
    """Leave the half of an answer behind, as its checkpoint has it; return its id."""
    question = await talk.asked("tell me")
    thread_id, run_id, answer_id = talk.session.thread_id, str(uuid.uuid4()), str(uuid.uuid4())
    run = {"id": run_id, "type": "run", "name": "on_message", "parentId": question.id}
    answer = {"id": answer_id, "type": "assistant_message", "name": "x", "parentId": run_id}
    half = {"output": HALF, "metadata": {"state": "streaming"}}
    for step in (run, {**answer, **half}):
        talk.layer.checkpoint(cast(Any, {**step, "threadId": thread_id, "createdAt": utc_now()}))
    await talk.layer.flush(thread_id)
    return answer_id


async def steps_of(talk: Conversation) -> list[Any]:
    await talk.layer.flush(talk.session.thread_id)
    thread = await talk.layer.get_thread(talk.session.thread_id)
    assert thread
    return list(thread["steps"])


async def test_an_answer_that_was_killed_is_gone_on_with_and_asked_for_again(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await backend.open_migrated()
    async with conversation(tmp_path, monkeypatch, store=store) as talk:
        more: Script = [Piece("brown "), Piece("fox jumps over"), Ending()]
        talk.answered_by(FakeModel(more, [Piece("Another"), Ending()]))
        answer_id = await killed(talk)

        now = time.time_ns() // 1_000
        steps = await steps_of(talk)
        fresh = notes_of(steps, now=now)
        assert fresh.by_step == {answer_id: Note(state="running")}
        assert fresh.judge_at
        assert 0 < fresh.judge_at - now <= LEASE
        late = notes_of(steps, now=fresh.judge_at).by_step
        assert late == {answer_id: Note(state="killed", again=True, go_on=True, branch=True)}

        await talk.go_on()
        [exchange] = exchanges(await steps_of(talk))
        assert exchange.answer
        assert exchange.answer["id"] == answer_id
        assert exchange.answer["output"] == f"{HALF} over"
        assert exchange.answer["metadata"]["state"] == "done"

        await talk.again()
        [exchange] = exchanges(await steps_of(talk))
        assert exchange.answer
        assert exchange.answer["output"] == "Another"
        kept = {step.id: step.fields["hidden"] for step in await talk.steps()}
        assert kept[answer_id] is True
        assert kept[exchange.answer["id"]] is None
