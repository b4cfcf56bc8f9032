"""A program that saves and deletes until it is killed, and what one that looks afterwards may find.

`python -m tests.drills.talking URL SEED` says on each line what it does, and what was stored.
"""

import asyncio
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from datalayer.pipeline.writer import Writer
from datalayer.stores.base import Store
from datalayer.stores.factory import open_store
from datalayer.stores.options import StoreOptions
from tests.support.builders import (
    delete_after,
    delete_thread,
    feedback,
    listed,
    new_id,
    step,
    step_ids,
    thread,
    upload,
)
from tests.support.servers.dynamodb import ACCESS

PEOPLE = [f"person {number}" for number in range(6)]
LARGE = 450_000  # bytes, which no item of DynamoDB holds in one piece


def opened(url: str) -> Store:
    """A store, whatever its database."""
    return open_store(url, Path(), StoreOptions(aws=ACCESS))


def output_of(step_id: str) -> str:
    """What is said in a step: of some a lot, and nothing that gets smaller."""
    size = LARGE if step_id < "1" else 200
    return random.Random(step_id).randbytes(size).hex()


# The program


class Talk:
    """One person, who says things, takes some back, and deletes threads."""

    def __init__(self, writer: Writer, person: str, chance: random.Random) -> None:
        self._writer = writer
        self._person = person
        self._chance = chance

    async def go_on(self) -> None:
        """Make one thread after the other."""
        while True:
            thread_id = new_id()
            for _ in range(self._chance.randint(1, 2)):
                await self._talk(thread_id)
            if self._chance.random() < 0.6:
                tell("dropping", thread_id, self._person)
                await self._writer.submit(delete_thread(thread_id))
                tell("dropped", thread_id, self._person)

    async def _talk(self, thread_id: str) -> None:
        said = [step(thread_id, owner=self._person) for _ in range(self._chance.randint(2, 8))]
        naming = thread(thread_id, owner=self._person, name=thread_id)
        attached = upload(thread_id, owner=self._person)
        waiting = [self._writer.submit(naming), self._writer.submit(attached)]
        for each in said:
            each.fields["output"] = output_of(each.id)  # type: ignore[index]
            await self._writer.submit(each)
            tell("saved", thread_id, self._person, each.id)
        await asyncio.gather(*waiting)
        await self._writer.submit(feedback(said[0]))
        kept = self._chance.randrange(len(said))
        tell("cutting", thread_id, self._person, said[kept].id)
        await self._writer.submit(delete_after(said[kept]))
        tell("cut", thread_id, self._person, said[kept].id)


def tell(*words: str) -> None:
    """Say a line, which is out when this returns."""
    sys.stdout.write(f"{json.dumps(words)}\n")
    sys.stdout.flush()


async def main(url: str, seed: str) -> None:
    """Talk until the end."""
    writer = Writer(opened(url))
    talks = [Talk(writer, each, random.Random(f"{seed} {each}")) for each in PEOPLE]
    await asyncio.gather(*(talk.go_on() for talk in talks))


# Who looks afterwards


class Told:
    """What programs have told until they were killed, and so what has to be there."""

    def __init__(self) -> None:
        self.saved: dict[str, list[str]] = defaultdict(list)
        self.people: dict[str, str] = {}
        self.gone_steps: set[str] = set()
        self.dropped: set[str] = set()
        self.dropping: set[str] = set()
        self.cutting: dict[str, list[str]] = {}

    def take(self, kind: str, thread_id: str, person: str, *more: str) -> None:
        """Take in what a line says."""
        self.people[thread_id] = person
        getattr(self, f"_{kind}")(thread_id, *more)

    def _saved(self, thread_id: str, step_id: str) -> None:
        self.saved[thread_id].append(step_id)

    def _cutting(self, thread_id: str, step_id: str) -> None:
        said = self.saved[thread_id]
        self.cutting[thread_id] = said[said.index(step_id) + 1 :]

    def _cut(self, thread_id: str, _step_id: str) -> None:
        cut = self.cutting.pop(thread_id)
        self.gone_steps.update(cut)
        self.saved[thread_id] = [it for it in self.saved[thread_id] if it not in cut]

    def _dropping(self, thread_id: str) -> None:
        self.dropping.add(thread_id)

    def _dropped(self, thread_id: str) -> None:
        self.dropping.discard(thread_id)
        self.dropped.add(thread_id)
        self.gone_steps.update(self.saved.pop(thread_id))

    async def check(self, store: Store) -> None:
        """Fail where something acknowledged is missing, half there, or back."""
        known = [*self.saved, *self.dropped]
        await asyncio.gather(*(self._check_thread(store, name) for name in known))
        gone = await asyncio.gather(*map(store.get_step, self.gone_steps))
        assert [found.id for found in gone if found] == [], "steps are back"
        await self._check_lists(store)

    async def _check_thread(self, store: Store, thread_id: str) -> None:
        found = await store.get_thread(thread_id)
        if thread_id in self.dropped or (found is None and thread_id in self.dropping):
            assert found is None, f"{thread_id} is back"
            self._settle_dropped(thread_id)
            return
        assert found is not None, f"{thread_id} is missing"
        self.dropping.discard(thread_id)
        self._settle_cut(thread_id, set(step_ids(found)))
        assert set(self.saved[thread_id]) <= set(step_ids(found)), f"{thread_id} lacks steps"
        for each in found.steps:
            assert each.fields["output"] == output_of(each.id), f"{each.id} is not whole"
        alone = await asyncio.gather(*(store.get_step(each.id) for each in found.steps))
        assert all(alone), f"steps are shown in {thread_id} alone"

    def _settle_dropped(self, thread_id: str) -> None:
        """Let a delete that was not acknowledged, but seen, be one that is."""
        self.saved.setdefault(thread_id, [])
        self.cutting.pop(thread_id, None)
        self._dropped(thread_id)

    def _settle_cut(self, thread_id: str, there: set[str]) -> None:
        """Let a cut that was not acknowledged be made or not, and not by half."""
        doubtful = self.cutting.get(thread_id, [])
        if doubtful and not there & set(doubtful):
            self._cut(thread_id, "")
        self.cutting.pop(thread_id, None)

    async def _check_lists(self, store: Store) -> None:
        for person in PEOPLE:
            shown = set(await listed(store, person)) if await store.get_user(person) else set()
            theirs = {name for name, owner in self.people.items() if owner == person}
            assert shown & theirs == theirs & self.saved.keys(), f"the list of {person} is wrong"


def items_of(table: list[dict[str, dict[str, str]]], dropped: set[str]) -> Iterator[str]:
    """What a table still has of deleted threads, beside their tombstones."""
    for item in table:
        kind, _, name = item["PK"]["S"].partition("#")
        if kind == "THREAD" and name in dropped and item["SK"]["S"] != "THREAD":
            yield f"{name}/{item['SK']['S']}"


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
