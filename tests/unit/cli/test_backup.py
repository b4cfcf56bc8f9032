"""`manage.py backup` and `restore`: what they copy, what they refuse, what they say."""

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

import manage
from bootstrap.storages import open_storage
from bootstrap.stores import migrate, open_store
from cli.backups import backup as command
from cli.backups.folder import Backup, BackupFolder
from datalayer.pipeline.spool.spool import BYTES, WRITES
from datalayer.stores.memory import MemoryStore
from settings import load
from tests.support.builders import element, finish, new_id

CONTENT = b"some bytes"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DATA_DIR with a secret, and a database."""
    use(monkeypatch, tmp_path / "data")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "auth_secret").write_text("secret")
    anyio.run(migrate, load())
    return tmp_path


def use(monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(data))


def run(*arguments: str | Path) -> None:
    with pytest.raises(SystemExit) as ended:
        manage.main([str(argument) for argument in arguments])
    assert ended.value.code == 0, ended.value.code


def refused(*arguments: str | Path) -> str:
    with pytest.raises(SystemExit) as ended:
        manage.main([str(argument) for argument in arguments])
    return str(ended.value.code)


async def save(*keys: str) -> None:
    """Store files that messages name."""
    storage, store = open_storage(load()), open_store(load())
    for key in keys:
        thread_id, element_id = key.split("/")
        await storage.put(key, CONTENT, mime="text/plain")
        row = element(thread_id, element_id, ready=False, objectKey=key)
        await store.apply([row, finish(row)])
    await storage.close()
    await store.close()


async def remove(key: str) -> None:
    storage = open_storage(load())
    await storage.delete([key])
    await storage.close()


def key() -> str:
    return f"{new_id()}/{new_id()}"


def files(folder: Path) -> set[str]:
    return {it.relative_to(folder).as_posix() for it in folder.rglob("*") if it.is_file()}


def test_what_is_backed_up_is_there_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = key()
    anyio.run(save, kept)
    foreign = home / "data/files/somebody/elses.txt"
    foreign.parent.mkdir()
    foreign.write_text("not ours")
    for left_out in ("readings", "session_files", "backups"):
        (home / "data" / left_out).mkdir()
    run("backup", home / "backups")
    assert files(home / "backups" / "files") == {kept}
    use(monkeypatch, home / "other")
    run("restore", home / "backups")
    assert files(home / "other") == {"auth_secret", "keepchat.db", f"files/{kept}"}
    assert (home / "other/files" / kept).read_bytes() == CONTENT
    for path in (home / "backups").rglob("*"):
        assert not path.stat().st_mode & 0o077, path


def test_each_file_is_copied_once_and_goes_with_the_last_backup_that_has_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = key(), key()
    anyio.run(save, first)
    run("backup", home / "backups")
    anyio.run(save, second)
    anyio.run(remove, first)
    run("backup", home / "backups")
    assert "1 files, of which 1 were not there yet" in capsys.readouterr().out.splitlines()[-1]
    assert files(home / "backups" / "files") == {first, second}
    run("backup", home / "backups", "--keep", "1")
    assert files(home / "backups" / "files") == {second}
    assert len([*BackupFolder(home / "backups").backups()]) == 1
    assert "Removed 2 older backups, and 1 files" in capsys.readouterr().out


def test_a_file_that_has_changed_is_copied_anew(home: Path) -> None:
    changed = key()
    anyio.run(save, changed)
    run("backup", home / "backups")
    path = home / "data/files" / changed
    path.write_bytes(CONTENT[::-1])
    os.utime(path, (1, 1))
    run("backup", home / "backups")
    assert (home / "backups/files" / changed).read_bytes() == CONTENT[::-1]


def test_what_waits_in_journal_and_spool_is_copied_and_halves_are_not(home: Path) -> None:
    process = home / "data/spool" / new_id()
    (process / BYTES).mkdir(parents=True)
    (process / WRITES).mkdir()
    (process / BYTES / "1").touch()
    (process / WRITES / "1").touch()
    (process / WRITES / "2").touch()  # its file is in the storage by now
    (home / "data/journal" / process.name).mkdir(parents=True)
    (home / "data/journal" / process.name / "1.journal").write_text("writes")
    (home / "data/journal" / f"{process.name}.lock").touch()
    run("backup", home / "backups")
    [made] = BackupFolder(home / "backups").backups()
    assert files(made.data) == {
        "auth_secret",
        f"journal/{process.name}/1.journal",
        f"spool/{process.name}/{BYTES}1",
        f"spool/{process.name}/{WRITES}1",
    }


def test_nothing_is_restored_where_something_is(home: Path) -> None:
    run("backup", home / "backups")
    assert refused("restore", home / "backups").startswith(
        f"DATA_DIR: {home / 'data'} has auth_secret already: end the program"
    )
    (home / "data/auth_secret").unlink()
    assert "There is a database already" in refused("restore", home / "backups")
    assert not (home / "data/auth_secret").exists()
    assert refused("restore", home / "nothing") == f"There is no backup in {home / 'nothing'}."


def test_a_backup_that_may_not_be_read_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that root has brought from another computer."""
    folder = home / "backups"

    def refuse(_folder: BackupFolder) -> Iterator[Backup]:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(BackupFolder, "backups", refuse)
    assert refused("restore", folder) == f"It was not restored: {folder}: Permission denied."


def test_parts_are_left_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anyio.run(save, key())
    run("backup", home / "backups", "--without", "database", "--without", "files")
    [made] = BackupFolder(home / "backups").backups()
    assert files(home / "backups") == {f"{made.path.name}/data/auth_secret"}
    use(monkeypatch, home / "other")
    assert "'--without database'" in refused("restore", made.path)
    run("restore", made.path, "--without", "database", "--without", "files")
    assert files(home / "other") == {"auth_secret"}


def test_a_message_that_lacks_its_file_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = key()
    anyio.run(save, lost)
    anyio.run(remove, lost)
    run("backup", home / "backups")
    use(monkeypatch, home / "other")
    assert refused("restore", home / "backups") == "1"
    assert re.search(r"^1 messages lack their file", capsys.readouterr().out, re.MULTILINE)


def test_one_that_was_killed_is_none(home: Path) -> None:
    folder = BackupFolder(home / "backups")
    killed = folder.begin()
    (killed.path / "data").mkdir()
    assert not [*folder.backups()]
    run("backup", home / "backups")
    assert not killed.path.exists()


def test_what_cannot_be_backed_up_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "open_store", lambda *_args, **_options: MemoryStore())
    assert refused("backup", home / "backups") == command.NO_BACKUP
    assert not (home / "backups").exists()
    run("backup", home / "backups", "--without", "database")
    (home / "file").touch()
    assert refused("backup", home / "file", "--without", "database").startswith(
        "No backup could be made: "
    )
