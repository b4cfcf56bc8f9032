"""Sixty people chat with the program on SQLite, and on a DynamoDB that is a way off."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.crowd import PASSWORD, PAUSE_S, TURNS, chat_together
from benchmarks.latency import delayed_port
from benchmarks.report import Part, Table, duration
from benchmarks.timing import Sample
from tests.support.page.application import Application, clone
from tests.support.page.table import Table as DynamoTable
from tests.support.servers.dynamodb import running_dynamodb
from tests.support.servers.model import running_model
from tests.support.users_file import write_users_file

PEOPLE = 60
AWAY_S = 0.02  # added to each call
DELAYS = 4
SQLITE, DYNAMODB = "SQLite", "DynamoDB"
QUESTIONS = ("the first question", "later questions")

Waited = Sequence[Sequence[float]]
"""Of each person, the seconds until the first token of each answer."""


async def crowd(scale: float = 1.0) -> Part:
    """Measure how long people wait for the first token of an answer."""
    names = [f"person-{number}" for number in range(round(PEOPLE * min(1.0, scale)))]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        await asyncio.to_thread(_prepare, place, names)
        async with running_model(place / "model.log") as model:
            settings = {**model.settings, "AUTH_MODE": "password"}
            waited = {
                SQLITE: await _on_sqlite(place, names, settings),
                DYNAMODB: await _on_dynamodb(place, names, settings),
            }
    return _part(len(names), waited)


def _prepare(place: Path, names: Sequence[str]) -> None:
    clone(place / "project")
    for home in ("sqlite", "dynamodb"):
        write_users_file(place / f"{home}.json", names, PASSWORD)


async def _on_sqlite(place: Path, names: Sequence[str], settings: Mapping[str, str]) -> Waited:
    return await _chat(place, "sqlite", names, settings)


async def _on_dynamodb(place: Path, names: Sequence[str], settings: Mapping[str, str]) -> Waited:
    with running_dynamodb() as server, delayed_port(server.port, AWAY_S) as port:
        theirs = DynamoTable(server, "crowd").settings(port=port)
        return await _chat(place, "dynamodb", names, {**settings, **theirs})


async def _chat(
    place: Path, home: str, names: Sequence[str], settings: Mapping[str, str]
) -> Waited:
    given = {**settings, "USERS_FILE": str(place / f"{home}.json")}
    program = Application(place / "project", place / home, given)
    await program.start()
    try:
        return await chat_together(program.url, names)
    finally:
        await program.stop()


def _part(people: int, waited: Mapping[str, Waited]) -> Part:
    part = Part(
        f"{people} people chat",
        f"Each asks {TURNS} times, {duration(PAUSE_S)} after the last answer, one after the other. "
        "Seconds from the question to the first token, with a model that "
        f"answers at once; each call of DynamoDB takes {duration(AWAY_S)} longer. Program, people, "
        "model and database share the machine.",
    )
    table = Table(("first token", "median", "p95", "longest", "answers"))
    for store, of_people in waited.items():
        for question, sample in _by_question(of_people).items():
            times = map(duration, (sample.median, sample.p95, sample.longest))
            table.rows.append((f"{store}, {question}", *times, str(len(sample.seconds))))
    part.tables.append(table)
    for question in QUESTIONS:
        near, far = (_by_question(waited[store])[question] for store in (SQLITE, DYNAMODB))
        what = f"first token of {question} on DynamoDB, more than on SQLite"
        part.within(f"{what}, median", far.median - near.median, DELAYS * AWAY_S)
        part.within(f"{what}, p95", far.p95 - near.p95, DELAYS * AWAY_S)
    return part


def _by_question(waited: Waited) -> dict[str, Sample]:
    first = tuple(times[0] for times in waited)
    later = tuple(seconds for times in waited for seconds in times[1:])
    return dict(zip(QUESTIONS, (Sample(first), Sample(later)), strict=True))
