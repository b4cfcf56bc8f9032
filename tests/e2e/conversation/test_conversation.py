"""A conversation as a person has it, and what the database holds of it afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count

from playwright.async_api import Route, expect

from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.page.chat import THREAD_URL, Chat
from tests.support.page.database import Message
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

PARIS = "The capital of France is Paris."
ROME = "The capital of Italy is Rome."
COUNTED = " ".join(str(number) for number in range(1, 41))
_WATCH = """() => {
  window.shown = new Set();
  const last = () => [...document.querySelectorAll('[data-step-type="assistant_message"]')].at(-1);
  const text = () => last()?.querySelector(".message-content")?.textContent;
  new MutationObserver(() => text() && window.shown.add(text()))
    .observe(document.body, { childList: true, characterData: true, subtree: true });
}"""


async def test_first_answer_streams_and_is_kept(app: Application, chat: Chat) -> None:
    question = "Please count to forty"
    await chat.page.evaluate(_WATCH)
    await chat.ask(question)
    await chat.shown_past("1 2 3")
    assert app.database.messages(await chat.thread_id())[0] == Message("user_message", question)
    await chat.answered(COUNTED)
    *partial, whole = await chat.page.evaluate("[...shown]")
    assert partial
    assert all(whole.startswith(it) for it in partial)
    assert whole == COUNTED
    await expect(chat.questions).to_have_text(question)
    await expect(chat.thread(question)).to_have_count(1)
    thread_id = await chat.thread_id()
    assert app.database.name(thread_id) == question
    assert app.database.messages(thread_id) == [
        Message("user_message", question),
        Message("assistant_message", COUNTED, "done"),
    ]


async def test_a_list_that_comes_late_leads_nobody_back(chat: Chat) -> None:
    """Chainlit's page waits for the list before it gives a new conversation its address."""
    held: list[Route] = []
    lists = "**/project/threads*"
    question = "What is the capital of France, if I go on at once?"

    async def hold(route: Route) -> None:
        held.append(route)

    await chat.page.route(lists, hold)
    await chat.ask(question)
    await chat.answered(PARIS)
    await until(lambda: held, "a list that is asked for")
    await chat.new_chat()
    for route in held:
        await route.continue_()
    await chat.page.unroute(lists)
    await expect(chat.thread(question)).to_have_count(1)
    await expect(chat.page).not_to_have_url(THREAD_URL)
    await expect(chat.questions).to_have_count(0)
    await chat.ask("What is the capital of France, in a new one?")
    await chat.answered(PARIS)
    assert await chat.thread_id()


async def test_nothing_is_shown_before_the_question_is_durable(
    app: Application, chat: Chat, model: ModelServer
) -> None:
    question = "What is the capital of France, when the disk is slow?"
    with app.database.blocked():
        await chat.ask(question)
        await until(lambda: model.conversations(question), "the question at the model")
        answer = await model.answer(question)  # by then the program has had its own answer too
        await expect(chat.questions).to_have_text(question)
        assert await chat.answers.count() == 0
    await chat.answered(answer)


async def test_second_question_carries_the_history(
    app: Application, chat: Chat, model: ModelServer
) -> None:
    await chat.ask("What is the capital of France, with history?")
    await chat.answered(PARIS)
    await chat.ask("and of Italy, with history?")
    await chat.answered(ROME)
    [conversation] = model.conversations("and of Italy, with history?")
    assert conversation[0][0] == "system"
    assert conversation[1:] == [
        ("user", "What is the capital of France, with history?"),
        ("assistant", PARIS),
        ("user", "and of Italy, with history?"),
    ]
    assert len(app.database.messages(await chat.thread_id())) == 4


async def test_every_script_is_shown_and_kept(
    app: Application, chat: Chat, open_chat: OpenChat
) -> None:
    answer = "你好，世界！こんにちは。안녕하세요. مرحبا — naïve Ünder 👍🏽 👩‍👩‍👧‍👦 🇫🇷 𠮷."
    question = "写出 many scripts 🙂 𠮷"
    await chat.ask(question)
    await chat.answered(answer)
    thread_id = await chat.thread_id()
    kept = [message.text for message in app.database.messages(thread_id)]
    assert kept == [question, answer]
    again = await open_chat(app, f"/thread/{thread_id}")
    await expect(again.questions).to_have_text(question)
    await expect(again.answers).to_have_text(answer)


async def test_stop_keeps_what_was_shown(app: Application, chat: Chat, model: ModelServer) -> None:
    await chat.ask("Tell me a long story and be stopped")
    before = await chat.shown_past("Sentence 3")
    await chat.stop()
    await chat.turn_ended()
    database, thread_id = app.database, await chat.thread_id()
    await until(lambda: database.messages(thread_id)[-1].state == "stopped", "the stopped answer")
    question, answer = database.messages(thread_id)
    assert question.text == "Tell me a long story and be stopped"
    assert answer.kind == "assistant_message"
    assert answer.text.startswith(before)
    assert answer.text.count("Sentence") < 120  # of 120
    await expect(chat.said).to_have_text(answer.text)
    assert await chat.shown() == answer.text.rstrip()  # Markdown shows no blank at an end

    await chat.ask("What is the capital of France, after all?")
    await chat.answered(PARIS)
    assert len(database.messages(thread_id)) == 4
    [conversation] = model.conversations("What is the capital of France, after all?")
    assert ("assistant", answer.text) in conversation


