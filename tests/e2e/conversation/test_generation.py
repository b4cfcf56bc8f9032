"""Models, chat settings, thoughts, titles and edits, as a person sees them and as they are kept."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from chat.wording.settings_panel import INSTRUCTIONS
from tests.e2e.conftest import OpenChat, StartApplication, in_test
from tests.support.page.application import Application, running_application
from tests.support.page.chat import Chat
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

FIRST = "I am the first model."
SECOND = "I am the second model."
PARIS = "The capital of France is Paris."
ROME = "The capital of Italy is Rome."


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running_several(
    project: Path, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Application]:
    """The program with two models, which also give titles."""
    settings = {**model.settings, "OPENAI_MODELS": "second", "THREAD_TITLES": "on"}
    home = tmp_path_factory.mktemp("several") / "keepchat"
    async with running_application(Application(project, home, settings)) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def several(
    request: pytest.FixtureRequest, running_several: Application
) -> AsyncIterator[Application]:
    """That program."""
    async with in_test(request, running_several):
        yield running_several


async def test_model_and_settings_stay_with_the_conversation(
    several: Application, open_chat: OpenChat, model: ModelServer
) -> None:
    chat = await open_chat(several)
    await chat.choose_model("second")
    await chat.set_answer(instructions="Speak like a sailor.", temperature="0.3")
    await chat.ask("Tell me, who are you?")
    await chat.answered(SECOND)
    [request] = model.requests("Tell me, who are you?")
    assert request["model"] == "second"
    assert request["temperature"] == 0.3
    assert request["messages"][0] == {"role": "system", "content": "Speak like a sailor."}
    thread_id = await chat.thread_id()

    await several.kill()  # what was chosen does not wait for the page to be left
    await several.start()
    again = await open_chat(several, f"/thread/{thread_id}")
    await expect(again.said).to_have_text(SECOND)
    await expect(again.model_button()).to_have_text("second")
    await again.ask("Once more, who are you?")
    await expect(again.answers).to_have_count(2)
    await again.answered(SECOND)
    [request] = model.requests("Once more, who are you?")
    assert request["model"] == "second"
    assert request["temperature"] == 0.3
    assert request["messages"][0]["content"] == "Speak like a sailor."

    fresh = await open_chat(several)
    await fresh.page.locator("#chat-settings-open-modal").click()
    dialog = fresh.page.get_by_role("dialog")
    said = "What the assistant is told at the start of this conversation."
    await expect(dialog.get_by_text(said)).to_be_visible()
    await expect(dialog.locator("#system_prompt")).to_have_value(INSTRUCTIONS.en)
    await fresh.page.keyboard.press("Escape")
    await fresh.ask("Fresh, who are you?")
    await fresh.answered(FIRST)
    [request] = model.requests("Fresh, who are you?")
    assert "temperature" not in request
    assert request["messages"][0]["content"].startswith(INSTRUCTIONS.en)


async def test_the_model_changes_within_a_conversation(
    several: Application, open_chat: OpenChat, model: ModelServer
) -> None:
    chat = await open_chat(several)
    await chat.ask("At first, who are you?")
    await chat.answered(FIRST)
    thread_id = await chat.thread_id()
    await chat.choose_model("second")
    await chat.ask("And then, who are you?")
    await expect(chat.answers).to_have_count(2)
    await chat.answered(SECOND)
    told = chat.page.locator(".keepchat-model")
    await expect(told).to_have_text(["scripted", "second"])
    assert await chat.thread_id() == thread_id
    await chat.choose_model("scripted")
    await chat.do("Try again")
    await expect(chat.said.last).to_have_text(FIRST)
    await chat.turn_ended()
    await expect(told).to_have_text(["scripted", "scripted"])
    await chat.choose_model("second")
    await chat.edit(chat.questions.last, "After an edit, who are you?")
    await chat.answered(SECOND)
    assert model.requests("After an edit, who are you?")[-1]["model"] == "second"
    await chat.open(f"/thread/{thread_id}")
    await expect(chat.model_button()).to_have_text("second")
    await expect(told).to_have_text(["scripted", "second"])


async def test_a_model_is_chosen_by_keys(
    several: Application, open_chat: OpenChat, model: ModelServer
) -> None:
    chat = await open_chat(several)
    await chat.model_button().press("Enter")
    await expect(chat.page.locator("#mode-picker-popover-model")).to_have_accessible_name("Model")
    options = chat.page.locator("#mode-picker-popover-model").get_by_role("option")
    chosen = options.and_(chat.page.locator('[aria-selected="true"]'))
    await expect(chosen).to_contain_text("scripted")
    await chat.page.keyboard.press("ArrowDown")
    await expect(chosen).to_contain_text("second")
    await chat.page.keyboard.press("Enter")
    await expect(chat.model_button()).to_have_text("second")
    await expect(chat.model_button()).to_be_focused()
    await chat.ask("By keys, who are you?")
    await chat.answered(SECOND)


async def test_a_model_that_is_gone_gives_way_with_a_notice(
    start_application: StartApplication, model: ModelServer, open_chat: OpenChat
) -> None:
    settings = {**model.settings, "OPENAI_MODELS": "second,third"}
    app = await start_application(settings=settings)
    chat = await open_chat(app)
    await chat.choose_model("second")
    await chat.ask("Soon gone, who are you?")
    await chat.answered(SECOND)
    await chat.page.close()  # it would come back by itself and settle the matter first
    await app.stop()
    app.set("OPENAI_MODELS", "third")
    await app.start()
    again = await open_chat(app)
    await again.thread("Soon gone, who are you?").get_by_role("link").click()
    await expect(again.toasts).to_contain_text("The model second is not available any more")
    await again.ask("Instead, who are you?")
    await again.answered(FIRST)
    await expect(again.questions).to_have_count(2)


async def test_a_title_comes_without_a_reload_and_never_over_a_given_name(
    several: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(several)
    question = "Which bird is rare, and wants a title?"
    await chat.ask(question)
    await chat.answered("The northern bald ibis is rare.")
    await expect(chat.thread("A bird on cliffs")).to_have_count(1)
    await expect(chat.thread(question)).to_have_count(0)
    thread_id = await chat.thread_id()
    assert several.database.name(thread_id) == "A bird on cliffs"
    await chat.rename("A bird on cliffs", "Waldrapp")
    await chat.ask("Which bird is rare, and wants a title?")
    await chat.turn_ended()
    await expect(chat.answers).to_have_count(2)
    await several.restart()
    assert several.database.name(thread_id) == "Waldrapp"


async def test_thoughts_are_a_step_and_usage_is_kept(app: Application, chat: Chat) -> None:
    question = "Please think first: how much is it?"
    await chat.ask(question)
    await chat.answered("It is forty-two.")
    thread_id = await chat.thread_id()
    kept = app.database.steps(thread_id)
    assert [(kind, name) for kind, name in kept if kind in ("llm", "assistant_message")] == [
        ("llm", "Reasoning"),
        ("assistant_message", "Keepchat"),
    ]
    [metadata] = app.database.metadata(thread_id)
    assert metadata["usage"] == {"input_tokens": 31, "output_tokens": 17}
    assert metadata["model"] == "scripted"
    await chat.open(f"/thread/{thread_id}")
    await chat.page.get_by_role("button", name="Reasoning").click()
    await expect(chat.page.get_by_text("Six times nine is not it")).to_be_visible()
    await expect(chat.answers).to_have_text("It is forty-two.")


async def test_an_answer_at_its_limit_says_so(app: Application, chat: Chat) -> None:
    await chat.ask("Please run out of words")
    await chat.answered("This is as far as")
    await chat.turn_ended()
    assert app.database.messages(await chat.thread_id())[-1].state == "cut"
    _, text = await chat.export()
    assert text.endswith("This is as far as\n\n*The answer reached the limit on its length.*\n")


async def test_an_edit_removes_what_followed_thoughts_and_runs_too(
    app: Application, chat: Chat, model: ModelServer
) -> None:
    await chat.ask("Please think first: to be edited")
    await chat.answered("It is forty-two.")
    await chat.ask("What is the capital of France, to be removed?")
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    edited = "and of Italy, in its place?"
    await chat.edit(chat.questions.first, edited)
    await chat.answered(ROME)
    await expect(chat.questions).to_have_count(1)
    await expect(chat.answers).to_have_count(1)
    expected = [
        ("user_message", "local"),
        ("run", "on_message"),
        ("assistant_message", "Keepchat"),
    ]
    await until(lambda: app.database.steps(thread_id) == expected, "the steps of one turn")
    [conversation] = model.conversations(edited)
    assert [role for role, _ in conversation] == ["system", "user"]
    await chat.open(f"/thread/{thread_id}")
    await expect(chat.questions).to_have_text([edited])
    await expect(chat.answers).to_have_text([ROME])
    await expect(chat.page.get_by_role("button", name="Reasoning")).to_have_count(0)


async def test_a_question_is_edited_after_the_line_was_lost(app: Application, chat: Chat) -> None:
    await chat.ask("What is the capital of France, before the line is lost?")
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    await chat.open(f"/thread/{thread_id}")
    await chat.lose_the_line()
    await chat.edit(chat.questions.first, "and of Italy, after the line is back?")
    await chat.answered(ROME)
    expected = ["and of Italy, after the line is back?", ROME]
    await until(
        lambda: [message.text for message in app.database.messages(thread_id)] == expected,
        "the edited question and its answer",
    )


async def test_an_edited_question_can_be_stopped(app: Application, chat: Chat) -> None:
    await chat.ask("What is the capital of France, before the story?")
    await chat.answered(PARIS)
    await chat.edit(chat.questions.first, "Tell me a long story instead")
    await chat.shown_past("Sentence 2")
    await chat.stop()
    await chat.turn_ended()
    database, thread_id = app.database, await chat.thread_id()
    await until(lambda: database.messages(thread_id)[-1].state == "stopped", "the stopped answer")
    question, answer = database.messages(thread_id)
    assert question.text == "Tell me a long story instead"
    assert answer.text.startswith("Sentence 1 of the long story")
