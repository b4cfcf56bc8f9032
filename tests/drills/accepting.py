"""A program that says things while its database comes and goes, until it is killed.

`python -m tests.drills.accepting URL FOLDER SEED` says on each line what was told to be durable;
without a seed it stores what is left in the journal of that folder, and ends. The database is away
as long as there is a file `away` in the folder.
"""

import asyncio
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from datalayer.errors import StoreUnavailable
from datalayer.pipeline.journal.journal import Journal
from datalayer.pipeline.writer import Writer
from datalayer.records import Result
from datalayer.stores.base import Store
from datalayer.writes import Write
from tests.drills.talking import opened, tell
from tests.support.builders import new_id, step

PEOPLE = [f"person {number}" for number in range(6)]
AFTER_S = 0.05
MOST_BYTES = 1_000_000_000


class Switched:
    """A store whose database is away while a file says so."""

    def __init__(self, store: Store, switch: Path) -> None:
        self._store = store
        self._switch = switch
        self.concurrency = store.concurrency

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        if self._switch.exists():
            message = "the database is away"
            raise StoreUnavailable(message)
        return await self._store.apply(writes)


async def talk(writer: Writer, person: str, chance: random.Random) -> None:
    """Say one thing after the other, each in one of a few threads."""
    threads = [new_id() for _ in range(3)]
    number = 0
    while True:
        number += 1
        write = step(chance.choice(threads), owner=person, output=f"{number} " + "ü" * number)
        result = await writer.submit(write)
        tell(result.outcome.value, write.thread_id, write.id, str(number))


async def main(url: str, folder: Path, seed: str = "") -> None:
    """Talk until the end, or store what is left."""
    store = opened(url)
    journal = Journal(folder / "journal", most_bytes=MOST_BYTES)
    writer = Writer(Switched(store, folder / "away"), journal=journal, journal_after_s=AFTER_S)
    writer.start()
    if seed:
        talks = [talk(writer, each, random.Random(f"{seed} {each}")) for each in PEOPLE]
        await asyncio.gather(*talks)
    await writer.drain()
    await writer.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
