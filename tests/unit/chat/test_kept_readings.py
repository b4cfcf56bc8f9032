"""What was read is on disk for the next run: for nobody else, not for ever, never in the way."""

import os
import shutil
import stat
import time
from collections import namedtuple
from pathlib import Path

import pytest

from chat.attachments import kept as kept_module
from chat.attachments.kept import KEPT_S, KeptReadings, reader_version
from chat.attachments.results import ExtractedText, Picture, Reading, Reason, Unread
from tests.support.journals import files

TEXT = ExtractedText(text="a plan that nobody may see", total=26)
READINGS: list[Reading] = [
    TEXT,
    Picture(mime="image/jpeg", data="AAAA", width=1, height=2),
    Unread(reason=Reason.BINARY),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "readings"


@pytest.mark.parametrize("reading", READINGS)
async def test_the_next_run_has_it(folder: Path, reading: Reading) -> None:
    await KeptReadings(folder).put("secret", reading)
    assert await KeptReadings(folder).get("secret") == reading


@pytest.mark.parametrize("reason", [Reason.SLOW, Reason.KILLED, Reason.UNAVAILABLE])
async def test_what_may_be_otherwise_the_next_time_is_not_kept(
    folder: Path, reason: Reason
) -> None:
    await KeptReadings(folder).put("secret", Unread(reason=reason))
    assert files(folder, "*") == []


async def test_without_its_secret_it_says_nothing(folder: Path) -> None:
    await KeptReadings(folder).put("secret", TEXT)
    [file] = files(folder, "*")
    assert b"plan" not in file.read_bytes()
    assert "secret" not in file.name
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await KeptReadings(folder).get("another") is None


async def test_it_is_of_no_use_to_another_reader(folder: Path) -> None:
    await KeptReadings(folder, "1").put("secret", TEXT)
    assert await KeptReadings(folder, "2").get("secret") is None


def test_another_reader_is_one_with_other_code_or_libraries(tmp_path: Path) -> None:
    versions = [reader_version(tmp_path)]
    for name in ("chat/attachments/reading/pdf/new.py", "common/types.py", "requirements.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
        versions.append(reader_version(tmp_path))
    assert len({*versions}) == len(versions)


async def test_what_is_damaged_or_cut_is_read_again(folder: Path) -> None:
    kept = KeptReadings(folder)
    await kept.put("secret", TEXT)
    [file] = files(folder, "*")
    whole = file.read_bytes()
    for damaged in (b"", whole[:5], whole[:-1], bytes(len(whole))):
        file.write_bytes(damaged)
        assert await kept.get("secret") is None
    await kept.put("secret", TEXT)
    assert await kept.get("secret") == TEXT


async def test_the_oldest_leave_when_there_are_too_many(folder: Path) -> None:
    most = 20_000
    kept = KeptReadings(folder, most_bytes=most)
    for number in range(50):
        await kept.put(str(number), ExtractedText(text="x" * 1_000, total=1))
        assert sum(it.stat().st_size for it in files(folder, "*")) <= most
        await kept.get("0")  # what is used stays
        for file in files(folder, "*"):
            os.utime(file, (1, file.stat().st_mtime - 10))
    assert await kept.get("0")
    assert await kept.get("49")
    assert await kept.get("1") is None


async def test_what_is_too_large_is_not_kept(folder: Path) -> None:
    await KeptReadings(folder, most_bytes=800).put("secret", ExtractedText(text="x" * 200, total=1))
    assert files(folder, "*") == []


async def test_what_was_not_needed_for_long_leaves(folder: Path) -> None:
    await KeptReadings(folder).put("old", TEXT)
    [file] = files(folder, "*")
    long_ago = time.time() - KEPT_S - 1
    os.utime(file, (long_ago, long_ago))
    await KeptReadings(folder).put("new", TEXT)
    assert not file.exists()


async def test_it_leaves_room_on_the_disk_to_what_may_not_be_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(kept_module.LEFT_FREE - 1))
    await KeptReadings(folder).put("secret", TEXT)
    assert files(folder, "*") == []


@pytest.fixture
def file(folder: Path) -> Path:
    """A file where the folder should be."""
    folder.write_text("a file")
    return folder


async def test_a_folder_that_cannot_be_used_harms_nothing(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = KeptReadings(file)
    await kept.put("secret", TEXT)
    assert await kept.get("secret") is None
    assert "A reading is not kept" in caplog.text
