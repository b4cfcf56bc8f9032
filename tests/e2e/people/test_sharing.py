"""A team on one program: what is shared can be read while it is, and nothing else is touched."""

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import aiohttp
import httpx2
import pytest
import pytest_asyncio
import socketio
from playwright.async_api import Route, expect

from chat.wording.endings import ending_line
from chat.wording.notice import DEMO
from tests.e2e.conftest import OpenChat
from tests.support.page import samples
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.notes import id_of
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

MODEL = "a-model-with-a-name-of-some-length"
PARIS = "The capital of France is Paris."
READ = "I keep what you sent, and I say that I have read it."
ANNA = ("anna", "correct horse")
BOB = ("bob", "battery staple")
PHONE, DESK = (390, 844), (1280, 800)
CLIPBOARD = "navigator.clipboard.readText()"
# As a page without TLS is, and one that may not: Safari takes the click for old after a request.
WITHOUT_TLS = "delete Navigator.prototype.clipboard; delete globalThis.ClipboardItem;"
WITHOUT_LEAVE = """
for (const name of ["write", "writeText"])
    Clipboard.prototype[name] = () => Promise.reject(new DOMException("no", "NotAllowedError"));
"""
# Beside what scrolls away beneath them.
COVERED = """() => {
  const of = (selector) => [...document.querySelectorAll(selector)];
  const toasts = of("[data-sonner-toast]").map((it) => it.getBoundingClientRect());
  return of("button, a, textarea, input, select, [contenteditable]")
    .filter((it) => !it.closest("[data-sonner-toast], [data-step-type]"))
    .filter((it) => it.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
    .filter((it) => {
      const { left, right, top, bottom, width } = it.getBoundingClientRect();
      const isBelow = (toast) =>
        left < toast.right && toast.left < right && top < toast.bottom && toast.top < bottom;
      return width && toasts.some(isBelow);
    })
    .map((it) => it.id || it.ariaLabel || it.textContent);
}"""
NOT_AT_ALL = f"{WITHOUT_TLS} Document.prototype.execCommand = () => false;"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(
    project: Path, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Application]:
    """The program with two accounts, two models and sharing."""
    settings = {
        **model.settings,
        "OPENAI_MODEL": MODEL,
        "OPENAI_MODELS": "second",
        "AUTH_MODE": "password",
        "THREAD_SHARING": "on",
    }
    application = Application(project, tmp_path_factory.mktemp("team") / "keepchat", settings)
    try:
        await application.start()
        for name, password in (ANNA, BOB):
            await application.manage("user", "add", name, "--password-stdin", typed=password)
        yield application
        await application.stop()
    finally:
        await application.kill()


@pytest.fixture
def team(running: Application) -> Application:
    """The running program; what it logs during the test may tell of no fault."""
    running.begin_test()
    return running


async def test_a_shared_conversation_is_read_with_its_files_until_it_is_taken_back(
    team: Application, open_chat: OpenChat, tmp_path: Path
) -> None:
    (tmp_path / "colours.png").write_bytes(samples.png())
    anna = await open_chat(team, sign_in=ANNA)
    await anna.attach(tmp_path / "colours.png")
    await anna.ask("To be shared: what is on it?")
    await anna.answered(READ)
    await anna.praise("Not for others")
    thread_id = await anna.thread_id()
    await until(lambda: team.database.elements(thread_id), "the stored file")
    [(element_id, _, _)] = team.database.elements(thread_id)
    file = f"/files/{thread_id}/{element_id}/any"
    hidden = [f"/project/share/{thread_id}", file, f"/keepchat/export/{thread_id}.md"]

    bob = await open_chat(team, sign_in=BOB)
    assert [await bob.status_of(path) for path in hidden] == [404, 404, 404]
    path = await anna.share()
    assert path == f"/share/{thread_id}"
    await bob.page.goto(team.url + path)
    await expect(bob.answers).to_contain_text(READ)
    await bob.picture_is_shown("colours.png")
    await expect(bob.answers.locator(".keepchat-model")).to_have_text(MODEL)
    await expect(bob.page.locator("#chat-input")).to_have_count(0)
    await expect(bob.answers.locator("button.positive-feedback-off")).to_be_hidden()
    name, text = await bob.export()
    assert name.startswith("To be shared")
    assert READ in text
    assert MODEL in text
    shown = (await bob.bytes_at(f"/project/share/{thread_id}")).decode()
    for secret in ("Not for others", "chat_settings", "helpful assistant", "objectKey"):
        assert secret not in shown + text, secret
    assert "anna" not in text
    assert await bob.status_of(f"/project/thread/{thread_id}") == 404

    await anna.unshare()
    assert [await bob.status_of(path) for path in hidden] == [404, 404, 404]
    assert await anna.status_of(file) == 200
    await bob.page.goto(team.url + path)
    alert = bob.page.get_by_role("alert")
    await expect(alert).to_contain_text("not shared")
    # The page asks twice now and then; a second line would stand there when this has returned.
    await bob.page.evaluate("url => fetch(url)", f"/project/share/{thread_id}")
    assert await alert.count() == 1
    await expect(bob.answers).to_have_count(0)


