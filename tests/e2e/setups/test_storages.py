"""Files that are sent with a message, over each storage: kept, shown, and the same bytes again."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page import samples
from tests.support.page.chat import Chat
from tests.support.servers.azurite import Azurite
from tests.support.servers.model import ModelServer
from tests.support.servers.seaweedfs import KEY, SECRET, SeaweedFS
from tests.support.waiting import until

PICTURE, DOCUMENT, LARGE = "colours & 颜色.png", "page.pdf", "large file #1.bin"
LARGE_SIZE = 50_000_000
SMALLER_SIZE = 1_000_000
READ = "I keep what you sent, and I say that I have read it."
LOST = "could not be kept: the storage of files cannot be reached"

Settings = Callable[[pytest.FixtureRequest], Mapping[str, str]]


def local(request: pytest.FixtureRequest) -> Mapping[str, str]:
    return {}


def s3(request: pytest.FixtureRequest) -> Mapping[str, str]:
    server: SeaweedFS = request.getfixturevalue("seaweedfs")
    return {
        "STORAGE_URL": server.url(f"e2e/{os.urandom(4).hex()}"),
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }


def azure(request: pytest.FixtureRequest) -> Mapping[str, str]:
    server: Azurite = request.getfixturevalue("azurite")
    return {
        "STORAGE_URL": f"azure://e2e-{os.urandom(4).hex()}/prefix?create=true",
        "AZURE_STORAGE_CONNECTION_STRING": server.connection_string,
    }


def redirected(settings: Settings) -> Settings:
    return lambda request: {**settings(request), "STORAGE_REDIRECT": "on"}


STORAGES: dict[str, Settings] = {
    "local": local,
    "s3": s3,
    "s3 redirected": redirected(s3),
    "azure": azure,
}


@pytest.mark.parametrize("storage", STORAGES)
async def test_files_come_back_byte_for_byte(
    request: pytest.FixtureRequest,
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    tmp_path: Path,
    storage: str,
) -> None:
    app = await start_application(settings={**model.settings, **STORAGES[storage](request)})
    size = SMALLER_SIZE if "redirected" in storage else LARGE_SIZE
    contents = {PICTURE: samples.png(), DOCUMENT: samples.pdf(), LARGE: os.urandom(size)}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    chat = await open_chat(app)
    await chat.attach(*(tmp_path / name for name in contents))
    await chat.ask("Look at all three: what is on it?")
    await chat.answered(READ)
    thread_id = await chat.thread_id()
    await until(lambda: len(app.database.elements(thread_id)) == 3, "the stored files")

    await app.restart()
    again = await open_chat(app, f"/thread/{thread_id}")
    await expect(again.answers).to_have_text(READ)
    await all_is_shown(again)
    assert await again.download(LARGE) == contents[LARGE]
    for element_id, name, sha256 in app.database.elements(thread_id):
        assert sha256 == hashlib.sha256(contents[name]).hexdigest()
        assert await again.bytes_at(f"/files/{thread_id}/{element_id}/any") == contents[name]
        await is_redirected(again, thread_id, element_id, storage, name)
    assert bool(app.files(thread_id)) == (storage == "local")

    await again.delete("Look at all three")
    await until(lambda: not app.database.rows("SELECT * FROM removals"), "the bytes are removed")
    assert app.files(thread_id) == []
    swept = await app.manage("sweep")
    assert swept == "Done.\n"


async def all_is_shown(chat: Chat) -> None:
    await chat.picture_is_shown(PICTURE)
    await expect(chat.pdf_page()).to_be_visible()
    await expect(chat.file_link(LARGE)).to_be_visible()


async def is_redirected(
    chat: Chat, thread_id: str, element_id: str, storage: str, name: str
) -> None:
    path = f"/files/{thread_id}/{element_id}/any"
    expected = 307 if "redirected" in storage and name != DOCUMENT else 200
    assert await chat.status_of(path, max_redirects=0) == expected


async def test_a_storage_that_is_away_is_told_and_nothing_counts_as_stored(
    request: pytest.FixtureRequest,
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    tmp_path: Path,
) -> None:
    wrong = {**s3(request), "AWS_SECRET_ACCESS_KEY": "wrong"}
    app = await start_application(settings={**model.settings, **wrong})
    app.expect_in_log("is not stored")
    app.expect_in_log("SignatureDoesNotMatch")  # nobody awaits what stores a file
    (tmp_path / PICTURE).write_bytes(samples.png())
    chat = await open_chat(app)
    await chat.attach(tmp_path / PICTURE)
    await chat.ask("Look at all three: what is on it?")
    await expect(chat.toasts.filter(has_text=LOST)).to_be_visible()
    await chat.answered(READ)
    thread_id = await chat.thread_id()
    assert app.database.elements(thread_id) == []
    assert "correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in app.log_of_test()
