"""What a person does with an answer that is there, and what they are told of how it ended."""

import pytest
from playwright.async_api import expect

from chat.wording.endings import ending_line
from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.servers.replies import RepliesServer, answer
from tests.support.servers.teller import Teller
from tests.support.waiting import until

STOPPED = "This answer was stopped."


@pytest.fixture
def teller(replies: RepliesServer) -> Teller:
    """The model, which tells a story as far as it is let."""
    return Teller(replies)


async def test_an_answer_is_given_again_and_the_former_can_be_gone_back_to(
    app_on_replies: Application, open_chat: OpenChat, replies: RepliesServer
) -> None:
    replies.queues = {"colour": [answer("Red."), answer("Green."), answer("Blue.")]}
    chat = await open_chat(app_on_replies)
    await chat.ask("Which colour?")
    await chat.answered("Red.")
    second = await open_chat(app_on_replies, f"/thread/{await chat.thread_id()}", beside=chat)
    for number, colour in enumerate(("Green.", "Blue."), 2):
        await chat.do("Try again")
        for page in (chat, second):
            await expect(page.said).to_have_text([colour])
            await expect(page.answers.get_by_text(f"{number} of {number}")).to_be_visible()
    await second.do("Previous version")
    for page in (chat, second):
        await expect(page.said).to_have_text(["Green."])
        await expect(page.answers.get_by_text("2 of 3")).to_be_visible()
    await chat.page.reload()
    await expect(chat.said).to_have_text(["Green."])
    await chat.ask("And in words?")
    await chat.answered("Answer to: And in words?")
    asked = replies.asked("And in words?")[-1]["messages"]
    assert [it["content"] for it in asked if it["role"] != "system"] == [
        "Which colour?",
        "Green.",
        "And in words?",
    ]


async def test_a_stopped_answer_says_so_and_is_gone_on_with(
    app_on_replies: Application, open_chat: OpenChat, teller: Teller
) -> None:
    chat = await open_chat(app_on_replies)
    await chat.ask("Tell me a story")
    await expect(chat.answers).to_have_text(teller.tell(3))
    await chat.stop()
    await expect(chat.answers.get_by_text(STOPPED)).to_be_visible()
    await chat.page.reload()
    await expect(chat.answers.get_by_text(STOPPED)).to_be_visible()
    await chat.do("Go on")
    await expect(chat.said).to_contain_text(f"{teller.text} Answer to: ")
    await chat.turn_ended()
    await expect(chat.answers.get_by_text(STOPPED)).to_have_count(0)
    shown = await chat.shown()
    [_, kept] = app_on_replies.database.messages(await chat.thread_id())
    assert (kept.text, kept.state) == (shown, "done")


async def test_the_last_question_is_edited_beside_the_former(
    app_on_replies: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(app_on_replies)
    await chat.ask("One")
    await chat.answered("Answer to: One")
    await chat.edit(chat.questions.first, "Two")
    await chat.answered("Answer to: Two")
    await expect(chat.questions).to_have_count(1)
    await expect(chat.questions.get_by_text("2 of 2")).to_be_visible()
    await chat.questions.get_by_role("button", name="Previous version").click()
    await expect(chat.said).to_have_text(["Answer to: One"])
    await expect(chat.questions.get_by_text("1 of 2")).to_be_visible()


async def test_a_branch_has_all_up_to_an_answer(
    app_on_replies: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(app_on_replies)
    for question in ("One", "Two", "Three"):
        await chat.ask(question)
        await chat.answered(f"Answer to: {question}")
    thread_id = await chat.thread_id()
    await chat.do("Branch", at=1)
    await expect(chat.questions).to_have_text(["One", "Two"])
    assert await chat.thread_id() != thread_id
    await chat.ask("Four")
    await chat.answered("Answer to: Four")


async def test_an_answer_that_was_killed_says_so_and_is_gone_on_with(
    app_on_replies: Application, open_chat: OpenChat, teller: Teller
) -> None:
    """In a page that was open all the time, and in one that is opened after it."""
    chat = await open_chat(app_on_replies)
    await chat.ask("Tell me a story")
    await expect(chat.said).to_have_text(teller.tell(3))
    thread_id = await chat.thread_id()
    await expect(chat.dot(thread_id)).to_be_visible()

    def is_stored() -> bool:
        return app_on_replies.database.messages(thread_id)[-1].text.strip() == teller.text

    await until(is_stored, "what is shown to be stored")
    async with chat.coming_back():
        await app_on_replies.kill()
        await app_on_replies.start()
    again = await open_chat(app_on_replies, f"/thread/{thread_id}")
    for page in (chat, again):
        await expect(page.mark(page.answers)).to_contain_text(ending_line("killed", "en"))
        await expect(page.dot(thread_id)).to_have_count(0)
        await expect(page.said).to_have_text(teller.text)
    await chat.do("Go on")
    await expect(again.said).to_contain_text(f"{teller.text} Answer to: ")
    await again.turn_ended()
    for page in (chat, again):
        await expect(page.mark(page.answers)).to_have_count(0)


async def test_a_question_whose_answer_never_came_is_answered_after_all(
    app_on_replies: Application, open_chat: OpenChat, teller: Teller
) -> None:
    chat = await open_chat(app_on_replies)
    await chat.ask("Tell me a story")
    thread_id = await chat.thread_id()
    await until(lambda: app_on_replies.database.messages(thread_id), "the question")
    async with chat.coming_back():
        await app_on_replies.kill()
        await app_on_replies.start()
    mark = chat.mark(chat.questions)
    await expect(mark).to_contain_text(ending_line("unanswered", "en"))
    await chat.button(chat.questions, "Try again").click()
    await expect(chat.said).to_have_text(teller.tell_all())
    await chat.turn_ended()
    await expect(mark).to_have_count(0)


async def test_threads_in_which_something_is_answered_have_a_dot_on_every_page(
    app_on_replies: Application, open_chat: OpenChat, teller: Teller
) -> None:
    chat = await open_chat(app_on_replies)
    await chat.ask("Tell me a story")
    await expect(chat.said).to_have_text(teller.tell(3))
    thread_id = await chat.thread_id()
    later = await open_chat(app_on_replies)
    for page in (chat, later):
        await expect(page.dot(thread_id)).to_be_visible()
    await later.page.close()
    elsewhere = await open_chat(app_on_replies)
    await elsewhere.ask("And elsewhere?")
    await elsewhere.answered("Answer to: And elsewhere?")
    await expect(elsewhere.dot(await elsewhere.thread_id())).to_have_count(0)
    await expect(elsewhere.dot(thread_id)).to_be_visible()
    teller.tell_all()
    for page in (chat, elsewhere):
        await expect(page.dot(thread_id)).to_have_count(0)