async def test_who_reads_is_told_how_answers_ended_and_can_do_nothing_about_it(
    team: Application, open_chat: OpenChat
) -> None:
    anna = await open_chat(team, sign_in=ANNA)
    await anna.ask("Tell me a long story, to be shared with its mark")
    await anna.shown_past("Sentence 1")
    await anna.stop()
    await expect(anna.button(anna.answers, "Go on")).to_be_visible()
    answer = await id_of(anna.answers.last)
    path = await anna.share()
    bob = await open_chat(team, sign_in=BOB)
    buttons = bob.page.locator(":is(.keepchat-mark, .keepchat-tools) button")
    await bob.page.goto(team.url + path)
    await expect(bob.mark(bob.answers)).to_have_text(ending_line("stopped", "en"))
    await expect(buttons).to_have_count(0)

    everything = {"again": True, "goOn": True, "branch": True, "siblings": ["a", "b"], "index": 0}
    asked: list[str] = []

    async def notes(route: Route) -> None:
        asked.append(route.request.method)
        await route.fulfill(json={"notes": {answer: {"state": "running", **everything}}})

    await bob.page.route(f"**/keepchat/answers/{await anna.thread_id()}", notes)
    await bob.page.goto(team.url + path)
    await expect(bob.mark(bob.answers)).to_have_text(ending_line("running", "en"))
    await expect(buttons).to_have_count(0)
    assert asked == ["GET"]


async def test_sharing_that_is_switched_off_is_off(app: Application, chat: Chat) -> None:
    await chat.ask("What is the capital of France, not to be shared?")
    await chat.answered(PARIS)
    await expect(chat.export_button()).to_be_visible()
    await expect(chat.share_button()).to_have_count(0)
    thread_id = await chat.thread_id()
    request = {"threadId": thread_id, "isShared": True}
    reply = await chat.page.request.put(f"{app.url}/project/thread/share", data=request)
    assert reply.status == 404
    assert await chat.status_of(f"/project/share/{thread_id}") == 404
    [(metadata,)] = app.database.rows("SELECT metadata FROM threads WHERE id = ?", thread_id)
    assert "is_shared" not in metadata


