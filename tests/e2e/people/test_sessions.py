"""A person's sessions: seen and ended from the page, and ended everywhere within moments."""

import asyncio
import secrets
from pathlib import Path

import httpx2
import pytest_asyncio
from playwright.async_api import Locator, Route, expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.builders import new_id
from tests.support.page.application import Application
from tests.support.page.socket import signed_in, socket_page
from tests.support.servers.model import ModelServer
from tests.support.servers.postgres import Postgres
from tests.support.waiting import until

PARIS = "The capital of France is Paris."
ANNA = ("anna", "correct horse")
NEW = "brand new horse"


@pytest_asyncio.fixture(loop_scope="session")
async def team(start_application: StartApplication, model: ModelServer) -> Application:
    """The program with an account."""
    team = await start_application(settings={**model.settings, "AUTH_MODE": "password"})
    await team.manage("user", "add", ANNA[0], "--password-stdin", typed=ANNA[1])
    return team


async def test_one_browser_ends_the_session_of_another(
    team: Application, open_chat: OpenChat
) -> None:
    here, there = [await open_chat(team, sign_in=ANNA) for _ in range(2)]
    await there.ask("What is the capital of France, over there?")
    await there.answered(PARIS)
    dialog = await here.account()
    await expect(dialog.get_by_role("listitem")).to_have_count(2)
    await expect(dialog.get_by_text("this browser")).to_have_count(1)
    await dialog.get_by_role("button", name="Sign out", exact=True).click()
    await expect(dialog.get_by_role("listitem")).to_have_count(1)
    await expect(there.page.locator("#email")).to_be_visible()  # it did nothing but listen
    assert await there.status_of("/user") == 401
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_have_count(0)
    await here.open()
    await expect(here.thread("over there")).to_be_visible()
    assert await here.status_of("/user") == 200


async def test_a_new_password_keeps_the_session_that_it_is_changed_in(
    team: Application, open_chat: OpenChat
) -> None:
    here, there = [await open_chat(team, sign_in=ANNA) for _ in range(2)]
    dialog = await here.account()
    await change_password(dialog, "wrong horse", NEW, NEW)
    await expect(dialog.get_by_text("not the password that you have now")).to_be_visible()
    await change_password(dialog, ANNA[1], NEW, NEW + "s")
    await expect(dialog.get_by_text("two different passwords")).to_be_visible()
    await change_password(dialog, ANNA[1], "password1", "password1")
    await expect(dialog.get_by_text("among the first")).to_be_visible()
    await change_password(dialog, ANNA[1], NEW, NEW)
    await expect(dialog.get_by_text("The password is changed.")).to_be_visible()
    await expect(there.page.locator("#email")).to_be_visible()
    assert await here.status_of("/user") == 200
    await there.fill_login(*ANNA)
    await expect(there.page.get_by_text("Unable to sign in")).to_be_visible()
    await there.fill_login(ANNA[0], NEW)
    await expect(there.page.locator("#upload-button")).to_be_enabled()


async def change_password(dialog: Locator, current: str, new: str, again: str) -> None:
    for name, value in (("current", current), ("new", new), ("again", again)):
        await dialog.locator(f"input[name={name}]").fill(value)
    await dialog.get_by_role("button", name="Change").click()


async def test_a_logout_ends_all_pages_of_its_browser_and_its_answer_is_stored(
    team: Application, open_chat: OpenChat
) -> None:
    first = await open_chat(team, sign_in=ANNA)
    second = await open_chat(team, beside=first)
    await first.ask("Please count to forty, while I leave.")
    await first.shown_past("")
    await second.log_out()
    for page in (first, second):
        await expect(page.page.locator("#email")).to_be_visible()
    find = "SELECT 1 FROM steps WHERE type = 'assistant_message' AND output LIKE '%39 40'"
    await until(lambda: team.database.rows(find), "the whole answer")


async def test_too_many_attempts_are_not_called_a_wrong_password(
    team: Application, open_chat: OpenChat
) -> None:
    page = await open_chat(team, sign_in=ANNA)
    await page.log_out()

    async def answer(route: Route) -> None:
        if route.request.method == "POST":
            await route.fulfill(status=429, json={"detail": "Try again in 7 s."})
        else:
            await route.continue_()

    await page.page.route("**/login", answer)
    await page.fill_login(*ANNA)
    await expect(page.page.get_by_role("alert").get_by_text("Try again in 7 s.")).to_be_visible()


async def test_the_dialog_is_reached_by_the_keyboard_and_in_chinese(
    team: Application, open_chat: OpenChat
) -> None:
    page = await open_chat(team, sign_in=ANNA, locale="zh-CN")
    await page.page.locator("#user-nav-button").focus()
    await page.page.keyboard.press("Enter")
    await expect(page.page.get_by_role("menuitem", name="账户与会话")).to_be_focused()
    await page.page.keyboard.press("ArrowUp")
    await expect(page.page.get_by_role("menuitem", name="退出登录")).to_be_focused()
    await page.page.keyboard.press("ArrowDown")
    await expect(page.page.get_by_role("menuitem", name="账户与会话")).to_be_focused()
    await page.page.keyboard.press("Enter")
    dialog = page.page.get_by_role("dialog", name="账户与会话")
    await expect(dialog.get_by_text("您的登录位置")).to_be_visible()
    await page.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def test_a_logout_counts_on_the_other_replica(
    postgres: Postgres, project: Path, tmp_path: Path, model: ModelServer
) -> None:
    """Also for a page that is open there and does nothing but listen."""
    with postgres.database(new_id()) as name:
        settings = {**model.settings, "AUTH_MODE": "password", "DATABASE_URL": postgres.url(name)}
        settings["CHAINLIT_AUTH_SECRET"] = secrets.token_urlsafe(48)
        one, other = [Application(project, tmp_path / it, settings) for it in ("one", "other")]
        try:
            await one.start()
            await other.start()
            await one.manage("user", "add", ANNA[0], "--password-stdin", typed=ANNA[1])
            cookie = await signed_in(one, *ANNA)
            async with socket_page(other, cookie) as page:
                await page.barrier()
                assert await status_of(one, "POST", "/logout", cookie) == 200
                await until(lambda: not page.is_connected, "the end of the page")
            assert page.all_heard("reload")
            assert await status_of(other, "GET", "/user", cookie) == 401
            cookie = await signed_in(other, *ANNA)
            async with socket_page(one, cookie) as page:
                await page.barrier()
                await other.manage("user", "disable", ANNA[0])
                await until(lambda: not page.is_connected, "the end of the page")
            assert await status_of(one, "GET", "/user", cookie) == 401
        finally:
            await asyncio.gather(one.stop(), other.stop())
            await asyncio.gather(one.kill(), other.kill())


async def status_of(app: Application, method: str, path: str, cookie: str) -> int:
    async with httpx2.AsyncClient(base_url=app.url, headers={"Cookie": cookie}) as client:
        return (await client.request(method, path)).status_code
