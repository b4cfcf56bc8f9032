"""The program on a table of DynamoDB, which may be missing, out of reach, or another's."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from datalayer.stores.dynamodb.table import DEFINITION
from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page import samples
from tests.support.page.application import Ended, run_to_its_end
from tests.support.page.database import Message
from tests.support.page.table import Table
from tests.support.servers.dynamodb import DynamoDB
from tests.support.servers.model import ModelServer
from tests.support.servers.proxy import running_proxy
from tests.support.waiting import until

PARIS = "The capital of France is Paris."
ROME = "The capital of Italy is Rome."
READ = "I keep what you sent, and I say that I have read it."
DELAYED = "The database cannot be reached. What you write is kept"
# Said by Chainlit when it cannot look up who is asking; it goes on without.
NO_USER = "Unable to get persisted_user"


async def test_a_conversation_in_a_table(
    dynamodb: DynamoDB,
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    tmp_path: Path,
) -> None:
    with dynamodb.table() as name:
        table = Table(dynamodb, name)
        app = await start_application(settings={**model.settings, **table.settings()})
        assert table.is_there()
        chat = await open_chat(app)
        question = "What is the capital of France, in a table?"
        await chat.ask(question)
        await chat.answered(PARIS)
        thread_id = await chat.thread_id()
        assert table.messages(thread_id) == [
            Message("user_message", question),
            Message("assistant_message", PARIS, "done"),
        ]
        assert table.names(thread_id) == [question]
        kept = sorted(path.name for path in app.data.iterdir())
        assert kept == ["auth_secret", "journal", "local_token", "session_files", "spool"]
        await chat.praise("Short and right")
        await chat.star(chat.questions.first)
        await until(lambda: table.feedbacks(thread_id) == [(1, "Short and right")], "the thumb")
        await until(lambda: table.kinds()["FAVORITE"], "the star")
        (tmp_path / "notes.png").write_bytes(samples.png())
        await chat.attach(tmp_path / "notes.png")
        await chat.ask("Look at all three: what is on it?")
        await chat.answered(READ)
        stored = hashlib.sha256(samples.png()).hexdigest()
        await until(lambda: table.files(thread_id) == [stored], "the file")

        await app.restart()
        again = await open_chat(app)
        await again.open_thread(question)
        await expect(again.answers).to_have_text([PARIS, READ])
        await again.picture_is_shown("notes.png")
        await expect(again.page.locator("button.positive-feedback-on")).to_be_visible()
        await expect(await again.starred()).to_contain_text([question])
        await again.page.keyboard.press("Escape")
        await again.rename(question, "Where 50% of it is")
        await expect(again.thread("Where 50% of it is")).to_have_count(1)
        assert table.names(thread_id) == ["Where 50% of it is"]
        for text, count in (("FRANCE IS p", 1), ("0% o", 1), ("0_ o", 0)):
            await expect(await again.search(text)).to_have_count(count)
        await again.page.keyboard.press("Escape")
        await again.delete("Where 50% of it is")
        assert list(table.items(thread_id)) == ["THREAD"]  # its tombstone
        await until(lambda: not {"FAVORITE", "REMOVAL"} & table.kinds().keys(), "the removal")
        assert app.files(thread_id) == []
        assert await again.status_of(f"/project/thread/{thread_id}") == 404
        await app.stop()


async def test_the_line_comes_after_the_start_is_cut_and_comes_back(
    dynamodb: DynamoDB, start_application: StartApplication, open_chat: OpenChat, model: ModelServer
) -> None:
    with dynamodb.table() as name:
        table = Table(dynamodb, name)
        async with running_proxy(dynamodb.port) as proxy:
            await proxy.cut()
            behind = {**model.settings, **table.settings(port=proxy.port)}
            app = await start_application(settings=behind)
            assert "The chat starts without its database and waits for it." in app.log()
            proxy.is_cut = False
            await until(table.is_there, "the table, made by who needed it first")
            app.expect_in_log(NO_USER)
            chat = await open_chat(app)
            await chat.ask("What is the capital of France, with a line?")
            await chat.answered(PARIS)
            thread_id = await chat.thread_id()
            await proxy.cut()
            await chat.ask("and of Italy, without a line?")
            await chat.answered(ROME)
            await expect(chat.page.locator(".keepchat-line")).to_contain_text(DELAYED)
            await expect(chat.toasts).to_have_count(0)
            assert await chat.status_of(f"/project/thread/{thread_id}") == 503
            assert len(table.messages(thread_id)) == 2
            proxy.is_cut = False
            await until(lambda: len(table.messages(thread_id)) == 4, "the writes that waited")
            assert [message.text for message in table.messages(thread_id)][1:] == [
                PARIS,
                "and of Italy, without a line?",
                ROME,
            ]
            again = await open_chat(app, f"/thread/{thread_id}")
            await expect(again.answers).to_have_text([PARIS, ROME])
            await app.stop()


# Starts that are refused

REFUSALS = {
    "missing": "and DATABASE_MIGRATE is off: run 'python manage.py migrate'.",
    "theirs": "is not one of Keepchat's or Chainlit's: it has no index UserThread.",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def refusals(
    project: Path, model: ModelServer, dynamodb: DynamoDB, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Ended]]:
    """How the program ended on each of the wrong tables; all at once, to save time."""
    folder = tmp_path_factory.mktemp("refused")
    with dynamodb.table() as missing, dynamodb.table() as theirs:
        unindexed = {it: DEFINITION[it] for it in ("BillingMode", "KeySchema")}
        keys = DEFINITION["AttributeDefinitions"][:2]
        dynamodb.client.create_table(TableName=theirs, AttributeDefinitions=keys, **unindexed)
        given = {
            "missing": {**Table(dynamodb, missing).settings(), "DATABASE_MIGRATE": "off"},
            "theirs": Table(dynamodb, theirs).settings(),
        }
        ends = await asyncio.gather(
            *(
                run_to_its_end(project, folder / kind, {**model.settings, **settings})
                for kind, settings in given.items()
            )
        )
        yield dict(zip(given, ends, strict=True))


@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_table_that_does_not_fit_ends_the_program(
    refusals: dict[str, Ended], kind: str
) -> None:
    ended = refusals[kind]
    assert ended.code == 1
    assert ended.errors.startswith("DATABASE_URL: ")
    assert REFUSALS[kind] in ended.errors
    assert ended.errors.count("\n") == 1
    assert "Traceback" not in ended.output
