"""Makes writes with as few words as a test needs, and asks a store about them."""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from datalayer.records import (
    ElementRecord,
    MaintenanceState,
    Outcome,
    StepRecord,
    ThreadRecord,
    UserRecord,
)
from datalayer.stores.base import Store
from datalayer.stores.capabilities import Maintains
from datalayer.values import Json
from datalayer.writes import (
    DeleteElement,
    DeleteFeedback,
    DeleteStep,
    DeleteStepsAfter,
    DeleteThread,
    DeleteUser,
    FinishElement,
    RevisionClock,
    SaveElement,
    SaveFeedback,
    SaveStep,
    SaveThread,
    SaveUser,
    SetFavorite,
    Write,
)

ALICE = "alice"
BOB = "bob"

clock = RevisionClock()


def new_id() -> str:
    return str(uuid.uuid4())


def ids(count: int) -> list[str]:
    return [new_id() for _ in range(count)]


# Writes: without a revision they come one after the other; by default everything is Alice's.


def user(
    identifier: str = ALICE,
    metadata: dict[str, Json] | None = None,
    *,
    revision: int | None = None,
) -> SaveUser:
    return SaveUser(
        identifier=identifier, metadata=metadata or {}, revision=revision or clock.next()
    )


def thread(
    thread_id: str | None = None,
    *,
    owner: str | None = ALICE,
    revision: int | None = None,
    **changes: Any,
) -> SaveThread:
    return SaveThread(
        id=thread_id or new_id(), owner=owner, revision=revision or clock.next(), **changes
    )


def step(
    thread_id: str,
    step_id: str | None = None,
    *,
    owner: str | None = ALICE,
    revision: int | None = None,
    **fields: Any,
) -> SaveStep:
    return SaveStep(
        id=step_id or new_id(),
        thread_id=thread_id,
        owner=owner,
        fields=fields,
        revision=revision or clock.next(),
    )


def element(
    thread_id: str,
    element_id: str | None = None,
    *,
    owner: str | None = ALICE,
    ready: bool = True,
    revision: int | None = None,
    **fields: Any,
) -> SaveElement:
    return SaveElement(
        id=element_id or new_id(),
        thread_id=thread_id,
        owner=owner,
        fields=fields,
        ready=ready,
        revision=revision or clock.next(),
    )


def upload(thread_id: str, **fields: Any) -> SaveElement:
    """Reserve the place of an element whose file is on its way."""
    element_id = new_id()
    key = f"{thread_id}/{element_id}"
    return element(thread_id, element_id, ready=False, objectKey=key, **fields)


def finish(
    reserved: SaveElement, *, thread_id: str | None = None, object_key: str | None = None
) -> FinishElement:
    return FinishElement(
        id=reserved.id,
        thread_id=thread_id or reserved.thread_id,
        object_key=object_key or str(reserved.fields["objectKey"]),
        size=3,
        sha256="ab" * 32,
        revision=clock.next(),
    )


def feedback(
    on: SaveStep,
    value: int = 1,
    *,
    comment: str | None = None,
    thread_id: str | None = None,
    revision: int | None = None,
) -> SaveFeedback:
    return SaveFeedback(
        step_id=on.id,
        thread_id=thread_id or on.thread_id,
        value=value,
        comment=comment,
        revision=revision or clock.next(),
    )


def favorite(on: SaveStep, value: bool = True, *, revision: int | None = None) -> SetFavorite:
    return SetFavorite(
        step_id=on.id,
        thread_id=on.thread_id,
        favorite=value,
        revision=revision or clock.next(),
    )


def delete_user(identifier: str = ALICE) -> DeleteUser:
    return DeleteUser(identifier=identifier, revision=clock.next())


def delete_thread(thread_id: str) -> DeleteThread:
    return DeleteThread(id=thread_id, revision=clock.next())


def delete_step(gone: SaveStep) -> DeleteStep:
    return DeleteStep(id=gone.id, thread_id=gone.thread_id, revision=clock.next())


def delete_after(kept: SaveStep, *, revision: int | None = None) -> DeleteStepsAfter:
    return DeleteStepsAfter(id=kept.id, thread_id=kept.thread_id, revision=revision or clock.next())


def delete_element(gone: SaveElement) -> DeleteElement:
    return DeleteElement(id=gone.id, thread_id=gone.thread_id, revision=clock.next())


def delete_feedback(feedback_id: str, *, revision: int | None = None) -> DeleteFeedback:
    return DeleteFeedback(id=feedback_id, revision=revision or clock.next())


# Asking


async def outcomes(store: Store, *writes: Write) -> list[Outcome]:
    """Apply the writes in one batch."""
    return [result.outcome for result in await store.apply(writes)]


async def outcome(store: Store, write: Write) -> Outcome:
    [result] = await store.apply([write])
    return result.outcome


async def save(store: Store, *writes: Write) -> None:
    """Apply the writes in one batch; each has to be new."""
    found = await outcomes(store, *writes)
    assert found == [Outcome.APPLIED] * len(writes)


async def get_thread(store: Store, thread_id: str) -> ThreadRecord:
    record = await store.get_thread(thread_id)
    assert record is not None
    return record


async def get_step(store: Store, wanted: SaveStep) -> StepRecord:
    record = await store.get_step(wanted.id)
    assert record is not None
    return record


async def get_element(store: Store, wanted: SaveElement) -> ElementRecord:
    record = await store.get_element(wanted.thread_id, wanted.id)
    assert record is not None
    return record


async def get_user(store: Store, identifier: str = ALICE) -> UserRecord:
    record = await store.get_user(identifier)
    assert record is not None
    return record


async def listed(store: Store, identifier: str = ALICE, **filters: Any) -> list[str]:
    """The ids of a user's threads, all on one page."""
    owner = await get_user(store, identifier)
    page = await store.list_threads(owner.id, **{"first": 100, **filters})
    assert page.next_cursor is None
    return [found.id for found in page.threads]


async def found_by(store: Store, search: str, identifier: str = ALICE) -> list[str]:
    """The threads that a search finds, which are the same before and after maintenance."""
    found = await listed(store, identifier, search=search)
    await keep_up(store)
    assert await listed(store, identifier, search=search) == found
    return found


async def keep_up(store: Store) -> None:
    """Have all done that saves leave for later."""
    while isinstance(store, Maintains) and await store.maintain() is MaintenanceState.MORE:
        pass


def step_ids(record: ThreadRecord) -> list[str]:
    return [found.id for found in record.steps]


def element_ids(record: ThreadRecord) -> list[str]:
    return [found.id for found in record.elements]


Everything = tuple[Sequence[UserRecord], Sequence[ThreadRecord]]


async def everything(store: Store) -> Everything:
    """All that the store shows of users and threads."""
    users = [found async for found in store.users()]
    threads = [found async for found in store.threads()]
    return users, threads


@asynccontextmanager
async def unchanged(store: Store) -> AsyncIterator[None]:
    """What is done within changes nothing that the store shows."""
    before = await everything(store)
    yield
    assert await everything(store) == before
