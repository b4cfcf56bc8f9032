"""The search as a person has it: what is found, where and when, and how one gets there."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Route, ViewportSize, expect

from datalayer.stores.sql.sqlite.store import SqliteStore
from datalayer.writes import RevisionClock, Write
from tests.e2e.conftest import OpenChat
from tests.support.builders import ids, step, thread
from tests.support.page.application import Application, running_application
from tests.support.page.chat import Chat
from tests.support.servers.model import ModelServer

PARIS = "The capital of France is Paris."
PHONE: ViewportSize = {"width": 390, "height": 844}
OWNER = "local"
DAY = 24 * 60 * 60 * 1_000_000
LONG, CODE, WORD = ids(3)
HERONS = 45
MARKUP = "<b>Heron</b> & <img src=x>"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(
    project: Path, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Application]:
    """A program with many conversations, one of them long."""
    application = Application(
        project, tmp_path_factory.mktemp("library") / "keepchat", model.settings
    )
    application.data.mkdir(parents=True, exist_ok=True)
    store = SqliteStore.from_url(f"sqlite:///{application.data}/keepchat.db", application.data)
    await store.migrate()
    await store.apply(_herons())
    await store.apply(_long_conversation())
    await store.close()
    async with running_application(application):
        yield application


def _herons() -> list[Write]:
    """One a day, the last one yesterday; what is said is in the answer."""
    now, writes = RevisionClock().next(), list[Write]()
    for number, thread_id in enumerate(ids(HERONS)):
        then = now - (number + 1) * DAY
        name = MARKUP if number == 1 else f"Heron {number}"
        said = f"### A bird\n\nThe grey one of **Málaga** stands {'very ' * 60}still, {number}."
        writes.append(thread(thread_id, owner=OWNER, name=name, revision=then))
        fields = {"type": "assistant_message", "name": "Keepchat", "output": said}
        writes.append(step(thread_id, owner=OWNER, revision=then + 1, **fields))
    return writes


def _long_conversation() -> list[Write]:
    writes: list[Write] = [thread(LONG, owner=OWNER, name="A long one")]
    filler = "Some words that fill a line, and another, and one more. " * 12
    lines = "\n".join(f"number_{number} = {number}" for number in range(150))
    special = {
        41: (WORD, f"{filler}Then the *very* **rare** kakapo stirs. {filler}"),
        121: (CODE, f"```python\n{lines}\nkiwi = 1\n{lines}\n```"),
    }
    for number in range(200):
        step_id, output = special.get(number, (None, filler))
        kind = "assistant_message" if number % 2 else "user_message"
        name = "Keepchat" if number % 2 else OWNER
        said = step(LONG, step_id, owner=OWNER, type=kind, name=name, output=output)
        writes.append(said)
    return writes


async def test_each_hit_says_where_and_when_and_more_come_by_scrolling(
    library: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(library)
    names = await chat.search("STILL malaga")
    await expect(names.first).to_have_text("Heron 0")
    await expect(names).to_have_count(20)
    await expect(names.nth(1)).to_have_text(MARKUP)  # as it was typed, and no more than text
    first = chat.hits().first
    await expect(first.locator("mark")).to_have_text(["Málaga"])
    snippet = first.locator(".keepchat-hit-snippet")
    await expect(snippet).to_contain_text(re.compile("^A bird The grey one of Málaga"))
    await expect(first.locator("time")).to_have_text("yesterday")
    await chat.hits().last.scroll_into_view_if_needed()
    await expect(names).to_have_count(40)
    await chat.hits().last.scroll_into_view_if_needed()
    await expect(names).to_have_count(HERONS)
    await expect(names.last).to_have_text(f"Heron {HERONS - 1}")
    await expect(chat.search_dialog().get_by_role("status")).to_have_text(f"{HERONS} found")
    await chat.search('"very still" zebra')
    none = 'No conversation contains “"very still" zebra”.'
    await expect(chat.search_dialog().get_by_role("status")).to_have_text(none)
    await expect(chat.hits()).to_have_count(0)


async def test_a_phrase_in_quotes_is_found_as_it_stands(
    library: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(library)
    names = await chat.search('"a BIRD" "GREY one of"')
    await expect(names.first).to_have_text("Heron 0")
    marked = chat.hits().first.locator("mark")
    await expect(marked).to_have_text(["A bird", "grey one of"])
    await chat.search('"malaga STANDS very"')  # of which one word is strong
    await expect(names).to_have_count(20)
    await expect(marked).to_have_text(["Málaga stands very"])
    await chat.search('"one grey of"')  # the same words, in another order
    await expect(chat.search_dialog().get_by_role("status")).to_contain_text("No conversation")
    await expect(chat.hits()).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "yesterday", "before", "found"),
    [
        ("de-DE", "gestern", r"\d{1,2}\.\d{1,2}\.\d{4}", "gefunden"),
        ("zh-CN", "昨天", r"\d{4}年\d{1,2}月\d{1,2}日", "找到"),
    ],
)
async def test_when_it_was_is_said_in_the_readers_language(
    library: Application, open_chat: OpenChat, locale: str, yesterday: str, before: str, found: str
) -> None:
    chat = await open_chat(library, locale=locale)
    names = await chat.search("malaga")
    await expect(names.first).to_have_text("Heron 0")
    times = chat.hits().locator("time")
    await expect(times.first).to_have_text(yesterday)
    await expect(times.nth(1)).to_have_text(re.compile(f"^{before}$"))
    await expect(chat.search_dialog().get_by_role("status")).to_contain_text(found)


async def test_the_keyboard_alone_is_enough(library: Application, open_chat: OpenChat) -> None:
    chat = await open_chat(library)
    await chat.page.locator("#chat-settings-open-modal").focus()
    names = await chat.search("")
    await expect(names.first).to_have_text("A long one")  # the latest, before anything is typed
    box = chat.search_dialog().get_by_role("combobox")
    await expect(box).to_be_focused()
    await chat.page.keyboard.type("heron 1")
    await expect(names).to_have_count(14)  # 1, 10 to 19, 21, 31, 41
    await expect(names.nth(1)).to_have_text("Heron 10")
    for key, chosen in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("PageDown", 6)):
        await chat.page.keyboard.press(key)
        line = chat.hits().nth(chosen)
        await expect(line).to_have_attribute("aria-selected", "true")
        await expect(box).to_have_attribute(
            "aria-activedescendant", await line.get_attribute("id") or ""
        )
    await expect(chat.hits().and_(chat.page.locator('[aria-selected="true"]'))).to_have_count(1)
    await chat.page.keyboard.press("Escape")
    await expect(chat.search_dialog()).to_have_count(0)
    await expect(chat.page.locator("#chat-settings-open-modal")).to_be_focused()
    await chat.search("heron 17")
    await expect(names).to_have_text(["Heron 17"])
    await chat.page.keyboard.press("Enter")
    await expect(chat.said).to_contain_text(["still, 17."])


@pytest.mark.parametrize("by_key", [False, True], ids=["pressed", "by a key"])
@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
async def test_a_hit_is_opened_there(
    library: Application, open_chat: OpenChat, size: ViewportSize | None, by_key: bool
) -> None:
    chat = await open_chat(library)
    if size:
        await chat.page.set_viewport_size(size)
    await _choose(chat, "rare kakapo", is_phone=bool(size), by_key=by_key)
    await _is_shown(chat, WORD, "kakapo")
    # In the conversation that is open
    await _choose(chat, "kiwi", is_phone=bool(size), by_key=by_key)
    await _is_shown(chat, CODE, "kiwi")
    assert await chat.thread_id() == LONG


async def _choose(chat: Chat, words: str, *, is_phone: bool, by_key: bool) -> None:
    if is_phone:
        await chat.page.locator("#sidebar-trigger-button").click()
        await chat.page.locator("#search-chats-button").click()
        await expect(chat.search_dialog()).to_be_visible()
        box = await chat.search_dialog().bounding_box()
        assert box
        assert (box["x"], box["width"]) == (0, PHONE["width"])
    names = await chat.search(words)
    await expect(names).to_have_text(["A long one"])
    if by_key:
        await chat.page.keyboard.press("Enter")
    else:
        await chat.hits().click()
    await expect(chat.page.locator("[data-mobile]")).to_have_count(0)


async def _is_shown(chat: Chat, step_id: str, word: str) -> None:
    message = chat.page.locator(f"#step-{step_id}")
    await expect(message).to_be_focused()
    await expect(message).to_contain_class("keepchat-found")
    places = "[...CSS.highlights.get('keepchat-found')]"
    assert await chat.page.evaluate(f"{places}.map(String).at(-1)") == word
    await chat.page.wait_for_function(
        f"() => {{ const {{ top }} = {places}[0].getBoundingClientRect();"
        " return top > 50 && top < innerHeight / 2; }"
    )
    await expect(message).not_to_contain_class("keepchat-found")


async def test_words_are_chinese_where_the_reader_is(
    library: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(library, locale="zh-CN")
    await chat.search("斑马")
    status = chat.search_dialog().get_by_role("status")
    await expect(status).to_have_text("没有对话包含“斑马”。")
    await expect(chat.page.get_by_role("dialog", name="搜索对话")).to_be_visible()
    await chat.search("heron 17")
    await expect(status).to_have_text("找到 1 个对话")


async def test_the_search_shows_what_was_typed_last(
    library: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(library)
    asked, answered = asyncio.Event(), asyncio.Event()

    async def overtaken(route: Route) -> None:
        reply = await route.fetch()
        if "heron 2" in str(route.request.post_data):
            asked.set()
            await answered.wait()
        await route.fulfill(response=reply)

    await chat.page.route("**/keepchat/search", overtaken)
    async with chat.page.expect_event(
        "requestfailed", lambda request: "heron 2" in str(request.post_data)
    ):
        await chat.search("heron 2")
        await asked.wait()
        found = await chat.search("heron 33")
    await expect(found).to_have_text(["Heron 33"])
    answered.set()
    await chat.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => done()))")
    await expect(found).to_have_text(["Heron 33"])


async def test_search_finds_titles_bodies_and_chinese(app: Application, chat: Chat) -> None:
    await chat.ask("Tell me about a rare bird")
    await chat.answered("The northern bald ibis, once called waldrapp, breeds on cliffs.")
    await chat.new_chat()
    await chat.ask("介绍一下北京")
    await chat.answered("北京是中国的首都，有故宫和长城。")
    bird, city = "Tell me about a rare bird", "介绍一下北京"
    for text, found in (
        ("RARE bird", [bird]),
        ("故宫", [city]),
        ("WALDRAPP", [bird]),
        ("城", [city]),
        ("northern bald", [bird]),
        ("100%", []),
    ):
        await expect(await chat.search(text)).to_have_text(found)
    await (await chat.search("ibis")).click()
    await expect(chat.said).to_contain_text(["waldrapp"])
