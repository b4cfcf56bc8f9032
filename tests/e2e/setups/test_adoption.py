"""A database of Chainlit's own layer is opened, and everything is there."""

from pathlib import Path

from playwright.async_api import expect

from datalayer.values import derived_id
from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.chainlits import ChainlitDatabase, ddl, fill
from tests.support.servers.model import ModelServer

SLACK = "C123.456"
MOMENT = "2024-01-01T00:00:00Z"


async def test_a_database_of_chainlits_layer_is_opened(
    start_application: StartApplication, open_chat: OpenChat, model: ModelServer, tmp_path: Path
) -> None:
    theirs = ChainlitDatabase("sqlite", tmp_path)
    theirs.run(ddl("B", "sqlite"))
    talks = await fill(theirs, "First talk", "Second talk", owner="local")
    theirs.run(f"""
        INSERT INTO threads (id, name, "createdAt", "userId", "userIdentifier")
            VALUES ('{SLACK}', 'From Slack', '{MOMENT}', '{talks[0].user}', 'local');
        INSERT INTO steps (id, name, type, "threadId", streaming, output, "createdAt")
            VALUES ('s1', 'user', 'user_message', '{SLACK}', false, 'Slack?', '{MOMENT}');
    """)  # noqa: S608 - our own ids
    settings = {
        **model.settings,
        "DATABASE_URL": theirs.url,
        "DATABASE_ADOPT": "yes",
        "STORAGE_URL": theirs.files.as_uri(),
    }
    app = await start_application(settings=settings)
    assert "The database of Chainlit's layer is adopted." in app.log()
    chat = await open_chat(app)
    for name in ("First talk", "Second talk", "From Slack"):
        await expect(chat.thread(name)).to_have_count(1)
    for talk in talks:
        await chat.open_thread(talk.name)
        await expect(chat.questions).to_contain_text(f"Ask {talk.name} ü 世")
        await expect(chat.answers).to_have_text(f"Answer of {talk.name}")
        await expect(chat.page.locator("button.positive-feedback-on")).to_be_visible()
        assert await chat.download(f"{talk.name} notes.txt") == talk.content
    await chat.open(f"/thread/{SLACK}")
    assert await chat.thread_id() == derived_id("thread", SLACK)
    await expect(chat.questions).to_have_text("Slack?")
    await chat.open_thread("First talk")
    await chat.ask("What is the capital of France, after the move?")
    await chat.answered("The capital of France is Paris.")
    await app.stop()
