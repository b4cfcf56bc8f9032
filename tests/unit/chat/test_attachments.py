"""The files of a conversation: from the running session, from the storage, from the cache."""

import asyncio
import hashlib
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import chainlit as cl
import pytest
from chainlit.chat_context import chat_contexts
from chainlit.context import ChainlitContext, context_var
from chainlit.session import HTTPSession

from chat.attachments.blocks import PromptFiles
from chat.attachments.collect import OLD_IMAGES, Attachments
from chat.attachments.files import AttachedFile
from chat.attachments.kept import KeptReadings
from chat.attachments.process import Content, Reader
from chat.attachments.results import ExtractedText, Picture, Reading, Reason, Unread
from datalayer.fields import ELEMENT_FIELDS
from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline.outages import Outages
from datalayer.records import ElementRecord
from storage.base import OpenObject
from storage.errors import ObjectMissing, StorageUnavailable
from tests.support.waiting import until

THREAD = str(uuid.uuid4())
PICTURE = Picture(mime="image/jpeg", data="AAAA", width=1, height=1)


class Stored:
    """The stored bytes of elements."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.opened: list[str] = []
        self.away = False
        self.outages = Outages()

    @asynccontextmanager
    async def open_element(self, thread_id: str, element_id: str) -> AsyncIterator[OpenObject]:
        self.opened.append(element_id)
        if self.away:
            raise StorageUnavailable
        if thread_id != THREAD or element_id not in self.content:
            raise ObjectMissing

        async def body() -> AsyncIterator[bytes]:
            yield self.content[element_id]

        length = len(self.content[element_id])
        yield OpenObject(size=length, start=0, length=length, body=body())


class PlainReader:
    """Takes every file for text, or for an image where it says so."""

    async def read(self, name: str, content: Content, owner: str) -> Reading:
        whole = b"".join([chunk async for chunk in content()]).decode()
        if whole in set(Reason):
            return Unread(reason=Reason(whole))
        return PICTURE if name.endswith(".png") else ExtractedText(text=whole, total=len(whole))


class BusyReader:
    """Ends with no file before its gate is open."""

    def __init__(self) -> None:
        self.read_for: list[tuple[str, str]] = []
        self.gate = asyncio.Event()

    async def read(self, name: str, _content: Content, owner: str) -> Reading:
        self.read_for.append((name, owner))
        await self.gate.wait()
        return ExtractedText(text=name, total=1)


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture
def attachments(stored: Stored) -> Attachments:
    return Attachments(cast(KeepchatDataLayer, stored), cast(Reader, PlainReader()), 1_000)


@pytest.fixture(autouse=True)
async def _session() -> AsyncIterator[None]:
    session = HTTPSession(
        id=str(uuid.uuid4()),
        client_type="webapp",
        thread_id=THREAD,
        user=cl.User("ada"),
        user_env={},
    )
    context_var.set(ChainlitContext(session))
    yield
    chat_contexts.pop(session.id, None)


def element(stored: Stored, message_id: str, name: str, content: str) -> ElementRecord:
    """A stored file of a message."""
    element_id = str(uuid.uuid4())
    stored.content[element_id] = content.encode()
    kind = "image" if name.endswith(".png") else "file"
    fields = dict.fromkeys(ELEMENT_FIELDS) | {
        "forId": message_id,
        "name": name,
        "type": kind,
        "objectKey": f"{THREAD}/{element_id}",
    }
    return ElementRecord(id=element_id, thread_id=THREAD, revision=1, fields=fields)


def attached(thread_id: str, name: str) -> AttachedFile:
    return AttachedFile(
        thread_id=thread_id, id=str(uuid.uuid4()), message_id="1", name=name, is_image=False
    )


def question(*paths: Path) -> cl.Message:
    files = [cl.File(name=path.name, path=str(path)) for path in paths]
    return cl.Message(content="?", elements=cast(Any, files))


async def collected(
    attachments: Attachments,
    elements: list[ElementRecord],
    asked: cl.Message | None = None,
    *,
    budget: int = 50_000,
    sees_images: bool = True,
) -> PromptFiles:
    earlier = list(dict.fromkeys(str(each.fields["forId"]) for each in elements))
    asked = asked or question()
    return await attachments.collect(
        asked, earlier, elements, budget=budget, sees_images=sees_images
    )


async def test_the_files_of_the_question_are_read_from_the_session(
    attachments: Attachments, stored: Stored, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("from the session")
    found = await collected(attachments, [], question(tmp_path / "a.txt"))
    assert "from the session" in found.question.text
    assert not stored.opened


async def test_an_edited_question_has_its_stored_files(
    attachments: Attachments, stored: Stored
) -> None:
    asked = question()
    elements = [element(stored, asked.id, "a.txt", "from the storage")]
    found = await attachments.collect(asked, [], elements, budget=5_000, sees_images=True)
    assert "from the storage" in found.question.text
    assert not found.earlier


async def test_the_files_of_earlier_messages_are_read_from_the_storage_once(
    attachments: Attachments, stored: Stored
) -> None:
    elements = [element(stored, "1", "a.txt", "old"), element(stored, "2", "b.txt", "newer")]
    for _ in range(2):
        found = await collected(attachments, elements)
        assert {key: [file.reading for file in files] for key, files in found.earlier.items()} == {
            "1": [ExtractedText(text="old", total=3)],
            "2": [ExtractedText(text="newer", total=5)],
        }
    assert len(stored.opened) == 2


async def test_a_file_whose_stored_copy_is_on_its_way_counts(
    attachments: Attachments, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("just sent")
    before = question(tmp_path / "a.txt")
    cl.chat_context.add(before)
    found = await attachments.collect(question(), [before.id], [], budget=5_000, sees_images=True)
    assert found.earlier[before.id][0].reading == ExtractedText(text="just sent", total=9)


async def test_a_file_that_is_gone_from_the_session_is_read_from_the_storage(
    attachments: Attachments, stored: Stored, tmp_path: Path
) -> None:
    asked = question(tmp_path / "gone.txt")
    [held] = asked.elements or []
    stored.content[held.id] = b"durable"
    found = await collected(attachments, [], asked)
    assert "durable" in found.question.text


async def test_only_the_newest_images_are_sent_again(
    attachments: Attachments, stored: Stored
) -> None:
    elements = [
        element(stored, str(number), f"{number}.png", "pixels") for number in range(OLD_IMAGES + 2)
    ]
    found = await collected(attachments, elements)
    again = {key for key, files in found.earlier.items() if files[0].reading == PICTURE}
    assert again == {str(number) for number in range(2, OLD_IMAGES + 2)}
    assert found.earlier["0"][0].reading is None
    assert len(stored.opened) == OLD_IMAGES


async def test_no_more_is_read_than_the_budget_holds(
    attachments: Attachments, stored: Stored
) -> None:
    elements = [element(stored, str(number), "a.txt", "x" * 2_000) for number in range(20)]
    found = await collected(attachments, elements, budget=1_500)
    assert {"18", "19"} < set(found.earlier) <= {"16", "17", "18", "19"}
    assert len(stored.opened) <= 4


async def test_files_are_not_told_of_where_it_is_told_that_their_storage_is_away(
    attachments: Attachments, stored: Stored, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "chat.attachments")
    stored.away = True
    await collected(attachments, [element(stored, "1", "a.txt", "old")])
    [told] = caplog.records
    assert "cannot be read: StorageUnavailable" in told.message
    stored.outages.note("uploads", StorageUnavailable("away"))
    caplog.clear()
    await collected(attachments, [element(stored, "1", "a.txt", "old")])
    assert caplog.records == []


async def test_a_storage_that_is_away_is_asked_again_next_time(
    attachments: Attachments, stored: Stored
) -> None:
    elements = [element(stored, "1", "a.txt", "old")]
    stored.away = True
    found = await collected(attachments, elements)
    assert found.earlier["1"][0].reading == Unread(reason=Reason.UNAVAILABLE)
    stored.away = False
    found = await collected(attachments, elements)
    assert found.earlier["1"][0].reading == ExtractedText(text="old", total=3)


@pytest.mark.parametrize("reason", ["broken", "slow", "killed"])
async def test_what_could_not_be_read_is_not_tried_again(
    attachments: Attachments, stored: Stored, reason: str
) -> None:
    elements = [element(stored, "1", "a.txt", reason)]
    for _ in range(2):
        await collected(attachments, elements)
    assert len(stored.opened) == 1


async def test_the_same_bytes_are_read_once_wherever_they_are(
    attachments: Attachments, stored: Stored, tmp_path: Path
) -> None:
    """By their content: neither another name, nor another message or conversation helps."""
    (tmp_path / "b.txt").write_text("slow")
    (tmp_path / "c.md").write_text("slow")
    sent = [element(stored, "1", "a.txt", "slow"), element(stored, "2", "x.txt", "slow")]
    sent = [replace(it, sha256=hashlib.sha256(b"slow").hexdigest()) for it in sent]
    found = await collected(attachments, sent, question(tmp_path / "b.txt"))
    assert len(stored.opened) <= 1
    assert len(found.question.notes) == 1
    assert len(attachments._cache._failed) == 1
    await collected(attachments, [], question(tmp_path / "c.md"))  # by its ending something else
    assert len(attachments._cache._failed) == 2


async def test_whoever_sends_the_same_waits_for_it(stored: Stored) -> None:
    busy = BusyReader()
    attachments = Attachments(cast(KeepchatDataLayer, stored), cast(Reader, busy))
    same = [replace(attached(str(uuid.uuid4()), "a.txt"), sha256="abc") for _ in range(10)]
    reading = asyncio.create_task(attachments._read_all([*same, attached(THREAD, "other.txt")]))
    await until(lambda: len(busy.read_for) == 2, "two that read")
    busy.gate.set()
    assert len(await reading) == 11
    assert busy.read_for == [("a.txt", "ada"), ("other.txt", "ada")]


async def test_a_blind_model_is_sent_no_image(attachments: Attachments, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("pixels")
    found = await collected(attachments, [], question(tmp_path / "a.png"), sees_images=False)
    assert not found.question.images
    assert [str(note) for note in found.question.notes] == [
        "“a.png” was not sent: this model cannot see images."
    ]


async def test_what_was_read_in_another_run_is_not_read_again(
    stored: Stored, tmp_path: Path
) -> None:
    """Nor fetched: but by its row, for another with the same bytes is read."""
    question = cl.Message("and?")
    record = element(stored, "1", "a.txt", "words")
    known = replace(record, sha256=hashlib.sha256(b"words").hexdigest())
    kept = KeptReadings(tmp_path / "readings")

    async def collect(one: ElementRecord) -> str:
        run = Attachments(cast(KeepchatDataLayer, stored), cast(Reader, PlainReader()), 1_000, kept)
        found = await run.collect(question, ["1"], [one], budget=1_000, sees_images=False)
        return str(found)

    first = await collect(known)
    assert "words" in first
    stored.opened.clear()
    assert await collect(known) == first
    assert stored.opened == []
    await collect(replace(known, id=str(uuid.uuid4())))
    assert len(stored.opened) == 1
