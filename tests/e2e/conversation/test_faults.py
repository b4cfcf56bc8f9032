"""What a person is told when the model fails; the question is kept and the chat goes on."""

import asyncio

import pytest
from playwright.async_api import expect

from chat.wording.sentences import TELL
from tests.e2e.conftest import OpenChat, StartApplication
from tests.e2e.conversation.conftest import settings_of
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.database import Message
from tests.support.servers.replies import (
    Body,
    RepliesServer,
    Reply,
    answer,
    error,
    last_question,
    running_replies,
)

WHOLE = (
    "This answer begins well, and goes on for a while, and then the line is cut before it is whole."
)
PARIS = "The capital of France is Paris."


REFUSALS = {
    "This is far too long a prompt": (
        error(400, "This model's maximum context length is 8192 tokens."),
        "This is too long for the model. Shorten the message, start a new chat, or lower "
        "MODEL_CONTEXT_TOKENS to what the model takes.",
    ),
    "Please say what is forbidden": (
        error(400, "The response was filtered", code="content_filter"),
        "The model's provider refuses this by its rules on content. Ask in other words; this "
        "message is not sent again.",
    ),
    "Please ask an absent model": (
        error(404, "The model `gpt-9` does not exist"),
        "The model does not exist there. Check OPENAI_MODEL.",
    ),
    "Please ask at a wrong address": (
        Reply(["404 page not found"], 404, "text/plain"),
        "There is nothing to ask at this address. Check OPENAI_BASE_URL: mostly it ends in /v1, "
        "and neither in /chat/completions nor in the name of the host.",
    ),
    "There is a fault inside": (
        error(500, "no"),
        "The model's server has a fault. Try again in a moment.",
    ),
    "Please refuse the key": (
        error(401, "Incorrect API key provided"),
        "The model's server refuses the key. Check OPENAI_API_KEY.",
    ),
    "There is no credit": (
        error(429, "You exceeded your current quota", code="insufficient_quota"),
        "The credit or quota of the key is used up. Top up the account behind OPENAI_API_KEY.",
    ),
    "There are too many requests": (
        error(429, "Rate limit reached"),
        "The model's server is busy. Try again in a moment.",
    ),
}
IN_THEIR_LANGUAGE = {
    "zh-CN": {
        "This is far too long a prompt": (
            "内容对模型来说太长。请缩短消息或新建对话，或将 MODEL_CONTEXT_TOKENS 降低到模型能接"
            "受的大小。"
        ),
        "Please say what is forbidden": (
            "模型服务商按其内容规则拒绝了此消息。请换一种说法再问；此消息不会再次发送。"
        ),
        "Please ask an absent model": "该服务器上没有此模型。请检查 OPENAI_MODEL。",
        "Please ask at a wrong address": (
            "该地址上没有可用的接口。请检查 OPENAI_BASE_URL：它通常以 /v1 结尾，不应以 "
            "/chat/completions 结尾，也不应只有主机名。"
        ),
        "There is a fault inside": "模型服务器出现故障。请稍后再试。",
        "Please refuse the key": "模型服务器拒绝了密钥。请检查 OPENAI_API_KEY。",
        "There is no credit": "该密钥的余额或配额已用完。请为 OPENAI_API_KEY 对应的账户充值。",
        "There are too many requests": "模型服务器繁忙。请稍后再试。",
    },
    "de-DE": {
        "This is far too long a prompt": (
            "Das ist zu lang für das Modell. Kürzen Sie die Nachricht, beginnen Sie ein neues "
            "Gespräch, oder setzen Sie MODEL_CONTEXT_TOKENS auf das herab, was das Modell "
            "annimmt."
        ),
        "Please say what is forbidden": (
            "Der Anbieter des Modells lehnt das nach seinen Inhaltsregeln ab. Fragen Sie mit "
            "anderen Worten; diese Nachricht wird nicht noch einmal gesendet."
        ),
        "Please ask an absent model": (
            "Dieses Modell gibt es dort nicht. Prüfen Sie OPENAI_MODEL."
        ),
        "Please ask at a wrong address": (
            "Unter dieser Adresse gibt es nichts zu fragen. Prüfen Sie OPENAI_BASE_URL: Meist "
            "endet sie auf /v1, und weder auf /chat/completions noch auf den Namen des "
            "Rechners."
        ),
        "There is a fault inside": (
            "Der Server des Modells hat eine Störung. Versuchen Sie es gleich noch einmal."
        ),
        "Please refuse the key": (
            "Der Server des Modells lehnt den Schlüssel ab. Prüfen Sie OPENAI_API_KEY."
        ),
        "There is no credit": (
            "Guthaben oder Kontingent des Schlüssels sind aufgebraucht. Laden Sie das Konto "
            "hinter OPENAI_API_KEY auf."
        ),
        "There are too many requests": (
            "Der Server des Modells ist ausgelastet. Versuchen Sie es gleich noch einmal."
        ),
    },
}
NOT_AGAIN = {"This is far too long a prompt", "Please say what is forbidden"}


