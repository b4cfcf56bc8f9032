"""The program on a PostgreSQL server, which may also be away, or not be what the URL says."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.builders import new_id
from tests.support.page.application import Application, Ended, run_to_its_end
from tests.support.page.database import POSTGRES_TABLES, Message, ServerDatabase
from tests.support.servers.model import ModelServer
from tests.support.servers.postgres import PASSWORD, Postgres, running_postgres
from tests.support.waiting import until

PARIS = "The capital of France is Paris."
ROME = "The capital of Italy is Rome."
# Said by Chainlit when it cannot look up who is asking, and nobody knows them; it goes on without.
NO_USER = "Unable to get persisted_user"


async def start_on(
    server: Postgres, name: str, start: StartApplication, model: ModelServer
) -> tuple[Application, ServerDatabase]:
    app = await start(settings={**model.settings, "DATABASE_URL": server.url(name)})
    return app, ServerDatabase(server, name)


async def test_a_conversation_on_postgresql(
    postgres: Postgres, start_application: StartApplication, open_chat: OpenChat, model: ModelServer
) -> None:
    with postgres.database(new_id()) as name:
        app, database = await start_on(postgres, name, start_application, model)
        chat = await open_chat(app)
        question = "What is the capital of France, on a server?"
        await chat.ask(question)
        await chat.answered(PARIS)
        thread_id = await chat.thread_id()
        assert database.tables() == POSTGRES_TABLES
        assert database.messages(thread_id) == [
            Message("user_message", question),
            Message("assistant_message", PARIS, "done"),
        ]
        kept = sorted(path.name for path in app.data.iterdir())
        assert kept == ["auth_secret", "journal", "local_token", "session_files", "spool"]

        await app.restart()
        again = await open_chat(app)
        await again.open_thread(question)
        await expect(again.answers).to_have_text(PARIS)
        await again.ask("and of Italy, on the server?")
        await again.answered(ROME)
        assert len(database.messages(thread_id)) == 4

        await again.rename(question, "Where 50% of it is")
        await expect(again.thread("Where 50% of it is")).to_have_count(1)
        assert database.name(thread_id) == "Where 50% of it is"
        await expect(await again.search("ITALY IS r")).to_have_count(1)
        await expect(await again.search("0% o")).to_have_count(1)
        await expect(await again.search("0_ o")).to_have_count(0)
        await again.page.keyboard.press("Escape")
        await again.delete("Where 50% of it is")
        assert database.traces(thread_id) == {}
        await app.stop()


async def test_the_server_goes_away_and_comes_back(
    start_application: StartApplication, open_chat: OpenChat, model: ModelServer
) -> None:
    with running_postgres() as server:
        app, database = await start_on(server, "postgres", start_application, model)
        chat = await open_chat(app)
        await chat.ask("What is the capital of France, with a server?")
        await chat.answered(PARIS)
        thread_id = await chat.thread_id()
        server.stop()
        assert await chat.status_of(f"/project/thread/{thread_id}") == 503
        await chat.ask("and of Italy, with its server stopped?")
        await chat.answered(ROME)
        await expect(chat.toasts).to_have_count(0)  # it is accepted, and nobody is disturbed
        server.start()
        await until(lambda: len(database.messages(thread_id)) == 4, "the writes that waited")
        assert [message.text for message in database.messages(thread_id)][1:] == [
            PARIS,
            "and of Italy, with its server stopped?",
            ROME,
        ]
        [conversation] = model.conversations("and of Italy, with its server stopped?")
        assert ("assistant", PARIS) in conversation
        await chat.ask("What is the capital of France, with a server again?")
        await chat.answered(PARIS)
        assert len(database.messages(thread_id)) == 6
        await app.stop()


async def test_the_program_starts_before_its_server(
    start_application: StartApplication, open_chat: OpenChat, model: ModelServer
) -> None:
    with running_postgres() as server:
        server.stop()
        app, database = await start_on(server, "postgres", start_application, model)
        assert "The chat starts without its database and waits for it." in app.log()
        assert PASSWORD not in app.log()
        app.expect_in_log(NO_USER)
        app.expect_in_log("'User' object has no attribute 'id'")  # Chainlit's, of that user
        chat = await open_chat(app)
        question = "What is the capital of France, before there is a server?"
        await chat.ask(question)
        await chat.answered(PARIS)
        await expect(chat.toasts).to_have_count(0)
        server.start()
        await until(lambda: database.tables() == POSTGRES_TABLES, "the migration")
        await until(lambda: database.threads_named(question), "the thread")
        [thread_id] = database.threads_named(question)
        await until(lambda: len(database.messages(thread_id)) == 2, "the writes that waited")
        again = await open_chat(app)
        await again.open_thread(question)
        await expect(again.answers).to_have_text(PARIS)
        await app.stop()


# Starts that are refused

REFUSALS = {
    "password": "The database refuses this user or password.",
    "database": "The database does not exist on this server.",
    "tls": "The server offers no TLS",
    "url": "It cannot be read. The form is postgresql://",
    "schema": "holds tables called threads that Keepchat did not make.",
    "newer": "is newer than this version of Keepchat.",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def refusals(
    project: Path, model: ModelServer, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Ended]]:
    """How the program ended on each of the wrong databases; all at once, to save time."""
    folder = tmp_path_factory.mktemp("refused")
    with postgres.database(new_id()) as theirs, postgres.database(new_id()) as newer:
        postgres.query("CREATE TABLE threads (id text)", database=theirs)
        postgres.run(
            "CREATE TABLE keepchat_version (version_num text); "
            "INSERT INTO keepchat_version VALUES ('9999')",
            database=newer,
        )
        urls = {
            "password": postgres.url(password=f"{PASSWORD}!"),
            "database": postgres.url("nothing"),
            "tls": f"{postgres.url()}?sslmode=require",
            "url": postgres.url().replace("%2F", "/"),
            "schema": postgres.url(theirs),
            "newer": postgres.url(newer),
        }
        ends = await asyncio.gather(
            *(
                run_to_its_end(project, folder / kind, {**model.settings, "DATABASE_URL": url})
                for kind, url in urls.items()
            )
        )
        yield dict(zip(urls, ends, strict=True))


@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_database_that_does_not_fit_ends_the_program(
    refusals: dict[str, Ended], kind: str
) -> None:
    ended = refusals[kind]
    assert ended.code == 1
    assert ended.errors.startswith("DATABASE_URL: ")
    assert REFUSALS[kind] in ended.errors
    assert ended.errors.count("\n") == 1
    assert "Traceback" not in ended.output
    for part in (PASSWORD, "p%C3%A4ssword", PASSWORD.split(":")[0]):
        assert part not in ended.errors + ended.output