async def test_nobody_judges_shares_or_sends_in_anothers_name(
    team: Application, open_chat: OpenChat
) -> None:
    anna = await open_chat(team, sign_in=ANNA)
    await anna.ask("What is the capital of France, mine alone?")
    await anna.answered(PARIS)
    await anna.praise("Mine")
    thread_id = await anna.thread_id()
    find = "SELECT id, forId, comment FROM feedbacks WHERE threadId = ?"
    await until(lambda: team.database.rows(find, thread_id), "the feedback")
    before = _kept(team, thread_id)
    [(feedback_id, step_id, _)] = team.database.rows(find, thread_id)
    [(question_id,)] = team.database.rows(
        "SELECT id FROM steps WHERE threadId = ? AND type = 'user_message'", thread_id
    )
    async with httpx2.AsyncClient(base_url=team.url) as bob:
        login = {"username": BOB[0], "password": BOB[1]}
        assert (await bob.post("/login", data=login)).is_success
        session = str(uuid4())
        for home in (thread_id, None):
            feedback = {"forId": step_id, "value": 0, "threadId": home}
            given = {"feedback": feedback, "sessionId": session}
            assert (await bob.put("/feedback", json=given)).status_code == 404
        reply = await bob.request("DELETE", "/feedback", json={"feedbackId": feedback_id})
        assert reply.status_code == 404
        body = {"threadId": thread_id, "isShared": True}
        assert (await bob.put("/project/thread/share", json=body)).status_code == 404
        cookie = f"access_token={bob.cookies['access_token']}"
    await _send(team, cookie, question_id)
    await until(lambda: "is refused" in team.log(), "the refusal")
    assert _kept(team, thread_id) == before


def _kept(team: Application, thread_id: str) -> list[tuple[object, ...]]:
    return [
        *team.database.rows("SELECT * FROM steps WHERE threadId = ? ORDER BY id", thread_id),
        *team.database.rows("SELECT * FROM feedbacks WHERE threadId = ?", thread_id),
        *team.database.rows("SELECT metadata FROM threads WHERE id = ?", thread_id),
    ]


async def _send(team: Application, cookie: str, message_id: str) -> None:
    """Send a message under an id, as the page does."""
    auth = {
        "sessionId": str(uuid4()),
        "clientType": "webapp",
        "userEnv": "{}",
        "chatProfile": "",
        "threadId": "",
    }
    async with aiohttp.ClientSession() as http:
        client = socketio.AsyncClient(http_session=http, reconnection=False)
        await client.connect(
            team.url,
            headers={"Cookie": cookie},
            auth=auth,
            socketio_path="ws/socket.io",
            transports=["websocket"],
            wait_timeout=20,
        )
        await client.emit("connection_successful")
        message = {"id": message_id, "type": "user_message", "output": "Changed", "name": "bob"}
        sent = {**message, "createdAt": "2026-01-01T00:00:00Z"}
        await client.emit("client_message", {"message": sent, "fileReferences": []})
        await until(lambda: "is refused" in team.log(), "the refusal")
        await client.disconnect()


async def test_in_any_window_the_header_has_room_for_its_buttons(
    team: Application, open_chat: OpenChat
) -> None:
    """With the longest notice, and a phone's address after a reload."""

    chat = await open_chat(team, sign_in=ANNA)
    await chat.page.route("**/keepchat/notice", _tell_of_demo)
    for width, height in (PHONE, DESK):
        await chat.page.set_viewport_size({"width": width, "height": height})
        await chat.open()
        await chat.ask(f"What is the capital of France, {width} wide?")
        await chat.answered(PARIS)
        await expect(chat.export_button()).to_be_visible()
        await _assert_apart(chat, width)
        thread_id = await chat.thread_id()
        await chat.page.reload()
        await expect(chat.said).to_have_text(PARIS)
        assert await chat.thread_id() == thread_id
        await _assert_apart(chat, width)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_toasts_cover_nothing_that_can_be_pressed(
    team: Application, open_chat: OpenChat, size: tuple[int, int]
) -> None:
    chat = await open_chat(team, sign_in=ANNA)
    await _be(chat, size)
    await _assert_uncovered(chat, "a new conversation")
    await chat.ask(f"What is the capital of France, under {size[0]} wide toasts?")
    await chat.answered(PARIS)
    await _assert_uncovered(chat, "a conversation")
    await chat.page.route("**/keepchat/notice", _tell_of_demo)
    await chat.page.reload()
    await expect(chat.said).to_have_text(PARIS)
    await expect(chat.page.locator("#keepchat-notice")).to_be_visible()
    await _assert_uncovered(chat, "a notice")


