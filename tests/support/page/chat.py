"""What a person does in the page."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Locator, Page, expect

from tests.support.page.browsing import PATIENCE_MS

THREAD_URL = re.compile(r"/thread/([0-9a-f-]{36})$")

_MESSAGE = '[data-step-type="%s_message"]'
_SHOWN = """(messages) => {
    const last = [...document.querySelectorAll(messages)].at(-1);
    return last?.querySelector(".message-content")?.textContent ?? "";
}"""


class Chat:
    """A page of the chat."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url
        self.questions = page.locator(_MESSAGE % "user")
        self.answers = page.locator(_MESSAGE % "assistant")
        # Without what is noted below
        self.asked = self.questions.locator(".message-content")
        self.said = self.answers.locator(".message-content")
        self._messages = page.locator(f"{_MESSAGE % 'user'}, {_MESSAGE % 'assistant'}")
        self._asked_before = 0
        self._is_temporary = False
        self.sidebar = page.locator("#thread-history")
        self.toasts = page.locator("[data-sonner-toast]")
        self.box = page.locator("#chat-input")

    async def open(self, path: str = "/") -> None:
        """Load the page and wait until it is connected."""
        self._asked_before = 0
        await self.page.goto(self._url + path)
        await self._connected()

    async def sign_in(self, name: str, password: str, *, path: str = "/") -> None:
        """Load the page, which leads to the login, and sign in."""
        await self.page.goto(self._url + path)
        await self.fill_login(name, password)
        await self._connected()

    async def fill_login(self, name: str, password: str) -> None:
        """Fill the login page and send it."""
        await self.page.locator("#email").fill(name)
        await self.page.locator("#password").fill(password)
        await self.page.locator('button[type="submit"]').click()

    async def account(self) -> Locator:
        """Open the dialog of one's sessions and password."""
        await self._of_user("Account and sessions")
        return self.page.get_by_role("dialog", name="Account and sessions")

    async def preferences(self) -> Locator:
        """Open the dialog of what one always wants."""
        await self._of_user("Preferences")
        return self.page.get_by_role("dialog", name="Preferences")

    async def log_out(self) -> None:
        """Sign out, which leads to the login page."""
        await self._of_user("Sign out")
        await expect(self.page.locator("#email")).to_be_visible()

    async def _of_user(self, item: str) -> None:
        await self.page.locator("#user-nav-button").click()
        await self.page.get_by_role("menuitem", name=item).click()

    async def _connected(self) -> None:
        """Wait for the paper clip, which Stop takes the place of while something is answered: what
        is typed before the page is connected is lost.
        """
        await expect(self.page.locator("#upload-button:enabled, #stop-button")).to_be_visible()

    async def _settled(self) -> None:
        """Wait until the page of a conversation is there, which takes the place of a new one's.

        What was typed or opened before is lost.
        """
        if await self.questions.count() and not self._is_temporary:
            await expect(self.page).to_have_url(THREAD_URL)
        if THREAD_URL.search(self.page.url):
            await expect(self.questions.first).to_be_visible()

    async def ask(self, text: str) -> None:
        """Type a message and send it."""
        await self._connected()
        await self._settled()
        self._asked_before = await self.questions.count()
        await self.page.locator("#chat-input").fill(text)
        await self.page.locator("#chat-submit:enabled").click()

    async def answered(self, text: str) -> None:
        """Wait until what was asked last has an answer, which is whole and has this text."""
        await expect(self.questions.nth(self._asked_before)).to_be_visible()
        await expect(self._messages.last).to_have_attribute("data-step-type", "assistant_message")
        await expect(self.said.last).to_have_text(text)
        await self.turn_ended()

    async def turn_ended(self, within_ms: float = PATIENCE_MS) -> None:
        """Wait until nothing is being answered.

        Where it says so: while a conversation gets its own page neither button is there.
        """
        await expect(self.page.locator("#chat-submit")).to_be_visible(timeout=within_ms)

    async def shown(self) -> str:
        """The text of the last answer as it is now."""
        # Read at once: while it streams the page makes its elements anew all the time.
        return str(await self.page.evaluate(_SHOWN, _MESSAGE % "assistant"))

    async def shown_past(self, text: str) -> str:
        """Wait until the last answer has come so far, and return what is shown of it."""
        await expect(self.answers.last).to_contain_text(text)
        return await self.shown()

    async def stop(self) -> None:
        """Press the stop button."""
        await self.page.locator("#stop-button").click()

    async def edit(self, question: Locator, text: str) -> None:
        """Change a question that was asked, and have it answered anew."""
        self._asked_before = 0
        await question.get_by_role("article").hover()  # not a file beside it
        await question.locator(".edit-message").click()
        await self.page.locator("#edit-chat-input").fill(text)
        await self.page.get_by_role("button", name="Confirm").click()

    async def do(self, what: str, *, at: int = -1) -> None:
        """Press the button of this name at an answer, by default at the last."""
        message = self.answers.nth(at)
        await message.hover()
        await message.get_by_role("button", name=what).click()

    async def praise(self, comment: str) -> None:
        """Put the thumb up for the last answer."""
        await self.answers.last.locator("button.positive-feedback-off").click()
        await self.page.get_by_role("dialog").get_by_role("textbox").fill(comment)
        await self.page.locator("#submit-feedback").click()

    async def use_command(self, name: str) -> None:
        """Choose a command for the next question."""
        await self.page.locator("#command-button").click()
        await self.page.get_by_role("option").filter(has_text=name).click()

    async def star(self, question: Locator) -> None:
        """Put a star on a question, or take it off."""
        await question.hover()
        await question.locator(".favorite-message").click()

    async def starred(self) -> Locator:
        """Open the list of starred questions and return its lines."""
        await self.page.locator("button:has(.lucide-star):not(.favorite-message)").click()
        return self.page.locator("[cmdk-item]")

    async def copy_answer(self) -> str:
        """Copy the last answer and return what the clipboard has."""
        await self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        # The last: blocks of code have one, too
        await self.answers.last.locator("button:has(.lucide-copy)").last.click()
        await expect(self.answers.last.locator(".lucide-check")).to_be_visible()
        return str(await self.page.evaluate("navigator.clipboard.readText()"))

    def model_button(self) -> Locator:
        """The button that shows which model answers."""
        return self.page.locator("#mode-picker-trigger-model")

    async def choose_model(self, name: str) -> None:
        """Choose the model that answers."""
        await self.model_button().click()
        options = self.page.locator("#mode-picker-popover-model").get_by_role("option")
        await options.filter(has=self.page.get_by_text(name, exact=True)).click()
        await expect(self.model_button()).to_have_text(name)
        await self._connected()

    async def tell(self, kind: str, text: str) -> None:
        """Show a toast, as the server has one shown: `info`, `success`, `warning` or `error`."""
        frame = f"42{json.dumps(['toast', {'message': text, 'type': kind}])}"
        await self.page.evaluate(
            "(data) => keepchatSockets.at(-1).dispatchEvent(new MessageEvent('message', {data}))",
            frame,
        )
        await expect(self.toasts.filter(has_text=text)).to_be_visible()

    async def set_answer(self, *, instructions: str, temperature: str) -> None:
        """Fill the chat settings."""
        await self.page.locator("#chat-settings-open-modal").click()
        dialog = self.page.get_by_role("dialog")
        await dialog.locator("textarea#system_prompt").fill(instructions)
        await dialog.locator("button#temperature").click()
        await self.page.get_by_role("option", name=temperature, exact=True).click()
        await dialog.locator("#confirm").click()
        await expect(dialog).to_have_count(0)

    async def lose_the_line(self) -> None:
        """Cut the connection, and wait until the page has another and its conversation again."""
        async with self.coming_back():
            await self.page.evaluate("() => window.keepchatSockets.forEach((it) => it.close())")

    @asynccontextmanager
    async def coming_back(self) -> AsyncIterator[None]:
        """Wait at the end until the page has its conversation again after it lost the server."""
        is_back = asyncio.Event()

        def look(frame: str | bytes) -> None:
            if "resume_thread" in str(frame):
                is_back.set()

        self.page.on("websocket", lambda socket: socket.on("framereceived", look))
        yield
        async with asyncio.timeout(PATIENCE_MS / 1_000):
            await is_back.wait()
        await self._connected()

    async def new_chat(self) -> None:
        """Leave this conversation for a new one."""
        self._asked_before = 0
        await self.page.locator("#new-chat-button").click()
        await expect(self.questions).to_have_count(0)

    def temporary_switch(self) -> Locator:
        """The switch by which nothing of a new conversation is stored."""
        return self.page.get_by_role("switch", name="Temporary chat")

    def temporary_line(self) -> Locator:
        """The line that says that nothing of it is stored."""
        return self.page.locator("#keepchat-temporary-line")

    async def be_temporary(self) -> None:
        """Let nothing of the conversation be stored that is about to begin."""
        await self.temporary_switch().click()
        await expect(self.temporary_line()).to_contain_text("nothing of it is stored")
        self._is_temporary = True

    async def thread_id(self) -> str:
        """The id of the conversation, once the page's address has it."""
        await expect(self.page).to_have_url(THREAD_URL)
        found = THREAD_URL.search(self.page.url)
        assert found
        return found.group(1)

    # The header

    def export_button(self) -> Locator:
        """The button that saves the conversation."""
        return self.page.locator("#keepchat-export")

    def share_button(self) -> Locator:
        """The button that opens the dialog for sharing."""
        return self.page.locator("#header button:has(.lucide-share2)")

    def export_forms(self) -> Locator:
        """The forms in which the conversation is saved."""
        return self.page.locator("#keepchat-export-menu > a")

    async def export(self, form: str = "Markdown") -> tuple[str, str]:
        """Save the conversation; name and text of the file."""
        await self.export_button().click()
        async with self.page.expect_download() as download:
            await self.export_forms().get_by_text(form, exact=True).click()
        saved = await download.value
        return saved.suggested_filename, (await saved.path()).read_text()

    async def share(self) -> str:
        """Share the conversation; the path of its link."""
        await self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await self.share_button().click()
        dialog = self.page.get_by_role("dialog")
        await dialog.get_by_role("button", name="Share and copy the link").click()
        await expect(dialog.get_by_role("button", name="Unshare")).to_be_visible()
        await self.page.keyboard.press("Escape")
        copied = str(await self.page.evaluate("navigator.clipboard.readText()"))
        assert copied.startswith(f"{self._url}/share/")
        return copied.removeprefix(self._url)

    async def unshare(self) -> None:
        """Take the share back."""
        await self.share_button().click()
        dialog = self.page.get_by_role("dialog")
        await dialog.get_by_role("button", name="Unshare").click()
        await expect(dialog).to_have_count(0)

    # What stands at a message beside its text

    def mark(self, message: Locator) -> Locator:
        """The line that says how an answer ended."""
        return message.locator(".keepchat-mark")

    def button(self, message: Locator, name: str) -> Locator:
        """One of our buttons: what is at a message is done again, gone on with, branched."""
        ours = message.locator(":is(.keepchat-mark, .keepchat-tools)")
        return ours.get_by_role("button", name=name)

    def versions(self, message: Locator) -> Locator:
        """Which of the versions of a message is shown, with the buttons that lead to the others."""
        return message.locator(".keepchat-tools").get_by_role("group")

    # The sidebar

    def thread(self, name: str) -> Locator:
        """The sidebar's line of a conversation."""
        return self.sidebar.get_by_role("listitem").filter(has_text=name)

    async def open_thread(self, name: str) -> None:
        """Open another conversation from the sidebar, and wait until it is the one shown."""
        self._asked_before = 0
        steps = self.questions.locator("[id^=step-]")
        before = await steps.first.get_attribute("id") if await steps.count() else None
        await self.thread(name).get_by_role("link").click()
        await expect(self.questions.first).to_be_visible()
        if before:  # it stays until the other is there, and takes what is asked meanwhile
            await expect(steps.first).not_to_have_id(before)

    def names(self) -> Locator:
        """The names of the conversations that are listed, in their order."""
        return self.sidebar.locator("li a .truncate")

    def sections(self) -> Locator:
        """The choice of which conversations are listed."""
        return self.page.locator("#keepchat-sections select")

    async def of_list(self, item: str) -> None:
        """Choose something in the menu of the list."""
        await self.page.locator("#keepchat-sections > button").click()
        await self.page.locator("#keepchat-sections-menu").get_by_text(item).click()

    async def put_into(self, name: str, folder: str) -> None:
        """Put a conversation into a folder, a new one where there is none of this name."""
        await self.choose_for(name, "Move to a folder")
        dialog = self.page.get_by_role("dialog", name="Move to a folder")
        known = dialog.get_by_role("radio", name=folder, exact=True)
        if await known.count():
            await known.check()
        else:
            await dialog.get_by_label("Name of the folder").fill(folder)
        await dialog.get_by_role("button", name="Move").click()
        await expect(dialog).to_have_count(0)

    def dot(self, thread_id: str) -> Locator:
        """What marks a conversation in which an answer is being written."""
        return self.sidebar.locator(f"#thread-{thread_id}").get_by_role("img")

    async def rename(self, name: str, new_name: str) -> None:
        """Give a conversation another name."""
        await self.choose_for(name, "Rename")
        await self.page.get_by_role("dialog").get_by_role("textbox").fill(new_name)
        await self._confirm("dialog", "Confirm")

    async def delete(self, name: str) -> None:
        """Delete a conversation."""
        await self.choose_for(name, "Delete")
        await self._confirm("alertdialog", "Delete")
        await expect(self.thread(name)).to_have_count(0)

    async def choose_for(self, name: str, item: str) -> None:
        """Choose something in the menu of a conversation."""
        await self.thread(name).hover()
        await self.thread(name).locator("#thread-options").click()
        await self.page.get_by_role("menuitem", name=item).click()

    async def _confirm(self, role: str, button: str) -> None:
        dialog = self.page.get_by_role(role)  # type: ignore[arg-type]
        await dialog.get_by_role("button", name=button, exact=True).click()
        await expect(dialog).to_have_count(0)

    async def search(self, text: str) -> Locator:
        """Type into the search dialog, opened where it is not, and return the names found."""
        if not await self.search_dialog().count():
            await self._settled()
            await self.page.keyboard.press("ControlOrMeta+k")
        await self.search_dialog().get_by_role("combobox").fill(text)
        return self.hits().locator(".keepchat-hit-name")

    def search_dialog(self) -> Locator:
        """The dialog of the search."""
        return self.page.locator("#keepchat-search")

    def hits(self) -> Locator:
        """What is found: name, time and snippet of each conversation."""
        return self.search_dialog().get_by_role("option")

    # Files

    async def attach(self, *paths: Path) -> None:
        """Choose files with the paper clip and wait until they are uploaded."""
        await self.choose(*paths)
        for path in paths:
            await expect(self.waiting_file(path.name)).to_be_visible()

    async def choose(self, *paths: Path) -> None:
        """Choose files with the paper clip, whatever becomes of them."""
        async with self.page.expect_file_chooser() as chooser:
            await self.page.locator("#upload-button").click()
        await (await chooser.value).set_files(paths)

    def waiting_file(self, name: str) -> Locator:
        """A file that waits in the composer for its message."""
        attachments = self.page.locator("#attachments")
        return attachments.get_by_text(name).or_(attachments.get_by_alt_text(name))

    async def remove_file(self, name: str) -> None:
        """Take a file out of the composer."""
        named = self.page.get_by_text(name).or_(self.page.get_by_alt_text(name))
        file = self.page.locator("#attachments > *").filter(has=named)
        await file.get_by_role("button", name="Remove attachment").click()
        await expect(self.waiting_file(name)).to_have_count(0)

    def picture(self, name: str) -> Locator:
        """An image among the messages."""
        return self.questions.get_by_alt_text(name)

    async def picture_is_shown(self, name: str) -> None:
        """Wait until an image is there and has really been drawn."""
        await expect(self.picture(name)).to_be_visible()
        await expect(self.picture(name)).to_have_js_property("complete", value=True)
        assert await self.picture(name).evaluate("(image) => image.naturalWidth") > 0

    def pdf_page(self) -> Locator:
        """The preview of a document's page."""
        return self.questions.locator(".react-pdf__Page canvas")

    def file_link(self, name: str) -> Locator:
        """The link that saves a file."""
        return self.questions.get_by_role("link").filter(has_text=name)

    async def download(self, name: str) -> bytes:
        """Click on a file and return what is saved; it has to be saved under its own name."""
        async with self.page.expect_download() as download:
            await self.file_link(name).click()
        saved = await download.value
        assert saved.suggested_filename == name
        return (await saved.path()).read_bytes()

    async def status_of(self, path: str, *, max_redirects: int | None = None) -> int:
        """The status that the server gives a link; that of a redirect with `max_redirects` 0."""
        reply = await self.page.request.get(self._url + path, max_redirects=max_redirects)
        return reply.status

    async def bytes_at(self, path: str) -> bytes:
        """What the server gives for a link."""
        reply = await self.page.request.get(self._url + path)
        assert reply.ok, f"{path}: {reply.status}"
        return await reply.body()
