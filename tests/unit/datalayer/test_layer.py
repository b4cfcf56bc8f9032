"""The data layer as Chainlit calls it, over the store in memory and a real folder."""

import asyncio
import inspect
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import anyio
import psutil
import pytest
from chainlit import CustomElement, File, Image, Message, Step, TaskList, Text
from chainlit.context import ChainlitContext, context_var
from chainlit.data.base import BaseDataLayer
from chainlit.element import Element
from chainlit.session import BaseSession, HTTPSession, WebsocketSession
from chainlit.step import StepDict
from chainlit.types import Feedback, Pagination, ThreadDict, ThreadFilter
from chainlit.user import PersistedUser, User

from common.blocking import ByteSource
from datalayer.domains import LAST_REVISION
from datalayer.errors import StoreUnavailable, WriterClosed, WriteRefused
from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline import uploads
from datalayer.records import Result
from datalayer.siblings import to_show
from datalayer.stores.memory import MemoryStore, MemoryTables
from datalayer.values import clean_time
from datalayer.writes import (
    DeleteElement,
    DeleteStep,
    SaveElement,
    SaveStep,
    Write,
)
from storage.base import Receipt
from storage.errors import ObjectMissing, StorageDenied, StorageError, StorageUnavailable
from storage.local.storage import LocalStorage
from tests.support.pauses import skip_pauses

TIME = "2026-01-02T12:34:56.789012Z"
ALICE = "alice"
BOB = "bob"


class RecordingStore(MemoryStore):
    """A store that remembers what it was asked to apply, and can be held up."""

    def __init__(self, tables: MemoryTables) -> None:
        super().__init__(tables)
        self.tables = tables
        self.applied: list[Write] = []
        self.batches = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def reopened(self) -> MemoryStore:
        """Return another store on what is kept, as after a start."""
        return MemoryStore(self.tables)

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        self.applied += writes
        self.batches += 1
        await self.gate.wait()
        return await super().apply(writes)


class GatedStorage(LocalStorage):
    """A folder into which nothing gets while its gate is closed, and that fails as it is told."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()
        self.failures: list[Exception] = []

    async def put(
        self, key: str, source: ByteSource, *, mime: str, filename: str | None = None
    ) -> Receipt:
        self.asked.set()
        if self.failures:
            raise self.failures.pop()
        await self.gate.wait()
        return await super().put(key, source, mime=mime, filename=filename)


@dataclass(frozen=True)
class Parts:
    layer: KeepchatDataLayer
    store: RecordingStore
    storage: GatedStorage
    lost: list[str]


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    store = RecordingStore(MemoryTables())
    storage = GatedStorage(tmp_path / "files")
    lost: list[str] = []

    async def on_lost(name: str) -> None:
        lost.append(name)

    layer = KeepchatDataLayer(store, storage, on_lost=on_lost)
    yield Parts(layer, store, storage, lost)
    store.gate.set()
    storage.gate.set()
    await layer.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
async def layer(parts: Parts) -> KeepchatDataLayer:
    return parts.layer


# Helpers


def new_id() -> str:
    return str(uuid.uuid4())


def step_dict(thread_id: str, step_id: str | None = None, **fields: Any) -> StepDict:
    given = {"id": step_id or new_id(), "threadId": thread_id, "type": "run", "name": "x"}
    return cast(StepDict, {**given, **fields})


def text_element(thread_id: str, content: str = "some text") -> Text:
    return Text(thread_id=thread_id, name="a.txt", content=content, mime="text/plain")


async def user(layer: KeepchatDataLayer, identifier: str = ALICE) -> PersistedUser:
    found = await layer.create_user(User(identifier=identifier))
    assert found is not None
    return found


async def thread_of(layer: KeepchatDataLayer, owner: PersistedUser, name: str = "x") -> str:
    thread_id = new_id()
    await layer.update_thread(thread_id, name=name, user_id=owner.id)
    return thread_id


async def get(layer: KeepchatDataLayer, thread_id: str) -> ThreadDict:
    found = await layer.get_thread(thread_id)
    assert found is not None
    return found


async def eventually(check: Callable[[], Any]) -> None:
    """Wait until a check, asked again and again, says yes."""
    for _ in range(500):
        answer = check()
        if await answer if inspect.isawaitable(answer) else answer:
            return
        await asyncio.sleep(0.01)
    pytest.fail("It did not come about in five seconds.")


async def files(parts: Parts) -> list[str]:
    return [found.key async for found in parts.storage.list()]


async def nothing_is_left(parts: Parts) -> bool:
    return not await files(parts) and not await parts.store.list_removals(5)


def enter(session: BaseSession) -> None:
    """Let the rest of the test run within a session, as Chainlit's callbacks do."""
    context_var.set(ChainlitContext(cast(Any, session)))


async def ignore(*_: object) -> None:
    """What the browser would hear."""


@pytest.fixture
async def session() -> AsyncIterator[WebsocketSession]:
    """A browser's session before its first message."""
    opened = WebsocketSession(
        id=new_id(),
        socket_id=new_id(),
        emit=cast(Any, ignore),
        emit_call=cast(Any, ignore),
        user_env={},
        client_type="webapp",
        user=User(identifier=ALICE),
    )
    yield opened
    await opened.delete()


async def first_message(session: WebsocketSession) -> None:
    """Flush what waits, as Chainlit does after the first message."""
    session.has_first_interaction = True
    await session.flush_method_queue()


# The class


