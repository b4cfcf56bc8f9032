"""What is left when the program ends, in every way that it can, and is started again."""

import time

from playwright.async_api import expect

from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.database import Message
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

PARIS = "The capital of France is Paris."
ROME = "The capital of Italy is Rome."
MAY_BE_LOST_S = 2.0


async def test_conversation_goes_on_after_a_restart(
    app: Application, chat: Chat, open_chat: OpenChat, model: ModelServer
) -> None:
    question = "What is the capital of France, before the restart?"
    await chat.ask(question)
    await chat.answered(PARIS)
    secret = (app.data / "auth_secret").read_text()
    async with chat.coming_back():
        await app.restart()
    assert (app.data / "auth_secret").read_text() == secret

    # In a page that was open all the time
    await chat.ask("and of Italy, after the restart?")
    await chat.answered(ROME)
    [conversation] = model.conversations("and of Italy, after the restart?")
    assert conversation[1:3] == [("user", question), ("assistant", PARIS)]

    # In a page that finds it in the sidebar
    again = await open_chat(app)
    await again.open_thread(question)
    await expect(again.questions).to_have_text([question, "and of Italy, after the restart?"])
    await expect(again.answers).to_have_text([PARIS, ROME])
    await again.ask("and of Italy, once more?")
    await expect(again.answers).to_have_text([PARIS, ROME, ROME])
    await again.turn_ended()
    [conversation] = model.conversations("and of Italy, once more?")
    assert len(conversation) == 6
    assert await again.thread_id() == await chat.thread_id()
    kept = app.database.messages(await chat.thread_id())
    assert [message.text for message in kept] == [text for _, text in conversation[1:]] + [ROME]


async def test_kill_after_an_answer_loses_nothing(
    app: Application, chat: Chat, open_chat: OpenChat
) -> None:
    question = "What is the capital of France, before the power cut?"
    await chat.ask(question)
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    await app.kill()
    await app.start()
    again = await open_chat(app)
    await again.open_thread(question)
    await expect(again.questions).to_have_text(question)
    await expect(again.answers).to_have_text(PARIS)
    assert app.database.messages(thread_id) == [
        Message("user_message", question),
        Message("assistant_message", PARIS, "done"),
    ]


async def test_kill_in_mid_stream_loses_two_seconds_at_most(
    app: Application, chat: Chat, open_chat: OpenChat
) -> None:
    question = "Tell me a long story until the power cut"
    await chat.ask(question)
    shown = await chat.shown_past("Sentence 9")
    seen_at = time.monotonic()
    await until(lambda: time.monotonic() - seen_at > MAY_BE_LOST_S, "what may be lost to pass")
    await app.kill()
    thread_id = await chat.thread_id()
    await app.start()
    kept = app.database.messages(thread_id)
    assert kept[0] == Message("user_message", question)
    assert len(kept) == 2
    assert kept[1].text.startswith(shown)
    assert kept[1].state != "done"
    again = await open_chat(app, f"/thread/{thread_id}")
    await expect(again.said).to_have_text(kept[1].text)
    await again.ask("What is the capital of France, after the power cut?")
    await again.answered(PARIS)


async def test_sigterm_in_mid_stream_keeps_what_was_shown(
    app: Application, chat: Chat, open_chat: OpenChat
) -> None:
    question = "Tell me a long story until the end of the shift"
    await chat.ask(question)
    shown = await chat.shown_past("Sentence 3")
    thread_id = await chat.thread_id()
    await app.stop()
    shown_last = await chat.shown()
    assert shown_last.startswith(shown)
    question_kept, answer = app.database.messages(thread_id)
    assert question_kept == Message("user_message", question)
    assert answer.text.startswith(shown_last)
    assert answer.state != "done"
    await app.start()
    again = await open_chat(app, f"/thread/{thread_id}")
    await expect(again.said).to_have_text(answer.text)
