"""What is known of threads and users while the database is away or silent."""

import asyncio

import pytest

from datalayer import homes, users
from datalayer.errors import StoreUnavailable
from datalayer.homes import Homes, Known
from datalayer.records import UserRecord
from datalayer.stores.memory import MemoryStore
from datalayer.users import RecentUsers
from datalayer.writes import SaveUser
from tests.support.builders import BOB, clock, get_thread, new_id, save, step


async def away() -> str:
    raise StoreUnavailable


async def silent() -> str:
    await asyncio.Event().wait()
    return "never"


async def there() -> str:
    return "read"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "READ_S", 0.01)
    monkeypatch.setattr(users, "READ_S", 0.01)


async def test_what_is_known_answers_for_a_store_that_does_not() -> None:
    known = Known()
    known.note({"a": "known"})
    assert await known.read("a", there, is_away=False) == "read"
    for read in (away, silent):
        assert await known.read("a", read, is_away=False) == "known"
    assert await known.read("a", there, is_away=True) == "known"  # it is not even asked
    known.forget("a")
    with pytest.raises(StoreUnavailable):
        await known.read("a", away, is_away=True)


def test_the_newest_are_remembered() -> None:
    known = Known(most=10)
    for number in range(100):
        known.note({str(number): "x"})
    assert known.get("99")
    assert not known.get("0")
    assert sum(bool(known.get(str(number))) for number in range(100)) <= 10


async def test_a_thread_that_was_read_is_known_with_all_in_it() -> None:
    store, seen = MemoryStore(), Homes()
    said = step(new_id(), output="x")
    await save(store, said)
    seen.note(await get_thread(store, said.thread_id))
    assert seen.owners.get(said.thread_id) == said.owner
    assert seen.threads.get(said.id) == said.thread_id


def test_what_is_written_takes_nothing_from_whose_it_is() -> None:
    """Whoever names another's thread, or a message of theirs, as their own is refused later."""
    seen, theirs = Homes(), step(new_id(), owner=BOB)
    seen.note_own(theirs)
    seen.note_own(step(theirs.thread_id, owner="eve"))
    seen.note_own(step(new_id(), theirs.id, owner="eve"))
    assert seen.owners.get(theirs.thread_id) == BOB
    assert seen.threads.get(theirs.id) == theirs.thread_id
    mine = step(new_id())
    seen.note_own(mine)
    seen.forget_own(mine)
    assert not seen.owners.get(mine.thread_id)
    assert not seen.threads.get(mine.id)


class Users(MemoryStore):
    """A store that reads users, or does not."""

    state = "there"

    async def get_user(self, identifier: str) -> UserRecord | None:
        if self.state == "away":
            raise StoreUnavailable
        if self.state == "silent":
            await asyncio.Event().wait()
        return await super().get_user(identifier)


@pytest.mark.parametrize("state", ["away", "silent"])
async def test_a_user_who_was_read_is_known(state: str) -> None:
    store = Users()
    await save(store, SaveUser(identifier=BOB, metadata={}, revision=clock.next()))
    recent = RecentUsers(store)
    found = await recent.get(BOB)
    recent.forget(BOB)
    store.state = state
    assert found
    assert await recent.get(BOB) == found
    assert await recent.get(BOB, is_away=True) == found
    if state == "away":
        with pytest.raises(StoreUnavailable):
            await recent.get("nobody", is_away=True)
