"""What the server notes of a thread, told by a test in its place."""

from typing import Any

from playwright.async_api import Locator, Request, Route

from tests.support.page.chat import Chat

# What the server itself tells of the same thread would come in between.
_ONLY_THE_TEST_TELLS = """
window.addEventListener("message", (event) => {
  const { data } = event;
  if ((data?.keepchatAnswers || data?.keepchatRunning) && !data.byTest) {
    event.stopImmediatePropagation();
  }
});
"""

Note = dict[str, Any]


class Notes:
    """Tells a page what to draw, and takes what its buttons ask."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.asked: list[Any] = []
        self.reply: Note = {"json": {}}

    async def begin(self) -> None:
        """Stand in the server's place, from a fresh page on."""
        await self.chat.page.add_init_script(_ONLY_THE_TEST_TELLS)
        await self.chat.page.route("**/keepchat/answers/*", self._take)
        await self.chat.page.reload()

    async def _take(self, route: Route, request: Request) -> None:
        self.asked.append((request.method, request.url, request.post_data_json))
        await route.fulfill(**self.reply)

    async def tell(self, notes: dict[str, Note], *, thread: str = "") -> None:
        """Tell all notes of the open thread, or of another."""
        told = {"thread": thread or await self.chat.thread_id(), "session": "mine", "notes": notes}
        await self.post(keepchatAnswers=told)

    async def post(self, **data: Any) -> None:
        """Send the page a message, as the server does."""
        await self.chat.page.evaluate("told => window.postMessage(told, '*')", data | {"byTest": 1})


async def id_of(message: Locator) -> str:
    """The id of a message that is shown."""
    found = await message.locator("[id^=step-]").first.get_attribute("id")
    assert found
    return found.removeprefix("step-")


def note(state: str = "done", /, **given: Any) -> Note:
    """A note of which only this much is said."""
    return {"state": state, "again": False, "goOn": False, "branch": False, **given}
