"""Elements that an app makes: every kind is kept, and is shown again after a restart."""

import hashlib
import io
import json
import math
import struct
import wave
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copy, copytree
from threading import Thread
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.e2e.additions import generated
from tests.e2e.conftest import OpenChat, StartApplication
from tests.e2e.setups.test_storages import STORAGES
from tests.support.page import samples
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

ADDITIONS = Path(generated.__file__).parent
REGISTERED = "\nimport generated\n\ngenerated.register()\n"
COUNT = 15
# What the page's scripts fetch comes from the program itself, whatever the storage.
MEDIA = {"audio", "file", "image", "video"}
_RECORD = """() => new Promise((done) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 90 });
    const brush = canvas.getContext("2d");
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm" });
    let drawn = 0;
    const draw = () => {
        brush.fillStyle = `hsl(${drawn * 12} 80% 50%)`;
        brush.fillRect(0, 0, 160, 90);
        if (++drawn < 30) requestAnimationFrame(draw);
        else recorder.stop();
    };
    recorder.ondataavailable = ({ data }) => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result.split(",")[1]);
        reader.readAsDataURL(data);
    };
    recorder.start();
    draw();
})"""


def tone() -> bytes:
    """Half a second of a tone, as WAV."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        heights = (int(9_000 * math.sin(n / 3)) for n in range(4_000))
        sound.writeframes(b"".join(struct.pack("<h", height) for height in heights))
    return written.getvalue()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def clip(browser: Browser) -> bytes:
    """A short film, as WebM."""
    page = await browser.new_page()
    recorded = await page.evaluate(_RECORD)
    await page.close()
    return b64decode(recorded)


@pytest.fixture(scope="module")
def contents(clip: bytes) -> dict[str, bytes]:
    """The files that the app shows."""
    return {
        "picture.png": samples.png(),
        "page.pdf": samples.pdf(),
        "tone.wav": tone(),
        "clip.webm": clip,
        "notes.bin": bytes(range(256)) * 500,
    }


@pytest.fixture(scope="module")
def project(
    project: Path, contents: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A copy in which somebody has added elements of their own."""
    home = Path(copytree(project, tmp_path_factory.mktemp("extended") / "keepchat"))
    copy(ADDITIONS / "generated.py", home)
    with (home / "app.py").open("a") as wiring:
        wiring.write(REGISTERED)
    (home / "public/elements").mkdir()
    copy(ADDITIONS / "Counter.jsx", home / "public/elements")
    (home / "samples").mkdir()
    for name, content in contents.items():
        (home / "samples" / name).write_bytes(content)
    return home


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Another site, and what it is asked for."""
    asked: list[str] = []

    class Recording(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Recording) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("storage", ["local", "s3 redirected"])
async def test_every_kind_is_shown_again_after_a_restart(
    request: pytest.FixtureRequest,
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    contents: dict[str, bytes],
    storage: str,
) -> None:
    app = await start_application(settings={**model.settings, **STORAGES[storage](request)})
    chat = await open_chat(app)
    await chat.ask(generated.ALL)
    thread_id = await chat.thread_id()
    await everything_is_shown(chat, contents)
    await all_is_stored(app, thread_id)

    await app.restart()
    again = await open_chat(app, f"/thread/{thread_id}")
    await everything_is_shown(again, contents)
    for element_id, kind, name, sha256 in stored_files(app, thread_id):
        path = f"/files/{thread_id}/{element_id}/any"
        is_media = storage == "s3 redirected" and kind in MEDIA
        assert await again.status_of(path, max_redirects=0) == (307 if is_media else 200), name
        content = await again.bytes_at(path)
        assert hashlib.sha256(content).hexdigest() == sha256, name
        assert content == contents.get(name, content), name
    assert bool(app.files(thread_id)) == (storage == "local")
    await again.answers.locator("a.element-link", has_text="chapter").click()
    await expect(again.page.locator(".page-text")).to_have_text(generated.CHAPTER)
    await again.page.reload()
    await expect(again.page.locator(".page-text")).to_have_text(generated.CHAPTER)


async def test_what_is_changed_later_is_kept(
    start_application: StartApplication, open_chat: OpenChat
) -> None:
    app = await start_application()
    chat = await open_chat(app)
    await chat.ask(generated.ALL)
    await expect(counter(chat, 1)).to_be_visible()
    await chat.turn_ended()
    await close_aside(chat)
    await tasks_are(chat, "Running", "running")
    await chat.ask(generated.CHANGE)
    await expect(counter(chat, 41)).to_be_visible()
    await tasks_are(chat, "Done 2", "done")
    await chat.turn_ended()
    thread_id = await chat.thread_id()
    await all_is_stored(app, thread_id)

    await app.restart()
    again = await open_chat(app, f"/thread/{thread_id}")
    await expect(counter(again, 41)).to_be_visible()
    await close_aside(again)
    await tasks_are(again, "Done 2", "done")
    before = custom_row(app, thread_id)
    await again.page.get_by_role("button", name="One more").click()
    await expect(counter(again, 42)).to_be_visible()
    wanted = {"place": generated.PLACE, "count": 42}
    await until(lambda: custom_row(app, thread_id)["props"] == wanted, "the new props")
    assert {**custom_row(app, thread_id), "props": None} == {**before, "props": None}
    await again.open(f"/thread/{thread_id}")
    await expect(counter(again, 42)).to_be_visible()
    assert await again.page.locator(".inline-custom").count() == 1


async def test_the_url_of_another_site_is_kept_and_asked_for_by_nobody(
    start_application: StartApplication, browser: Browser, elsewhere: tuple[str, list[str]]
) -> None:
    site, asked = elsewhere
    app = await start_application()
    context = await browser.new_context()  # the page's policy is to refuse the picture, and says so
    chat = Chat(await context.new_page(), app.url)
    await chat.open(app.way_in())
    await chat.ask(generated.ELSEWHERE + site)
    await leads_to(chat, site)
    thread_id = await chat.thread_id()
    await chat.ask("What is the capital of France, at home?")
    await chat.answered("The capital of France is Paris.")

    await app.restart()
    again = Chat(await context.new_page(), app.url)
    await again.open(f"/thread/{thread_id}")
    await leads_to(again, site)
    rows = app.database.rows(
        'SELECT url, "objectKey", sha256 FROM elements WHERE "threadId" = ? AND ready '
        "ORDER BY name",
        thread_id,
    )
    file, picture = f"{site}/elsewhere.csv?a=1&b=%20", f"{site}/foreign.png"
    assert rows == [(file, None, None), (picture, None, None)]
    for (element_id,) in app.database.rows("SELECT id FROM elements"):
        assert await again.status_of(f"/files/{thread_id}/{element_id}/any") == 404
    assert asked == []
    assert app.files(thread_id) == []
    await context.close()


async def leads_to(chat: Chat, site: str) -> None:
    """The file is a link to the other site; so is the picture, which the page does not load."""
    await expect(chat.page.locator("a.inline-file")).to_have_attribute(
        "href", f"{site}/elsewhere.csv?a=1&b=%20"
    )
    await expect(chat.page.get_by_alt_text("foreign")).to_have_attribute(
        "src", f"{site}/foreign.png"
    )


async def everything_is_shown(chat: Chat, contents: dict[str, bytes]) -> None:
    """What a person sees of every element, and that media are the app's bytes."""
    await expect(chat.answers).to_contain_text(generated.ANSWER)
    await chat.turn_ended()
    await texts_are_shown(chat)
    await data_is_drawn(chat)
    await pictures_are_drawn(chat, contents)
    await media_can_be_played(chat, contents)
    await expect(chat.answers.locator(".react-pdf__Page canvas")).to_be_visible()
    await expect(counter(chat, 1)).to_be_visible()
    await tasks_are(chat, "Running", "running")
    file = chat.answers.locator("a.inline-file")
    assert await bytes_of(chat, file, "href") == contents["notes.bin"]


