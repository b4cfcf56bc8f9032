"""AUTH_MODE=oidc: people sign in at a real provider, and nobody by what was meant for another."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.servers.identity import Identity, identity_server
from tests.support.servers.model import ModelServer
from tests.support.waiting import free_port

PARIS = "The capital of France is Paris."
NO_MODEL = "The model's server cannot be reached: nobody listens at this address."
PEOPLE = {
    "anna": {"name": "Anna Alder", "email": "Anna@Example.org", "email_verified": True},
    "bob": {
        "name": "Bob Birch",
        "email": "bob@example.org",
        "email_verified": True,
        "groups": ["admins"],
    },
    "eve": {"name": "Eve Elm", "email": "anna@example.org", "email_verified": False},
}


@pytest.fixture
def identity() -> Iterator[Identity]:
    """The provider, which is not started yet."""
    with identity_server(PEOPLE) as server:
        yield server


@pytest.fixture
def prefix() -> str:
    """Under which path the program is."""
    return ""


@pytest_asyncio.fixture(loop_scope="session")
async def team(
    start_application: StartApplication, model: ModelServer, identity: Identity, prefix: str
) -> AsyncIterator[Application]:
    """The program, whose people are the provider's."""
    settings = {
        **model.settings,
        **identity.settings,
        "OIDC_LABEL": "Example Corp",
        "OIDC_ADMIN_CLAIM": "groups=admins",
        "OIDC_LOGOUT_AT_PROVIDER": "on",
        "CHAINLIT_ROOT_PATH": prefix,
    }
    application = await start_application(settings=settings)
    identity.start(application.url)
    yield application
    identity.stop()


async def go_to_provider(page: Page) -> None:
    """Press the button of the login page."""
    await page.get_by_role("button", name="Continue with Example Corp").click()


async def be(page: Page, name: str) -> None:
    """Sign in at the provider, and agree."""
    await page.locator("input[name=login]").fill(name)
    await page.locator("input[name=password]").fill("any")
    await page.get_by_role("button", name="Sign-in").click()
    await page.get_by_role("button", name="Continue").click()


async def sign_in(chat: Chat, name: str) -> None:
    """Go the whole way, from the login page to the chat."""
    await go_to_provider(chat.page)
    await be(chat.page, name)
    await expect(chat.page.locator("#upload-button")).to_be_enabled()


async def says(page: Page, sentence: str) -> None:
    """The login page says it."""
    await expect(page.get_by_text(sentence)).to_be_visible()
    assert urlsplit(page.url).path.endswith("/login")


async def test_people_sign_in_at_the_provider_and_out(
    team: Application, identity: Identity, open_chat: OpenChat
) -> None:
    anna = await open_chat(team, comes_in=False)
    await sign_in(anna, "anna")
    await anna.ask("What is the capital of France, for Anna of the provider?")
    await anna.answered(PARIS)
    path = f"/thread/{await anna.thread_id()}"
    told = await anna.page.evaluate("fetch('/user').then((reply) => reply.json())")
    assert (told["display_name"], told["metadata"]) == ("Anna Alder", {})

    bob = await open_chat(team, path, comes_in=False)
    await go_to_provider(bob.page)
    await be(bob.page, "bob")
    await expect(bob.page.locator("#user-nav-button")).to_have_text("B")
    await expect(bob.questions).to_have_count(0)
    assert await bob.status_of(f"/project{path}") == 404
    team.expect_in_log("Authorization for the thread failed")

    again = await open_chat(team, path, comes_in=False)  # the link survives the way to the provider
    await sign_in(again, "anna")
    await expect(again.answers).to_have_text(PARIS)
    assert again.page.url == team.url + path
    await again.page.locator("#user-nav-button").click()
    await expect(again.page.get_by_text("Anna Alder")).to_be_visible()
    await again.page.get_by_text("Sign out", exact=True).click()
    await again.page.get_by_role("button", name="Yes, sign me out").click()
    await expect(
        again.page.get_by_role("button", name="Continue with Example Corp")
    ).to_be_visible()
    assert again.page.url == f"{team.url}/login"
    assert await again.status_of("/user") == 401
    await go_to_provider(again.page)
    await expect(again.page.locator("input[name=login]")).to_be_visible()  # not there any more
    assert await anna.status_of("/user") == 200  # another browser
    report = await team.manage("doctor")
    assert f"people sign in at {identity.url}, which answers" in report


@pytest.mark.parametrize("prefix", ["/chat"])
async def test_below_a_path_the_provider_leads_back_there(
    team: Application, open_chat: OpenChat
) -> None:
    chat = await open_chat(team, comes_in=False)
    await sign_in(chat, "anna")
    assert chat.page.url.startswith(f"{team.url}/")
    await chat.ask("What is the capital of France, below a path of the provider?")
    await chat.answered(PARIS)
    path = f"/thread/{await chat.thread_id()}"
    again = await open_chat(team, path, comes_in=False)
    await sign_in(again, "anna")
    await expect(again.answers).to_have_text(PARIS)
    assert again.page.url == team.url + path
    await again.page.locator("#user-nav-button").click()
    await again.page.get_by_text("Sign out", exact=True).click()
    await again.page.get_by_role("button", name="Yes, sign me out").click()
    await again.page.wait_for_url(f"{team.url}/login")
    assert await again.status_of("/user") == 401


