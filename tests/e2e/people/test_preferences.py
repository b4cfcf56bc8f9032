"""What a person always wants: said once, applied to each new conversation, and to no one else's."""

from contextlib import nullcontext

import pytest
from playwright.async_api import Locator, Route, expect

from tests.e2e.conftest import OpenChat
from tests.e2e.people.conftest import ANNA, BOB, Team
from tests.support.page.chat import Chat
from tests.support.page.database import ServerDatabase
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

FIRST = "I am the first model."
SECOND = "I am the second model."
ABOUT = "I am a nurse on a ward for children. 我在医院工作。"
PATH = "/keepchat/preferences"
STYLE = "Answer briefly, as one <b>nurse</b> {to} another."


@pytest.fixture(scope="module")
def team_settings() -> dict[str, str]:
    """Two models."""
    return {"OPENAI_MODELS": "second"}


def box(dialog: Locator, name: str) -> Locator:
    return dialog.get_by_label(name)


async def come(
    team: Team, open_chat: OpenChat, who: tuple[str, str], locale: str = "en-US"
) -> Chat:
    """Open the page of somebody who prefers nothing yet."""
    chat = await open_chat(team.app, sign_in=who, locale=locale)
    told = await (await chat.page.request.get(f"{team.app.url}{PATH}")).json()
    nothing = {"changed": dict.fromkeys(told["kept"])}
    reply = await chat.page.request.put(f"{team.app.url}{PATH}", data=nothing)
    assert reply.ok
    await chat.open()  # the model of a page that is open stays as it was
    return chat


async def add_prompt(dialog: Locator, name: str, text: str) -> None:
    await dialog.get_by_role("button", name="Add a prompt").click()
    await expect(box(dialog, "Name").last).to_be_focused()
    await box(dialog, "Name").last.fill(name)
    await box(dialog, "Text").last.fill(text)


def kept(team: Team) -> str:
    """What the database has of all preferences."""
    return str(team.database.rows("SELECT preferences FROM user_preferences"))


async def save(dialog: Locator) -> None:
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("Saved. It applies to each new")).to_be_visible()


async def close(chat: Chat) -> None:
    await chat.page.keyboard.press("Escape")
    await expect(chat.page.locator("dialog")).to_have_count(0)


def system_of(model: ModelServer, question: str) -> str:
    request = model.requests(question)[-1]  # that of the other database came before
    return str(request["messages"][0]["content"])


async def test_what_is_said_once_applies_to_each_new_conversation(
    team: Team, open_chat: OpenChat, model: ModelServer
) -> None:
    chat = await come(team, open_chat, ANNA)
    await chat.ask("Before there are preferences, who are you?")
    await chat.answered(FIRST)
    before = await chat.thread_id()
    await chat.new_chat()
    dialog = await chat.preferences()
    await box(dialog, "What should it know about you?").fill(ABOUT)
    await box(dialog, "How should it answer?").fill(STYLE)
    await box(dialog, "Instructions").fill("Speak like a ship's doctor.")
    await box(dialog, "Temperature").select_option("0.3")
    await box(dialog, "Longest answer, in tokens").fill("700")
    await save(dialog)
    await close(chat)
    question = "In the conversation that is open, who are you?"
    await chat.ask(question)
    await chat.answered(FIRST)
    request = model.requests(question)[-1]  # that of the other database came before
    told = [request["temperature"], request.get("max_completion_tokens", request.get("max_tokens"))]
    assert told == [0.3, 700]
    assert system_of(model, question) == (
        "Speak like a ship's doctor.\n\n"
        f"What the user says about themselves:\n{ABOUT}\n\n"
        f"How the user wants to be answered:\n{STYLE}"
    )
    await chat.page.locator("#chat-settings-open-modal").click()
    panel = chat.page.get_by_role("dialog")
    await expect(panel.locator("textarea#about_user")).to_have_value(ABOUT)
    await expect(panel.locator("textarea#answer_style")).to_have_value(STYLE)
    await chat.page.keyboard.press("Escape")

    await chat.open(f"/thread/{before}")
    await chat.ask("In the conversation from before, who are you?")
    await expect(chat.answers).to_have_count(2)
    await chat.answered(FIRST)
    assert "nurse" not in system_of(model, "In the conversation from before, who are you?")

    await team.app.restart()
    again = await open_chat(team.app, sign_in=ANNA)
    await again.ask("After a restart, who are you?")
    await again.answered(FIRST)
    assert ABOUT in system_of(model, "After a restart, who are you?")
    dialog = await again.preferences()
    await expect(box(dialog, "What should it know about you?")).to_have_value(ABOUT)
    await expect(box(dialog, "Temperature")).to_have_value("0.3")

    bob = await come(team, open_chat, BOB)
    await bob.ask("And of Bob, who are you?")
    await bob.answered(FIRST)
    assert "nurse" not in system_of(model, "And of Bob, who are you?")


