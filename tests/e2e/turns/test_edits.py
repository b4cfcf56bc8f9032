"""Nothing that was said is lost, whatever is edited, branched or deleted."""

from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.servers.replies import RepliesServer, answer, delta, events
from tests.support.waiting import until

NOTES = b"Waldrapp is the word in the file"
BEFORE_EDIT = "Before the edit: "
THOUGHTFUL = events(delta(reasoning_content="Even, I think."), delta(content="Two."), delta("stop"))


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A file to ask about."""
    path = tmp_path / "notes.txt"
    path.write_bytes(NOTES)
    return path


@pytest_asyncio.fixture(loop_scope="session")
async def talk(
    request: pytest.FixtureRequest,
    app: Application,
    open_chat: OpenChat,
    replies: RepliesServer,
    notes: Path,
) -> Chat:
    """A file with the first question, thoughts below the second, two answers to the third."""
    replies.queues = {"Two": [THOUGHTFUL], "Three": [answer("Three."), answer("Drei.")]}
    chat = await open_chat(app)
    await chat.attach(notes)
    await chat.ask(f"What is in it, for {request.node.name}?")
    await expect(chat.said.last).to_contain_text("Answer to: ")
    await chat.turn_ended()
    await chat.ask("Two")
    await chat.answered("Two.")
    await chat.ask("Three")
    await chat.answered("Three.")
    await chat.do("Try again")
    await expect(chat.said.last).to_have_text("Drei.")
    await chat.turn_ended()
    thread_id = await chat.thread_id()
    await until(lambda: app.database.elements(thread_id), "the stored file")
    return chat


async def test_what_followed_an_edited_question_is_a_conversation_of_its_own(
    talk: Chat, request: pytest.FixtureRequest
) -> None:
    await talk.edit(talk.questions.nth(1), "Another")
    await talk.answered("Answer to: Another")
    await expect(talk.questions).to_have_count(2)
    await expect(talk.toasts).to_contain_text(BEFORE_EDIT)
    kept = talk.thread(request.node.name).filter(has_text=BEFORE_EDIT)
    await expect(kept).to_have_count(1)
    await talk.open_thread(BEFORE_EDIT)
    await expect(talk.questions).to_have_count(3)
    await expect(talk.said.nth(1)).to_have_text("Two.")
    await expect(talk.said.last).to_have_text("Drei.")
    await expect(talk.answers.get_by_text("2 of 2")).to_be_visible()
    await talk.page.get_by_role("button", name="Reasoning").click()
    await expect(talk.page.get_by_text("Even, I think.")).to_be_visible()
    assert await talk.download("notes.txt") == NOTES
    await talk.do("Previous version")
    await expect(talk.said.last).to_have_text("Three.")


async def test_nothing_is_edited_where_what_follows_cannot_be_kept(
    talk: Chat, app: Application
) -> None:
    [file] = app.files(await talk.thread_id())
    file.unlink()
    file.symlink_to(file)  # which leads nowhere
    before = _kept(app, await talk.thread_id())
    await talk.edit(talk.questions.nth(1), "Another")
    await expect(talk.toasts).to_contain_text("The message was not changed")
    await expect(talk.said.last).to_have_text("Drei.")
    await expect(talk.questions).to_contain_text(["What is in it", "Two", "Three"])
    await talk.turn_ended()
    assert _kept(app, await talk.thread_id()) == before
    await talk.page.reload()
    await expect(talk.said.last).to_have_text("Drei.")
    await talk.ask("Four")
    await talk.answered("Answer to: Four")
    file.unlink()


async def test_the_last_question_keeps_its_file_when_it_is_edited(
    app: Application, open_chat: OpenChat, replies: RepliesServer, notes: Path
) -> None:
    chat = await open_chat(app)
    await chat.attach(notes)
    await chat.ask("What does the file say?")
    await expect(chat.said.last).to_contain_text("Answer to: ")
    await chat.turn_ended()
    for question in ("And what of it?", "And all of it?"):
        await chat.edit(chat.questions.first, question)
        await expect(chat.said.last).to_contain_text(question)
        await chat.turn_ended()
        assert "Waldrapp" in str(replies.asked(question)[-1]["messages"])
        assert await chat.download("notes.txt") == NOTES
    await chat.page.reload()
    for number, question in ((2, "And what of it?"), (1, "What does the file say?")):
        await chat.questions.get_by_role("button", name="Previous version").click()
        await expect(chat.questions).to_contain_text(question)
        await expect(chat.questions.get_by_text(f"{number} of 3")).to_be_visible()
        assert await chat.download("notes.txt") == NOTES
    await chat.ask("And then?")
    await chat.answered("Answer to: And then?")
    said = str(replies.asked("And then?")[-1]["messages"])
    assert said.count("Waldrapp") == 2  # in the file, and in the answer that repeats it
    assert "of it" not in said


@pytest.mark.parametrize("deleted", ["original", "branch"])
async def test_a_branch_and_its_original_have_files_of_their_own(
    app: Application, open_chat: OpenChat, notes: Path, deleted: str
) -> None:
    chat = await open_chat(app)
    await chat.attach(notes)
    name = f"What is the {deleted}"
    await chat.ask(name)
    await expect(chat.said.last).to_contain_text("Answer to: ")
    await chat.turn_ended()
    original = await chat.thread_id()
    await until(lambda: app.database.elements(original), "the stored file")
    await chat.do("Branch")
    await expect(chat.thread(f"Branch: {name}")).to_be_visible()
    await expect(chat.page).not_to_have_url(f"{app.url}/thread/{original}")
    branch = await chat.thread_id()
    gone, left = (original, branch) if deleted == "original" else (branch, original)
    await chat.open(f"/thread/{left}")
    await expect(chat.questions).to_contain_text(name)
    await chat.sidebar.locator(f"#thread-{gone}").hover()
    await chat.sidebar.locator(f"#thread-{gone} #thread-options").click()
    await chat.page.locator("#delete-thread").click()
    await chat.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    await expect(chat.sidebar.locator(f"#thread-{gone}")).to_have_count(0)
    await until(lambda: not app.files(gone) and not app.database.traces(gone), "the deletion")
    await chat.page.reload()
    assert await chat.download("notes.txt") == NOTES
    await chat.ask("And again?")
    await chat.answered("Answer to: And again?")


def _kept(app: Application, thread_id: str) -> list[str]:
    return [row for row in app.database.everything() if thread_id in row]
