"""A program is killed while its database is away: what it had accepted is there in the end."""

import random
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from datalayer.stores.base import Store
from datalayer.stores.capabilities import Migrates
from tests.drills.listening import PATIENCE_S, Talker
from tests.drills.talking import opened

KILLS, KILLS_IN_SHORT = 20, 3
A_ROUND_S = 0.03  # about as long as an append or a batch takes: the kill comes at any moment of it

Told = dict[str, list[tuple[str, str]]]
"""What was told to be durable, by thread: ids and numbers, in that order."""


async def run_and_kill(url: str, folder: Path, chance: random.Random, told: Told) -> Counter[str]:
    """Let a program talk while the database goes away and comes back; kill it in either."""
    program = await Talker.start("accepting", url, str(folder), str(chance.random()))
    outcomes: Counter[str] = Counter()
    away = folder / "away"
    for turn in range(chance.randint(2, 5)):
        away.touch() if turn % 2 else away.unlink(missing_ok=True)
        for _ in range(chance.randint(50, 300)):
            outcomes[take(await program.hear(), told)] += 1
    async for words in program.kill(chance.uniform(0, A_ROUND_S)):
        take(words, told)
    return outcomes


def take(words: list[str], told: Told) -> str:
    """Take in what a line says; returns what became of a write."""
    outcome, thread_id, step_id, number = words
    told[thread_id].append((step_id, number))
    return outcome


async def check(store: Store, told: Told) -> None:
    """Fail where something is lost, doubled, changed or out of order."""
    for thread_id, said in told.items():
        thread = await store.get_thread(thread_id)
        assert thread, f"{thread_id} is lost"
        found = [(each.id, str(each.fields["output"])) for each in thread.steps]
        assert [name for name, _ in found if name in dict(said)] == [name for name, _ in said]
        outputs = dict(found)
        assert len(outputs) == len(found)
        for step_id, number in said:
            assert outputs[step_id] == f"{number} " + "ü" * int(number)


def segments(folder: Path) -> list[Path]:
    return list(folder.rglob("*.journal"))


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_what_was_accepted_survives_kills(tmp_path: Path, full_count: bool) -> None:
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    store = opened(url)
    assert isinstance(store, Migrates)
    await store.migrate()
    told: Told = defaultdict(list)
    outcomes: Counter[str] = Counter()
    for seed in range(KILLS if full_count else KILLS_IN_SHORT):
        outcomes += await run_and_kill(url, tmp_path, random.Random(seed), told)
    (tmp_path / "away").unlink(missing_ok=True)
    last = await Talker.start("accepting", url, str(tmp_path))
    await last.ended(PATIENCE_S)
    await check(store, told)
    await store.close()
    assert outcomes["accepted"]
    assert outcomes["applied"]
    assert segments(tmp_path) == []
    assert not (tmp_path / "dead_letters").exists()
