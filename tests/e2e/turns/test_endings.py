"""How an answer ended is told where it stands; then it is had again, or gone on with."""

import asyncio

import pytest
from playwright.async_api import Locator, expect

from chat.wording.endings import State, ending_line
from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.servers.replies import (
    RepliesServer,
    Reply,
    answer,
    delta,
    error,
    events,
)
from tests.support.servers.teller import Teller
from tests.support.waiting import until

MARKED_MS = 6_000
THOUGHTFUL = events(
    delta(reasoning_content="It is red, I think."), delta(content="Red."), delta("stop")
)
BEGUN = delta(content="This is as far as")
BROKEN_OFF = Reply(events(BEGUN, done=False).chunks, is_cut=True)
CUT = events(BEGUN, delta("length"))
GONE_ON = events(delta(content=" we go."), delta("stop"))


def line(state: State, language: str = "en") -> str:
    """What is told of an answer that ended so."""
    return ending_line(state, language)


def in_order(replies: RepliesServer, *given: Reply) -> None:
    """Let the server answer so, whatever it is asked."""
    left = list(given)
    replies.choose = lambda _body: left.pop(0)


async def test_a_question_is_answered_again_after_a_failure(
    app: Application, open_chat: OpenChat, replies: RepliesServer
) -> None:
    in_order(replies, error(400, "No such thing"), answer("Red."))
    chat = await open_chat(app)
    await chat.ask("Which colour, at last?")
    await chat.turn_ended()
    await expect(chat.answers).to_have_count(1)
    await chat.thread_id()
    await chat.page.reload()
    await chat.do("Try again")
    await expect(chat.said).to_have_text(["Red."])
    await expect(chat.answers.get_by_text("2 of 2")).to_be_visible()
    assert "No such thing" not in str(replies.requests[-1])


async def test_a_question_that_was_stopped_before_a_word_has_no_answer(
    app: Application, open_chat: OpenChat, replies: RepliesServer, teller: Teller
) -> None:
    chat = await open_chat(app)
    await chat.ask("Tell me a story of nothing")
    await until(lambda: replies.asked("of nothing"), "the request")
    await chat.stop()
    await chat.turn_ended()
    told = chat.mark(chat.questions.last)
    await expect(told).to_contain_text(line("unanswered"))
    await chat.thread_id()
    await chat.page.reload()
    await expect(told).to_contain_text(line("unanswered"))
    await chat.button(chat.questions.last, "Try again").click()
    await expect(told).to_have_count(0)  # while nothing has come yet
    await expect(chat.said).to_have_text([teller.tell(3)])
    await chat.stop()
    await expect(chat.mark(chat.answers.last)).to_contain_text(line("stopped"))
    await expect(told).to_have_count(0)


@pytest.mark.parametrize(("reply", "state"), [(CUT, "cut"), (BROKEN_OFF, "interrupted")])
async def test_an_answer_that_is_not_whole_is_gone_on_with(
    app: Application, open_chat: OpenChat, replies: RepliesServer, reply: Reply, state: State
) -> None:
    in_order(replies, reply, GONE_ON)
    chat = await open_chat(app)
    await chat.ask(f"How far, until it is {state}?")
    mark = chat.mark(chat.answers.first)
    await expect(mark).to_contain_text(line(state))
    second = await open_chat(app, f"/thread/{await chat.thread_id()}", beside=chat)
    for page in (chat, second):
        await expect(page.mark(page.answers.first)).to_contain_text(line(state))
    _, text = await chat.export()
    assert f"*{line(state)}*" in text
    await second.button(second.answers.first, "Go on").click()
    for page in (chat, second):
        await expect(page.said).to_have_text(["This is as far as we go."])
        await expect(page.mark(page.answers)).to_have_count(0)
    await chat.page.reload()
    await expect(chat.said).to_have_text(["This is as far as we go."])
    _, text = await chat.export()
    assert line(state) not in text


async def test_an_answer_of_a_killed_program_is_marked_without_a_reload_and_gone_on_with(
    app: Application, open_chat: OpenChat, teller: Teller
) -> None:
    chat = await open_chat(app)
    await chat.ask("Tell me a story until the power cut")
    await expect(chat.said).to_have_text(teller.tell(3))
    thread_id = await chat.thread_id()
    await until(lambda: app.database.messages(thread_id)[1:], "the first checkpoint")
    await app.kill()
    async with chat.coming_back():
        await app.start()
    other = await open_chat(app, f"/thread/{thread_id}")
    for page in (chat, other):
        mark = page.mark(page.answers)
        await expect(mark).to_contain_text(line("killed"), timeout=MARKED_MS)
        await expect(page.said).to_have_text(teller.text)
    await chat.do("Go on")
    for page in (chat, other):
        await expect(page.said).to_contain_text(f"{teller.text} Answer to: ")
        await expect(page.mark(page.answers)).to_have_count(0)
        await page.turn_ended()
    [_, kept] = app.database.messages(thread_id)
    assert (kept.text, kept.state) == (await chat.shown(), "done")


