"""Pages of a list are exact though the index is behind, and take two requests."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datalayer.stores.dynamodb.client import Client
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.writes import Write
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


async def test_a_page_takes_two_requests_however_long_the_history(
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
            assert taken == {"Query": count, "BatchGetItem": count}
