"""The process that reads a file ends, whatever the file does to it."""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import psutil
import pytest

from chat.attachments import process
from chat.attachments.process import AT_ONCE, QUICK_S, SLOW_AT_ONCE, Reader, ReadingLimits
from chat.attachments.results import ExtractedText, Reason, Unread
from tests.support.waiting import until

NOTED = """
import json, time
open("{begun}", "a").write(".")
time.sleep({wait})
print(json.dumps({{"kind": "text", "text": "x", "total": 1, "counts": {{}}}}))
"""
HOSTILE_PDF = """
import json, sys, time
while json.loads(sys.argv[1])["suffix"] == ".pdf":
    time.sleep(60)
print(json.dumps({"kind": "text", "text": "x", "total": 1, "counts": {}}))
"""
ANSWER = 'print(\'{"kind": "text", "text": "%s", "total": 1, "counts": {}}\')'


def reader(code: str, timeout_s: float = 20) -> Reader:
    """A reader whose process says that it has started, and runs this code."""
    limits = ReadingLimits(characters=100, timeout_s=timeout_s)
    return Reader(limits, ("-c", f"print(flush=True)\n{code}"))


async def nothing() -> AsyncGenerator[bytes, None]:
    for chunk in list[bytes]():
        yield chunk


async def endless() -> AsyncGenerator[bytes, None]:
    while True:
        yield b"x" * 100_000


def children() -> list[psutil.Process]:
    """The processes that read; the servers of other tests may run beside them."""
    return [child for child in psutil.Process().children() if _reads(child)]


def _reads(process: psutil.Process) -> bool:
    try:
        return any('"suffix"' in part for part in process.cmdline())
    except psutil.Error:
        return False


@pytest.mark.slow
async def test_a_process_that_never_ends_is_killed() -> None:
    begun = time.monotonic()
    reading = await reader("while True: pass", timeout_s=0.5).read("a.pdf", nothing)
    assert reading == Unread(reason=Reason.SLOW)
    assert time.monotonic() - begun < 8
    assert not children()


@pytest.mark.slow
async def test_a_process_that_does_not_read_is_killed() -> None:
    code = "import time; time.sleep(60)"
    reading = await reader(code, timeout_s=0.5).read("a.pdf", endless)
    assert reading == Unread(reason=Reason.SLOW)
    assert not children()


async def test_a_caller_that_is_cancelled_ends_the_process() -> None:
    code = "import time; time.sleep(60)"
    task = asyncio.create_task(reader(code).read("a.pdf", nothing))
    await until(lambda: bool(children()), "the process")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not children()


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.kill(os.getpid(), 11)",
        "raise SystemExit(3)",
        "print('not json')",
        'print(\'{"kind": "other"}\')',
        "print('[]')",
    ],
)
async def test_a_process_that_crashes_is_a_broken_file(code: str) -> None:
    reading = await reader(code).read("a.pdf", nothing)
    assert isinstance(reading, Unread)
    assert reading.reason is Reason.BROKEN


async def test_a_process_that_is_killed_says_nothing_of_its_file() -> None:
    reading = await reader("import os; os.kill(os.getpid(), 9)").read("a.pdf", nothing)
    assert isinstance(reading, Unread)
    assert reading.reason is Reason.KILLED
    assert reading.is_temporary


async def test_an_endless_answer_is_cut_off() -> None:
    code = "import sys\nwhile True: sys.stdout.write('x' * 1000000)"
    reading = await reader(code).read("a.pdf", nothing)
    assert isinstance(reading, Unread)
    assert reading.reason is Reason.BROKEN