async def test_new_chat_is_a_conversation_of_its_own(
    app: Application, chat: Chat, model: ModelServer
) -> None:
    await chat.ask("What is the capital of France, at first?")
    await chat.answered(PARIS)
    first = await chat.thread_id()
    await chat.new_chat()
    await chat.ask("What is the capital of France, anew?")
    await chat.answered(PARIS)
    assert await chat.thread_id() != first
    await expect(chat.thread("at first?")).to_have_count(1)
    await expect(chat.thread("anew?")).to_have_count(1)
    [conversation] = model.conversations("What is the capital of France, anew?")
    assert [role for role, _ in conversation] == ["system", "user"]


async def test_edited_question_is_asked_without_what_followed(
    app: Application, chat: Chat, model: ModelServer
) -> None:
    await chat.ask("What is the capital of France, with a mistake?")
    await chat.answered(PARIS)
    await chat.ask("and of Italy, soon to be taken back?")
    await chat.answered(ROME)
    edited = "What is the capital of France, edited?"
    with app.database.blocked():
        await chat.edit(chat.questions.first, edited)
        await expect(chat.questions).to_have_count(1)
    await expect(chat.questions).to_have_text([edited])
    await chat.answered(PARIS)
    await expect(chat.answers).to_have_count(1)
    thread_id = await chat.thread_id()
    assert [message.text for message in app.database.messages(thread_id)] == [edited, PARIS]
    [conversation] = model.conversations(edited)
    assert conversation[1:] == [("user", edited)]
    await chat.open_thread("Before the edit: What is the capital of France, with a mistake?")
    await expect(chat.answers).to_have_text([PARIS, ROME])
    assert await chat.thread_id() != thread_id


async def test_feedback_is_kept(app: Application, chat: Chat) -> None:
    await chat.ask("What is the capital of France, to be praised?")
    await chat.answered(PARIS)
    await chat.praise("Short and right")
    find = "SELECT value, comment FROM feedbacks WHERE threadId = ?"
    thread_id = await chat.thread_id()
    found = await until(lambda: app.database.rows(find, thread_id), "the feedback")
    assert found == [(1, "Short and right")]


async def test_rename(app: Application, chat: Chat, open_chat: OpenChat) -> None:
    await chat.ask("What is the capital of France, to be renamed?")
    await chat.answered(PARIS)
    await chat.rename("to be renamed?", "Capitals 首都")
    await expect(chat.thread("Capitals 首都")).to_have_count(1)
    await expect(chat.thread("to be renamed?")).to_have_count(0)
    thread_id = await chat.thread_id()
    await until(lambda: app.database.name(thread_id) == "Capitals 首都", "the new name")
    again = await open_chat(app)
    await again.open_thread("Capitals 首都")
    assert await again.thread_id() == thread_id


async def test_no_login_and_a_link_to_a_conversation_opens_it(
    app: Application, chat: Chat, open_chat: OpenChat
) -> None:
    assert chat.page.url == f"{app.url}/"
    await chat.ask("What is the capital of France, by a link?")
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    stranger = await open_chat(app, f"/thread/{thread_id}")
    await expect(stranger.questions).to_have_text("What is the capital of France, by a link?")
    await expect(stranger.answers).to_have_text(PARIS)
    assert await stranger.thread_id() == thread_id


async def test_a_link_opens_also_where_replies_overtake_each_other(
    app: Application, chat: Chat
) -> None:
    """The page connects twice, first without the thread; the late reply must not win."""
    await chat.ask("What is the capital of France, by a slow line?")
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    await chat.page.route("**/set-session-cookie", _overtaken())
    await chat.open(f"/thread/{thread_id}")
    await expect(chat.answers).to_have_text(PARIS)
    await chat.ask("and of Italy, by a slow line?")
    await chat.answered(ROME)
    assert len(app.database.messages(thread_id)) == 4


async def test_a_link_opens_also_where_a_reply_is_lost(chat: Chat) -> None:
    await chat.ask("What is the capital of France, by a line that loses things?")
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    lost: list[Route] = []

    async def lose_first(route: Route) -> None:
        if lost:
            await route.continue_()
        else:
            lost.append(route)

    await chat.page.route("**/set-session-cookie", lose_first)
    await chat.open(f"/thread/{thread_id}")
    await expect(chat.answers).to_have_text(PARIS)
    assert lost


def _overtaken() -> Callable[[Route], Awaitable[None]]:
    """Give the first of two requests its reply after the second, if that is made meanwhile."""
    requests = count()
    second_is_done = asyncio.Event()

    async def handle(route: Route) -> None:
        is_first = next(requests) == 0
        if is_first:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await second_is_done.wait()
        await route.fulfill(response=await route.fetch())
        second_is_done.set()

    return handle
