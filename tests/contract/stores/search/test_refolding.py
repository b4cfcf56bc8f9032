"""What an older version folded for the search is folded anew, and found meanwhile."""

import unicodedata

import pytest
from sqlalchemy import select, update

from datalayer.records import MaintenanceState
from datalayer.stores.base import Store
from datalayer.stores.sql import refolding
from datalayer.stores.sql.postgres import fast_path
from datalayer.stores.sql.store import SqlStore
from datalayer.stores.sql.tables import maintenance
from datalayer.stores.sql.tables import search_entries as entries
from datalayer.stores.sql.writes import search_entries
from datalayer.writes import SaveStep, SaveThread
from tests.support.backends import DatabaseBackend
from tests.support.builders import (
    ALICE,
    delete_step,
    get_user,
    keep_up,
    listed,
    new_id,
    save,
    step,
    thread,
)

pytestmark = pytest.mark.fresh_database


def fold_with_accents(text: str) -> str:
    composed = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", composed)


async def save_as_older(store: Store, *writes: SaveStep | SaveThread) -> None:
    """Save as the version whose folding keeps accents, line breaks and rows of blanks."""
    assert isinstance(store, SqlStore)
    with pytest.MonkeyPatch.context() as older:
        for module in (fast_path, search_entries):
            older.setattr(module, "fold", fold_with_accents)
        await save(store, *writes)
    await store.database.write(lambda on: on.execute(update(maintenance).values(version=1)))


async def shown(store: Store, search: str) -> list[tuple[str, str | None, str]]:
    page = await store.search((await get_user(store)).id, search, first=9)
    return [(it.thread.id, it.step_id, it.excerpt.text) for it in page.hits]


async def kept(store: SqlStore) -> set[str]:
    return set(await store.database.read(lambda on: on.execute(select(entries.c.text)).scalars()))


async def test_what_was_folded_by_an_older_version_is_found_and_folded_anew(
    database: DatabaseBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = await database.open_migrated()
    texts = [step(new_id(), owner=ALICE, output=f"Café {number}\n\nau lait") for number in range(5)]
    named = thread(owner=ALICE, name="Crème brûlée")
    await save_as_older(older, *texts, named)
    assert "crème brûlée" in await kept(older)
    await older.close()
    monkeypatch.setattr(refolding, "ROUND", 2)
    newer = database.open()
    for state in (MaintenanceState.MORE, MaintenanceState.MORE, MaintenanceState.DONE):
        found = await listed(newer, search='CAFE "0 au"'), await listed(newer, search="CAFÉ lait")
        assert found == ([texts[0].thread_id], [it.thread_id for it in reversed(texts)])
        assert await shown(newer, "creme") == [(named.id, None, "Crème brûlée")]
        if state is not MaintenanceState.DONE:
            assert await newer.maintain() is state
        else:
            await keep_up(newer)
    assert await newer.maintain() is MaintenanceState.DONE
    assert "creme brulee" in await kept(newer)
    assert "cafe 3 au lait" in await kept(newer)
    assert await shown(newer, "3 cafe") == [(texts[3].thread_id, texts[3].id, "Café 3 au lait")]
    await newer.close()


async def test_what_is_saved_hidden_or_deleted_meanwhile_stays_so(
    database: DatabaseBackend,
) -> None:
    store = await database.open_migrated()
    first, second, third, fourth = (step(new_id(), owner=ALICE, output="Café") for _ in range(4))
    await save_as_older(store, first, second, third, fourth)
    await store.close()
    newer = database.open()
    await save(newer, step(first.thread_id, first.id, owner=ALICE, output="Thé"))
    await save(newer, step(third.thread_id, third.id, owner=ALICE, hidden=True))
    await save(newer, delete_step(fourth))
    for _ in range(2):
        assert await listed(newer, search="the") == [first.thread_id]
        assert await listed(newer, search="cafe") == [second.thread_id]
        assert len(await shown(newer, "cafe")) == 1
        await keep_up(newer)
    await newer.close()


async def test_pages_are_the_same_before_and_after(database: DatabaseBackend) -> None:
    store = await database.open_migrated()
    texts = [step(new_id(), owner=ALICE, output=f"{number % 3} Café") for number in range(130)]
    await save_as_older(store, *texts)
    await store.close()
    newer = database.open()
    owner = await get_user(newer)
    pages = []
    for _ in range(2):
        found, cursor = [], None
        while True:
            page = await newer.search(owner.id, "cafe 1", first=10, after=cursor)
            found += [it.thread.id for it in page.hits]
            if (cursor := page.next_cursor) is None:
                break
        pages.append(found)
        await keep_up(newer)
    assert pages[0] == pages[1] == [it.thread_id for it in reversed(texts[1::3])]
    await newer.close()
