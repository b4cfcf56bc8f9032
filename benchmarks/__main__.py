"""Runs the benchmarks and prints a table: medians of rounds in which the two take turns."""

import asyncio
import logging
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.saves import Saver, chainlits, keepchat, save_at_once, save_singly

ROUNDS = 5
Measure = Callable[[Saver, int], Awaitable[tuple[float, int]]]


async def compare(title: str, measure: Measure, count: int) -> None:
    """Measure both layers in turn and print a line for each."""
    taken: dict[str, list[float]] = {}
    kept: dict[str, int] = {}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            for open_layer in (keepchat, chainlits):
                async with open_layer(Path(folder)) as saver:
                    await measure(saver, 10)  # connections are open, statements compiled
                    seconds, rows = await measure(saver, count)
                taken.setdefault(saver.name, []).append(seconds)
                kept[saver.name] = kept.get(saver.name, 0) + rows
    print(f"\n{title}: {count} messages, median of {ROUNDS} rounds")
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    for name, seconds in medians.items():
        rate, share = count / seconds, kept[name] / (count * ROUNDS)
        print(f"  {name:30} {rate:9,.0f} saves/s   {share:7.1%} stored")
    ours, theirs = medians.values()
    print(f"  ratio {theirs / ours:.1f}")


async def main() -> None:
    """Run all comparisons."""
    await compare("Saved at once", save_at_once, 1_000)
    await compare("Saved one after the other", save_singly, 200)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(main())
