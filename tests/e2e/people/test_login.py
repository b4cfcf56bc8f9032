"""AUTH_MODE=password: people sign in, and nobody sees what is another's."""

import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page.application import Application
from tests.support.servers.model import ModelServer

PARIS = "The capital of France is Paris."
ANNA = ("anna", "correct horse")
BOB = ("Bob", "battery staple")


@pytest_asyncio.fixture(loop_scope="session")
async def team(start_application: StartApplication, model: ModelServer) -> Application:
    """The program with two accounts."""
    team = await start_application(settings={**model.settings, "AUTH_MODE": "password"})
    for name, password in (ANNA, BOB):
        await team.manage("user", "add", name, "--password-stdin", typed=password)
    return team


async def test_two_people_do_not_see_each_other(team: Application, open_chat: OpenChat) -> None:
    anna = await open_chat(team, sign_in=ANNA)
    bob = await open_chat(team, sign_in=BOB)
    await anna.ask("What is the capital of France, for Anna?")
    await anna.answered(PARIS)
    await bob.ask("What is the capital of France, for Bob?")
    await bob.answered(PARIS)
    path = f"/thread/{await anna.thread_id()}"

    await bob.open()
    await expect(bob.thread("for Bob")).to_have_count(1)
    await expect(bob.thread("for Anna")).to_have_count(0)
    await expect(await bob.search("for Anna")).to_have_count(0)
    assert await bob.status_of(f"/project{path}") == 404
    team.expect_in_log("Authorization for the thread failed")
    await bob.page.goto(team.url + path)
    await expect(bob.thread("for Bob")).to_be_visible()
    await expect(bob.questions).to_have_count(0)
    owners = team.database.rows(
        'SELECT u.identifier, t.name FROM threads t JOIN users u ON u.id = t."userId" ORDER BY 1'
    )
    assert [tuple(row) for row in owners] == [
        ("Bob", "What is the capital of France, for Bob?"),
        ("anna", "What is the capital of France, for Anna?"),
    ]
    again = await open_chat(team, path, sign_in=ANNA)  # the link survives the login
    await expect(again.answers).to_have_text(PARIS)


async def test_a_login_counts_while_the_account_is_as_it_was(
    team: Application, open_chat: OpenChat
) -> None:
    anna = await open_chat(team, sign_in=ANNA)
    bob = await open_chat(team, sign_in=BOB)
    await bob.ask("What is the capital of France, while Bob is here?")
    await bob.answered(PARIS)
    await team.manage("user", "remove", "bob", "--keep")
    await expect(bob.page.locator("#email")).to_be_visible()
    await bob.page.goto(team.url)
    await expect(bob.page.locator("#email")).to_be_visible()
    assert await bob.status_of("/user") == 401
    await bob.fill_login(*BOB)
    sentence = "Unable to sign in. Check user name and password."
    await expect(bob.page.get_by_text(sentence, exact=True)).to_be_visible()
    await expect(bob.page.locator("[data-sonner-toast]:visible")).to_have_count(0)

    await team.manage("user", "passwd", "anna", "--password-stdin", typed="brand new horse")
    await anna.page.goto(team.url)
    await anna.fill_login(*ANNA)
    await expect(anna.page.get_by_text("Unable to sign in")).to_be_visible()
    await anna.fill_login("ANNA", "brand new horse")
    await expect(anna.page.locator("#upload-button")).to_be_enabled()


async def test_the_doctor_finds_a_running_program_well(team: Application) -> None:
    report = await team.manage("doctor")
    assert [line.split()[0] for line in report.splitlines()] == ["ok"] * 10
    assert "2 can sign in with a password" in report
    assert "scripted; the last answered in" in report