async def _be(chat: Chat, size: tuple[int, int]) -> None:
    """Be a window of a size, in which toasts are where they stay at once."""
    await chat.page.set_viewport_size({"width": size[0], "height": size[1]})
    await chat.page.emulate_media(reduced_motion="reduce")


async def _assert_uncovered(chat: Chat, view: str) -> None:
    for kind in ("warning", "error"):
        await chat.tell(kind, f"A {kind} over {view}, and {'what there is to say of it ' * 3}")
    assert await chat.page.evaluate(COVERED) == [], view


async def _tell_of_demo(route: Route) -> None:
    await route.fulfill(json={"kind": DEMO.kind, "text": DEMO.text.en})


async def _assert_apart(chat: Chat, width: int) -> None:
    await expect(chat.share_button()).to_be_visible()
    buttons = chat.page.locator("#header button, #header a").filter(visible=True)
    notice = await chat.page.locator("#keepchat-notice").bounding_box()
    assert notice
    boxes = [box for box in [await each.bounding_box() for each in await buttons.all()] if box]
    assert len(boxes) >= 5
    boxes.sort(key=lambda box: box["x"])
    for left, right in pairwise(boxes):
        assert left["x"] + left["width"] <= right["x"]
    assert boxes[0]["x"] >= 0
    assert boxes[-1]["x"] + boxes[-1]["width"] <= width
    assert all(box["y"] >= notice["y"] + notice["height"] for box in boxes)


@pytest.mark.parametrize("closed", [WITHOUT_TLS, WITHOUT_LEAVE])
async def test_what_is_copied_is_there_where_the_browsers_clipboard_is_closed(
    team: Application, open_chat: OpenChat, closed: str
) -> None:
    anna, beside = await _before_a_closed_clipboard(team, open_chat, closed)
    await anna.answers.last.locator("button:has(.lucide-copy)").last.click()
    await expect(anna.answers.last.locator(".lucide-check")).to_be_visible()
    assert await beside.page.evaluate(CLIPBOARD) == PARIS
    await _share(anna)
    await expect(anna.page.get_by_text("Send the link to whoever")).to_be_visible()
    path = f"/share/{await anna.thread_id()}"
    assert await beside.page.evaluate(CLIPBOARD) == f"{team.url}{path}"


async def test_a_link_that_no_browser_copies_can_be_copied_by_hand(
    team: Application, open_chat: OpenChat
) -> None:
    anna, beside = await _before_a_closed_clipboard(team, open_chat, NOT_AT_ALL)
    await _share(anna)
    dialog = anna.page.get_by_role("dialog", name="Your browser does not let this page copy")
    link = f"{team.url}/share/{await anna.thread_id()}"
    await expect(dialog.get_by_role("textbox")).to_have_value(link)
    await anna.page.keyboard.press("ControlOrMeta+c")
    await expect(dialog).to_have_count(0)
    assert await beside.page.evaluate(CLIPBOARD) == link
    await anna.unshare()
    await _share(anna)  # whoever takes nothing has shared it all the same
    await dialog.get_by_role("button", name="Close").click()
    await expect(anna.page.get_by_text("Could not be shared")).to_have_count(0)
    bob = await open_chat(team, sign_in=BOB)
    await bob.page.goto(link)
    await expect(bob.said.last).to_have_text(PARIS)


async def _before_a_closed_clipboard(
    team: Application, open_chat: OpenChat, closed: str
) -> tuple[Chat, Chat]:
    """A page with an answer that may not use the clipboard, and one that may."""
    anna = await open_chat(team, sign_in=ANNA)
    await anna.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    beside = await open_chat(team, beside=anna)
    await anna.page.add_init_script(closed)
    await anna.page.reload()
    await anna.ask("To be copied: what is the capital of France?")
    await anna.answered(PARIS)
    return anna, beside


async def _share(anna: Chat) -> None:
    await anna.share_button().click()
    await anna.page.get_by_role("dialog").get_by_role("button", name="Share and copy").click()