def test_every_method_of_chainlits_is_its_own() -> None:
    assert inspect.isabstract(BaseDataLayer)
    assert not inspect.isabstract(KeepchatDataLayer)
    theirs = {name for name in vars(BaseDataLayer) if not name.startswith("_")}
    assert theirs <= set(vars(KeepchatDataLayer))


async def test_there_is_no_debug_link(layer: KeepchatDataLayer) -> None:
    assert await layer.build_debug_url() == ""


# Users


async def test_a_user_comes_back(layer: KeepchatDataLayer) -> None:
    made = await layer.create_user(User(identifier=ALICE, metadata={"role": "admin"}))
    assert made is not None
    assert (made.identifier, made.metadata) == (ALICE, {"role": "admin"})
    assert clean_time(made.createdAt) == made.createdAt
    assert await layer.get_user(ALICE) == made
    assert await layer.get_user(BOB) is None


async def test_a_user_is_made_once(layer: KeepchatDataLayer) -> None:
    found = await asyncio.gather(*(user(layer) for _ in range(20)))
    assert len({made.id for made in found}) == 1


# Threads


async def test_what_was_never_written(layer: KeepchatDataLayer) -> None:
    for unknown in (new_id(), "no id", "'; DROP TABLE threads"):
        assert await layer.get_thread(unknown) is None
        assert await layer.get_thread_author(unknown) == ""
        assert await layer.get_thread_name(unknown) is None
        assert await layer.get_thread_record(unknown) is None
        assert await layer.get_element(unknown, unknown) is None
        assert await layer.delete_feedback(unknown) is False


async def test_a_thread_comes_back(layer: KeepchatDataLayer) -> None:
    owner = await user(layer)
    thread_id = new_id()
    await layer.update_thread(
        thread_id, name="A name", user_id=owner.id, metadata={"a": 1}, tags=["one"]
    )
    found = await get(layer, thread_id)
    assert (found["name"], found["metadata"], found["tags"]) == ("A name", {"a": 1}, ["one"])
    assert (found["userId"], found["userIdentifier"]) == (owner.id, ALICE)
    assert await layer.get_thread_author(thread_id) == ALICE
    assert await layer.get_thread_name(thread_id) == "A name"
    record = await layer.get_thread_record(thread_id.upper())
    assert record
    assert (record.id, record.name, record.owner) == (thread_id, "A name", ALICE)


async def test_an_update_leaves_alone_what_it_does_not_name(layer: KeepchatDataLayer) -> None:
    owner = await user(layer)
    thread_id = await thread_of(layer, owner)
    await layer.update_thread(thread_id, metadata={"a": 1, "b": 2})
    await layer.update_thread(thread_id, name="Another")
    await layer.update_thread(thread_id, metadata={"b": None}, tags=["one"])
    found = await get(layer, thread_id)
    assert (found["name"], found["metadata"], found["tags"]) == ("Another", {"a": 1}, ["one"])


async def test_an_owner_whom_this_process_has_not_seen(parts: Parts) -> None:
    owner = await user(parts.layer)
    fresh = KeepchatDataLayer(parts.store, parts.storage)
    thread_id = await thread_of(fresh, owner)
    assert await parts.layer.get_thread_author(thread_id) == ALICE
    with pytest.raises(ValueError, match="create_user"):
        await fresh.update_thread(new_id(), user_id=new_id())
    await fresh.close()


async def test_an_update_of_anothers_thread_is_refused(layer: KeepchatDataLayer) -> None:
    alice, bob = await user(layer), await user(layer, BOB)
    thread_id = await thread_of(layer, alice)
    with pytest.raises(WriteRefused, match=thread_id):
        await layer.update_thread(thread_id, name="Bob's", user_id=bob.id)
    assert (await get(layer, thread_id))["name"] == "x"


async def test_metadata_after_the_deletion_creates_nothing(
    layer: KeepchatDataLayer, session: WebsocketSession
) -> None:
    owner = await user(layer)
    thread_id = await thread_of(layer, owner)
    enter(session)
    await layer.delete_thread(thread_id)
    await layer.update_thread(thread_id, metadata={"chat_settings": {}})
    await layer.update_thread(new_id(), metadata={"chat_settings": {}})
    session.has_first_interaction = True
    await layer.create_step(step_dict(thread_id))
    assert await layer.get_thread(thread_id) is None
    assert await layer.get_thread_author(thread_id) == ""
    page = await layer.list_threads(Pagination(first=5), ThreadFilter(userId=owner.id))
    assert page.data == []


async def test_the_list_says_the_last_activity_as_the_creation(layer: KeepchatDataLayer) -> None:
    owner = await user(layer)
    first, second = await thread_of(layer, owner), await thread_of(layer, owner)
    before = await get(layer, first)
    await layer.create_step(step_dict(first, output="x"))
    page = await layer.list_threads(Pagination(first=5), ThreadFilter(userId=owner.id))
    assert [found["id"] for found in page.data] == [first, second]
    assert page.data[0]["createdAt"] > page.data[1]["createdAt"] > before["createdAt"]
    assert (await get(layer, first))["createdAt"] == before["createdAt"]
    assert page.data[0]["steps"] == page.data[0]["elements"] == []


