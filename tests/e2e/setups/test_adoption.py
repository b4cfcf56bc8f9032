"""A database, or a table, of Chainlit's own layer is opened, and everything is there."""

from collections.abc import Iterable
from pathlib import Path

from chainlit.types import Feedback
from playwright.async_api import expect

from datalayer.values import derived_id
from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.builders import new_id
from tests.support.chainlits import ChainlitDatabase, Conversation, ddl, fill
from tests.support.dynamodb.chainlits import ChainlitTable
from tests.support.dynamodb.chainlits import fill as fill_table
from tests.support.page.application import run_to_its_end
from tests.support.page.chat import Chat
from tests.support.page.table import Table
from tests.support.servers.dynamodb import DynamoDB
from tests.support.servers.model import ModelServer

SLACK = "C123.456"
MOMENT = "2024-01-01T00:00:00Z"


async def all_is_there(chat: Chat, talks: Iterable[Conversation]) -> None:
    """Look at each thread, with its messages, its thumb and its file."""
    for talk in talks:
        await chat.open_thread(talk.name)
        await expect(chat.questions).to_contain_text(f"Ask {talk.name} ü 世")
        await expect(chat.answers).to_have_text(f"Answer of {talk.name}")
        await expect(chat.page.locator("button.positive-feedback-on")).to_be_visible()
        assert await chat.download(f"{talk.name} notes.txt") == talk.content


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
    await all_is_there(chat, talks)
    await chat.open_thread("First talk")
    await chat.ask("What is the capital of France, after the move?")
    await chat.answered("The capital of France is Paris.")
    await chat.open(f"/thread/{SLACK}")
    assert await chat.thread_id() == derived_id("thread", SLACK)
    await expect(chat.asked).to_have_text("Slack?")
    await app.stop()


async def test_a_table_of_chainlits_layer_is_adopted(
    dynamodb: DynamoDB,
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    project: Path,
    tmp_path: Path,
) -> None:
    with dynamodb.table() as name:
        theirs = ChainlitTable(dynamodb, name, tmp_path)
        talks = await fill_table(theirs, "First talk", "Second talk", owner="local")
        slack = f"THREAD#{SLACK}"
        theirs.put(slack, "THREAD", id=SLACK, name="From Slack", userId="local", createdAt=MOMENT)
        theirs.put(slack, "STEP#s1", type="user_message", output="Slack?", createdAt=MOMENT)
        async with theirs.layer() as layer:  # which breaks the first talk for that layer
            stray = Feedback(forId=new_id(), threadId=talks[0].thread, value=1)
            await layer.upsert_feedback(stray)
        settings = {
            **model.settings,
            **Table(dynamodb, name).settings(),
            "STORAGE_URL": theirs.files.as_uri(),
        }
        refused = await run_to_its_end(project, tmp_path / "refused", settings)
        assert "run 'python manage.py migrate --adopt'" in refused.errors
        app = await start_application(settings={**settings, "DATABASE_ADOPT": "yes"})
        assert "The table of Chainlit's layer is adopted." in app.log()
        chat = await open_chat(app)
        for talk in ("First talk", "Second talk", "From Slack"):
            await expect(chat.thread(talk)).to_have_count(1)
        await all_is_there(chat, talks)
        await chat.open_thread("First talk")
        await chat.ask("What is the capital of France, after the move?")
        await chat.answered("The capital of France is Paris.")
        await expect(await chat.search("after the MOVE")).to_have_count(1)
        await chat.open(f"/thread/{SLACK}")
        assert await chat.thread_id() == derived_id("thread", SLACK)
        await expect(chat.asked).to_have_text("Slack?")
        await app.stop()