async def texts_are_shown(chat: Chat) -> None:
    texts = chat.answers.locator(".inline-text")
    await expect(texts).to_have_count(2)
    await expect(texts.filter(has_text="Roses")).to_have_text("Roses are red, 玫瑰是红的 🌹")
    await expect(texts.locator("pre code")).to_have_text(generated.CODE)
    await chat.answers.locator("a.element-link", has_text="aside").click()
    await expect(chat.page.locator(".side-text")).to_have_text("What stands aside, too")
    await close_aside(chat)


async def close_aside(chat: Chat) -> None:
    """Close what stands beside the conversation; as long as it is open the tasks are not shown."""
    await chat.page.locator("#side-view-title").get_by_role("button").click()
    await expect(chat.page.locator("#side-view-content")).to_have_count(0)


async def data_is_drawn(chat: Chat) -> None:
    plot = chat.answers.locator(".inline-plotly")
    await expect(plot.locator(".gtitle")).to_have_text("Rain in mm")
    await expect(plot.locator(".bars .point")).to_have_count(3)
    table = chat.answers.locator(".dataframe")
    await expect(table.get_by_role("columnheader")).to_have_text(["city", "people"])
    cells = [str(cell) for row in generated.ROWS for cell in row]
    await expect(table.get_by_role("cell")).to_have_text(cells)


