"""The process that computes what the index of the search is to hold: its documents, its life."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest

from common.processes import child_processes
from datalayer.errors import StoreUnavailable
from datalayer.stores.sql.ngrams import SIGNATURE_BITS, ngrams_of
from datalayer.stores.sql.postgres.search.parts import FEW, PART_CHARACTERS, plan_document
from datalayer.stores.sql.postgres.search.process import IndexProcess
from datalayer.stores.sql.postgres.search.worker import answer_all, frame
from tests.support.waiting import until

NOTHING: dict[str, list[Any]] = {"parts": [], "replaced": []}
THREAD, OTHER = "thread", "another"


def plan(texts: list[Any], small: list[Any] | None = None) -> dict[str, Any]:
    return dict(json.loads(plan_document(json.dumps([texts, small or []]).encode())))


def numbers_and_signature(part: dict[str, Any]) -> tuple[set[int], bytes]:
    signature = int(part["signature"], 2).to_bytes(SIGNATURE_BITS // 8)
    return set(json.loads(f"[{part['grams'][1:-1]}]")), signature


def row(number: int, text: str) -> list[Any]:
    """A small part as the database gives it."""
    part = plan([[THREAD, f"old {number}", "u", text]])["parts"][0]
    numbers, _ = numbers_and_signature(part)
    return [number, THREAD, len(text), part["entries"], list(numbers), part["signature"]]


def test_a_part_for_each_thread_and_so_many_characters() -> None:
    long = "a" * PART_CHARACTERS
    texts = [(THREAD, "1", long), (OTHER, "2", "x"), (THREAD, "3", "y"), (THREAD, "4", "z")]
    planned = plan([[thread, name, None, text] for thread, name, text in texts])
    found = {tuple(sorted(part["entries"])): part["threadId"] for part in planned["parts"]}
    assert found == {("1",): THREAD, ("2",): OTHER, ("3", "4"): THREAD}
    assert planned["replaced"] == []


def test_many_small_parts_become_one() -> None:
    old = [row(number, f"text {number}") for number in range(FEW)]
    assert plan([[THREAD, "new", "u", "new"]], old[1:])["replaced"] == []
    planned = plan([[THREAD, "new", "u", "new"]], old)
    assert planned["replaced"] == list(range(FEW))
    (part,) = planned["parts"]
    assert set(part["entries"]) == {"new", *(f"old {number}" for number in range(FEW))}
    whole = ngrams_of(["new", *(f"text {number}" for number in range(FEW))], "u")
    assert numbers_and_signature(part) == (whole.numbers, whole.signature)


def test_a_request_that_is_cut_off_is_the_end() -> None:
    answers = io.BytesIO()
    answer_all(io.BytesIO(frame(b"[[], []]") * 2 + frame(b"[[], []]")[:-1]), answers)
    assert answers.getvalue() == frame(json.dumps(NOTHING).encode()) * 2
    answer_all(io.BytesIO(b"\0"), answers)


@pytest.fixture
async def worker() -> AsyncIterator[IndexProcess]:
    opened = IndexProcess()
    yield opened
    await opened.close()
    assert not children()


def children() -> list[psutil.Process]:
    """All that was started here and is there still, ended or not."""
    return [child for child in psutil.Process().children() if _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE or "-E" in process.cmdline()
    except psutil.Error:
        return False


async def answers(worker: IndexProcess) -> psutil.Process:
    """The process, which has answered."""
    assert json.loads(await worker.plan("[[], []]")) == NOTHING
    (process,) = children()
    return process


@pytest.mark.slow
async def test_one_process_answers_again_and_again(worker: IndexProcess) -> None:
    assert not children()
    assert await answers(worker) == await answers(worker)
    large = "ä" * 1_000_000  # more than a pipe holds
    planned = json.loads(await worker.plan(json.dumps([[[THREAD, "1", "u", large]], []])))
    assert planned["parts"][0]["characters"] == len(large)


async def test_it_knows_no_secrets(worker: IndexProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@h/d")
    process = await answers(worker)
    assert "secret" not in str(process.environ())


async def test_it_ends_when_nothing_was_asked_for_a_while() -> None:
    worker = IndexProcess(idle_s=0)
    first = await answers(worker)
    await until(lambda: not children(), "its end")
    assert await answers(worker) != first
    await worker.close()
    assert not children()


@pytest.mark.parametrize("times", [1, 3])
async def test_one_that_was_killed_has_a_successor(worker: IndexProcess, times: int) -> None:
    for _ in range(times):
        (await answers(worker)).kill()
        await until(lambda: not worker.is_running, "its end")
    await answers(worker)


async def test_one_that_dies_of_a_document_is_told() -> None:
    code = "import os; os.read(0, 9); os._exit(3)"
    workers = [IndexProcess(command=("-S", "-c", code)) for _ in range(20)]  # not only by luck
    asked = [worker.plan("[[], []]") for worker in workers]
    for error in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(error, StoreUnavailable)
        assert "ended with 3." in str(error)
    assert not children()


async def test_one_that_gives_no_answer_any_more_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child_processes, "_GRACE_S", 0)
    code = "import os, time; os.read(0, 9); os.close(1); time.sleep(60)"
    worker = IndexProcess(command=("-c", code))
    with pytest.raises(StoreUnavailable, match="ended with -9"):
        await worker.plan("[[], []]")
    assert not children()


async def test_a_caller_that_is_cancelled_ends_it() -> None:
    worker = IndexProcess(command=("-c", "import time; time.sleep(60)"))
    asking = asyncio.create_task(worker.plan("[[], []]"))
    await until(children, "the process")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not children()