async def test_a_new_page_has_the_model_that_its_user_prefers(
    team: Team, open_chat: OpenChat
) -> None:
    chat = await come(team, open_chat, BOB)
    dialog = await chat.preferences()
    await box(dialog, "Model").select_option("second")
    await save(dialog)
    fresh = await open_chat(team.app, beside=chat)
    await expect(fresh.model_button()).to_have_text("second")
    await fresh.ask("As it is preferred, who are you?")
    await fresh.answered(SECOND)
    anna = await come(team, open_chat, ANNA)
    await expect(anna.model_button()).to_have_text("scripted")


async def test_the_model_changes_within_a_conversation_and_each_answer_names_its_own(
    team: Team, open_chat: OpenChat
) -> None:
    chat = await come(team, open_chat, ANNA)
    await chat.ask("First of two, who are you?")
    await chat.answered(FIRST)
    await chat.choose_model("second")
    await chat.ask("Second of two, who are you?")
    await expect(chat.answers).to_have_count(2)
    await chat.answered(SECOND)
    told = chat.page.locator(".keepchat-model")
    await expect(told).to_have_text(["scripted", "second"])
    again = await come(team, open_chat, ANNA)
    await again.open(f"/thread/{await chat.thread_id()}")
    await expect(again.page.locator(".keepchat-model")).to_have_text(["scripted", "second"])
    await expect(again.model_button()).to_have_text("second")


async def test_two_pages_save_field_by_field_and_too_much_is_said_while_typing(
    team: Team, open_chat: OpenChat
) -> None:
    first = await come(team, open_chat, BOB)
    second = await open_chat(team.app, beside=first)
    one, two = await first.preferences(), await second.preferences()
    await box(one, "What should it know about you?").fill("Bob, a baker")
    await save(one)
    await box(two, "How should it answer?").fill("Plainly")
    await save(two)
    await close(second)
    two = await second.preferences()
    await expect(box(two, "What should it know about you?")).to_have_value("Bob, a baker")
    await expect(box(two, "How should it answer?")).to_have_value("Plainly")

    about = box(one, "What should it know about you?")
    await about.fill("é" * 3_700)
    await expect(one.get_by_text("3,700 of 4,000 characters")).to_be_visible()
    await about.fill("😀" * 4_001)
    await expect(one.get_by_role("alert")).to_have_text(
        "4,001 characters are too many, there may be 4,000. Shorten it."
    )
    await box(one, "Longest answer, in tokens").fill("7")
    await one.get_by_role("button", name="Save").click()
    await expect(about).to_be_focused()
    await close(first)
    one = await first.preferences()
    await expect(one.get_by_text("What you have changed here is not saved yet.")).to_be_visible()
    await expect(box(one, "What should it know about you?")).to_have_value("😀" * 4_001)
    await expect(one.get_by_role("alert").filter(has_text="between 64 and")).to_be_visible()
    await box(one, "Longest answer, in tokens").fill("")
    await box(one, "What should it know about you?").fill("😀" * 4_000)
    await save(one)
    await box(one, "What should it know about you?").fill("")
    await save(one)


async def test_who_goes_on_with_what_is_shared_gets_nothing_of_its_authors_preferences(
    team: Team, open_chat: OpenChat, model: ModelServer
) -> None:
    anna = await come(team, open_chat, ANNA)
    dialog = await anna.preferences()
    await box(dialog, "What should it know about you?").fill("Anna's own secret")
    await save(dialog)
    await close(anna)
    await anna.ask("To be shared, who are you?")
    await anna.answered(FIRST)
    _, markdown = await anna.export()
    _, as_json = await anna.export("JSON")
    path = await anna.share()
    bob = await come(team, open_chat, BOB)
    dialog = await bob.preferences()
    await box(dialog, "What should it know about you?").fill("Bob's own secret")
    await save(dialog)
    await close(bob)
    shown = (await bob.bytes_at(f"/project{path}")).decode()
    assert "secret" not in markdown + as_json + shown
    await bob.page.goto(team.app.url + path)
    await bob.page.get_by_role("button", name="Continue this conversation").click()
    await expect(bob.box).to_be_visible()
    await bob.ask("In a copy of what was shared, who are you?")
    await expect(bob.answers).to_have_count(2)
    await bob.answered(FIRST)
    assert "secret" not in system_of(model, "In a copy of what was shared, who are you?")


