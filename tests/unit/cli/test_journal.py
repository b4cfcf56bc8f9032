"""`manage.py journal`: what waits is told, dead letters are stored or dropped as somebody wants."""

import asyncio
import errno
import io
import json
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

import manage
from bootstrap.storages import open_spool
from bootstrap.stores import open_journal
from datalayer.pipeline.delivery import key_of
from datalayer.pipeline.journal.dead_letters import DeadLetters
from datalayer.pipeline.journal.journal import Journal
from datalayer.pipeline.journal.records import encode_record
from datalayer.pipeline.spool.reading import waiting_files
from datalayer.pipeline.spool.spool import Spool
from datalayer.records import Outcome, Result
from datalayer.stores.sql.sqlite.store import SqliteStore
from datalayer.writes import SaveElement, Write
from settings import Settings, data_folder, read
from tests.support.builders import feedback, new_id, outcomes, step, upload

Capture = pytest.CaptureFixture[str]
MonkeyPatch = pytest.MonkeyPatch


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    asyncio.run(applied(tmp_path))
    return tmp_path


async def applied(folder: Path, *writes: Write) -> list[Outcome]:
    store = SqliteStore(folder / "keepchat.db")
    await store.migrate()
    try:
        return await outcomes(store, *writes)
    finally:
        await store.close()


def letters(folder: Path) -> DeadLetters:
    return DeadLetters(folder / "dead_letters")


def kept(folder: Path, *writes: Write, reason: str = "it was\nrefused") -> list[str]:
    for write in writes:
        letters(folder).keep_write(write, reason)
    return letters(folder).ids()


