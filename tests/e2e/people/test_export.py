"""A conversation saved as one Markdown file, by its button."""

import json
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.page.socket import let_in

READ = "I keep what you sent, and I say that I have read it."


async def test_a_conversation_is_saved_with_its_files_as_links(
    app: Application, chat: Chat, tmp_path: Path
) -> None:
    (tmp_path / "notes [ü].txt").write_text("Grüße")
    await expect(chat.export_button()).to_have_count(0)
    await chat.attach(tmp_path / "notes [ü].txt")
    await chat.ask("Put into a file: what is on it?")
    await chat.answered(READ)
    await chat.ask("Please think first: how much is it, saved?")
    await chat.answered("It is forty-two.")
    thread_id = await chat.thread_id()
    await chat.rename("Put into a file", "Notes & numbers: 笔记")

    name, text = await chat.export()
    assert name.startswith("Notes & numbers")
    assert name.endswith("笔记.md")
    head, question, answer, _, last = text.split("\n\n---\n\n")
    assert head.startswith("# Notes & numbers: 笔记\n\n20")
    assert question.startswith("**You** · 20")
    [(element_id, _, _)] = app.database.elements(thread_id)
    link = f"{app.url}/files/{thread_id}/{element_id}/notes%20%5B%C3%BC%5D.txt"
    assert question.endswith(
        f"UTC\n\nPut into a file: what is on it?\n\n- [notes \\[ü\\].txt](<{link}>)"
    )
    assert answer.startswith("**Keepchat** (scripted) · 20")
    assert answer.endswith(f"UTC\n\n{READ}")
    assert last.endswith("UTC\n\nIt is forty-two.\n")
    assert "Six times nine" not in text  # what was thought stays here
    assert await chat.status_of(link.removeprefix(app.url)) == 200


@pytest.mark.parametrize(
    ("locale", "name"),
    [("en-US", "Save this conversation"), ("zh-CN", "保存此对话"), ("de-AT", "Gespräch speichern")],
)
async def test_the_button_goes_with_the_conversation(
    app: Application, open_chat: OpenChat, locale: str, name: str
) -> None:
    chat = await open_chat(app, locale=locale)
    for question in ("first to be saved", "then to be saved"):
        await chat.ask(f"What is the capital of France, {question}?")
        await chat.turn_ended()
        await expect(chat.export_button()).to_have_accessible_name(name)
        await expect(chat.export_forms().first).to_have_attribute(
            "href", f"{app.url}/keepchat/export/{await chat.thread_id()}.md"
        )
        await chat.new_chat()
        await expect(chat.export_button()).to_have_count(0)
    await chat.thread("first to be saved").first.get_by_role("link").click()
    await expect(chat.questions.first).to_contain_text("first to be saved")
    await expect(chat.export_forms().first).to_have_attribute(
        "href", f"{app.url}/keepchat/export/{await chat.thread_id()}.md"
    )


async def test_what_is_not_there_is_not_saved(app: Application) -> None:
    async with httpx2.AsyncClient(base_url=app.url) as client:
        path = "/keepchat/export/00000000-0000-4000-8000-000000000000.md"
        assert (await client.get(path)).status_code == 401
        client.headers["Cookie"] = await let_in(app)
        assert (await client.get(path)).status_code == 404
        assert (await client.get("/keepchat/export/x.md")).status_code == 404


async def test_it_is_saved_for_programs_and_printed(chat: Chat) -> None:
    await chat.ask("What is the capital of France, on paper?")
    await chat.answered("The capital of France is Paris.")
    name, text = await chat.export("JSON")
    assert name == "What is the capital of France, on paper_.json"
    question, answer = json.loads(text)["messages"]
    assert (question["name"], answer["model"]) == ("You", "scripted")
    await chat.page.evaluate(
        "window.print = () => (window.printed = document.body.cloneNode(true))"
    )
    await chat.export_button().click()
    await chat.page.get_by_role("button", name="Print", exact=True).click()
    await chat.page.wait_for_function("window.printed")
    head = await chat.page.locator("#keepchat-printed").text_content() or ""
    assert head.startswith("What is the capital of France, on paper?")
    assert head.endswith("scripted")
    await chat.page.emulate_media(media="print")
    await expect(chat.answers).to_be_visible()
    for hidden in ("#header", "#message-composer", "[data-sidebar=sidebar]"):
        await expect(chat.page.locator(hidden).first).to_be_hidden()
