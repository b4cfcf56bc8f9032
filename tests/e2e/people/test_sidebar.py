"""A person orders their conversations: pinned, in folders, in the archive, or gone."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import ViewportSize, expect

from datalayer.stores.factory import open_store
from datalayer.values import Json
from datalayer.writes import SaveThread, wall_clock
from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.builders import new_id
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.database import Database, ServerDatabase
from tests.support.servers.model import ModelServer
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

PARIS = "The capital of France is Paris."
HOUR = 3_600_000_000  # microseconds
RED = re.compile(r"rgb\((1[5-9]|2\d)\d, [0-4]?\d, [0-4]?\d\)")
PHONE: ViewportSize = {"width": 390, "height": 844}


@dataclass(frozen=True)
class Setup:
    app: Application
    database: Database
    url: str

    async def fill(self, *metadata: Mapping[str, Json]) -> None:
        """Store conversations called "Number 0" and so on, the latest first."""
        [(owner,)] = self.database.rows("SELECT identifier FROM users")
        store, now = open_store(self.url, self.app.home), wall_clock()
        writes = [
            SaveThread(
                id=new_id(),
                owner=owner,
                name=f"Number {number}",
                metadata=each,
                revision=now - number * HOUR,
            )
            for number, each in enumerate(metadata)
        ]
        for some in range(0, len(writes), 100):
            await store.apply(writes[some : some + 100])
        await store.close()

    def places(self) -> dict[str, tuple[bool, str]]:
        """Where each conversation is, by its name."""
        found = self.database.rows("SELECT name, pinned, section FROM threads")
        return {name: (bool(pinned), section) for name, pinned, section in found}


@pytest_asyncio.fixture(params=["sqlite", "postgres"], loop_scope="session")
async def setup(
    request: pytest.FixtureRequest, start_application: StartApplication, model: ModelServer
) -> AsyncIterator[Setup]:
    if request.param == "sqlite":
        app = await start_application()
        yield Setup(app, app.database, f"sqlite:///{app.database.path}")
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database(new_id()) as name:
        url = server.url(name)
        app = await start_application(settings={**model.settings, "DATABASE_URL": url})
        yield Setup(app, ServerDatabase(server, name), url)
        await app.stop()


async def until_drafts(chat: Chat, texts: list[str]) -> None:
    """Wait until the browser keeps just these texts that were not sent."""
    assert await chat.page.evaluate(_DRAFTS, texts) == texts


_DRAFTS = """async (texts) => {
    const isDraft = ([key]) => key.startsWith("keepchat-draft/");
    const read = () => Object.entries(localStorage).filter(isDraft);
    const found = () => read().map(([, draft]) => JSON.parse(draft).text).sort();
    for (let times = 0; times < 300 && found().join() !== texts.join(); times += 1) {
        await new Promise((done) => setTimeout(done, 100));
    }
    return found();
}"""


@pytest.mark.timeout(180)
async def test_conversations_are_put_where_one_wants_them(
    setup: Setup, open_chat: OpenChat
) -> None:
    chat = await open_chat(setup.app)
    await setup.fill({}, {}, {}, {})
    await chat.ask("What is the capital of France, of a folder?")
    await chat.answered(PARIS)
    asked = "What is the capital of France, of a folder?"
    await expect(chat.names()).to_have_text([asked, *(f"Number {it}" for it in range(4))])

    await chat.choose_for("Number 2", "Pin")
    await expect(chat.names().first).to_have_text("Number 2")
    await expect(chat.sidebar.get_by_text("Pinned", exact=True)).to_be_visible()
    await chat.put_into(asked, "Work  and\tplay")
    await chat.put_into("Number 1", "Work and play")
    await chat.choose_for("Number 3", "Archive")
    await expect(chat.names()).to_have_text(["Number 2", "Number 0"])
    places = {
        asked: (False, "folder/Work and play"),
        "Number 0": (False, ""),
        "Number 1": (False, "folder/Work and play"),
        "Number 2": (True, ""),
        "Number 3": (False, "archive"),
    }
    await until(lambda: setup.places() == places, "the places")

    await chat.page.reload()
    await expect(chat.names()).to_have_text(["Number 2", "Number 0"])
    await chat.ask("What is the capital of France, in a folder now?")
    await chat.answered(PARIS)
    await expect(chat.names()).to_have_text(["Number 2", "Number 0"])
    assert setup.places() == places

    await chat.sections().select_option("Work and play")
    await expect(chat.names()).to_have_text([asked, "Number 1"])
    await chat.choose_for("Number 1", "Pin")
    await expect(chat.names()).to_have_text(["Number 1", asked])
    await chat.page.reload()
    await expect(chat.sections().locator("option:checked")).to_have_text("Work and play")
    await expect(chat.names()).to_have_text(["Number 1", asked])
    await chat.sections().select_option("Archive")
    await expect(chat.names()).to_have_text(["Number 3"])
    found = await chat.search("Number 3")
    await expect(found).to_have_text(["Number 3"])
    await expect(chat.hits().first).to_contain_text("Archive")
    await chat.page.keyboard.press("Escape")
    await chat.choose_for("Number 3", "Bring back")
    await expect(chat.names()).to_have_count(0)
    await chat.sections().select_option("Conversations")
    await expect(chat.names()).to_have_text(["Number 2", "Number 0", "Number 3"])


@pytest.mark.timeout(180)
async def test_a_folder_is_renamed_and_removed_and_all_is_deleted(
    setup: Setup, open_chat: OpenChat
) -> None:
    chat = await open_chat(setup.app)
    await setup.fill({"folder": "Old"}, {"folder": "Old", "archived": True}, {}, {"folder": "Old"})
    await chat.page.reload()
    await expect(chat.page.locator("#upload-button:enabled")).to_be_visible()
    await chat.sections().select_option("Old")
    await expect(chat.names()).to_have_text(["Number 0", "Number 3"])
    await chat.of_list("Rename the folder")
    dialog = chat.page.get_by_role("dialog", name="Rename the folder")
    await dialog.get_by_role("textbox").fill("New")
    await dialog.get_by_role("button", name="Rename").click()
    await expect(chat.sections().locator("option:checked")).to_have_text("New")
    await expect(chat.names()).to_have_text(["Number 0", "Number 3"])
    await chat.of_list("Remove the folder")
    await expect(chat.page.get_by_role("dialog")).to_contain_text("stay")
    await chat.page.get_by_role("button", name="Remove").click()
    await expect(chat.names()).to_have_text(["Number 0", "Number 2", "Number 3"])
    await expect(chat.sections().locator("option")).to_have_text(["Conversations", "Archive"])
    await expect(chat.page.get_by_role("dialog")).to_have_count(0)

    await chat.box.fill("For the next one")
    await until_drafts(chat, ["For the next one"])
    await chat.thread("Number 2").get_by_role("link").click()
    await chat.page.wait_for_url("**/thread/*")
    await expect(chat.box).to_have_value("")
    await chat.box.fill("For this one")
    await until_drafts(chat, ["For the next one", "For this one"])
    await chat.of_list("Delete all")
    dialog = chat.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("in the archive too")
    await expect(dialog.get_by_role("button", name="Delete all")).to_have_css(
        "background-color", RED
    )
    await expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    await dialog.get_by_role("button", name="Delete all").click()
    await expect(dialog).to_contain_text("Really")
    assert len(setup.places()) == 4
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_have_count(0)
    assert len(setup.places()) == 4
    await chat.of_list("Delete all")
    await dialog.get_by_role("button", name="Delete all").click()
    await dialog.get_by_role("button", name="for ever").click()
    await expect(chat.names()).to_have_count(0)
    await expect(dialog).to_have_count(0)
    assert setup.places() == {}
    await expect(chat.box).to_have_value("For the next one")
    await until_drafts(chat, ["For the next one"])


@pytest.mark.timeout(400)
async def test_a_thousand_conversations_scroll_and_pinned_ones_stay_on_top(
    setup: Setup, open_chat: OpenChat
) -> None:
    chat = await open_chat(setup.app, locale="zh-CN")
    await setup.fill(*({"pinned": number >= 950} for number in range(1_000)))
    await chat.page.set_viewport_size(PHONE)
    await chat.page.reload()
    await chat.page.locator("#sidebar-trigger-button").click()
    await expect(chat.sidebar.get_by_text("已置顶", exact=True)).to_be_visible()
    await expect(chat.names().first).to_have_text("Number 950")
    list_ = chat.page.locator('[data-sidebar="content"]')
    seen = 0
    while seen < 1_000:
        await list_.evaluate("(list) => { list.scrollTop = list.scrollHeight }")
        await expect(chat.names().nth(min(seen + 34, 999))).to_be_attached()
        seen = await chat.names().count()
    assert seen == 1_000
    await expect(chat.names().nth(50)).to_have_text("Number 0")