async def test_an_answer_that_is_cut_off_in_full_flow_ends_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When more has come than was taken, the pipe is no longer read, and its end goes unseen."""
    read = asyncio.StreamReader.read

    async def read_late(stream: Any, length: int = -1) -> bytes:
        await until(lambda: stream._paused or stream._eof, "a full buffer")
        return await read(stream, length)

    monkeypatch.setattr(process, "MAX_OUTPUT", 1)
    monkeypatch.setattr(asyncio.StreamReader, "read", read_late)
    code = "import sys\nwhile True: sys.stdout.write('x' * 1000000)"
    async with asyncio.timeout(20):
        reading = await reader(code).read("a.pdf", nothing)
    assert isinstance(reading, Unread)
    assert reading.reason is Reason.BROKEN


async def test_an_answer_before_the_end_of_the_file_is_taken() -> None:
    reading = await reader(ANSWER % "early").read("a.txt", endless)
    assert isinstance(reading, ExtractedText)
    assert reading.text == "early"


async def test_what_is_wrong_with_the_source_is_raised() -> None:
    async def failing() -> AsyncGenerator[bytes, None]:
        yield b"x"
        raise OSError("gone")

    code = f"import sys; sys.stdin.read(); {ANSWER % 'x'}"
    with pytest.raises(OSError, match="gone"):
        await reader(code).read("a.txt", failing)


@pytest.mark.slow
async def test_only_a_few_run_at_once() -> None:
    slow = reader("import time; time.sleep(60)", timeout_s=2)
    tasks = [asyncio.create_task(slow.read("a.txt", nothing)) for _ in range(8)]
    most = 0
    while not all(task.done() for task in tasks):
        most = max(most, len(children()))
        await asyncio.sleep(0.02)
    assert most == AT_ONCE + SLOW_AT_ONCE


@pytest.mark.slow
async def test_hostile_files_of_one_hold_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    by_name = reader(HOSTILE_PDF, timeout_s=120)
    hostile = [asyncio.create_task(by_name.read("a.pdf", nothing, "eve")) for _ in range(8)]
    await until(lambda: len(children()) >= AT_ONCE, "those that read for ever")

    def hers() -> AsyncGenerator[bytes, None]:
        monkeypatch.setattr(process, "QUICK_S", 60.0)  # she has her place; Python may start slowly
        return nothing()

    assert isinstance(await by_name.read("a.txt", hers, "ada"), ExtractedText)
    assert not any(task.done() for task in hostile)
    for task in hostile:
        task.cancel()
    await asyncio.gather(*hostile, return_exceptions=True)
    assert not children()


@pytest.mark.slow
async def test_a_slow_file_goes_on_while_nobody_waits(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    slow = reader(NOTED.format(begun=begun, wait=2 * QUICK_S))
    assert isinstance(await slow.read("a.pdf", nothing), ExtractedText)
    assert begun.read_text() == "."


@pytest.mark.slow
async def test_a_slow_file_that_made_room_is_read_all_the_same(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    slow = reader(NOTED.format(begun=begun, wait=2 * QUICK_S))
    tasks = [asyncio.create_task(slow.read("a.pdf", nothing)) for _ in range(AT_ONCE + 1)]
    readings = await asyncio.gather(*tasks)
    assert all(isinstance(reading, ExtractedText) for reading in readings)
    assert len(begun.read_text()) > len(tasks)


async def test_the_process_sees_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    code = (
        "import json, os; print(json.dumps("
        "{'kind': 'text', 'text': ' '.join(os.environ), 'total': 1, 'counts': {}}))"
    )
    reading = await reader(code).read("a.txt", nothing)
    assert isinstance(reading, ExtractedText)
    assert "OPENAI_API_KEY" not in reading.text


async def test_the_process_loads_neither_chainlit_nor_the_client() -> None:
    code = (
        "import json, sys; import chat.attachments.reading.__main__; print(json.dumps("
        "{'kind': 'text', 'text': ' '.join(sys.modules), 'total': 1, 'counts': {}}))"
    )
    reading = await reader(code).read("a.txt", nothing)
    assert isinstance(reading, ExtractedText)
    heavy = {"chainlit", "openai", "pydantic", "openpyxl", "filetype", "asyncio"}
    assert not heavy & set(reading.text.split())


async def test_memory_is_limited_where_the_system_can() -> None:
    code = (
        "from chat.attachments.reading import __main__ as reading\n"
        "import json\n"
        "reading.limit_resources(200_000_000, 5)\n"
        f"try:\n    bytes(400_000_000)\n    {ANSWER % 'unlimited'}\n"
        "except MemoryError:\n"
        f"    {ANSWER % 'limited'}\n"
    )
    reading = await reader(code).read("a.txt", nothing)
    assert isinstance(reading, ExtractedText)
    assert reading.text == ("limited" if sys.platform == "linux" else "unlimited")


def test_the_process_finds_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    limits = ReadingLimits(characters=100)

    async def read() -> object:
        async def content() -> AsyncGenerator[bytes, None]:
            yield b"words"

        return await Reader(limits).read("a.txt", content)

    assert asyncio.run(read()) == ExtractedText(text="words", total=5)


@pytest.mark.slow
async def test_a_process_that_starts_slowly_does_not_make_its_file_a_slow_one(
    tmp_path: Path,
) -> None:
    """As on a busy machine: each is read once, though others wait."""
    begun = tmp_path / "begun"
    code = f"import time\ntime.sleep({2 * QUICK_S})\nprint(flush=True)\n"
    limits = ReadingLimits(characters=100)
    late = Reader(limits, ("-c", code + NOTED.format(begun=begun, wait=0)))
    await asyncio.gather(*(late.read("a.pdf", nothing) for _ in range(AT_ONCE + 1)))
    assert len(begun.read_text()) == AT_ONCE + 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.bin", bytes(range(256)) * 1_000, Reason.BINARY),
        ("a.mp4", b"\0\0\0\x18ftypmp42" + bytes(90_000), Reason.RECORDING),
        ("a.parquet", b"PAR1" + bytes(range(256)), Reason.DATA),
        ("a", bytes(range(128)), Reason.BINARY),
    ],
)
async def test_what_is_evidently_no_text_takes_no_process(
    name: str, content: bytes, reason: Reason
) -> None:
    async def source() -> AsyncGenerator[bytes, None]:
        for start in range(0, len(content), 1_000):
            yield content[start : start + 1_000]

    found = await reader("raise SystemExit(3)").read(name, source)
    assert found == Unread(reason=reason)
    assert found == await Reader(ReadingLimits(characters=100))._read(
        name, source, 0, asyncio.Event()
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.bin", b"\x1f\x8b\x08" + bytes(range(256))),
        ("a.backup", bytes(257) + b"ustar" + bytes(range(256))),
        ("a.saved", b"bplist00" + bytes(range(256))),
        ("a.bin", b"plain words"),
        ("a.pdf", bytes(range(256))),
        ("a", b""),
    ],
)
async def test_what_may_hold_something_takes_one(name: str, content: bytes) -> None:
    async def source() -> AsyncGenerator[bytes, None]:
        yield content

    assert isinstance(await reader(ANSWER % "x").read(name, source), ExtractedText)
