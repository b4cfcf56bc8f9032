"""A model's words become a title, unless somebody has named the conversation."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import chainlit as cl
import pytest
from chainlit.context import ChainlitContext, context_var
from chainlit.session import WebsocketSession

from chat.models.base import Model, ServerBusy
from chat.turn.crowd import Crowd
from chat.turn.titles import Titles, is_from_question
from datalayer.layer import KeepchatDataLayer
from tests.support.models import FakeModel

QUESTION = "Which bird is rare?"


class NamedThread:
    """A thread that can do no more than tell its name and take another."""

    def __init__(self) -> None:
        self.name: str | None = QUESTION

    async def get_thread_name(self, _: str) -> str | None:
        return self.name

    async def update_thread(self, _: str, name: str) -> None:
        self.name = name


def model_that(meanwhile: Callable[[], object]) -> FakeModel:
    """Gives a title; something may happen while it does."""

    def title() -> str:
        meanwhile()
        return '"A rare bird."'

    return FakeModel(title=title)


@pytest.fixture
def emitted() -> list[Any]:
    return []


@pytest.fixture(autouse=True)
async def _session(emitted: list[Any]) -> AsyncIterator[None]:
    async def emit(*event: Any) -> None:
        emitted.append(event)

    session = WebsocketSession(
        id=str(uuid.uuid4()),
        socket_id=str(uuid.uuid4()),
        emit=cast(Any, emit),
        emit_call=cast(Any, emit),
        user_env={},
        client_type="webapp",
    )
    context_var.set(ChainlitContext(session))
    yield
    await session.delete()


async def titled(thread: NamedThread, model: Model) -> None:
    titles = Titles(cast(KeepchatDataLayer, thread), Crowd())
    titles.begin(model, cl.Message(content=QUESTION), "The ibis.")
    await asyncio.gather(*titles._tasks._running)


async def test_a_conversation_gets_a_title_and_the_page_is_told(emitted: list[Any]) -> None:
    thread = NamedThread()
    await titled(thread, model_that(lambda: None))
    assert thread.name == "A rare bird"
    thread_id = cl.context.session.thread_id
    assert emitted == [
        ("first_interaction", {"interaction": "A rare bird", "thread_id": thread_id}),
        ("window_message", {"keepchatTitle": {"thread": thread_id, "name": "A rare bird"}}),
    ]


@pytest.mark.parametrize("name", ["Waldrapp", None])
async def test_a_name_that_was_given_meanwhile_stays(name: str | None, emitted: list[Any]) -> None:
    thread = NamedThread()
    await titled(thread, model_that(lambda: setattr(thread, "name", name)))
    assert thread.name == name
    assert not emitted


@pytest.mark.parametrize("name", ["Waldrapp", None])
async def test_the_model_is_not_asked_in_vain(name: str | None) -> None:
    thread = NamedThread()
    thread.name = name
    model = model_that(lambda: None)
    await titled(thread, model)
    assert (model.titles_asked, thread.name) == ([], name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (QUESTION, True),
        ("Which bird…", True),
        ("", True),
        ("which bird is rare?", False),
        ("Which bird is rare? Waldrapp", False),
        (None, False),
    ],
)
def test_a_name_that_is_but_the_question_may_be_replaced(name: str | None, expected: bool) -> None:
    assert is_from_question(name, "Which bird\nis  rare?") is expected


async def test_a_model_that_fails_leaves_the_name(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> str:
        raise ServerBusy(60)

    thread = NamedThread()
    await titled(thread, FakeModel(title=fail))
    assert thread.name == QUESTION
    assert "gets no title" in caplog.text