async def test_nobody_is_signed_in_by_what_was_meant_for_another(
    team: Application, open_chat: OpenChat
) -> None:
    mallory = await open_chat(team, comes_in=False)
    caught: list[str] = []
    await mallory.page.route("**/callback?*", lambda route: caught.append(route.request.url))
    await go_to_provider(mallory.page)
    await mallory.page.locator("input[name=login]").fill("eve")
    await mallory.page.locator("input[name=password]").fill("any")
    await mallory.page.get_by_role("button", name="Sign-in").click()
    async with mallory.page.expect_request("**/callback?*") as waiting:
        await mallory.page.get_by_role("button", name="Continue").click()
    link = (await waiting.value).url

    anna = await open_chat(team, "/login", comes_in=False)
    await anna.page.goto(link)
    await says(anna.page, "belongs to another window")
    await go_to_provider(anna.page)
    await expect(anna.page.locator("input[name=login]")).to_be_visible()
    await anna.page.goto(link)  # while one of her own is under way
    await says(anna.page, "belongs to another window")
    await anna.page.goto(f"{team.url}/auth/oauth/oidc/callback?error=access_denied")
    await says(anna.page, "belongs to another window")
    assert await anna.status_of("/user") == 401

    await mallory.page.unroute("**/callback?*")
    await mallory.page.goto(link)
    await expect(mallory.page.locator("#upload-button")).to_be_enabled()
    await mallory.page.goto(link)  # the code is used up, the login stays
    await expect(mallory.page.locator("#upload-button")).to_be_enabled()
    assert team.log_of_test().count("signed in: ") == 1
    for provider in ("google", "github", "azure-ad-hybrid"):
        assert await anna.status_of(f"/auth/oauth/{provider}") == 404
        assert await anna.status_of(f"/auth/oauth/{provider}/callback?code=x&state=y") == 404


async def test_a_person_who_goes_back_or_twice_is_told_in_their_language(
    team: Application, open_chat: OpenChat
) -> None:
    anna = await open_chat(team, locale="zh-CN", comes_in=False)
    button = anna.page.get_by_role("button", name="使用Example Corp登录")
    await button.click()
    await expect(anna.page.locator("input[name=login]")).to_be_visible()
    await anna.page.go_back()
    await button.click()
    await anna.page.get_by_text("Cancel").click()
    await says(anna.page, "登录已被取消")
    beside = await anna.page.context.new_page()
    await beside.goto(team.url)
    await beside.get_by_role("button", name="使用Example Corp登录").click()
    await button.click()
    await be(beside, "anna")
    await expect(beside.locator("#upload-button")).to_be_enabled()


async def test_who_may_come_in_and_who_runs_the_program(
    start_application: StartApplication,
    model: ModelServer,
    identity: Identity,
    open_chat: OpenChat,
) -> None:
    settings = {
        **model.settings,
        **identity.settings,
        "OIDC_LABEL": "Example Corp",
        "OIDC_ALLOWED_DOMAINS": "example.org",
        "OIDC_ADMIN_CLAIM": "groups=admins",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{free_port()}/v1",
    }
    team = await start_application(settings=settings)
    anna = await open_chat(team, comes_in=False)
    await go_to_provider(anna.page)
    await says(anna.page, "does not answer")  # the program is up, the provider is not

    identity.start(team.url)
    await sign_in(anna, "anna")
    eve = await open_chat(team, comes_in=False)
    await go_to_provider(eve.page)
    await be(eve.page, "eve")
    await says(eve.page, "may not use this chat")
    bob = await open_chat(team, comes_in=False)
    await sign_in(bob, "bob")
    await bob.ask("What is wrong, for who can mend it?")
    await bob.answered(f"{NO_MODEL} Start it, or check OPENAI_BASE_URL.")
    await anna.ask("What is wrong, for who cannot?")
    await expect(anna.answers).to_contain_text("tell whoever runs this chat")
    identity.stop()
    await anna.page.reload()
    await expect(anna.page.locator("#upload-button")).to_be_enabled()


async def test_an_owner_of_an_adopted_database_is_found_by_a_verified_address(
    start_application: StartApplication,
    model: ModelServer,
    identity: Identity,
    open_chat: OpenChat,
) -> None:
    linking = {"OIDC_LABEL": "Example Corp", "OIDC_LINK_BY_EMAIL": "on"}
    team = await start_application(settings={**model.settings, **identity.settings, **linking})
    identity.start(team.url)
    before = await open_chat(team, comes_in=False)
    await sign_in(before, "bob")
    await before.ask("What is the capital of France, of long ago?")
    await before.answered(PARIS)
    await before.page.close()
    await team.stop()
    with closing(sqlite3.connect(team.database.path)) as connection, connection:
        # As where Chainlit was before: an owner called by an address, and no account.
        connection.execute("UPDATE users SET identifier = 'Anna@Example.org'")
        connection.execute("DELETE FROM login_accounts")
    await team.start()
    for name, count in (("eve", 0), ("anna", 1)):  # first who says the same address unverified
        person = await open_chat(team, comes_in=False)
        await sign_in(person, name)
        await expect(person.thread("of long ago")).to_have_count(count)
