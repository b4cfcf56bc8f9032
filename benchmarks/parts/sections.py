"""A page of the sidebar's main section, pinned threads first, beside the plain list before it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chainlit.types import Pagination, ThreadFilter

from benchmarks.report import Part
from benchmarks.timing import take_turns
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.base import Store
from datalayer.stores.capabilities import Migrates
from datalayer.stores.factory import open_store
from datalayer.writes import SaveThread, wall_clock
from storage.local.storage import LocalStorage
from tests.support.builders import new_id
from tests.support.servers.postgres import running_postgres

ROUNDS = 400
THREADS = 1_000
PAGE = 35
OWNER = "person-0"
BEFORE, AFTER, FOLDERS = "the whole list", "the main section", "the folders"
WITHIN = 1.25


async def sections(scale: float) -> Part:
    """Measure both on SQLite and on PostgreSQL, in turns."""
    count = round(THREADS * scale)
    part = Part(
        "The sidebar with pinned threads, folders and an archive",
        f"{count:,} threads, of which {count // 20} are pinned, {count // 10} archived and "
        f"{count // 10} in folders. A page of {PAGE} threads of the whole list, which the sidebar "
        "showed before, and of its main section, pinned ones first.",
    )
    with tempfile.TemporaryDirectory() as folder, _urls(Path(folder)) as urls:
        for name, url in urls.items():
            await _measure(part, name, url, count, Path(folder))
    return part


@contextmanager
def _urls(folder: Path) -> Iterator[dict[str, str]]:
    with running_postgres() as server, server.database(new_id()) as database:
        yield {"SQLite": f"sqlite:///{folder}/threads.db", "PostgreSQL": server.url(database)}


async def _measure(part: Part, name: str, url: str, count: int, folder: Path) -> None:
    store = open_store(url, folder)
    assert isinstance(store, Migrates)
    await store.migrate()
    await _fill(store, count)
    user = await store.get_user(OWNER)
    assert user
    layer = KeepchatDataLayer(store, LocalStorage(folder / "files"))
    page, user_id = Pagination(first=PAGE), user.id
    calls = {
        f"{BEFORE}, {name}": lambda _: layer.list_threads(page, ThreadFilter(userId=user_id)),
        f"{AFTER}, {name}": lambda _: layer.list_section(user_id, "", page),
        f"{FOLDERS}, {name}": lambda _: layer.list_folders(user_id),
    }
    samples = await take_turns(calls, rounds=ROUNDS, warm=20)
    await layer.close()
    part.compare(samples, f"{AFTER}, {name}")
    before, after = (samples[f"{what}, {name}"].median for what in (BEFORE, AFTER))
    part.at_most(f"sidebar with 50 pinned, beside the list before, {name}", after / before, WITHIN)


async def _fill(store: Store, count: int) -> None:
    now = wall_clock()
    writes = [
        SaveThread(
            id=new_id(),
            owner=OWNER,
            name=f"A conversation about the number {number}",
            metadata=_metadata(number),
            revision=now - number * 1_000_000,
        )
        for number in range(count)
    ]
    for some in range(0, count, 100):
        await store.apply(writes[some : some + 100])


def _metadata(number: int) -> dict[str, str | bool]:
    return {
        **({"pinned": True} if number % 20 == 0 else {}),
        **({"archived": True} if number % 10 == 3 else {}),
        **({"folder": f"Folder {number % 7}"} if number % 10 == 7 else {}),
        "chat_profile": "a model",
    }