async def test_own_prompts_are_commands_that_put_their_text_into_the_box(
    team: Team, open_chat: OpenChat, model: ModelServer
) -> None:
    chat = await come(team, open_chat, ANNA)
    other = await open_chat(team.app, beside=chat)
    await other.ask("In another tab, who are you?")
    await other.answered(FIRST)
    dialog = await chat.preferences()
    await add_prompt(dialog, "Summarize", "As a table:")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert").first).to_contain_text("a command “Summarize” already")
    await box(dialog, "Name").fill("Tone")
    await box(dialog, "Text").fill("In a <kind> tone:\n{who}")
    await add_prompt(dialog, "Table", "As a table:")
    await add_prompt(dialog, "译文", "请把下面的文字翻译成英文，并保持原来的语气。" * 9)
    await save(dialog)
    await close(chat)

    await chat.box.press_sequentially("/")  # the whole list, above a box in the middle of the page
    shown = chat.page.locator("[cmdk-item]")
    await expect(shown.filter(has_text="译文")).to_contain_text("请把下面的文字翻译成英文")
    await expect(shown.first).to_be_in_viewport(ratio=0.99)
    desk = chat.page.viewport_size
    assert desk
    await chat.page.set_viewport_size({"width": 390, "height": 844})
    await chat.box.fill("")
    await chat.box.press_sequentially("/")
    await expect(shown.first).to_be_in_viewport(ratio=0.99)
    await chat.page.set_viewport_size(desk)
    await chat.box.fill("who are you, in a tone?")
    await chat.use_command("Tone")
    await expect(chat.box).to_have_value("In a <kind> tone:\n{who}\nwho are you, in a tone?")
    await expect(chat.box).to_be_focused()
    await chat.page.locator("#chat-submit:enabled").click()
    await chat.answered(FIRST)
    await expect(chat.asked).to_have_text(["In a <kind> tone:\n{who}\nwho are you, in a tone?"])
    assert model.requests("In a <kind> tone:\n{who}\nwho are you, in a tone?")
    await chat.box.press_sequentially("/tab")
    await chat.page.keyboard.press("Enter")
    await expect(chat.box).to_have_value("As a table:")
    await other.use_command("Tone")  # a page that was open hears of it
    await expect(other.box).to_have_value("In a <kind> tone:\n{who}")

    dialog = await chat.preferences()
    await dialog.get_by_text("Table", exact=True).click()
    await dialog.get_by_role("button", name="Delete “Table”").click()
    await dialog.get_by_text("Tone", exact=True).click()
    await dialog.get_by_role("textbox", name="Name").fill("Voice")
    await save(dialog)
    await close(chat)
    await chat.box.fill("")
    await chat.page.locator("#command-button").click()
    commands = chat.page.get_by_role("option")
    await expect(commands.filter(has_text="Voice")).to_be_visible()
    await expect(commands.filter(has_text="Table")).to_have_count(0)
    await expect(commands.get_by_text("Tone", exact=True)).to_have_count(0)


async def test_what_cannot_be_saved_stays_where_it_was_typed(
    team: Team, open_chat: OpenChat
) -> None:
    chat = await come(team, open_chat, BOB)
    dialog = await chat.preferences()
    about = box(dialog, "What should it know about you?")
    is_file = not isinstance(team.database, ServerDatabase)
    with team.database.blocked() if is_file else nullcontext():
        await about.fill("Bob, while the database is away")
        await save(dialog)  # the journal has it
    await until(lambda: "while the database" in kept(team), "the row")

    async def refuse(route: Route) -> None:
        await route.fulfill(status=503, json={"detail": "Nothing can be kept now."})

    await about.fill("Bob, while nothing is kept")
    await chat.page.route(f"**{PATH}", refuse)
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Nothing can be kept now.")
    await expect(about).to_have_value("Bob, while nothing is kept")
    await close(chat)
    dialog = await chat.preferences()
    await expect(dialog.get_by_role("alert")).to_contain_text("Nothing can be kept now.")
    await chat.page.unroute(f"**{PATH}")
    await dialog.get_by_role("button", name="Try again").click()
    await expect(box(dialog, "What should it know about you?")).to_have_value(
        "Bob, while nothing is kept"
    )
    await save(dialog)
    assert "while nothing is kept" in kept(team)


async def test_preferences_by_keyboard_and_in_chinese(team: Team, open_chat: OpenChat) -> None:
    chat = await come(team, open_chat, BOB, locale="zh-CN")
    keyboard = chat.page.keyboard
    await chat.page.locator("#user-nav-button").focus()
    await keyboard.press("Enter")
    await expect(chat.page.get_by_role("menuitem").first).to_be_focused()
    await keyboard.press("ArrowDown")
    await expect(chat.page.get_by_role("menuitem", name="偏好设置")).to_be_focused()
    await keyboard.press("Enter")
    dialog = chat.page.get_by_role("dialog", name="偏好设置")
    await expect(dialog.get_by_role("button", name="关闭")).to_be_focused()
    await keyboard.press("Tab")
    await expect(box(dialog, "助手应了解您的哪些情况？")).to_be_focused()
    await keyboard.type("面包师")
    await box(dialog, "最长回答（词元数）").press("Enter")
    await expect(dialog.get_by_text("已保存，将应用于每个新对话。")).to_be_visible()
    await keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
