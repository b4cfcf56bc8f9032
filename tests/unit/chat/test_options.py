"""A new conversation begins as its user prefers, and a question waits until it has begun."""

import asyncio
from collections.abc import Mapping
from typing import Any

import chainlit as cl
import pytest

from chat.models.base import GenerationSettings
from chat.models.registry import Models
from chat.options import Options
from datalayer.errors import StoreUnavailable
from tests.support.conversation import OWNER, Conversation
from tests.support.models import FakeModel

DEFAULT = GenerationSettings(system_prompt="Be brief.", answer_tokens=500)


def options_of(talk: Conversation) -> Options:
    return Options(talk.layer, Models([FakeModel()]), DEFAULT)


async def test_a_conversation_begins_as_its_user_prefers(talk: Conversation) -> None:
    await talk.layer.save_preferences(OWNER, {"about_user": "a nurse", "model": "gone"})
    await options_of(talk).begin()
    chosen = talk.session.chat_settings
    assert (chosen["about_user"], chosen["answer_style"]) == ("a nurse", "")
    assert (chosen["system_prompt"], chosen["answer_tokens"]) == ("Be brief.", 500)


async def test_one_that_goes_on_has_what_was_chosen_for_it(talk: Conversation) -> None:
    await talk.layer.save_preferences(OWNER, {"about_user": "a nurse"})
    await options_of(talk).resume()
    assert talk.session.chat_settings["about_user"] == ""


async def test_without_a_database_it_begins_all_the_same_and_the_page_hears_so(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_user: str) -> Mapping[str, Any]:
        raise StoreUnavailable("It is away.")

    told: list[Any] = []

    async def hear(data: Any) -> None:
        told.append(data)

    monkeypatch.setattr(talk.layer, "get_preferences", away)
    monkeypatch.setattr(cl.context.emitter, "send_window_message", hear)
    await options_of(talk).begin()
    assert "begins without them" in told[0]["keepchatUnread"]
    assert talk.session.chat_settings["system_prompt"] == "Be brief."


async def test_a_question_waits_until_the_conversation_has_begun(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    options, read = options_of(talk), asyncio.Event()

    async def slow(_user: str) -> Mapping[str, Any]:
        await read.wait()
        return {"about_user": "a nurse"}

    monkeypatch.setattr(talk.layer, "get_preferences", slow)
    await options.begun()  # nothing has begun: nothing is waited for
    beginning = asyncio.create_task(options.begin())
    await asyncio.sleep(0)
    question = asyncio.create_task(options.begun())
    await asyncio.sleep(0)
    assert not question.done()
    read.set()
    await asyncio.gather(beginning, question)
    assert talk.session.chat_settings["about_user"] == "a nurse"


async def test_prompts_are_commands_beside_those_of_the_house(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    async def hear(commands: Any) -> None:
        sent.append({it["id"]: it.get("text") for it in commands})

    monkeypatch.setattr(cl.context.emitter, "set_commands", hear)
    await options_of(talk).begin()
    kept = {
        "prompt.1": {"name": "Tone", "text": "Kindly:"},
        "prompt.2": {"name": "总结", "text": "x"},
    }
    await talk.layer.save_preferences(OWNER, kept)
    await options_of(talk).resume()
    assert "Summarize" in sent[0]
    assert sent[1] == {**sent[0], "Tone": "Kindly:"}