async def test_pages_of_a_list(layer: KeepchatDataLayer) -> None:
    owner = await user(layer)
    expected = [await thread_of(layer, owner, name=f"number {n}") for n in range(5)][::-1]
    found, cursor, more = [], None, True
    while more:
        page = await layer.list_threads(
            Pagination(first=2, cursor=cursor), ThreadFilter(userId=owner.id)
        )
        found.append([thread["id"] for thread in page.data])
        more, cursor = page.pageInfo.hasNextPage, page.pageInfo.endCursor
    assert found == [expected[:2], expected[2:4], expected[4:]]
    assert cursor is None


async def test_search_and_feedback_of_a_list(layer: KeepchatDataLayer) -> None:
    owner, thread_id = await user(layer), new_id()
    await layer.update_thread(thread_id, name="Ünder", user_id=owner.id)
    await thread_of(layer, owner, name="Other")
    step = step_dict(thread_id, output="中文")
    await layer.create_step(step)
    await layer.upsert_feedback(Feedback(forId=step["id"], threadId=thread_id, value=0))
    for given in ({"search": "ünd"}, {"search": "文"}, {"feedback": 0}):
        filters = ThreadFilter(userId=owner.id, **cast(Any, given))
        page = await layer.list_threads(Pagination(first=5), filters)
        assert [found["id"] for found in page.data] == [thread_id], given


async def test_nobody_lists_everybodys_threads(layer: KeepchatDataLayer) -> None:
    await thread_of(layer, await user(layer))
    with pytest.raises(ValueError, match="userId"):
        await layer.list_threads(Pagination(first=5), ThreadFilter())


# Steps


async def test_messages_and_steps_come_back_through_the_store(layer: KeepchatDataLayer) -> None:
    thread_id = new_id()
    enter(HTTPSession(id=new_id(), client_type="webapp", thread_id=thread_id))
    run = Step(name="on_message", type="run", metadata={"a": 1}, show_input=False)
    run.created_at = run.start = run.end = TIME
    message = Message(
        "hello", parent_id=run.id, created_at=TIME, tags=["one"], modes={"a": "b"}, command="c"
    )
    given: list[Any] = [dict(run.to_dict()), dict(message.to_dict())]
    for each in given:
        await layer.create_step(each)
    found = (await get(layer, thread_id))["steps"]
    for sent, stored in zip(given, found, strict=True):
        assert {name: cast(Any, stored)[name] for name in sent} == sent


async def test_a_dict_changed_after_the_call_changes_nothing(layer: KeepchatDataLayer) -> None:
    given = step_dict(new_id(), output="as it was", metadata={"list": [1]}, tags=["one"])
    task = asyncio.create_task(layer.create_step(given))
    await asyncio.sleep(0)
    cast(Any, given["metadata"])["list"].append(2)
    cast(Any, given["tags"]).append("two")
    given["output"] = "changed"
    await task
    [found] = (await get(layer, given["threadId"]))["steps"]
    assert (found["output"], found["metadata"]) == ("as it was", {"list": [1]})
    assert found["tags"] == ["one"]


async def test_the_call_changes_nothing_in_the_dict(layer: KeepchatDataLayer) -> None:
    given = step_dict(new_id(), output="x\x00", createdAt="2026-01-02", later=1)
    before = dict(given)
    await layer.create_step(given)
    await layer.update_step(given)
    assert given == before


@pytest.mark.drill
@pytest.mark.parametrize("attempt", range(3))
async def test_immediate_updates_win_under_concurrency(
    layer: KeepchatDataLayer, attempt: int, full_count: bool
) -> None:
    threads = [new_id() for _ in range(10)]
    tasks: list[asyncio.Task[None]] = []
    pairs = 5_000 if full_count else 150
    for number in range(pairs):
        given = step_dict(threads[number % 10], output="")
        tasks.append(asyncio.create_task(layer.create_step(given)))
        given = cast(StepDict, {**given, "output": f"answer {number}"})
        tasks.append(asyncio.create_task(layer.update_step(given)))
        if number % 5 == attempt:
            await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    found = [await get(layer, thread_id) for thread_id in threads]
    outputs = {step["output"] for thread in found for step in thread["steps"]}
    assert outputs == {f"answer {number}" for number in range(pairs)}


async def test_a_late_create_does_not_undo_an_update(layer: KeepchatDataLayer) -> None:
    given = step_dict(new_id(), output="new")
    await layer.update_step(given)
    assert (await get(layer, given["threadId"]))["steps"][0]["output"] == "new"


async def test_a_deleted_step_stays_deleted(layer: KeepchatDataLayer) -> None:
    thread_id = new_id()
    kept, gone = step_dict(thread_id, output="kept"), step_dict(thread_id, output="gone")
    await layer.create_step(kept)
    await layer.create_step(gone)
    await layer.delete_step(gone["id"])
    await layer.update_step(gone)
    assert [step["id"] for step in (await get(layer, thread_id))["steps"]] == [kept["id"]]


async def test_a_step_deleted_right_after_its_creation(layer: KeepchatDataLayer) -> None:
    thread_id = new_id()
    given = step_dict(thread_id, output="x")
    await layer.create_step(step_dict(thread_id, output="kept"))
    await asyncio.gather(
        asyncio.create_task(layer.create_step(given)),
        asyncio.create_task(layer.delete_step(given["id"])),
    )
    assert [step["output"] for step in (await get(layer, thread_id))["steps"]] == ["kept"]


