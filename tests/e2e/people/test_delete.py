"""Deleted is deleted: rows, files and links; nothing comes back by itself."""

from pathlib import Path

from playwright.async_api import Route, expect

from tests.e2e.conftest import OpenChat
from tests.support.page import samples
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.waiting import until

READ = "I keep what you sent, and I say that I have read it."
DELETED = "This conversation was deleted. Start a new chat; nothing is kept here."
PARIS = "The capital of France is Paris."


async def test_deleted_thread_is_gone_with_its_files(
    app: Application, chat: Chat, open_chat: OpenChat, tmp_path: Path
) -> None:
    (tmp_path / "gone.png").write_bytes(samples.png())
    await chat.attach(tmp_path / "gone.png")
    question = "To be deleted: what is on it?"
    await chat.ask(question)
    await chat.answered(READ)
    thread_id = await chat.thread_id()
    await until(lambda: app.database.elements(thread_id), "the stored file")
    link = f"/files/{thread_id}/{app.database.elements(thread_id)[0][0]}/gone.png"
    assert app.files(thread_id)
    assert await chat.status_of(link) == 200

    await chat.delete(question)
    assert app.database.traces(thread_id) == {}
    await until(lambda: not app.files(thread_id), "the removal of the file")
    await until(lambda: not app.database.rows("SELECT * FROM removals"), "the end of the removal")
    assert await chat.status_of(link) == 404

    await app.restart()  # which also ends everything that the open page had begun
    assert app.database.traces(thread_id) == {}
    again = await open_chat(app, f"/thread/{thread_id}")
    await expect(again.toasts).to_have_text(
        "There is no such conversation. It may have been deleted."
    )
    await expect(again.thread(question)).to_have_count(0)
    await expect(again.questions).to_have_count(0)


async def test_deleted_thread_leaves_the_screen_at_once(app: Application, chat: Chat) -> None:
    """What is begun while the deletion is on its way stays there."""
    question = "What is the capital of France, on a screen?"
    await chat.ask(question)
    await chat.answered(PARIS)
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await chat.page.route("**/project/thread", hold)
    await chat.choose_for(question, "Delete")
    await chat.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    await until(lambda: held, "the deletion")
    await expect(chat.page).to_have_url(f"{app.url}/")
    await expect(chat.questions).to_have_count(0)

    await chat.ask("What is the capital of France, meanwhile?")
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    await held[0].continue_()
    await expect(chat.thread(question)).to_have_count(0)
    await expect(chat.page.get_by_text("Deleted", exact=True)).to_be_visible()
    assert await chat.thread_id() == thread_id
    await expect(chat.said).to_have_text(PARIS)
    assert not app.database.threads_named(question)


async def test_deleting_another_thread_leaves_the_open_one(app: Application, chat: Chat) -> None:
    await chat.ask("What is the capital of France, to be cleared away?")
    await chat.answered(PARIS)
    await chat.new_chat()
    await chat.ask("What is the capital of France, to be looked at?")
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    visited = await chat.page.evaluate_handle(
        "() => { const seen = []; const push = history.pushState.bind(history);"
        "history.pushState = (...state) => { seen.push(state[2]); push(...state); }; return seen; }"
    )
    await chat.delete("to be cleared away")
    assert await chat.thread_id() == thread_id
    await expect(chat.said).to_have_text(PARIS)
    assert await visited.json_value() == []


async def test_thread_deleted_in_another_tab_takes_no_more_questions(
    app: Application, chat: Chat, open_chat: OpenChat
) -> None:
    app.expect_in_log("No whole answer in thread")
    question = "What is the capital of France, in three tabs?"
    await chat.ask(question)
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    silent = await open_chat(app, f"/thread/{thread_id}", beside=chat)
    await expect(silent.said).to_have_text(PARIS)
    other = await open_chat(app, beside=chat)
    await other.delete(question)
    assert app.database.traces(thread_id) == {}

    await chat.ask("and of Italy, in a tab that knows nothing?")
    await chat.answered(DELETED)
    assert app.database.traces(thread_id) == {}
    await chat.page.close()
    await silent.page.close()
    await app.restart()  # by then the closed tabs have taken their leave
    assert app.database.traces(thread_id) == {}
    await other.open()
    await expect(other.thread(question)).to_have_count(0)


async def test_thread_deleted_while_it_is_answered_stays_deleted(
    app: Application, chat: Chat, open_chat: OpenChat
) -> None:
    app.expect_in_log("No whole answer in thread")
    question = "Tell me a long story and be deleted"
    await chat.ask(question)
    await chat.shown_past("Sentence 2")
    thread_id = await chat.thread_id()
    other = await open_chat(app, beside=chat)
    await other.delete(question)
    assert app.database.traces(thread_id) == {}
    # Two more checkpoints of the answer
    far = (await chat.shown()).count("Sentence") + 12
    await chat.shown_past(f"Sentence {far}")
    await chat.stop()
    await chat.ask("and of Italy, in the ruins?")
    await chat.answered(DELETED)
    assert app.database.traces(thread_id) == {}
