"""The title of the tab is that of its conversation."""

import re

from playwright.async_api import ViewportSize, expect

from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.page.chat import Chat

PHONE: ViewportSize = {"width": 390, "height": 844}


async def test_the_tab_has_the_name_of_its_conversation(
    app: Application, chat: Chat, open_chat: OpenChat
) -> None:
    await expect(chat.page).to_have_title("Keepchat")
    question = "What is the capital of France, in a tab?"
    await chat.ask(question)
    await chat.answered("The capital of France is Paris.")
    await expect(chat.page).to_have_title(question)
    thread_id = await chat.thread_id()
    await chat.rename(question, "A tab of its own")
    await expect(chat.page).to_have_title("A tab of its own")
    await chat.new_chat()
    await expect(chat.page).to_have_title("Keepchat")
    await chat.page.go_back()
    await expect(chat.page).to_have_title("A tab of its own")

    phone = await open_chat(app)
    await phone.page.set_viewport_size(PHONE)  # which draws no sidebar
    await expect(phone.page).to_have_title("Keepchat")
    await phone.open(f"/thread/{thread_id}")
    await expect(phone.page).to_have_title("A tab of its own")


async def test_back_leads_from_a_conversation_to_a_new_one_and_away(chat: Chat) -> None:
    page, home = chat.page, re.compile(r"^[^/]*//[^/]*/$")
    await chat.ask("What is the capital of France, before Back?")
    await chat.answered("The capital of France is Paris.")
    first = await chat.thread_id()
    await page.go_back()
    await expect(page).to_have_url(home)
    await expect(chat.asked).to_have_count(0)
    await expect(page.locator("#starters")).to_be_visible()
    await page.go_forward()
    await expect(chat.asked).to_have_text(["What is the capital of France, before Back?"])
    assert await chat.thread_id() == first
    await page.go_back()
    await expect(chat.asked).to_have_count(0)
    await chat.ask("What is the capital of France, after Back?")
    await chat.answered("The capital of France is Paris.")
    assert await chat.thread_id() != first
    for _ in range(2):
        await page.go_back()
    await expect(page).not_to_have_url(re.compile("/thread/"))
    await expect(page).not_to_have_url(home)