async def test_favourites(layer: KeepchatDataLayer) -> None:
    owner = await user(layer)
    thread_id = await thread_of(layer, owner)
    given = step_dict(thread_id, output="x", metadata={"a": 1})
    await layer.create_step(given)
    partial = step_dict(thread_id, given["id"])
    assert (await layer.set_step_favorite(partial, True))["metadata"] == {"favorite": True}
    [found] = await layer.get_favorite_steps(owner.id)
    assert (found["id"], found["output"]) == (given["id"], "x")
    assert found["metadata"] == {"a": 1, "favorite": True}
    await layer.set_step_favorite(found, False)
    assert await layer.get_favorite_steps(owner.id) == []


async def twice_answered(layer: KeepchatDataLayer) -> tuple[str, list[str]]:
    """A question with two answers, of which the first is hidden, and the ids of its steps."""
    thread_id, names = new_id(), [new_id() for _ in range(5)]
    question, first, said, second, other = names
    for name, fields in (
        (question, {"type": "user_message", "output": "why"}),
        (first, {"name": "on_message", "parentId": question, "hidden": True}),
        (said, {"type": "assistant_message", "output": "so", "parentId": first, "hidden": True}),
        (second, {"name": "on_message", "parentId": question}),
        (other, {"type": "assistant_message", "output": "not", "parentId": second}),
    ):
        await layer.create_step(step_dict(thread_id, name, **fields))
    return thread_id, names


async def test_what_is_shown_of_a_thread(layer: KeepchatDataLayer) -> None:
    thread_id, [question, first, said, second, other] = await twice_answered(layer)
    for of in (said, other, None, new_id()):
        element = text_element(thread_id)
        element.for_id = of
        await layer.create_element(element)
    found = await get(layer, thread_id)
    assert [step["id"] for step in found["steps"]] == [question, second, other]
    metadata = [step["metadata"] for step in found["steps"]]
    assert metadata == [{}, {"siblings": [first, second]}, {}]
    assert not any("hidden" in step for step in found["steps"])
    assert said not in [element["forId"] for element in found["elements"] or []]
    assert len(found["elements"] or []) == 3
    record = await layer.get_thread_record(thread_id)
    assert record is not None
    assert [step.id for step in record.steps] == [question, first, said, second, other]
    assert len(layer.whole_thread(record)["elements"] or []) == 4
    assert len(layer.whole_thread(record)["steps"]) == 5


async def test_another_answer_is_shown_by_writes_of_one_batch(parts: Parts) -> None:
    thread_id, names = await twice_answered(parts.layer)
    record = await parts.layer.get_thread_record(thread_id)
    assert record is not None
    parts.store.applied.clear()
    parts.store.batches = 0
    await parts.layer.show(thread_id, to_show(record.steps, names[1]))
    assert (len(parts.store.applied), parts.store.batches) == (4, 1)
    shown = [step["id"] for step in (await get(parts.layer, thread_id))["steps"]]
    assert shown == names[:3]
    await parts.layer.show(thread_id, {})


async def test_hiding_does_not_wait(parts: Parts) -> None:
    thread_id, names = await twice_answered(parts.layer)
    parts.store.gate.clear()
    parts.layer.hide(thread_id, names[3:])
    await parts.layer.show(thread_id, {})
    parts.store.gate.set()
    await parts.layer.flush(thread_id)
    record = await parts.layer.get_thread_record(thread_id)
    assert record is not None
    assert [step.fields["hidden"] for step in record.steps] == [None, True, True, True, True]


async def test_a_thread_that_is_gone_shows_nothing(layer: KeepchatDataLayer) -> None:
    thread_id, names = await twice_answered(layer)
    await layer.delete_thread(thread_id)
    await layer.show(thread_id, {names[0]: False})
    assert await layer.get_thread(thread_id) is None


async def test_what_was_told_of_alternatives_is_not_stored(layer: KeepchatDataLayer) -> None:
    thread_id, _ = await twice_answered(layer)
    for step in (await get(layer, thread_id))["steps"]:
        await layer.update_step(step)
    record = await layer.get_thread_record(thread_id)
    assert record is not None
    assert [step.fields["metadata"] for step in record.steps] == [{}, None, None, {}, {}]
    assert [step.fields["hidden"] for step in record.steps] == [None, True, True, None, None]


async def test_a_checkpoint_does_not_wait(parts: Parts) -> None:
    given = step_dict(new_id(), output="half of it")
    parts.store.gate.clear()
    parts.layer.checkpoint(given)
    given["output"] = "changed"
    flushing = asyncio.create_task(parts.layer.flush(given["threadId"]))
    await asyncio.sleep(0)
    assert not flushing.done()
    parts.store.gate.set()
    await flushing
    [found] = (await get(parts.layer, given["threadId"]))["steps"]
    assert found["output"] == "half of it"


async def test_a_flush_raises_the_error_of_its_thread(layer: KeepchatDataLayer) -> None:
    alice, bob = await user(layer), await user(layer, BOB)
    good, bad = await thread_of(layer, alice), await thread_of(layer, bob)
    step = step_dict(good)
    layer.checkpoint(step)
    layer.checkpoint(step_dict(bad, step["id"]))
    flushes = [layer.flush(good), layer.flush(bad)]
    found = await asyncio.gather(*flushes, return_exceptions=True)
    assert [type(each) for each in found] == [type(None), WriteRefused]


async def test_a_cancelled_caller_loses_no_write(parts: Parts) -> None:
    given = step_dict(new_id(), output="x")
    parts.store.gate.clear()
    task = asyncio.create_task(parts.layer.create_step(given))
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    parts.store.gate.set()
    await parts.layer.flush(given["threadId"])
    assert (await get(parts.layer, given["threadId"]))["steps"][0]["output"] == "x"


