"""What stands at a message beside its text, as the server notes it, and what its buttons ask."""

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Route, ViewportSize, expect

from chat.wording.endings import ending_line
from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.notes import Notes, id_of, note
from tests.support.waiting import until

PARIS = "The capital of France is Paris."
STORY = "Tell me a long story, with what stands at its messages"
PHONE: ViewportSize = {"width": 390, "height": 844}
TOUCH = 32  # pixels
STATES = ("stopped", "cut", "withheld", "interrupted", "killed")
STOPPED = ending_line("stopped", "en")
BOTH = {"again": True, "branch": True}
OTHER = "00000000-0000-4000-8000-000000000000"


@pytest_asyncio.fixture(loop_scope="session")
async def notes(request: pytest.FixtureRequest, chat: Chat) -> Notes:
    """A conversation of one answer, of which the test tells the notes."""
    await chat.ask(f"What is the capital of France, in {request.node.name}?")
    await chat.answered(PARIS)
    await chat.thread_id()
    told = Notes(chat)
    await told.begin()
    await expect(chat.answers).to_have_text(PARIS)
    return told


async def _tell_of_last(notes: Notes, state: str = "done", /, **given: object) -> str:
    answer = await id_of(notes.chat.answers.last)
    await notes.tell({answer: note(state, **given)})
    return answer


async def test_a_mark_stays_below_the_text_and_is_not_copied(chat: Chat, notes: Notes) -> None:
    for state in STATES:
        await _tell_of_last(notes, state)
        await expect(chat.mark(chat.answers.last)).to_have_text(ending_line(state, "en"))
    content = await chat.answers.last.locator(".message-content").bounding_box()
    mark = await chat.mark(chat.answers.last).bounding_box()
    assert content
    assert mark
    assert mark["y"] >= content["y"] + content["height"]
    assert await chat.copy_answer() == PARIS
    rich = (
        "navigator.clipboard.read().then(([it]) => it.getType('text/html')).then(it => it.text())"
    )
    assert "broke off" not in await chat.page.evaluate(rich)
    for state in ("done", "running"):
        await _tell_of_last(notes, state)
        await expect(chat.mark(chat.answers.last)).to_have_count(0)


GO_ON = ("Go on", "继续", "Fortsetzen")
AGAIN = ("Try again", "重试", "Noch einmal versuchen")
BRANCH = ("Branch from here", "从此处建立分支", "Von hier abzweigen")


@pytest.mark.parametrize(("locale", "language"), [("zh-CN", 1), ("de-DE", 2), ("fr-FR", 0)])
async def test_marks_and_buttons_are_in_the_readers_language(
    app: Application, open_chat: OpenChat, locale: str, language: int
) -> None:
    chat = await open_chat(app, locale=locale)
    await chat.ask("What is the capital of France, in another language?")
    await chat.answered(PARIS)
    notes = Notes(chat)
    await chat.thread_id()
    await notes.begin()
    await expect(chat.answers).to_have_text(PARIS)
    for state in STATES:
        siblings = {"siblings": [OTHER, "shown"], "index": 1}
        await _tell_of_last(notes, state, goOn=True, **BOTH, **siblings)
        mark = chat.mark(chat.answers.last)
        await expect(mark).to_have_text(ending_line(state, locale) + GO_ON[language])
    for names in (AGAIN, BRANCH):
        await expect(chat.button(chat.answers.last, names[language])).to_be_visible()
    versions = chat.versions(chat.answers.last)
    await expect(versions).to_have_text(("2 of 2", "2 / 2", "2 von 2")[language])
    await expect(versions).to_have_accessible_name(("Versions", "版本", "Fassungen")[language])


async def test_each_button_asks_for_what_it_says(
    app: Application, chat: Chat, notes: Notes
) -> None:
    answer = await _tell_of_last(
        notes, "cut", goOn=True, **BOTH, siblings=[OTHER, "shown"], index=1
    )
    thread = await chat.thread_id()
    for name, action, step in (
        ("Try again", "again", answer),
        ("Go on", "goOn", answer),
        ("Previous version", "show", OTHER),
    ):
        await chat.button(chat.answers.last, name).click()
        asked = {"action": action, "step": step, "session": "mine"}
        url = f"{app.url}/keepchat/answers/{thread}"
        await until(lambda: notes.asked, f"what {name} asks")
        assert notes.asked.pop() == ("POST", url, asked)
        await expect(chat.button(chat.answers.last, name)).to_be_enabled()

    notes.reply = {"json": {"thread": OTHER}}
    await chat.button(chat.answers.last, "Branch from here").click()
    await chat.page.wait_for_url(f"{app.url}/thread/{OTHER}")


