"""The program goes on elsewhere after `manage.py move`, with all that people have seen."""

import os
from pathlib import Path

from playwright.async_api import expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.builders import new_id
from tests.support.page import samples
from tests.support.page.database import ServerDatabase
from tests.support.servers.model import ModelServer
from tests.support.servers.postgres import Postgres
from tests.support.servers.seaweedfs import KEY, SECRET, SeaweedFS

LOOK = "Look at it, before we move: what is on it?"
READ = "I keep what you sent, and I say that I have read it."
PINNED = "What is the capital of France, on the laptop?"
PARIS = "The capital of France is Paris."
ROME = "The capital of Italy is Rome."


async def test_a_laptop_moves_to_servers(
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    postgres: Postgres,
    seaweedfs: SeaweedFS,
    tmp_path: Path,
) -> None:
    (tmp_path / "colours.png").write_bytes(samples.png())
    app = await start_application()
    chat = await open_chat(app)
    await chat.attach(tmp_path / "colours.png")
    await chat.ask(LOOK)
    await chat.answered(READ)
    await chat.praise("Well kept")
    moved_id = await chat.thread_id()
    await chat.new_chat()
    await chat.ask(PINNED)
    await chat.answered(PARIS)
    await chat.choose_for("on the laptop?", "Pin")
    await chat.thread_id()
    await app.stop()

    with postgres.database(new_id()) as name:
        app.set("DATABASE_URL", postgres.url(name))
        app.set("STORAGE_URL", seaweedfs.url(f"move/{os.urandom(4).hex()}"))
        app.set("AWS_ACCESS_KEY_ID", KEY)
        app.set("AWS_SECRET_ACCESS_KEY", SECRET)
        old = ("--from-database", "sqlite:///data/keepchat.db", "--from-storage", "file:data/files")
        said = await app.manage("move", *old)
        assert "All of it is there, and the same." in said
        await app.start()
        again = await open_chat(app, f"/thread/{moved_id}")
        await expect(again.said).to_have_text(READ)
        await again.picture_is_shown("colours.png")
        await expect(again.answers.locator("button.positive-feedback-on")).to_be_visible()
        await expect(again.names()).to_have_text(
            [
                PINNED,
                LOOK,
            ]
        )
        await again.open_thread("on the laptop?")
        await again.ask("and of Italy, on the server?")
        await again.answered(ROME)
        assert len(ServerDatabase(postgres, name).messages(await again.thread_id())) == 4
        await app.stop()