async def test_the_stored_bytes_of_an_element_can_be_read(layer: KeepchatDataLayer) -> None:
    thread_id = await thread_of(layer, await user(layer))
    element = text_element(thread_id, "some text")
    await layer.create_element(element)
    async with layer.open_element(thread_id, element.id) as opened:
        assert b"".join([chunk async for chunk in opened.body]) == b"some text"
    with pytest.raises(ObjectMissing):
        async with layer.open_element(thread_id, new_id()):
            pass


# Feedback


async def test_feedback(layer: KeepchatDataLayer) -> None:
    given = step_dict(new_id(), output="x")
    await layer.create_step(given)
    first = await layer.upsert_feedback(Feedback(forId=given["id"], value=0, comment="no"))
    again = await layer.upsert_feedback(
        Feedback(forId=given["id"], threadId=given["threadId"], value=1, id=first)
    )
    assert first == again
    [found] = (await get(layer, given["threadId"]))["steps"]
    assert found["feedback"] == {"id": first, "forId": given["id"], "value": 1, "comment": None}
    assert await layer.delete_feedback(first) is True
    assert await layer.delete_feedback(first) is False
    assert (await get(layer, given["threadId"]))["steps"][0]["feedback"] is None


async def test_feedback_on_a_step_that_is_not_there(layer: KeepchatDataLayer) -> None:
    given = step_dict(new_id(), output="x")
    await layer.create_step(given)
    with pytest.raises(ValueError, match="no step"):
        await layer.upsert_feedback(Feedback(forId=new_id(), value=1))
    with pytest.raises(WriteRefused):
        await layer.upsert_feedback(Feedback(forId=given["id"], threadId=new_id(), value=1))


# Elements


async def test_an_element_with_content(parts: Parts) -> None:
    element = text_element(new_id(), "ü")
    await parts.layer.create_element(element)
    found = cast(Any, await parts.layer.get_element(element.thread_id, element.id))
    assert found["url"] == f"/files/{element.thread_id}/{element.id}/a.txt"
    assert (await get(parts.layer, element.thread_id))["elements"] == [found]
    async with parts.storage.open(f"{element.thread_id}/{element.id}") as opened:
        assert b"".join([piece async for piece in opened.body]) == "ü".encode()


async def test_an_element_with_a_path(parts: Parts, tmp_path: Path) -> None:
    path = tmp_path / "upload.bin"
    path.write_bytes(b"some bytes")
    element = File(thread_id=new_id(), name="a b.bin", path=str(path), chainlit_key="key")
    await parts.layer.create_element(element)
    record = await parts.store.get_element(element.thread_id, element.id)
    assert record is not None
    assert record.size == 10
    found = cast(Any, await parts.layer.get_element(element.thread_id, element.id))
    assert found["url"] == f"/files/{element.thread_id}/{element.id}/a%20b.bin"
    assert (found["chainlitKey"], found["name"]) == (None, "a b.bin")


