"""Each entry of replies.json, from the server's bytes to what is shown, stored and named."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chat.models.endpoint import Endpoint
from chat.models.openai_model import OpenAIModel
from tests.support.conversation import Conversation
from tests.support.servers.replies import (
    Body,
    RepliesServer,
    Reply,
    alternates,
    answer,
    last_question,
    load_replies,
    running_replies,
)
from tests.support.waiting import until

ANSWERS = {
    "think_inline": ("The answer is 4.", "secret reasoning"),
    "content_list": ("The list answer. And a string.", "I think. "),
    "both_reasonings": ("both answer", "thought in the second field"),
    "no_finish": ("all of it, done.", ""),
    "empty_finish": ("empty finish", ""),
    "surrogates": ("smile 😀 end", ""),
    "crlf": ("crlf answer", ""),
    "comments": ("after comments", ""),
    "azure_first": ("azure answer", ""),
    "nonstream": ("whole at once", ""),
}
TITLES = ("title_think", "title_bold", "title_lead")
FORMS = {"rejects_max_tokens": "max_completion_tokens", "rejects_system": "max_tokens"}
OTHERS = ("fin_error", "json200err", "roles_must_alternate", "busy_50_s")


def test_every_entry_has_its_test() -> None:
    assert {*ANSWERS, *TITLES, *FORMS, *OTHERS} == set(load_replies())


@pytest.fixture
async def server() -> AsyncIterator[RepliesServer]:
    async with running_replies() as running:
        yield running


@pytest.fixture
async def model(server: RepliesServer) -> AsyncIterator[OpenAIModel]:
    asked = OpenAIModel(Endpoint(model="m", api_key="k", base_url=f"{server.url}/v1"))
    yield asked
    await asked.close()


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_is_shown_and_stored_to_the_letter_and_its_thoughts_beside_it(
    talk: Conversation, server: RepliesServer, model: OpenAIModel, name: str
) -> None:
    text, thoughts = ANSWERS[name]
    talk.answered_by(model)
    await talk.ask(name)
    assert talk.page.messages == [text]
    assert not talk.page.toasts
    assert await talk.messages() == [(name, False), (text, False)]
    steps = await talk.steps()
    stored = [str(step.fields["output"]) for step in steps if step.fields["type"] == "llm"]
    assert "".join(stored).strip() == thoughts.strip()
    [said] = [step for step in steps if step.fields["type"] == "assistant_message"]
    metadata = said.fields["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["state"] == "done"
    await talk.ask("and then?")
    [body] = server.asked("and then?")
    assert [message["content"] for message in body["messages"][1:]] == [name, text, "and then?"]


async def test_a_provider_that_is_lost_leaves_what_was_said(
    talk: Conversation, model: OpenAIModel
) -> None:
    talk.answered_by(model)
    await talk.ask("fin_error")
    _, (text, _), (said, is_error) = await talk.messages()
    assert text == "partial "
    assert is_error
    assert "provider lost its connection" in said


async def test_an_address_that_is_no_chat_api_is_named(
    talk: Conversation, model: OpenAIModel, caplog: pytest.LogCaptureFixture
) -> None:
    talk.answered_by(model, users_are_operators=True)
    await talk.ask("json200err")
    [_, (said, is_error)] = await talk.messages()
    assert is_error
    assert "is no chat API" in said
    assert "OPENAI_BASE_URL" in said
    assert "Unexpected endpoint or method" in caplog.text


@pytest.mark.parametrize("name", FORMS)
async def test_what_a_server_does_not_take_is_learned_once(
    talk: Conversation, server: RepliesServer, model: OpenAIModel, name: str
) -> None:
    talk.answered_by(model)
    await talk.ask(name)
    await talk.ask(f"{name} again")
    assert not any(is_error for _, is_error in await talk.messages())
    first, second, third = server.requests
    assert FORMS[name] in second
    assert FORMS[name] in third
    if name == "rejects_system":
        assert second["messages"][0] == {"role": "user", "content": f"Be brief.\n\n{name}"}
        assert first["messages"][0]["role"] == "system"
        assert third["messages"][0]["role"] == "user"


async def test_roles_that_do_not_alternate_are_never_sent(
    talk: Conversation, server: RepliesServer, model: OpenAIModel
) -> None:
    talk.answered_by(model)
    await talk.ask("json200err")
    await talk.ask("roles_must_alternate")
    assert not (await talk.messages())[-1][1]
    assert all(alternates(body["messages"]) for body in server.requests)


async def test_a_busy_server_is_waited_for_and_stopped(
    talk: Conversation, server: RepliesServer, model: OpenAIModel
) -> None:
    talk.answered_by(model)
    turn = asyncio.create_task(talk.ask("busy_50_s"))
    await until(lambda: any("again in 50 s" in text for text in talk.page.shown), "the wait")
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)
    assert talk.page.messages == []
    assert await talk.messages() == [("busy_50_s", False)]
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", TITLES)
async def test_a_title_is_found_in_what_is_said(
    talk: Conversation, server: RepliesServer, model: OpenAIModel, name: str
) -> None:
    def choose(body: Body) -> Reply:
        is_title = last_question(body).startswith("Question: ")
        return load_replies()[name] if is_title else answer("The ibis.")

    server.choose = choose
    talk.answered_by(model, titles=True)
    await talk.ask("Which birds are rare?")
    await until(lambda: talk.page.named, "the title")
    assert talk.page.named == ["Rare birds"]
    assert await talk.layer.get_thread_name(talk.session.thread_id) == "Rare birds"
    assert server.requests[-1].get("stream", False) is False
