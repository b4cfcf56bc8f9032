"""What the model is sent for a question, from a stored conversation or from the page's own."""

import uuid
from collections.abc import AsyncIterator
from typing import Any, cast

import chainlit as cl
import pytest
from chainlit.chat_context import chat_context, chat_contexts
from chainlit.context import ChainlitContext, context_var
from chainlit.session import HTTPSession

from chat.attachments.collect import Attachments
from chat.attachments.process import Reader
from chat.live.exchanges import ERROR
from chat.models.base import GenerationSettings
from chat.turn.attempts import Attempt
from chat.turn.history import REFUSED
from chat.turn.prompt import AnswerRequest, Prompt, Prompts
from datalayer.errors import StoreUnavailable
from datalayer.fields import STEP_FIELDS
from datalayer.layer import KeepchatDataLayer
from datalayer.records import StepRecord, ThreadRecord
from tests.support.models import FakeModel

THREAD = str(uuid.uuid4())
MODEL = FakeModel()


class StoredThread:
    """The one read that a prompt makes."""

    def __init__(self) -> None:
        self.steps: list[StepRecord] | None = None
        self.away = False
        self.is_away = False  # which is known later than it is so

    async def get_thread_record(self, thread_id: str) -> ThreadRecord | None:
        if self.away:
            raise StoreUnavailable
        if thread_id != THREAD or self.steps is None:
            return None
        return ThreadRecord(
            id=THREAD,
            created_at="",
            updated_at="",
            name="x",
            user_id=None,
            owner="alice",
            tags=(),
            metadata={},
            steps=self.steps,
        )


@pytest.fixture
def stored() -> StoredThread:
    return StoredThread()


@pytest.fixture(autouse=True)
async def _session() -> AsyncIterator[None]:
    session = HTTPSession(
        id=str(uuid.uuid4()), client_type="webapp", thread_id=THREAD, user=None, user_env={}
    )
    context_var.set(ChainlitContext(session))
    yield
    chat_contexts.pop(session.id, None)


def step(
    kind: str, output: str, second: int, step_id: str | None = None, **more: Any
) -> StepRecord:
    fields = dict.fromkeys(STEP_FIELDS) | {
        "type": kind,
        "output": output,
        "createdAt": f"2026-01-02T12:00:0{second}.000000Z",
        **more,
    }
    return StepRecord(step_id or str(uuid.uuid4()), THREAD, 1, fields)


def question(text: str, second: int) -> cl.Message:
    asked = cl.Message(content=text, type="user_message")
    asked.created_at = f"2026-01-02T12:00:0{second}Z"
    return asked


async def prompt_for(stored: StoredThread, asked: cl.Message) -> Prompt:
    layer = cast(KeepchatDataLayer, stored)
    prompts = Prompts(layer, Attachments(layer, cast(Reader, None)))
    request = AnswerRequest(asked, MODEL, GenerationSettings(system_prompt="Be brief."))
    return await prompts.build(request, Attempt())


def said(prompt: Prompt) -> list[tuple[str, str]]:
    return [(message["role"], str(message.get("content"))) for message in prompt.messages]


async def test_the_first_question_is_known_to_be_the_first(stored: StoredThread) -> None:
    asked = question("One?", 1)
    for steps in (None, [step("user_message", "One?", 1, asked.id), step("run", "", 1)]):
        stored.steps = steps
        prompt = await prompt_for(stored, asked)
        assert prompt.is_first
        assert said(prompt) == [("system", "Be brief."), ("user", "One?")]


async def test_a_later_question_carries_what_was_said(stored: StoredThread) -> None:
    stored.steps = [step("user_message", "One?", 1), step("assistant_message", "1.", 2)]
    prompt = await prompt_for(stored, question("Two?", 3))
    assert not prompt.is_first
    assert said(prompt)[1:] == [("user", "One?"), ("assistant", "1."), ("user", "Two?")]


async def test_a_first_question_that_is_edited_is_the_first_again(stored: StoredThread) -> None:
    asked = question("Another?", 1)
    stored.steps = [
        step("user_message", "One?", 1, asked.id),
        step("assistant_message", "1.", 2),
        step("user_message", "Two?", 3),
    ]
    prompt = await prompt_for(stored, asked)
    assert prompt.is_first
    assert said(prompt)[1:] == [("user", "Another?")]


