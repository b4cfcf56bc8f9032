"""How the program starts, and how it refuses to."""

import asyncio
import re
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page.application import Ended, run_to_its_end
from tests.support.page.database import TABLES, Database, Message
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

PARIS = "The capital of France is Paris."


WRONG_SETTINGS = {
    "DATABASE_URL": "mysql://x",
    "STORAGE_URL": "ftp://x",
    "AUTH_MODE": "foo",
    "MODEL_TIMEOUT_S": "abc",
    "MODEL_CONTEXT_TOKENS": "1",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def refusals(
    project: Path, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Ended]:
    """How the program ended with each of the wrong settings; all at once, to save time."""
    folder = tmp_path_factory.mktemp("refused")
    ends = await asyncio.gather(
        *(
            run_to_its_end(project, folder / variable, {**model.settings, variable: value})
            for variable, value in WRONG_SETTINGS.items()
        )
    )
    return dict(zip(WRONG_SETTINGS, ends, strict=True))


@pytest.mark.parametrize("variable", WRONG_SETTINGS)
async def test_wrong_setting_ends_the_program_with_one_line(
    refusals: dict[str, Ended], variable: str
) -> None:
    ended = refusals[variable]
    assert ended.code == 1
    assert re.fullmatch(rf"{variable}: .*\n", ended.errors), ended.errors
    assert "Traceback" not in ended.output


async def test_an_address_that_others_can_reach_ends_the_program(
    project: Path, model: ModelServer, tmp_path: Path
) -> None:
    everywhere = ("--host", "0.0.0.0")  # noqa: S104 -- it is to be refused
    ended = await run_to_its_end(project, tmp_path / "keepchat", model.settings, *everywhere)
    assert ended.code == 1
    assert ended.errors == (
        "AUTH_MODE: local is for one computer and so does not listen on 0.0.0.0. "
        "Use --host 127.0.0.1 (CHAINLIT_HOST), or set AUTH_MODE=password.\n"
    )


async def test_database_url_and_data_dir_are_ours_alone(
    start_application: StartApplication, open_chat: OpenChat, model: ModelServer
) -> None:
    """Chainlit would open a layer of its own on DATABASE_URL."""
    app = await start_application(
        settings={
            **model.settings,
            "DATABASE_URL": "sqlite:///elsewhere/mine.db",
            "STORAGE_URL": "file:elsewhere/uploads",
            "DATA_DIR": "kept",
        }
    )
    chat = await open_chat(app)
    await chat.ask("What is the capital of France, elsewhere?")
    await chat.answered(PARIS)
    database = Database(app.home / "elsewhere" / "mine.db")
    assert database.tables() == TABLES
    assert len(database.messages(await chat.thread_id())) == 2
    assert (app.home / "kept" / "auth_secret").is_file()
    assert not app.data.exists()


async def test_changed_code_is_loaded_and_the_data_layer_stays_ours(
    start_application: StartApplication, open_chat: OpenChat
) -> None:
    app = await start_application("-w")
    chat = await open_chat(app)
    await chat.ask("What is the capital of France, before the change?")
    await chat.answered(PARIS)
    thread_id = await chat.thread_id()
    async with chat.page.expect_event("load"):  # the page loads itself again
        with (app.home / "chat" / "callbacks.py").open("a") as source:
            source.write('\nprint("The change runs.", flush=True)\n')
    await until(lambda: "The change runs." in app.log(), "the change to run")
    await expect(chat.answers).to_have_text(PARIS)
    await chat.ask("and of Italy, after the change?")
    await chat.answered("The capital of Italy is Rome.")
    assert app.database.tables() == TABLES
    kept = app.database.messages(thread_id)
    assert len(kept) == 4
    assert kept[-1] == Message("assistant_message", "The capital of Italy is Rome.", "done")
