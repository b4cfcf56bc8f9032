"""A bucket that is silent: files are accepted and shown, survive a kill, and are there once."""

from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support.page import samples
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.servers.model import ModelServer
from tests.support.servers.proxy import Proxy, running_proxy
from tests.support.servers.seaweedfs import BUCKET, KEY, SECRET, SeaweedFS
from tests.support.waiting import until

PICTURE = "colours.png"
QUESTION = "Look at this: what is on it?"
READ = "I keep what you sent, and I say that I have read it."


def through(proxy: Proxy, prefix: str) -> Mapping[str, str]:
    return {
        "STORAGE_URL": f"s3://{BUCKET}/{prefix}?endpoint_url={proxy.url}",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }


def stored(seaweedfs: SeaweedFS, prefix: str) -> list[str]:
    found = seaweedfs.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return [each["Key"] for each in found.get("Contents", [])]


async def send(chat: Chat, path: Path) -> str:
    await chat.attach(path)
    await chat.ask(QUESTION)
    await chat.answered(READ)
    return await chat.thread_id()


async def waits(app: Application) -> bool:
    return "1 file" in await app.manage("journal", "list")


async def test_a_file_is_kept_while_the_bucket_is_silent_and_the_program_killed(
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    seaweedfs: SeaweedFS,
    tmp_path: Path,
) -> None:
    (tmp_path / PICTURE).write_bytes(samples.png())
    prefix = str(uuid4())
    async with running_proxy(seaweedfs.port) as proxy:
        proxy.holds_after = 1
        settings = {**model.settings, **through(proxy, prefix)}
        app = await start_application(settings=settings)
        chat = await open_chat(app)
        thread_id = await send(chat, tmp_path / PICTURE)
        assert await waits(app)
        await app.kill()
        assert await waits(app)
        await app.start()
        again = await open_chat(app, f"/thread/{thread_id}")
        await again.picture_is_shown(PICTURE)
        await go_on(proxy)
        await until(lambda: len(stored(seaweedfs, prefix)) == 1, "the file in the bucket")
        await again.open(f"/thread/{thread_id}")
        await again.picture_is_shown(PICTURE)
        assert await app.manage("sweep") == "1 files are there, as messages name them\nDone.\n"
        [(element_id, _, _)] = app.database.elements(thread_id)
        assert stored(seaweedfs, prefix) == [f"{prefix}/{thread_id}/{element_id}"]
        await again.delete(QUESTION)
        await until(lambda: not stored(seaweedfs, prefix), "the removal")


async def go_on(proxy: Proxy) -> None:
    proxy.holds_after = 0
    await proxy.close()


async def test_nothing_is_left_of_what_was_deleted_meanwhile(
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    seaweedfs: SeaweedFS,
    tmp_path: Path,
) -> None:
    (tmp_path / PICTURE).write_bytes(samples.png())
    prefix = str(uuid4())
    async with running_proxy(seaweedfs.port) as proxy:
        proxy.holds_after = 1
        app = await start_application(settings={**model.settings, **through(proxy, prefix)})
        chat = await open_chat(app)
        await send(chat, tmp_path / PICTURE)
        assert await waits(app)
        await chat.delete(QUESTION)
        await until(lambda: not spooled(app), "the removal from the spool")
        await app.stop()  # within the time that it has, though the bucket is silent
        await go_on(proxy)
        await app.start()
        await until(lambda: not app.database.rows("SELECT * FROM removals"), "the removal")
        assert stored(seaweedfs, prefix) == []


def spooled(app: Application) -> list[Path]:
    return [path for path in (app.data / "spool").rglob("writes/*") if path.is_file()]
