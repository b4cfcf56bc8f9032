"""The title of the tab is that of its conversation."""

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
