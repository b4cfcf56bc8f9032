"""Writers with a journal, and what they accept."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from datalayer.pipeline.writer import Writer
from datalayer.records import Outcome
from datalayer.writes import SaveStep
from tests.support.builders import new_id, step

MUCH = 100_000_000
SOON_S = 0.01

Make = Callable[..., Writer]
"""Makes a writer: of its journal `most_bytes`, after which time `after_s`, and its own options."""


def files(root: Path, kind: str = "*.journal") -> list[Path]:
    """The files of a kind below a folder."""
    return sorted(root.rglob(kind))


def steps_of(count: int, thread_id: str | None = None) -> list[SaveStep]:
    """Writes of steps, in one thread or in one each."""
    return [step(thread_id or new_id(), output=str(number)) for number in range(count)]


async def accept(writer: Writer, writes: list[SaveStep]) -> None:
    """Submit writes, and wait until they are in the journal."""
    results = await asyncio.gather(*map(writer.submit, writes))
    assert {result.outcome for result in results} == {Outcome.ACCEPTED}