async def test_without_the_database_the_page_tells_what_was_said(stored: StoredThread) -> None:
    stored.away = True
    asked = question("Two?", 3)
    for message in (
        question("One?", 1),
        cl.Message(content="1."),
        cl.ErrorMessage(content="The model's server is busy."),
        asked,
        cl.Message(content="of a later turn"),
    ):
        chat_context.add(cast(cl.Message, message))
    prompt = await prompt_for(stored, asked)
    assert not prompt.is_first
    assert said(prompt)[1:] == [("user", "One?"), ("assistant", "1."), ("user", "Two?")]


async def test_what_was_read_from_the_database_before_it_went_away_keeps_its_marks(
    stored: StoredThread,
) -> None:
    """Chainlit reads messages back without saying that one is an error."""
    stored.away = True
    refused, asked = question("Bad?", 1), question("Two?", 4)
    error = cl.Message(content="It is refused.", metadata={"state": ERROR, REFUSED: [refused.id]})
    for message in (refused, error, question("One?", 2), cl.Message(content="1."), asked):
        chat_context.add(message)
    prompt = await prompt_for(stored, asked)
    assert said(prompt)[1:] == [("user", "One?"), ("assistant", "1."), ("user", "Two?")]


async def test_that_the_question_before_was_refused_is_known(stored: StoredThread) -> None:
    bad = step("user_message", "Bad?", 1)
    error = step("assistant_message", "no", 2, metadata={REFUSED: [bad.id]}, isError=True)
    stored.steps = [bad, error]
    prompt = await prompt_for(stored, question("Two?", 3))
    assert prompt.follows_refusal
    assert said(prompt)[1:] == [("user", "Two?")]


def alternative(text: str, second: int, of: cl.Message) -> cl.Message:
    """A question as it was edited."""
    asked = question(text, second)
    asked.metadata = {"sibling_of": of.id}
    return asked


async def test_the_model_is_told_what_is_shown(stored: StoredThread) -> None:
    stored.steps = [
        step("user_message", "One?", 1, "q"),
        step("run", "", 2, "first", parentId="q", name="on_message", hidden=True),
        step("assistant_message", "No.", 3, parentId="first", hidden=True),
        step("run", "", 4, "second", parentId="q", name="on_message"),
        step("assistant_message", "Yes.", 5, parentId="second"),
    ]
    prompt = await prompt_for(stored, question("Two?", 6))
    assert said(prompt)[1:] == [("user", "One?"), ("assistant", "Yes."), ("user", "Two?")]


async def test_what_was_refused_out_of_sight_counts_no_more(stored: StoredThread) -> None:
    stored.steps = [
        step("user_message", "One?", 1, "q"),
        step("run", "", 2, "first", parentId="q", name="on_message", hidden=True),
        step("assistant_message", "", 3, parentId="first", metadata={REFUSED: ["q"]}, hidden=True),
        step("run", "", 4, "second", parentId="q", name="on_message"),
        step("assistant_message", "Yes.", 5, parentId="second"),
    ]
    prompt = await prompt_for(stored, question("Two?", 6))
    assert said(prompt)[1:] == [("user", "One?"), ("assistant", "Yes."), ("user", "Two?")]


@pytest.mark.parametrize("is_stored", [True, False])
async def test_an_edited_question_is_asked_without_the_one_before(
    stored: StoredThread, is_stored: bool
) -> None:
    before = question("Two?", 3)
    asked = alternative("Two, please?", 5, before)
    stored.steps = [
        *(step("user_message", "One?", 1), step("assistant_message", "1.", 2)),
        *(step("user_message", "Two?", 3, before.id), step("assistant_message", "2.", 4)),
    ]
    if is_stored:
        stored.steps.append(
            step("user_message", "Two, please?", 5, asked.id, metadata=asked.metadata)
        )
    prompt = await prompt_for(stored, asked)
    assert said(prompt)[1:] == [("user", "One?"), ("assistant", "1."), ("user", "Two, please?")]


async def test_without_the_database_an_edited_question_is_asked_so_too(
    stored: StoredThread,
) -> None:
    stored.away = True
    before = question("Two?", 3)
    asked = alternative("Two, please?", 5, before)
    for message in (question("One?", 1), cl.Message(content="1."), before, asked):
        chat_context.add(message)
    prompt = await prompt_for(stored, asked)
    assert said(prompt)[1:] == [("user", "One?"), ("assistant", "1."), ("user", "Two, please?")]
