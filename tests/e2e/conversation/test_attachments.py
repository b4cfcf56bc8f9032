"""What is attached goes to the model, also after a restart, and what cannot be is said."""

import asyncio
import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import expect

from tests.e2e.conftest import OpenChat, StartApplication
from tests.support import documents
from tests.support.page.application import Application
from tests.support.page.chat import Chat
from tests.support.reading import CASES
from tests.support.servers.model import ModelServer
from tests.support.waiting import until

READ = "I keep what you sent, and I say that I have read it."


async def test_files_reach_the_model_also_after_a_restart(
    app: Application, chat: Chat, open_chat: OpenChat, model: ModelServer, tmp_path: Path
) -> None:
    contents = {
        "report.pdf": documents.pdf("The ibis breeds on cliffs."),
        "letter.docx": documents.docx("Dear reader, the waldrapp sends its regards."),
        "photo.png": documents.image("PNG", (3_000, 1_500)),
    }
    question = "These three: what is on it?"
    await chat.attach(*written(tmp_path, contents))
    await chat.ask(question)
    await chat.answered(READ)
    [messages] = model.sent(question)
    all_is_there(messages[-1])
    thread_id = await chat.thread_id()
    await until(lambda: len(app.database.elements(thread_id)) == 3, "the stored files")

    await app.restart()
    again = await open_chat(app, f"/thread/{thread_id}")
    await again.ask("And once more, what is on it?")
    await expect(again.answers).to_have_text([READ, READ])
    [messages] = model.sent("And once more, what is on it?")
    assert messages[-1]["content"] == "And once more, what is on it?"
    all_is_there(messages[-3])


UNREADABLE = {
    "en-US": [
        "“broken.pdf” could not be read: it is damaged, or not what its name says.",
        "“locked.pdf” could not be read: it is protected with a password.",
    ],
    "zh-CN": [
        "无法读取“broken.pdf”：文件已损坏，或内容与扩展名不符。",
        "无法读取“locked.pdf”：文件受密码保护。",
    ],
    "de-DE": [
        "„broken.pdf“ konnte nicht gelesen werden: sie ist beschädigt, oder nicht das, was ihr "
        "Name sagt.",
        "„locked.pdf“ konnte nicht gelesen werden: sie ist mit einem Passwort geschützt.",
    ],
}


@pytest.mark.parametrize("locale", UNREADABLE)
async def test_what_cannot_be_read_is_said_and_the_answer_comes(
    app: Application, open_chat: OpenChat, model: ModelServer, tmp_path: Path, locale: str
) -> None:
    chat = await open_chat(app, locale=locale)
    contents = {
        "broken.pdf": documents.pdf("x")[:80],
        "locked.pdf": documents.pdf("x", encrypted=True),
        "good.txt": b"All is well.",
    }
    sentences = UNREADABLE[locale]
    question = f"Broken, locked and good, in {locale}: what is on it?"
    await chat.attach(*written(tmp_path, contents))
    await chat.ask(question)
    for sentence in sentences:
        await expect(chat.toasts.filter(has_text=sentence)).to_be_visible()
    await chat.answered(READ)
    [messages] = model.sent(question)
    assert '<file name="good.txt">\nAll is well.\n</file>' in messages[-1]["content"]
    assert "[could not be read: it is protected with a password]" in messages[-1]["content"]

    again = await open_chat(app, f"/thread/{await chat.thread_id()}", locale=locale)
    await expect(again.answers).to_have_text(READ)
    for sentence in sentences:
        await expect(again.page.get_by_text(sentence)).to_be_visible()


async def test_files_of_other_programs_reach_the_model_and_what_is_left_out_is_said(
    chat: Chat, model: ModelServer, tmp_path: Path
) -> None:
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><title>Sales</title></svg>'
    )
    inner = {"readme.txt": "Größe".encode(), "a.bin": b"\0" * 9}
    contents = {
        "archive.zip": documents.zipped(inner),
        "drawing.svg": drawing,
        **{it: (CASES / it).read_bytes() for it in ("letter.odt", "outlook.msg", "phone.heic")},
        "analysis.ipynb": (CASES / "analysis.ipynb").read_bytes(),
    }
    question = "From elsewhere: what is on it?"
    await chat.attach(*written(tmp_path, contents))
    await chat.ask(question)
    await chat.answered(READ)
    for sentence in (
        "“archive.zip”: files in it that are not read: 1.",
        "“letter.odt”: pictures in it that are left out: 1.",
        "“outlook.msg”: it does not say its encoding, and is read as Windows-1252, the likeliest; "
        "pictures in it that are left out: 1; files in it that are not read: 1.",
        "“analysis.ipynb”: pictures in it that are left out: 1.",
    ):
        await expect(chat.page.get_by_text(sentence).first).to_be_visible()
    # What the browser cannot show is no broken image.
    await expect(chat.page.get_by_text("phone.heic")).to_be_visible()
    [messages] = model.sent(question)
    words, *pictures = messages[-1]["content"]
    assert len(pictures) == 2
    for part in ("Größe", "Das Ende.", "Der innere Text.", "Conclusion", "in it]\nSales"):
        assert part in words["text"]