async def test_a_question_without_an_answer_can_be_asked_again(chat: Chat, notes: Notes) -> None:
    question = await id_of(chat.questions.last)
    await notes.tell({question: note("unanswered", again=True)})
    mark = chat.mark(chat.questions.last)
    await expect(mark).to_have_text(ending_line("unanswered", "en") + "Try again")
    await chat.button(chat.questions.last, "Try again").click()
    await until(lambda: notes.asked, "what it asks")
    assert notes.asked[0][2] == {"action": "again", "step": question, "session": "mine"}


async def test_what_is_refused_is_said_at_the_message(chat: Chat, notes: Notes) -> None:
    await _tell_of_last(notes, **BOTH)
    notes.reply = {"status": 409, "json": {"detail": "<b>Another answer</b> is being written."}}
    again = chat.button(chat.answers.last, "Try again")
    for _ in range(2):
        await again.click()
        await expect(again).to_be_enabled()
    problem = chat.answers.last.get_by_role("alert")
    await expect(problem).to_have_text("<b>Another answer</b> is being written.")
    await _tell_of_last(notes, "stopped")  # what is told meanwhile does not take it away
    await expect(chat.mark(chat.answers.last)).to_be_visible()
    await expect(problem).to_be_visible()

    await _tell_of_last(notes, **BOTH)
    notes.reply = {"status": 401, "json": {"detail": "Sign in."}}
    async with chat.page.expect_event("load"):
        await again.click()


async def test_nothing_is_asked_twice_at_once(chat: Chat, notes: Notes) -> None:
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await chat.page.route("**/keepchat/answers/*", hold)
    await _tell_of_last(notes, **BOTH)
    again = chat.button(chat.answers.last, "Try again")
    await again.focus()
    await chat.page.keyboard.press("Enter")
    await expect(again).to_be_disabled()
    await chat.page.keyboard.press("Enter")
    await until(lambda: held, "what is asked")
    await held[0].fulfill(json={})
    await expect(again).to_be_enabled()
    await expect(again).to_be_focused()
    assert len(held) == 1


async def test_versions_are_gone_through_by_keyboard(chat: Chat, notes: Notes) -> None:
    versions = chat.versions(chat.answers.last)
    before = versions.get_by_role("button", name="Previous version")
    after = versions.get_by_role("button", name="Next version")
    three = ["first", "second", "third"]
    await _tell_of_last(notes, siblings=three, index=0)
    await expect(before).to_be_disabled()
    await after.focus()
    for index, wanted in enumerate(three[1:], 1):
        await chat.page.keyboard.press("Enter")
        await until(lambda: notes.asked, "what is asked")
        assert notes.asked.pop()[2]["step"] == wanted
        await _tell_of_last(notes, siblings=three, index=index)
        await expect(versions).to_have_text(f"{index + 1} of 3")
        await expect(before if index == 2 else after).to_be_focused()
    await expect(after).to_be_disabled()
    await chat.page.keyboard.press("Space")
    await until(lambda: notes.asked, "what is asked")
    assert notes.asked.pop()[2]["step"] == "second"


async def test_while_an_answer_is_written_nothing_can_be_pressed_and_nothing_moves(
    chat: Chat, notes: Notes
) -> None:
    await chat.ask("What is the capital of France, once more with notes?")
    await chat.answered(PARIS)
    first, second = await id_of(chat.answers.first), await id_of(chat.answers.last)
    before = await _below_the_first_question(chat)
    told = {first: note(branch=True), second: note(**BOTH, siblings=["a", "b"], index=0)}
    await notes.tell(told)
    buttons = chat.page.locator(".keepchat-tools button")
    await expect(buttons.filter(visible=True)).to_have_count(5)
    assert await _below_the_first_question(chat) == before

    await chat.ask(STORY)
    await chat.shown_past("Sentence 2")
    await expect(buttons).to_have_count(5)
    await expect(buttons.filter(visible=True)).to_have_count(0)
    await chat.stop()
    await chat.turn_ended()
    await expect(buttons.filter(visible=True)).to_have_count(5)
    for answer in (chat.answers.nth(0), chat.answers.nth(1)):  # in Chainlit's own row, once
        row = answer.locator(".flex-wrap:has(.lucide-copy)")
        await expect(row.locator(".keepchat-tools")).to_have_count(1)
        await expect(row.locator("> :last-child")).to_have_class("keepchat-tools")


async def _below_the_first_question(chat: Chat) -> float:
    """How far below it the last one stands, in pixels: the page may still be scrolling."""
    tops = await chat.questions.evaluate_all("all => all.map(one => one.getBoundingClientRect().y)")
    return float(tops[-1] - tops[0])