async def test_an_empty_file(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    element = File(thread_id=new_id(), name="empty", path=str(tmp_path / "empty"))
    await parts.layer.create_element(element)
    record = await parts.store.get_element(element.thread_id, element.id)
    assert record is not None
    assert record.size == 0


async def test_an_element_elsewhere_keeps_its_link(parts: Parts) -> None:
    element = Image(thread_id=new_id(), name="a.png", url="https://example.org/a.png?b=c")
    await parts.layer.create_element(element)
    found = cast(Any, await parts.layer.get_element(element.thread_id, element.id))
    assert found["url"] == "https://example.org/a.png?b=c"
    assert await files(parts) == []


async def test_a_custom_element_keeps_its_props_and_needs_no_file(parts: Parts) -> None:
    element = CustomElement(thread_id=new_id(), name="Card", props={"a": [1]})
    await parts.layer.create_element(element)
    element.props = {"a": [1, 2]}
    await parts.layer.create_element(element)
    found = cast(Any, await parts.layer.get_element(element.thread_id, element.id))
    assert (found["props"], found["type"]) == ({"a": [1, 2]}, "custom")
    assert await files(parts) == []


async def test_a_task_list_is_stored(parts: Parts) -> None:
    element = TaskList(thread_id=new_id(), content='{"status": "Ready"}', for_id="")
    await parts.layer.create_element(element)
    found = cast(Any, await parts.layer.get_element(element.thread_id, element.id))
    assert (found["type"], found["forId"]) == ("tasklist", None)
    assert found["url"].startswith("/files/")


async def test_an_element_changed_after_the_call(parts: Parts) -> None:
    element = text_element(new_id(), "as it was")
    task = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.sleep(0)
    element.name, element.content, element.chainlit_key = "changed", "changed", "key"
    await task
    found = cast(Any, await parts.layer.get_element(element.thread_id, element.id))
    assert found["name"] == "a.txt"
    async with parts.storage.open(f"{element.thread_id}/{element.id}") as opened:
        assert b"".join([piece async for piece in opened.body]) == b"as it was"


async def test_an_element_is_not_seen_before_its_file(parts: Parts) -> None:
    element = text_element(new_id())
    parts.storage.gate.clear()
    task = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.wait_for(parts.storage.asked.wait(), 5)
    assert await parts.layer.get_element(element.thread_id, element.id) is None
    await parts.layer.create_step(step_dict(element.thread_id, output="not held up"))
    parts.storage.gate.set()
    await task
    assert await parts.layer.get_element(element.thread_id, element.id) is not None


@pytest.mark.parametrize("error", [StorageUnavailable("away"), StorageDenied("refused")])
async def test_an_upload_that_fails_is_an_error_and_no_element(
    parts: Parts,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: StorageError,
) -> None:
    pauses = skip_pauses(monkeypatch)
    element = text_element(new_id())
    parts.storage.failures += [error] * 20
    with pytest.raises(type(error)):
        await parts.layer.create_element(element)
    expected = [0.5, 1, 2, 4, 8, 16, 20] if isinstance(error, StorageUnavailable) else []
    assert (pauses, len(parts.storage.failures)) == (expected, 19 - len(expected))
    parts.storage.failures.clear()
    assert parts.lost == ["a.txt"]
    assert element.id in caplog.text
    assert await parts.layer.get_element(element.thread_id, element.id) is None
    await parts.layer.create_element(element)
    assert await parts.layer.get_element(element.thread_id, element.id) is not None


async def test_a_storage_that_comes_back_gets_the_file(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = skip_pauses(monkeypatch)
    element = text_element(new_id())
    parts.storage.failures += [StorageUnavailable("away")] * 2
    await parts.layer.create_element(element)
    assert pauses == [0.5, 1]
    assert await parts.layer.get_element(element.thread_id, element.id) is not None
    assert parts.lost == []


async def test_a_file_that_is_removed_while_it_waits_is_stored_all_the_same(
    parts: Parts, tmp_path: Path
) -> None:
    """As Chainlit removes those of a session that ends."""
    path = tmp_path / "upload.bin"
    path.write_bytes(b"some bytes" * 100_000)
    element = File(thread_id=new_id(), name="a.bin", path=str(path))
    parts.store.gate.clear()
    task = asyncio.create_task(parts.layer.create_element(element))
    process = psutil.Process()
    await eventually(lambda: str(path) in {file.path for file in process.open_files()})
    path.unlink()
    parts.store.gate.set()
    await task
    record = await parts.store.get_element(element.thread_id, element.id)
    assert record is not None
    assert record.size == 1_000_000


async def test_a_file_that_is_not_there_is_lost_and_it_is_said(
    parts: Parts, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    element = File(thread_id=new_id(), name="a.bin", path=str(tmp_path / "gone"))
    with pytest.raises(FileNotFoundError):
        await parts.layer.create_element(element)
    assert parts.lost == ["a.bin"]
    assert element.id in caplog.text


async def test_an_element_deleted_while_its_upload_runs_leaves_no_file(parts: Parts) -> None:
    element = text_element(new_id())
    parts.storage.gate.clear()
    task = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.wait_for(parts.storage.asked.wait(), 5)
    await parts.layer.delete_element(element.id, element.thread_id)
    parts.storage.gate.set()
    await task
    await eventually(lambda: nothing_is_left(parts))
    assert await parts.layer.get_element(element.thread_id, element.id) is None


async def test_a_cancelled_caller_does_not_stop_the_upload(parts: Parts) -> None:
    element = text_element(new_id())
    parts.storage.gate.clear()
    task = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.wait_for(parts.storage.asked.wait(), 5)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    parts.storage.gate.set()
    await eventually(lambda: parts.layer.get_element(element.thread_id, element.id))


async def test_a_cancelled_caller_does_not_stop_an_upload_that_has_not_begun(parts: Parts) -> None:
    element = text_element(new_id())
    parts.store.gate.clear()
    task = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    parts.store.gate.set()
    await eventually(lambda: parts.layer.get_element(element.thread_id, element.id))


async def test_of_two_uploads_the_later_counts(parts: Parts) -> None:
    element = text_element(new_id(), "first")
    parts.storage.gate.clear()
    first = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.wait_for(parts.storage.asked.wait(), 5)
    parts.storage.gate, held = asyncio.Event(), parts.storage.gate
    parts.storage.gate.set()
    element.content = "second"
    second = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.wait([second], timeout=0.2)
    held.set()
    await asyncio.gather(first, second)
    async with parts.storage.open(f"{element.thread_id}/{element.id}") as opened:
        assert b"".join([piece async for piece in opened.body]) == b"second"


@pytest.mark.parametrize("how", ["element", "step", "thread"])
async def test_deleting_removes_files(parts: Parts, how: str) -> None:
    layer, thread_id = parts.layer, new_id()
    step = step_dict(thread_id, output="x")
    await layer.create_step(step)
    element = text_element(thread_id)
    element.for_id = step["id"]
    await layer.create_element(element)
    assert len(await files(parts)) == 1
    if how == "element":
        await layer.delete_element(element.id, thread_id)
    elif how == "step":
        await layer.delete_step(step["id"])
    else:
        await layer.delete_thread(thread_id)
    await eventually(lambda: nothing_is_left(parts))
    assert await layer.get_element(thread_id, element.id) is None


async def test_files_left_over_are_removed_after_the_start(parts: Parts) -> None:
    element = text_element(new_id())
    await parts.layer.create_element(element)
    write = DeleteElement(id=element.id, thread_id=element.thread_id, revision=LAST_REVISION)
    await parts.store.apply([write])
    assert len(await files(parts)) == 1
    parts.layer.start()
    await eventually(lambda: nothing_is_left(parts))


async def test_an_element_of_another_thread_is_left_alone(parts: Parts) -> None:
    element, other = text_element(new_id()), new_id()
    await parts.layer.create_element(element)
    await parts.layer.create_step(step_dict(other))
    with pytest.raises(WriteRefused):
        await parts.layer.delete_element(element.id, other)
    stolen = Image(thread_id=other, id=element.id, name="x", url="https://example.org")
    with pytest.raises(WriteRefused):
        await parts.layer.create_element(stolen)
    assert await parts.layer.get_element(element.thread_id, element.id) is not None


@pytest.mark.parametrize("mine", [True, False])
async def test_a_refused_element_touches_no_file(
    parts: Parts, session: WebsocketSession, mine: bool
) -> None:
    theirs = text_element(await thread_of(parts.layer, await user(parts.layer, BOB)), "Bob's")
    await parts.layer.create_element(theirs)
    before = await files(parts)
    enter(session)
    session.has_first_interaction = True
    stolen = text_element(session.thread_id if mine else theirs.thread_id, "stolen")
    stolen.id = theirs.id
    with pytest.raises(WriteRefused):
        await parts.layer.create_element(stolen)
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=0.2)
    async with parts.storage.open(f"{theirs.thread_id}/{theirs.id}") as opened:
        assert b"".join([piece async for piece in opened.body]) == b"Bob's"
    assert await files(parts) == before


async def test_an_element_without_its_thread_is_an_error(layer: KeepchatDataLayer) -> None:
    with pytest.raises(ValueError, match="thread"):
        await layer.delete_element(new_id())


# In a session


async def call_all_five(layer: KeepchatDataLayer, thread_id: str) -> tuple[StepDict, Element]:
    """Call every method that Chainlit queues, mixed, and return what should be left."""
    kept, gone = step_dict(thread_id, output="old"), step_dict(thread_id, output="gone")
    attached = Image(thread_id=thread_id, name="kept", url="https://example.org/1")
    loose = Image(thread_id=thread_id, name="loose", url="https://example.org/2")
    await layer.create_step(kept)
    await layer.create_element(attached)
    await layer.create_element(loose)
    await layer.create_step(gone)
    await layer.delete_element(loose.id, thread_id)
    await layer.update_step(cast(StepDict, {**kept, "output": "new"}))
    await layer.delete_step(gone["id"])
    return kept, attached


ORDER = [SaveStep, SaveElement, SaveElement, SaveStep, DeleteElement, SaveStep, DeleteStep]


async def assert_five_are_stored(parts: Parts, kept: StepDict, attached: Element) -> None:
    assert [type(write) for write in parts.store.applied] == ORDER
    found = await get(parts.layer, kept["threadId"])
    assert [(step["id"], step["output"]) for step in found["steps"]] == [(kept["id"], "new")]
    assert [element["id"] for element in found["elements"] or []] == [attached.id]


async def test_before_the_first_message_all_five_wait_in_order(
    parts: Parts, session: WebsocketSession
) -> None:
    enter(session)
    kept, attached = await call_all_five(parts.layer, session.thread_id)
    await parts.layer.flush(session.thread_id)
    assert parts.store.applied == []
    await first_message(session)
    await assert_five_are_stored(parts, kept, attached)


async def test_after_the_first_message_all_five_are_stored_at_once(
    parts: Parts, session: WebsocketSession
) -> None:
    enter(session)
    session.has_first_interaction = True
    kept, attached = await call_all_five(parts.layer, session.thread_id)
    await assert_five_are_stored(parts, kept, attached)
    assert session.thread_queues == {}


async def test_without_a_browser_all_five_are_stored_at_once(parts: Parts) -> None:
    http = HTTPSession(id=new_id(), client_type="webapp", user=User(identifier=ALICE))
    enter(http)
    kept, attached = await call_all_five(parts.layer, http.thread_id)
    await assert_five_are_stored(parts, kept, attached)


async def test_what_waits_is_as_it_was_when_it_was_called(
    parts: Parts, session: WebsocketSession
) -> None:
    enter(session)
    step = step_dict(session.thread_id, output="as it was")
    element = text_element(session.thread_id)
    await parts.layer.create_step(step)
    await parts.layer.create_element(element)
    step["output"], element.name, element.content = "changed", "changed", "changed"
    await first_message(session)
    found = await get(parts.layer, session.thread_id)
    assert found["steps"][0]["output"] == "as it was"
    [stored] = found["elements"] or []
    assert stored["name"] == "a.txt"
    async with parts.storage.open(f"{session.thread_id}/{element.id}") as opened:
        assert b"".join([piece async for piece in opened.body]) == b"some text"


async def test_what_waits_does_not_undo_what_comes_later(
    parts: Parts, session: WebsocketSession
) -> None:
    enter(session)
    step = step_dict(session.thread_id, output="welcome")
    await parts.layer.create_step(step)
    session.has_first_interaction = True
    await parts.layer.update_step(cast(StepDict, {**step, "output": "changed"}))
    await session.flush_method_queue()
    found = await get(parts.layer, session.thread_id)
    assert [each["output"] for each in found["steps"]] == ["changed"]


async def test_a_file_that_waits_and_is_deleted_leaves_nothing(
    parts: Parts, session: WebsocketSession
) -> None:
    enter(session)
    element = text_element(session.thread_id)
    await parts.layer.create_element(element)
    await parts.layer.delete_element(element.id)
    await first_message(session)
    await eventually(lambda: nothing_is_left(parts))
    assert await parts.layer.get_element(session.thread_id, element.id) is None


async def test_a_thread_is_born_with_the_sessions_user(
    parts: Parts, session: WebsocketSession
) -> None:
    enter(session)
    session.has_first_interaction = True
    await parts.layer.create_step(step_dict(session.thread_id))
    assert await parts.layer.get_thread_author(session.thread_id) == ALICE
    other = new_id()
    await parts.layer.create_element(CustomElement(thread_id=other, name="x", props={}))
    assert await parts.layer.get_thread_author(other) == ALICE


async def test_the_sessions_user_writes_into_no_others_thread(
    parts: Parts, session: WebsocketSession
) -> None:
    thread_id = await thread_of(parts.layer, await user(parts.layer, BOB))
    step = step_dict(thread_id, output="Bob's")
    await parts.layer.create_step(step)
    enter(session)
    session.has_first_interaction = True
    mine = Image(thread_id=thread_id, name="x", url="https://example.org")
    for call in (
        parts.layer.create_step(step_dict(thread_id)),
        parts.layer.update_step(step_dict(session.thread_id, step["id"])),
        parts.layer.create_element(mine),
        parts.layer.update_thread(thread_id, metadata={"a": 1}),
        parts.layer.delete_step(step["id"]),
    ):
        with pytest.raises(WriteRefused):
            await call
    found = await get(parts.layer, thread_id)
    assert [each["output"] for each in found["steps"]] == ["Bob's"]
    assert (found["elements"], found["metadata"]) == ([], {})


# The end


async def test_close_stores_what_was_taken(parts: Parts) -> None:
    given = [step_dict(new_id(), output=str(number)) for number in range(50)]
    element = text_element(new_id())
    parts.storage.gate.clear()
    tasks = [asyncio.create_task(parts.layer.create_step(each)) for each in given]
    tasks.append(asyncio.create_task(parts.layer.create_element(element)))
    await asyncio.wait_for(parts.storage.asked.wait(), 5)
    closing = asyncio.create_task(parts.layer.close())
    await asyncio.sleep(0)
    parts.storage.gate.set()
    await closing
    await asyncio.gather(*tasks)
    later = parts.store.reopened()
    assert len([found async for found in later.threads()]) == 51
    assert await later.get_element(element.thread_id, element.id) is not None


async def test_close_stores_what_was_called_just_before(parts: Parts) -> None:
    given = [step_dict(new_id(), output=str(number)) for number in range(50)]
    element = text_element(new_id())
    tasks = [asyncio.create_task(parts.layer.create_step(each)) for each in given]
    tasks.append(asyncio.create_task(parts.layer.create_element(element)))
    await parts.layer.close()
    await asyncio.wait(tasks)
    later = parts.store.reopened()
    assert len([found async for found in later.threads()]) == 51
    assert await later.get_element(element.thread_id, element.id) is not None


async def test_close_has_an_end_while_the_database_is_away(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(_: Sequence[Write]) -> list[Result]:
        raise StoreUnavailable("away")

    monkeypatch.setattr(parts.store, "apply", away)
    monkeypatch.setattr(uploads, "END_S", 0.01)
    monkeypatch.setattr(parts.layer._writer, "_close_timeout_s", 0.01)
    element = text_element(new_id())
    calling = asyncio.create_task(parts.layer.create_element(element))
    await asyncio.wait_for(parts.layer.close(), 5)
    await asyncio.wait([calling])
    assert f"The file of element {element.id} is lost" in caplog.text
    assert not parts.storage.asked.is_set()


async def test_close_stores_what_was_written_while_the_storage_does_not_answer(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    release = threading.Event()

    async def hang(_: object) -> None:
        await anyio.to_thread.run_sync(release.wait)  # as an SDK's call does, which nobody can stop

    monkeypatch.setattr(parts.storage, "delete", hang)
    element = text_element(new_id())
    await parts.layer.create_element(element)
    await parts.layer.delete_element(element.id, element.thread_id)
    late = step_dict(new_id(), output="late")
    storing = asyncio.create_task(parts.layer.create_step(late))
    closing = asyncio.create_task(parts.layer.close())
    await storing
    assert not closing.done()
    release.set()
    await closing


async def test_after_close_writes_are_refused(parts: Parts) -> None:
    await parts.layer.close()
    with pytest.raises(WriterClosed):
        await parts.layer.create_step(step_dict(new_id()))


# Edits and shares


async def test_what_follows_a_step_is_deleted_in_the_order_of_the_calls(
    layer: KeepchatDataLayer,
) -> None:
    thread_id, ids = new_id(), [new_id() for _ in range(4)]
    for step_id in ids[:3]:
        await layer.create_step(step_dict(thread_id, step_id))
    layer.delete_steps_after(thread_id, ids[0])
    await layer.create_step(step_dict(thread_id, ids[3]))
    thread = await get(layer, thread_id)
    assert [step["id"] for step in thread["steps"] or []] == [ids[0], ids[3]]


async def test_a_share_that_is_taken_back_stays_so_when_the_page_is_left(
    layer: KeepchatDataLayer, session: WebsocketSession
) -> None:
    thread_id = await thread_of(layer, await user(layer))
    shared = {"is_shared": True, "shared_at": TIME, "chat_profile": "a"}
    await layer.update_thread(thread_id, metadata=shared)
    await layer.update_thread(thread_id, metadata={"is_shared": False, "chat_profile": "a"})
    enter(session)  # one that was opened while the thread was shared
    await layer.update_thread(thread_id, metadata={**shared, "chat_profile": "b"})
    thread = await get(layer, thread_id)
    assert thread["metadata"] == {"is_shared": False, "chat_profile": "b"}
