"""A program is killed while its storage is away: the files that it had kept are there later."""

import random
from collections import Counter
from pathlib import Path

import pytest

from datalayer.stores.base import Store
from datalayer.stores.capabilities import Migrates
from storage.local.storage import LocalStorage
from tests.drills.listening import Talker
from tests.drills.talking import opened
from tests.drills.uploading import content_of, sha256_of
from tests.support.storages import get, keys

KILLS, KILLS_IN_SHORT = 20, 4
STORED_S = 400
A_ROUND_S = 0.05  # about as long as a file takes: the kill comes at any moment of it
FAULTS = ("away", "silent", "off", "")

Told = dict[tuple[str, str], str]
"""What was told last of each thread and its element."""


async def run_and_kill(url: str, folder: Path, chance: random.Random, told: Told) -> Counter[str]:
    """Let a program keep files while all comes and goes; kill it meanwhile."""
    (folder / "storage").write_text(chance.choice(FAULTS))
    program = await Talker.start("uploading", url, str(folder), str(chance.random()))
    said: Counter[str] = Counter()
    for turn in range(chance.randint(1, 3)):
        (folder / "storage").write_text(chance.choice(FAULTS))
        away = folder / "database"
        away.touch() if turn % 2 else away.unlink(missing_ok=True)
        for _ in range(chance.randint(20, 60)):
            said[take(await program.hear(), told)] += 1
    async for words in program.kill(chance.uniform(0, A_ROUND_S)):
        take(words, told)
    return said


def take(words: list[str], told: Told) -> str:
    """Take in what a line says; returns what it is about."""
    what, thread_id, element_id = words
    told[thread_id, element_id] = what
    return what


async def check(store: Store, storage: LocalStorage, told: Told) -> None:
    """Fail where a file is lost, changed, or back."""
    there = set(await keys(storage))
    for (thread_id, element_id), what in told.items():
        key = f"{thread_id}/{element_id}"
        record = await store.get_element(thread_id, element_id)
        if what == "deleted" or (what == "deleting" and record is None):
            assert record is None, f"{key} is back"
            assert key not in there, f"{key} left its bytes"
            continue
        assert record, f"{key} is lost"
        assert record.sha256 == sha256_of(element_id)
        assert await get(storage, key) == content_of(element_id)
    elements = [each async for each in store.files()]
    assert {each.object_key for each in elements if each.ready} <= there, "messages lack a file"
    # Of one that was being stored at a kill the row may not say so yet: the sweep sees to that.
    assert there <= {each.object_key for each in elements}, "files belong to no message"


def left(folder: Path) -> list[Path]:
    names = ("spool", "journal", "dead_letters")
    found = (path for name in names for path in (folder / name).rglob("*"))
    return [path for path in found if path.is_file() and path.suffix != ".lock"]


@pytest.mark.drill
@pytest.mark.timeout(900)
async def test_files_that_were_kept_survive_kills(tmp_path: Path, full_count: bool) -> None:
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    store = opened(url)
    assert isinstance(store, Migrates)
    await store.migrate()
    told: Told = {}
    said: Counter[str] = Counter()
    for seed in range(KILLS if full_count else KILLS_IN_SHORT):
        said += await run_and_kill(url, tmp_path, random.Random(seed), told)
    for name in ("database", "storage"):
        (tmp_path / name).unlink(missing_ok=True)
    last = await Talker.start("uploading", url, str(tmp_path))
    await last.ended(STORED_S)
    storage = LocalStorage(tmp_path / "files")
    await check(store, storage, told)
    await storage.close()
    await store.close()
    assert said["kept"]
    assert said["deleted"]
    assert left(tmp_path) == []
