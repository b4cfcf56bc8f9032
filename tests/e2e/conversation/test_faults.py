"""What a person is told when the model fails; the question is kept and the chat goes on."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.database import Message
from tests.support.servers.model import ModelServer, running_model

WHOLE = (
    "This answer begins well, and goes on for a while, and then the line is cut before it is whole."
)
PARIS = "The capital of France is Paris."


@pytest.mark.parametrize(
    ("status", "question", "sentence"),
    [
        (
            400,
            "This is far too long a prompt",
            "This is too long for the model. Shorten the message, start a new chat, or lower "
            "MODEL_CONTEXT_TOKENS to what the model takes.",
        ),
        (
            404,
            "Please ask an absent model",
            "The model does not exist there. Check OPENAI_MODEL.",
        ),
        (
            500,
            "There is a fault inside",
            "The model's server has a fault. Try again in a moment.",
        ),
        (401, "Please refuse the key", "The model's server refuses the key. Check OPENAI_API_KEY."),
        (
            429,
            "There are too many requests",
            "The model's server is busy or the quota is used up. Try later.",
        ),
    ],
)
async def test_a_refusal_is_said_and_the_chat_goes_on(
    app: Application, chat: Chat, model: ModelServer, status: int, question: str, sentence: str
) -> None:
    app.expect_in_log("No whole answer in thread")
    await chat.ask(question)
    await chat.answered(sentence)
    thread_id = await chat.thread_id()
    assert app.database.messages(thread_id) == [
        Message("user_message", question),
        Message("assistant_message", sentence, is_error=True),
    ]
    again = f"What is the capital of France, after a {status}?"
    await chat.ask(again)
    await chat.answered(PARIS)
    kept = app.database.messages(thread_id)
    assert [message.text for message in kept] == [question, sentence, again, PARIS]
    [conversation] = model.conversations(again)
    assert conversation[1:] == [("user", question), ("user", again)]


async def test_a_cut_answer_keeps_its_part_and_says_so(app: Application, chat: Chat) -> None:
    app.expect_in_log("No whole answer in thread")
    await chat.ask("Please break off")
    await chat.answered("The answer broke off. Ask again to get it whole.")
    part = await chat.answers.first.locator(".message-content").text_content() or ""
    assert 0 < len(part) < len(WHOLE)
    assert WHOLE.startswith(part)
    thread_id = await chat.thread_id()
    question, answer, said = app.database.messages(thread_id)
    assert question.text == "Please break off"
    assert answer == Message("assistant_message", part, "interrupted")
    assert said.is_error
    await chat.ask("What is the capital of France, after the cut?")
    await chat.answered(PARIS)
    await expect(chat.answers).to_have_count(3)


async def test_a_model_that_is_late_or_away_is_said_and_the_next_message_works(
    start_application: StartApplication, open_chat: OpenChat, tmp_path: Path
) -> None:
    async with running_model(tmp_path / "model.log") as model:
        settings = {**model.settings, "MODEL_TIMEOUT_S": "1"}
        app = await start_application(settings=settings)
        app.expect_in_log("No whole answer in thread")
        chat = await open_chat(app)
        await chat.ask("Please take your time")
        await chat.answered("The model did not answer in time. Try again in a moment.")
        await chat.ask("What is the capital of France, after the wait?")
        await chat.answered(PARIS)
    await chat.ask("What is the capital of France, by nobody?")
    await chat.answered("The model's server cannot be reached. Check OPENAI_BASE_URL.")
    asked = [m.text for m in app.database.messages(await chat.thread_id())][::2]
    assert asked == [
        "Please take your time",
        "What is the capital of France, after the wait?",
        "What is the capital of France, by nobody?",
    ]
