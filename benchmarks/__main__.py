"""Runs the benchmarks: `make bench`, or `python -m benchmarks --help` for parts of it."""

import argparse
import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks import machine, plot, report
from benchmarks.data import History
from benchmarks.databases import running_databases
from benchmarks.parts import (
    blocked,
    catch_up,
    crowd,
    dynamodb,
    dynamodb_search,
    encodings,
    first_token,
    growth,
    hostile,
    logins,
    long_thread,
    people,
    reads,
    scrolling,
    search,
    sections,
    sqlite,
    stalls,
    storages,
    turn,
    watchers,
    weight,
    writes,
)
from benchmarks.report import Part
from benchmarks.setup import Setup

THREADS = 1_000
OTHERS_THREADS = 10_000
PARTS: Mapping[str, Callable[[Setup], Awaitable[Part]]] = {
    "sidebar": reads.sidebar,
    "open": reads.opening,
    "save": writes.single,
    "save_remote": writes.single_remote,
    "at_once": writes.at_once,
    "search": search.search,
    "blocked": blocked.blocked,
    "catch_up": catch_up.catch_up,
    "growth": growth.growth,
    "turn": turn.turn,
}
SQLITE = "sqlite"
STANDALONE_PARTS: Mapping[str, Callable[[float], Awaitable[Part]]] = {
    "first_token": first_token.first_token,
    "people": people.people_at_once,
    "watchers": watchers.watchers,
    "sections": sections.sections,
    "scrolling": scrolling.scrolling,
    "long_thread": long_thread.long_thread,
    "hostile": hostile.hostile,
    "logins": logins.logins,
    "encodings": encodings.encodings,
    "weight": weight.weight,
    SQLITE: lambda _scale: sqlite.sqlite(),
    "storages": lambda _scale: storages.storages(),
    "dynamodb": dynamodb.dynamodb,
    "dynamodb_search": dynamodb_search.dynamodb_search,
    "dynamodb_loop": stalls.stalls,
    "dynamodb_crowd": crowd.crowd,
}
DOCUMENT = Path("docs/benchmarks.md")
PLOT = Path("docs/images/benchmarks.svg")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        type=_parts,
        default=[*PARTS, *STANDALONE_PARTS],
        metavar="PART,PART",
        help="; ".join([*PARTS, *STANDALONE_PARTS]),
    )
    parser.add_argument("--scale", type=float, default=1.0, help="0.1: a tenth of all threads")
    parser.add_argument("--keep", type=Path, help="a folder whose databases stay for the next run")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT} and {PLOT}")
    arguments = parser.parse_args()
    if arguments.write and set(arguments.only) != {*PARTS, *STANDALONE_PARTS}:
        parser.error("--write needs all parts")
    _refuse_sqlite_without_driver(parser, arguments.only)
    return arguments


def _parts(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - {*PARTS, *STANDALONE_PARTS}:
        message = f"no such part: {', '.join(sorted(unknown))}"
        raise argparse.ArgumentTypeError(message)
    return names


def _refuse_sqlite_without_driver(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """Say now, and not after many minutes, that Chainlit's layer lacks what it needs there."""
    if SQLITE in names and find_spec("aiosqlite") is None:
        parser.error("the part sqlite needs aiosqlite, which is not installed")


async def _measure_parts(names: Sequence[str], scale: float, keep: Path | None) -> list[Part]:
    parts: list[Part] = []
    if set(names) & set(PARTS):
        with running_databases(keep) as databases:
            own, others = round(THREADS * scale), round(OTHERS_THREADS * scale)
            setup = Setup(databases, History(own), others)
            for name, measure in PARTS.items():
                if name in names:
                    parts.append(await _measure_one(name, measure(setup)))
    for name, measure_standalone in STANDALONE_PARTS.items():
        if name in names:
            parts.append(await _measure_one(name, measure_standalone(scale)))
    return parts


async def _measure_one(name: str, measure: Awaitable[Part]) -> Part:
    start = time.perf_counter()
    part = await measure
    print(
        f"\n{report.section(part)}\n\n{name} took {time.perf_counter() - start:.0f} s", flush=True
    )
    return part


def _write(machine_line: str, parts: Sequence[Part]) -> None:
    """Put what was measured into the documentation."""
    text = report.insert_into(
        DOCUMENT.read_text(encoding="utf-8"), report.page(machine_line, parts)
    )
    DOCUMENT.write_text(text, encoding="utf-8")
    plot.draw(parts, PLOT)


def main() -> None:
    """Run the parts that were asked for."""
    arguments = _arguments()
    logging.disable(logging.WARNING)
    machine_line = machine.describe(machine.busy_share())
    parts = asyncio.run(_measure_parts(arguments.only, arguments.scale, arguments.keep))
    print(f"\n{machine_line}\n\n## Goals\n\n{report.render(report.verdicts(parts))}")
    if arguments.write:
        _write(machine_line, parts)


if __name__ == "__main__":
    main()