async def test_office_and_pdf_files_reach_the_model_whole_and_what_is_left_out_is_said(
    chat: Chat, model: ModelServer, tmp_path: Path
) -> None:
    names = (
        "word_online.docx",
        "letter.docx",
        "strict.xlsx",
        "formulas.xlsx",
        "costs.xls",
        "form.pdf",
    )
    contents = {name: (CASES / name).read_bytes() for name in names}
    contents["scan.pdf"] = documents.pdf("one", "", "", "four")
    question = "From an office: what is on it?"
    await chat.attach(*written(tmp_path, contents))
    await chat.ask(question)
    await chat.answered(READ)
    for sentence in (
        "“letter.docx”: passages left out that tracked changes delete: 1; "
        "hidden passages left out: 1.",
        "“formulas.xlsx”: formulas whose value is not stored, shown as formulas: 3.",
        "“scan.pdf”: no readable text on its pages 2–3, which may be scans.",
    ):
        await expect(chat.page.get_by_text(sentence).first).to_be_visible()
    [messages] = model.sent(question)
    text = str(messages[-1]["content"])
    for part in (
        "Dear reader,",
        "Letterhead",
        "=SUM(D2:D3)",
        "Name: Erika Mustermann",
        "pen,01.03.2026,12.5%,12.50 €,TRUE",
    ):
        assert part in text


async def test_what_was_guessed_of_a_file_is_said_in_the_language_of_the_page(
    app: Application, open_chat: OpenChat, model: ModelServer, tmp_path: Path
) -> None:
    chat = await open_chat(app, locale="zh-CN")
    question = "A table of an older office: what is on it?"
    await chat.attach(
        *written(tmp_path, {"ventas.csv": "Año;Región\n2024;Málaga".encode("cp1252")})
    )
    await chat.ask(question)
    sentence = "“ventas.csv”：文件未注明编码，按最可能的 Windows-1252 读取。"
    await expect(chat.toasts.filter(has_text=sentence)).to_be_visible()
    await chat.answered(READ)
    await expect(chat.page.get_by_text(sentence).last).to_be_visible()
    [messages] = model.sent(question)
    assert "Año;Región\n2024;Málaga\n</file>" in messages[-1]["content"]
    assert "is read as Windows-1252, the likeliest]" in messages[-1]["content"]


async def test_a_model_that_cannot_see_is_told_of_the_picture(
    start_application: StartApplication, open_chat: OpenChat, model: ModelServer, tmp_path: Path
) -> None:
    # A program of its own: it remembers that the model takes no images.
    chat = await open_chat(await start_application(settings=model.settings))
    question = "Look, a model that is blind"
    await chat.attach(*written(tmp_path, {"photo.png": documents.image("PNG", (30, 15))}))
    await chat.ask(question)
    await chat.answered("I was told that there is a picture.")
    seeing, blind = model.sent(question)
    assert "image_url" in str(seeing[-1]["content"])
    assert "image_url" not in str(blind[-1]["content"])
    assert "photo.png" in str(blind[-1]["content"])
    await expect(chat.page.get_by_text("cannot see images").first).to_be_visible()


TOO_LARGE = {
    "en-US": "“large.txt” was not attached: A file may have 1 MB at most.",
    "zh-CN": "未附加“large.txt”：文件最大为 1 MB。",
    "de-DE": "„large.txt“ wurde nicht angehängt: Eine Datei darf höchstens 1 MB haben.",
}


async def test_uploads_above_the_limits_are_refused_with_a_sentence(
    start_application: StartApplication, open_chat: OpenChat, model: ModelServer, tmp_path: Path
) -> None:
    limits = {"UPLOAD_MAX_FILES": "2", "UPLOAD_MAX_MB": "1", "UPLOAD_TYPES": "image/*,.txt"}
    app = await start_application(settings={**model.settings, **limits})
    chat = await open_chat(app)
    one, two, three, four, large = written(
        tmp_path,
        {
            "one.txt": b"1",
            "two.txt": b"2",
            "three.txt": b"3",
            "four.txt": documents.pdf("x"),
            "large.txt": b"x" * 3_000_000,
        },
    )
    async with chat.page.expect_request("**/project/file?**") as uploaded:
        await chat.attach(one)
    upload = (await uploaded.value).url

    # Past the page: the server judges by itself
    assert await refused(chat, upload, large) == (413, "A file may have 1 MB at most.")
    assert await refused(chat, upload, four) == (
        400,
        "Files of this type are not taken here.",
    )
    await chat.attach(two)
    # What is taken out of the page again waits on; so five times as many are taken
    for _ in range(8):
        assert (await posted(chat, upload, three))[0] == 200
    assert await refused(chat, upload, three) == (
        400,
        "Too many files wait for their message. Send it, or reload.",
    )
    # In the page
    await chat.choose(large)
    await expect(chat.toasts.filter(has_text=TOO_LARGE["en-US"])).to_be_visible()
    await chat.ask("Two files: what is on it?")
    await chat.answered(READ)
    await chat.attach(three)
    for locale in ("zh-CN", "de-DE"):
        other = await open_chat(app, locale=locale)
        await other.choose(large)
        await expect(other.toasts.filter(has_text=TOO_LARGE[locale])).to_be_visible()


def written(folder: Path, contents: dict[str, bytes]) -> list[Path]:
    paths = [folder / name for name in contents]
    for path in paths:
        path.write_bytes(contents[path.name])
    return paths


def all_is_there(message: dict[str, Any]) -> None:
    words, picture = message["content"]
    assert '<file name="report.pdf" pages="1">' in words["text"]
    assert "The ibis breeds on cliffs." in words["text"]
    assert "the waldrapp sends its regards." in words["text"]
    head, _, data = picture["image_url"]["url"].partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (1_568, 784)


async def refused(chat: Chat, url: str, path: Path) -> tuple[int, str]:
    status, reply = await posted(chat, url, path)
    return status, reply["detail"]


async def posted(chat: Chat, url: str, path: Path) -> tuple[int, dict[str, str]]:
    content = await asyncio.to_thread(path.read_bytes)
    file = {"name": path.name, "mimeType": "text/plain", "buffer": content}
    reply = await chat.page.request.post(url, multipart={"file": file})  # type: ignore[dict-item]
    return reply.status, await reply.json()
