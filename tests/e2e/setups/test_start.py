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


WRONG_FILES = {
    "utf-16": ("OPENAI_MODEL=x\n".encode("utf-16"), ".env: it is in UTF-16"),
    "utf-16 without a mark": ("OPENAI_MODEL=x\n".encode("utf-16-le"), ".env: it has zero bytes"),
    "utf-8 of Windows-1252": (
        b"A=1\nSYSTEM_PROMPT=Gr\xfc\xdfe\n",
        ".env, line 2: it is not in UTF",
    ),
    "no assignment": (b"# Mine\n\nOPENAI_MODEL: x\n", ".env, line 3: it is no assignment"),
}


@pytest.mark.parametrize("kind", WRONG_FILES)
async def test_a_wrong_env_file_ends_the_program_with_one_line(
    project: Path, tmp_path: Path, kind: str
) -> None:
    content, said = WRONG_FILES[kind]
    ended = await run_to_its_end(project, tmp_path / "keepchat", {}, env_file=content)
    assert ended.code == 1
    assert ended.errors.startswith(said)
    assert ended.errors.count("\n") == 1
    assert ended.output == ""


@pytest.mark.parametrize(
    ("variable", "value"), [("CHAINLIT_ROOT_PATH", "chat/"), ("CHAINLIT_PORT", "80a")]
)
async def test_what_chainlit_reads_itself_is_one_line_too(
    project: Path, tmp_path: Path, variable: str, value: str
) -> None:
    ended = await run_to_its_end(project, tmp_path / "keepchat", {variable: value})
    assert ended.code == 1
    assert re.fullmatch(
        rf"{variable}: .* \(it is '{value}'\)\. See \.env\.example\.\n", ended.errors
    )


@pytest.mark.parametrize(("option", "value"), [("--port", "abc"), ("--root-path", "chat")])
async def test_a_wrong_option_is_one_line(
    project: Path, tmp_path: Path, option: str, value: str
) -> None:
    ended = await run_to_its_end(project, tmp_path / "keepchat", {}, option, value)
    assert ended.code == 1
    assert re.fullmatch(rf"{option}: .* \(it is '{value}'\)\. See \.env\.example\.\n", ended.errors)


async def test_a_marked_env_file_is_read_and_what_is_misspelt_is_told(
    project: Path, tmp_path: Path
) -> None:
    """It ends for another reason, which is what the first line says."""
    content = b"\xef\xbb\xbfAUTH_MODE=foo\nOPENAI_MODLE=x\nPOSTGRES_PASSWORD=x\n"
    home = tmp_path / "keepchat"
    ended = await run_to_its_end(project, home, {}, env_file=content)
    assert ended.errors.startswith("AUTH_MODE: ")
    given = {"STORAGE_ULR": "x", "DATABASE_URL": "sqlite:////proc/none/x.db", "DB_URL": "x"}
    ended = await run_to_its_end(
        project, tmp_path / "other", given, env_file=content.splitlines(keepends=True)[1]
    )
    assert "OPENAI_MODLE is not known, and does nothing. Did you mean OPENAI_MODEL?" in ended.output
    assert "STORAGE_ULR is not known, and does nothing. Did you mean STORAGE_URL?" in ended.output
    assert ended.output.count("Did you mean") == 2


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