async def test_where_chainlit_has_no_buttons_ours_have_a_row_of_their_own(
    chat: Chat, notes: Notes
) -> None:
    question = await id_of(chat.questions.last)
    siblings = {"siblings": [question, OTHER], "index": 0}
    await notes.tell({question: note(**siblings)})
    bubble = await chat.questions.last.locator(".message-content").bounding_box()
    versions = await chat.versions(chat.questions.last).bounding_box()
    assert bubble
    assert versions
    assert versions["y"] >= bubble["y"] + bubble["height"]


async def test_notes_go_with_their_thread(chat: Chat, notes: Notes) -> None:
    ours = chat.page.locator(".keepchat-mark, .keepchat-tools")
    answer = await _tell_of_last(notes, "stopped", **BOTH)
    await expect(ours).to_have_count(2)
    await notes.tell({answer: note("cut")}, thread=OTHER)  # come too late
    await notes.tell({answer: note("stopped", **BOTH)})
    await expect(ours).to_have_count(2)
    await expect(chat.mark(chat.answers.last)).to_have_text(STOPPED)
    await notes.tell({})
    await expect(ours).to_have_count(0)

    await _tell_of_last(notes, "stopped", **BOTH)
    await expect(ours).to_have_count(2)
    await chat.new_chat()
    await expect(ours).to_have_count(0)


async def test_only_the_page_itself_is_listened_to_and_the_server_is_not_told_again(
    chat: Chat, notes: Notes
) -> None:
    answer = await id_of(chat.answers.last)
    sent: list[str] = []
    chat.page.on(
        "websocket", lambda socket: socket.on("framesent", lambda it: sent.append(str(it)))
    )
    await chat.page.reload()
    await expect(chat.answers).to_have_text(PARIS)
    await _tell_of_last(notes, "stopped")
    await expect(chat.mark(chat.answers.last)).to_have_text(STOPPED)
    told = {"thread": await chat.thread_id(), "notes": {answer: note("cut")}}
    await chat.page.evaluate(
        """keepchatAnswers => {
            const frame = document.createElement("iframe");
            document.body.append(frame);
            const data = { keepchatAnswers, byTest: 1 };
            const source = frame.contentWindow;
            window.dispatchEvent(new MessageEvent("message", { data, source }));
        }""",
        told,
    )
    await expect(chat.mark(chat.answers.last)).to_have_text(STOPPED)
    await notes.post(seen="by the server")
    await until(lambda: any("by the server" in frame for frame in sent), "what is sent back")
    assert not [frame for frame in sent if "stopped" in frame]
    await notes.post(seen="by the server")
    await until(lambda: any("by the server" in frame for frame in sent), "what is sent back")
    assert not [frame for frame in sent if "stopped" in frame]


async def test_on_a_phone_all_fits_and_can_be_touched(chat: Chat, notes: Notes) -> None:
    await chat.page.set_viewport_size(PHONE)
    question = await id_of(chat.questions.last)
    answer = await id_of(chat.answers.last)
    siblings = {"siblings": [OTHER, "b", "c"], "index": 1}
    ours = chat.page.locator(":is(.keepchat-mark, .keepchat-tools)")
    for state in STATES:
        everything = note(state, goOn=True, **BOTH, **siblings)
        asked = note("unanswered", again=True, **siblings)
        await notes.tell({answer: everything, question: asked})
        await expect(chat.mark(chat.answers.last)).to_contain_text(ending_line(state, "en"))
        await expect(ours.get_by_role("button")).to_have_count(8)
        await _assert_within(ours.get_by_role("button"), TOUCH)
        await _assert_within(ours, TOUCH)


async def _assert_within(elements: Locator, least: float) -> None:
    for each in await elements.all():
        box = await each.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        assert min(box["width"], box["height"]) >= least


async def test_threads_at_work_have_a_dot_in_the_sidebar(chat: Chat, notes: Notes) -> None:
    thread = await chat.thread_id()
    dot = chat.dot(thread)
    name = chat.thread("threads_at_work")
    await expect(name).to_be_visible()
    await expect(dot).to_have_count(0)
    await notes.post(keepchatRunning=[thread, OTHER])
    await expect(dot).to_be_visible()
    await expect(dot).to_have_accessible_name("An answer is being written")
    await expect(dot).to_have_css("animation-name", "keepchat-running")
    await chat.page.emulate_media(reduced_motion="reduce")
    await expect(dot).to_have_css("animation-duration", "0.001s")
    await expect(dot).to_have_css("animation-iteration-count", "1")

    await chat.rename("threads_at_work", "Renamed while it is at work")
    await expect(name).to_have_count(0)
    await expect(dot).to_have_count(1)
    await chat.page.set_viewport_size(PHONE)
    await expect(dot).to_have_count(0)
    await chat.page.locator("#header").get_by_role("button").first.click()
    await expect(dot).to_be_visible()
    await notes.post(keepchatRunning=[])
    await expect(dot).to_have_count(0)