async def pictures_are_drawn(chat: Chat, contents: dict[str, bytes]) -> None:
    for name in ("curve", "picture.png", "logo"):
        picture = chat.answers.get_by_alt_text(name)
        await picture.scroll_into_view_if_needed()
        await expect(picture).to_have_js_property("complete", value=True)
        assert await picture.evaluate("(image) => image.naturalWidth") > 0, name
    picture = chat.answers.get_by_alt_text("picture.png")
    assert await bytes_of(chat, picture, "src") == contents["picture.png"]
    await expect(chat.answers.get_by_alt_text("logo")).to_have_attribute("src", generated.LOGO)


async def media_can_be_played(chat: Chat, contents: dict[str, bytes]) -> None:
    sound = chat.answers.locator(".inline-audio audio")
    film = chat.answers.locator(".inline-video video")
    for medium, name in ((sound, "tone.wav"), (film, "clip.webm")):
        await medium.evaluate(
            """async (it) => {
                it.muted = true;
                await it.play();
                it.pause();
            }"""
        )
        assert await bytes_of(chat, medium, "src") == contents[name]
    assert await sound.evaluate("(it) => it.duration") == 0.5
    assert await film.evaluate("(it) => [it.videoWidth, it.videoHeight]") == [160, 90]


async def bytes_of(chat: Chat, shown: Locator, attribute: str) -> bytes:
    """The bytes behind what an element in the page links to."""
    reply = await chat.page.request.get(await shown.evaluate(f"(it) => it.{attribute}"))
    assert reply.ok, reply.status
    return await reply.body()


def counter(chat: Chat, count: int) -> Locator:
    """The custom element, as it counts."""
    return chat.answers.locator(".inline-custom").get_by_text(
        f"{generated.PLACE} counts {count}", exact=True
    )


async def tasks_are(chat: Chat, status: str, each: str) -> None:
    tasks = chat.page.locator("aside.tasklist")
    await expect(tasks).to_contain_text(f"Tasks{status}")
    await expect(tasks.locator(f".task-status-{each}")).to_contain_text(generated.TASKS)


async def all_is_stored(app: Application, thread_id: str) -> None:
    """Wait until the rows and the bytes of all elements are there."""
    count = 'SELECT count(*) FROM elements WHERE "threadId" = ? AND ready'
    await until(lambda: app.database.rows(count, thread_id) == [(COUNT,)], "all elements")


def stored_files(app: Application, thread_id: str) -> list[tuple[str, str, str, str]]:
    """Id, type, name and SHA-256 of the elements that have bytes."""
    found = app.database.rows(
        'SELECT id, type, name, sha256 FROM elements WHERE "threadId" = ? AND sha256 IS NOT NULL',
        thread_id,
    )
    assert len(found) == COUNT - 2  # the picture by its url, and the custom element
    return [(element_id, kind, name, sha256) for element_id, kind, name, sha256 in found]


def custom_row(app: Application, thread_id: str) -> dict[str, Any]:
    """What is stored of the custom element."""
    names = ("id", "name", "display", "mime", "forId", "url", "objectKey", "ready", "props")
    columns = ", ".join(f'"{name}"' for name in names)
    [row] = app.database.rows(
        f"SELECT {columns} FROM elements WHERE \"threadId\" = ? AND type = 'custom'",  # noqa: S608
        thread_id,
    )
    found = dict(zip(names, row, strict=True))
    return {**found, "props": json.loads(found["props"])}