async def test_a_refusal_is_said_and_the_chat_goes_on(
    app_on_replies: Application, open_chat: OpenChat, replies: RepliesServer
) -> None:
    app_on_replies.expect_in_log("No whole answer in thread")
    chat = await open_chat(app_on_replies)
    replies.replies["capital of France"] = answer(PARIS)
    for question, (refusal, sentence) in REFUSALS.items():
        replies.queues = {question: [refusal] * 3}  # what may pass is asked for three times
        await chat.ask(question)
        await chat.answered(sentence)
        thread_id = await chat.thread_id()
        replies.queues = {}
        again = f"What is the capital of France, after {question.lower()}?"
        await chat.ask(again)
        await chat.answered(PARIS)
        assert app_on_replies.database.messages(thread_id) == [
            Message("user_message", question),
            Message("assistant_message", sentence, "error", is_error=True),
            Message("user_message", again),
            Message("assistant_message", PARIS, "done"),
        ]
        asked = again if question in NOT_AGAIN else f"{question}\n\n{again}"
        assert last_question(replies.requests[-1]) == asked
        await chat.new_chat()


@pytest.mark.parametrize("locale", IN_THEIR_LANGUAGE)
async def test_a_refusal_is_said_in_the_readers_language(
    app_on_replies: Application, open_chat: OpenChat, replies: RepliesServer, locale: str
) -> None:
    app_on_replies.expect_in_log("No whole answer in thread")
    chat = await open_chat(app_on_replies, locale=locale)
    for question, sentence in IN_THEIR_LANGUAGE[locale].items():
        replies.queues = {question: [REFUSALS[question][0]] * 3}
        await chat.ask(question)
        await chat.answered(sentence)


async def test_who_cannot_mend_it_reads_whom_to_tell(
    start_application: StartApplication, open_chat: OpenChat, replies: RepliesServer
) -> None:
    app = await start_application(settings={**settings_of(replies), "AUTH_MODE": "password"})
    app.expect_in_log("No whole answer in thread")
    await app.manage("user", "add", "alice", "--password-stdin", typed="a long password")
    replies.queues = {"credit": [error(402, "Insufficient Balance")]}
    chat = await open_chat(app, sign_in=("alice", "a long password"))
    await chat.ask("Is there any credit?")
    await chat.answered(TELL.en)
    assert "Top up the account behind OPENAI_API_KEY" in app.log_of_test()


async def test_a_cut_answer_keeps_its_part_and_says_so(app: Application, chat: Chat) -> None:
    app.expect_in_log("No whole answer in thread")
    await chat.ask("Please break off")
    await chat.answered("The answer broke off. Go on with it, or try again.")
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
    start_application: StartApplication, open_chat: OpenChat
) -> None:
    hush = asyncio.Event()

    async def take_time(body: Body) -> None:
        if last_question(body) == "Please take your time":
            await hush.wait()

    async with running_replies({"capital of France": answer(PARIS)}) as replies:
        replies.before = take_time
        app = await start_application(
            settings={**settings_of(replies), "MODEL_LOAD_TIMEOUT_S": "1"}
        )
        app.expect_in_log("No whole answer in thread")
        chat = await open_chat(app)
        await chat.ask("Please take your time")
        await chat.answered(
            "The model did not answer in time. Try again in a moment, or raise "
            "MODEL_LOAD_TIMEOUT_S."
        )
        await chat.ask("What is the capital of France, after the wait?")
        await chat.answered(PARIS)
    await chat.ask("What is the capital of France, by nobody?")
    await chat.answered(
        "The model's server cannot be reached: nobody listens at this address. Start it, or check "
        "OPENAI_BASE_URL."
    )
    asked = [m.text for m in app.database.messages(await chat.thread_id())][::2]
    assert asked == [
        "Please take your time",
        "What is the capital of France, after the wait?",
        "What is the capital of France, by nobody?",
    ]
