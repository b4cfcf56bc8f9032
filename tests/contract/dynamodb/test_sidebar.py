"""Pages of a list are exact though the index is behind, and take few requests."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datalayer.sections import MAIN, section_of_folder
from datalayer.stores.dynamodb import placements
from datalayer.stores.dynamodb.placements import hinted
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.writes import DeleteUser, SaveThread, Write
from tests.support.builders import clock, get_user, ids, new_id, save, step, thread
from tests.support.dynamodb.clients import MakeClient

SECOND = 1_000_000
HISTORIES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 40)), min_size=1, max_size=25)


@pytest.fixture
def store(client: Client) -> DynamoStore:
    return DynamoStore(client)


async def asked(store: DynamoStore, owner: str, first: int) -> list[str]:
    """All pages of a user's threads, as ids."""
    user, found, cursor = await get_user(store, owner), list[str](), None
    while not found or cursor:
        page = await store.list_threads(user.id, first=first, after=cursor)
        assert len(page.threads) == first or page.next_cursor is None
        found += [record.id for record in page.threads]
        cursor = page.next_cursor
    return found


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=HISTORIES, first=st.integers(1, 5))
async def test_the_order_is_exact_however_close_activities_are(
    store: DynamoStore, client: Client, history: Sequence[tuple[int, int]], first: int
) -> None:
    owner, threads, at = new_id(), ids(8), clock.next()
    last: dict[str, int] = {}
    for number, pause in history:
        at += pause * SECOND
        await save(store, step(threads[number], owner=owner, revision=at, output="x"))
        last[threads[number]] = at
    expected = sorted(last, key=lambda name: (last[name], name), reverse=True)
    assert await asked(DynamoStore(client), owner, first) == expected


async def test_a_page_takes_three_requests_however_long_the_history(
    store: DynamoStore, client: Client, make: MakeClient
) -> None:
    first, at = 35, clock.next()
    writes: list[Write] = [thread(revision=at + 3_600 * SECOND * n, name="x") for n in range(120)]
    await save(store, *writes)
    user = await get_user(store)
    for opened in (store, DynamoStore(make())):
        before, cursor = Counter(opened.client.usage.requests), None
        for count in (1, 2, 3):
            page = await opened.list_threads(user.id, first=first, after=cursor)
            cursor = page.next_cursor
            assert len(page.threads) == first
            taken = opened.client.usage.requests - before
            assert taken == {"Query": 2 * count, "BatchGetItem": count}


async def test_a_page_of_a_section_costs_nothing_for_what_is_elsewhere(
    store: DynamoStore, client: Client, make: MakeClient
) -> None:
    at = clock.next()
    writes: list[Write] = [
        thread(revision=at + 3_600 * SECOND * n, name="x", metadata={"archived": n % 10 > 0})
        for n in range(200)
    ]
    await save(store, *writes)
    user = await get_user(store)
    opened = DynamoStore(make())
    before = Counter(opened.client.usage.requests)
    page = await opened.list_section(user.id, MAIN, first=15)
    assert len(page.threads) == 15
    assert opened.client.usage.requests - before == {"Query": 2, "BatchGetItem": 1}


async def test_a_user_who_is_deleted_leaves_no_name_of_a_folder(
    store: DynamoStore, client: Client
) -> None:
    owner = new_id()
    made = thread(owner=owner, name="x", metadata={"folder": "Secret", "pinned": True})
    await save(store, made)
    user = await get_user(store, owner)
    assert await store.list_folders(user.id) == ["Secret"]
    await save(store, DeleteUser(identifier=owner, revision=clock.next()))
    assert await store.get_thread(made.id) is None
    assert await hinted(client, user.id) == {}


async def test_a_folder_that_was_left_long_ago_is_asked_for_no_more(
    store: DynamoStore, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = new_id()
    made = thread(owner=owner, name="x", metadata={"folder": "Old"})
    await save(store, made)
    user = await get_user(store, owner)
    left = SaveThread(id=made.id, metadata={"folder": "New"}, revision=clock.next())
    await save(store, left)
    assert await store.list_folders(user.id) == ["New"]
    assert len(await hinted(client, user.id)) == 2
    monkeypatch.setattr(placements, "_KEPT", 0)
    assert await store.list_folders(user.id) == ["New"]
    assert [it.section for it in await hinted(client, user.id)] == [section_of_folder("New")]