async def test_what_was_told_of_an_answer_is_taken_back_while_it_is_gone_on_with(
    app: Application, open_chat: OpenChat, replies: RepliesServer
) -> None:
    in_order(replies, CUT)
    chat = await open_chat(app)
    await chat.ask("How far, for a while?")
    await expect(chat.mark(chat.answers)).to_contain_text(line("cut"))
    in_order(replies, GONE_ON)
    replies.between = _for_ever
    second = await open_chat(app, f"/thread/{await chat.thread_id()}", beside=chat)
    await expect(second.mark(second.answers)).to_contain_text(line("cut"))
    await chat.do("Go on")
    for page in (chat, second):
        await expect(page.mark(page.answers)).to_have_count(0)
    await second.stop()
    for page in (chat, second):
        await expect(page.mark(page.answers)).to_contain_text(line("cut"))
        await expect(page.button(page.answers, "Go on")).to_be_visible()
        await expect(page.said).to_have_text(["This is as far as"])


async def test_versions_are_looked_at_by_keyboard_in_all_tabs(
    app: Application, open_chat: OpenChat, replies: RepliesServer
) -> None:
    in_order(replies, THOUGHTFUL, answer("Green."), answer("Blue."), answer("Yes."))
    chat = await open_chat(app)
    await chat.ask("Which colour, by keyboard?")
    await chat.answered("Red.")
    for colour in ("Green.", "Blue."):
        await chat.do("Try again")
        await expect(chat.said).to_have_text(colour)
        await chat.turn_ended()
    await chat.page.reload()
    second = await open_chat(app, f"/thread/{await chat.thread_id()}", beside=chat)
    thoughts = [page.page.get_by_role("button", name="Reasoning") for page in (chat, second)]
    await expect(chat.answers.get_by_text("3 of 3")).to_be_visible()
    await chat.button(chat.answers.last, "Previous version").focus()
    for number, colour in ((2, "Green."), (1, "Red.")):
        await chat.page.keyboard.press("Enter")
        for page in (chat, second):
            await expect(page.said).to_have_text([colour])
            await expect(page.answers.get_by_text(f"{number} of 3")).to_be_visible()
    await _are(thoughts, 1)
    await expect(chat.button(chat.answers.last, "Previous version")).to_be_disabled()
    await expect(chat.button(chat.answers.last, "Next version")).to_be_focused()
    await chat.page.keyboard.press("Space")
    for page in (chat, second):
        await expect(page.said).to_have_text(["Green."])
    await _are(thoughts, 0)
    _, text = await second.export()
    assert "Green." in text
    assert "Red." not in text
    assert "Blue." not in text
    await second.ask("Is it?")
    await second.answered("Yes.")
    said = [it["content"] for it in replies.requests[-1]["messages"] if it["role"] != "system"]
    assert said == ["Which colour, by keyboard?", "Green.", "Is it?"]


async def test_all_is_told_in_chinese(
    app: Application, open_chat: OpenChat, replies: RepliesServer, teller: Teller
) -> None:
    chat = await open_chat(app, locale="zh-CN")
    await chat.ask("Tell me a story in Chinese")
    await expect(chat.said).to_have_text(teller.tell(3))
    second = await open_chat(app, f"/thread/{await chat.thread_id()}", beside=chat)
    await expect(second.said).to_have_text(teller.text)
    await expect(second.dot(await chat.thread_id())).to_have_accessible_name("正在生成回答")
    assert "正在生成回答" in await _refusal(second, "again")
    await chat.stop()
    await expect(chat.mark(chat.answers.last)).to_contain_text(line("stopped", "zh"))
    for button in ("继续", "重试", "从此处建立分支"):
        await expect(chat.button(chat.answers.last, button)).to_be_visible()
    teller.again()
    await chat.do("重试")
    await expect(chat.said).to_have_text([teller.tell(2)])
    await chat.stop()
    await expect(chat.answers.get_by_text("2 / 2")).to_be_visible()
    await chat.do("上一个版本")
    await expect(chat.answers.get_by_text("1 / 2")).to_be_visible()


async def _for_ever(_number: int) -> None:
    await asyncio.Event().wait()


async def _are(each: list[Locator], count: int) -> None:
    for found in each:
        await expect(found).to_have_count(count)


async def _refusal(chat: Chat, action: str) -> str:
    """Ask for something as the page does, and return why it is not done."""
    told: str = await chat.page.evaluate(
        """async ([thread, action]) => {
            const step = document.querySelector('[data-step-type="assistant_message"] [id^=step-]');
            const reply = await fetch(`/keepchat/answers/${thread}`, {
                method: "POST",
                headers: { "Content-Type": "application/json" },
                body: JSON.stringify({ action, step: step.id.replace("step-", "") }),
            });
            return (await reply.json()).detail ?? "";
        }""",
        [await chat.thread_id(), action],
    )
    return told