def run(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        manage.main(["journal", *arguments])
    return ended.value.code


class Terminal(io.StringIO):
    """Somebody who can be asked."""

    def isatty(self) -> bool:
        return True


def test_there_is_nothing(folder: Path, capsys: Capture) -> None:
    assert run("list") == 0
    assert capsys.readouterr().out == "Nothing waits, and there are no dead letters.\n"
    assert run("retry", "--all") == 0
    assert run("drop", "--all") == 0


def test_dead_letters_are_listed_and_shown(folder: Path, capsys: Capture) -> None:
    written = step(new_id(), output="what was said")
    [letter_id] = kept(folder, written)
    assert run("list") == 0
    told = capsys.readouterr().out
    assert f"{letter_id}\t" in told
    assert f"SaveStep {written.id}\tit was refused\n" in told
    assert "what was said" not in told
    assert run("show", letter_id) == 0
    held = json.loads(capsys.readouterr().out)
    assert held["reason"] == "it was\nrefused"
    assert held["write"]["write"]["fields"]["output"] == "what was said"


@pytest.mark.parametrize("action", ["show", "retry", "drop"])
@pytest.mark.parametrize("name", ["unknown", "../keepchat", ""])
def test_one_that_is_not_there(folder: Path, action: str, name: str) -> None:
    assert f"There is no dead letter {name!r}" in str(run(action, name))


@pytest.mark.parametrize("action", ["retry", "drop"])
def test_which_has_to_be_said(folder: Path, action: str) -> None:
    [letter_id] = kept(folder, step(new_id()))
    assert run(action) == 2
    assert run(action, "--all", letter_id) == 2
    assert letters(folder).ids() == [letter_id]


@pytest.mark.parametrize("action", ["retry", "drop"])
def test_nothing_is_done_that_nobody_agrees_to(
    folder: Path, monkeypatch: MonkeyPatch, capsys: Capture, action: str
) -> None:
    [letter_id] = kept(folder, step(new_id()))
    monkeypatch.setattr(sys, "stdin", io.StringIO("y"))
    assert "add --yes" in str(run(action, "--all"))
    for answer in ("", "n", "what?"):
        monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
        assert run(action, "--all") == 1
        assert capsys.readouterr().out.endswith("Nothing is changed.\n")
    assert letters(folder).ids() == [letter_id]


def test_what_is_agreed_to_is_dropped(
    folder: Path, monkeypatch: MonkeyPatch, capsys: Capture
) -> None:
    first, second, third = kept(folder, *(step(new_id()) for _ in range(3)))
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert run("drop", second) == 0
    assert "Removed: 1 dead letter." in capsys.readouterr().out
    assert letters(folder).ids() == [first, third]
    assert run("drop", "--all", "--yes") == 0
    assert letters(folder).ids() == []


def test_a_file_is_dropped_with_its_row(folder: Path) -> None:
    dropped, other = upload(new_id()), upload(new_id())
    asyncio.run(spooled(dropped, other))
    [letter_id] = kept(folder, dropped)
    assert run("drop", letter_id, "--yes") == 0
    assert [file.key for file in waiting_files(folder / "spool")] == [key_of(other)]
    assert not [path for path, _ in contents(folder) if dropped.id in path.name]


async def spooled(*writes: SaveElement) -> None:
    spool = open_spool(read())
    for write in writes:
        await spool.keep(write, b"12345")
    await spool.close()


def test_what_can_be_stored_now_is_stored_once(folder: Path, capsys: Capture) -> None:
    said = step(new_id(), output="hello")
    kept(folder, said, said)
    assert run("retry", "--all", "--yes") == 0
    assert "Stored: 2. Left: 0." in capsys.readouterr().out
    assert letters(folder).ids() == []
    assert asyncio.run(applied(folder, said)) == [Outcome.REPEATED]


def test_what_is_refused_again_stays(folder: Path, capsys: Capture) -> None:
    said = step(new_id(), output="hello")
    kept(folder, feedback(step(new_id())), said)
    assert run("retry", "--all", "--yes") == 1
    told = capsys.readouterr().out
    assert "Stored: 1. Left: 1." in told
    assert "there is no" in told
    assert len(letters(folder).ids()) == 1


def test_what_is_newer_stays(folder: Path, capsys: Capture) -> None:
    said = step(new_id(), output="old")
    newer = step(said.thread_id, said.id, output="new")
    asyncio.run(applied(folder, newer))
    kept(folder, said)
    assert run("retry", "--all", "--yes") == 1
    assert "something newer is there" in capsys.readouterr().out


def test_what_cannot_be_read_is_listed_and_stays(folder: Path, capsys: Capture) -> None:
    letters(folder).keep_bytes(b"1 2 3 4\n", "damaged")
    damaged = folder / "dead_letters" / "0000000000000001-0.json"
    damaged.write_text("{")
    assert run("list") == 0
    assert capsys.readouterr().out.count("\tunreadable\t") == len(letters(folder).ids())
    assert "was damaged" in str(run("show", damaged.stem))
    assert run("retry", "--all", "--yes") == 1
    assert len(letters(folder).ids()) == 2
    assert run("drop", "--all", "--yes") == 0
    assert letters(folder).ids() == []


@pytest.mark.parametrize("rest", ["", ',"bytes":"a"', ',"bytes":"***"', ',"write":null'])
def test_a_dead_letter_that_is_none_keeps_no_other(
    folder: Path, capsys: Capture, rest: str
) -> None:
    path = folder / "dead_letters" / "0000000000000001-0.json"
    kept(folder, step(new_id()))
    path.write_text(f'{{"version":1,"at":"","reason":""{rest}}}')
    for name in ("notes.json", "12x.json", "99999999999999999999-0.json"):
        path.with_name(name).write_text("")
    assert run("list") == 0
    assert capsys.readouterr().out.startswith("2 dead letters, the oldest of 1970-01-01")
    assert isinstance(run("show", path.stem), int | str)
    assert run("retry", "--all", "--yes") == 1
    assert letters(folder).ids() == [path.stem]


def test_one_that_meets_a_defect_keeps_no_other(
    folder: Path, capsys: Capture, monkeypatch: MonkeyPatch
) -> None:
    bad, good = step(new_id()), step(new_id())
    kept(folder, bad, good)
    apply = SqliteStore.apply

    async def failing(store: SqliteStore, writes: Sequence[Write]) -> list[Result]:
        if bad in writes:
            message = "a defect"
            raise TypeError(message)
        return await apply(store, writes)

    monkeypatch.setattr(SqliteStore, "apply", failing)
    assert run("retry", "--all", "--yes") == 1
    told = capsys.readouterr().out
    assert "Stored: 1. Left: 1." in told
    assert "TypeError" in told


def test_it_is_looked_at_on_a_disk_that_takes_nothing(
    folder: Path, capsys: Capture, monkeypatch: MonkeyPatch
) -> None:
    [letter_id] = kept(folder, step(new_id()))

    def fail(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(data_folder, "TemporaryFile", fail)
    assert run("list") == 0
    assert run("show", letter_id) == 0
    assert letter_id in capsys.readouterr().out
    assert "Read-only file system" in str(run("retry", "--all", "--yes"))


def test_what_is_no_journal_is_no_fault(folder: Path, capsys: Capture) -> None:
    place = folder / "journal" / "of-one"
    (place / "7.journal").mkdir(parents=True)
    for name in ("²².journal", "notes.journal", f"{'9' * 20}.journal"):
        (place / name).write_text("\n")
    (place / "1000000000000000.journal").write_bytes(encode_record(step(new_id())))
    assert run("list") == 0
    assert capsys.readouterr().out.startswith("Up to 1 write ")


def test_bytes_that_can_be_read_now_are_stored(folder: Path) -> None:
    said = step(new_id(), output="hello")
    letters(folder).keep_bytes(encode_record(said), "of a newer version")
    assert run("retry", "--all", "--yes") == 0
    assert asyncio.run(applied(folder, said)) == [Outcome.REPEATED]


def test_a_database_that_is_away(folder: Path, monkeypatch: MonkeyPatch) -> None:
    kept(folder, step(new_id()))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    assert str(run("retry", "--all", "--yes")).startswith("DATABASE_URL: ")
    assert len(letters(folder).ids()) == 1


@pytest.fixture
async def at_work(folder: Path) -> AsyncIterator[tuple[Journal, Spool]]:
    """A program that has accepted two writes and a file, and runs."""
    settings = read()
    journal, spool = open_journal(settings), open_spool(settings)
    await journal.open()
    await journal.append([step(new_id()), step(new_id())])
    await spool.keep(upload(new_id(), name="a.txt"), b"12345")
    yield journal, spool
    await journal.close()
    await spool.close()


async def command(*arguments: str) -> tuple[int | None, str]:
    """Run it as a process of its own, as an operator does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "manage.py", *arguments, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    return process.returncode, told.decode()


@pytest.mark.slow
async def test_what_waits_is_told_while_the_program_runs(
    folder: Path, at_work: tuple[Journal, Spool]
) -> None:
    before = contents(folder)
    code, told = await command("journal", "list")
    assert code == 0
    assert "Up to 2 writes" in told
    assert "1 file (0.0 MB) in the spool" in told
    assert "'a.txt'" in told
    assert contents(folder) == before
    journal, spool = at_work
    assert (journal.depth, spool.state.depth) == (2, 1)
    assert len(await journal.read(10)) == 2


def contents(folder: Path) -> Sequence[tuple[Path, bytes]]:
    files = (path for name in ("journal", "spool") for path in (folder / name).rglob("*"))
    return sorted((path, path.read_bytes()) for path in files if path.is_file())


@pytest.mark.slow
async def test_the_doctor_tells(folder: Path, at_work: tuple[Journal, Spool]) -> None:
    kept(folder, step(new_id()))
    _, told = await command("doctor", "--json")
    [found] = [each for each in json.loads(told)["checks"] if each["subject"] == "journal"]
    assert found["status"] == "warning"
    for part in ("1 dead letter, the oldest of 20", "Up to 2 writes", "1 file (0.0 MB)"):
        assert part in found["message"]
    assert "journal retry" in found["remedy"]
