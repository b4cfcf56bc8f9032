"""What an older version folded for the search is folded anew by maintenance."""

import unicodedata

import pytest

from datalayer import values
from datalayer.records import MaintenanceState
from datalayer.stores.sql import refolding
from datalayer.stores.sql.postgres import fast_path
from datalayer.stores.sql.writes import search_entries
from tests.support.backends import DatabaseBackend
from tests.support.builders import ALICE, found_by, keep_up, listed, new_id, save, step, thread


def fold_without_accents(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def become_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program be a version whose folding takes accents away."""
    monkeypatch.setattr(refolding, "ROUND", 2)
    monkeypatch.setattr(refolding, "FOLDING", 2)
    for module in (refolding, values, fast_path, search_entries):
        monkeypatch.setattr(module, "fold", fold_without_accents)


@pytest.mark.fresh_database
async def test_what_was_folded_by_an_older_version_is_folded_anew(
    database: DatabaseBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = await database.open_migrated()
    texts = [step(new_id(), owner=ALICE, output=f"Café {number}") for number in range(5)]
    named = thread(owner=ALICE, name="Crème brûlée")
    await save(older, *texts, named)
    await keep_up(older)
    await older.close()
    become_newer(monkeypatch)
    newer = database.open()
    assert await listed(newer, search="cafe") == []
    assert await newer.maintain() is MaintenanceState.MORE
    await keep_up(newer)
    assert set(await found_by(newer, "CAFÉ")) == {text.thread_id for text in texts}
    assert await found_by(newer, "creme brulee") == [named.id]
    assert await newer.maintain() is MaintenanceState.DONE
    await newer.close()


@pytest.mark.fresh_database
async def test_what_is_saved_meanwhile_stays(
    database: DatabaseBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await database.open_migrated()
    first, second = (step(new_id(), owner=ALICE, output="Café") for _ in range(2))
    await save(store, first, second)
    await store.close()
    become_newer(monkeypatch)
    newer = database.open()
    await save(newer, step(first.thread_id, first.id, owner=ALICE, output="Thé"))
    await keep_up(newer)
    assert await found_by(newer, "the") == [first.thread_id]
    assert await found_by(newer, "cafe") == [second.thread_id]
    await newer.close()
