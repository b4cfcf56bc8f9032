"""`manage.py migrate`: --adopt, --dry-run, --backup-first, --check and --sql."""

import asyncio
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

import manage
from datalayer.stores.sql.postgres.backup import libpq_address
from tests.support.chainlits import ChainlitDatabase, MakeDatabase, fill
from tests.support.marks import on
from tests.support.servers.postgres import Postgres

KINDS = on("sqlite", "postgres")
Capture = pytest.CaptureFixture[str]


def run(monkeypatch: pytest.MonkeyPatch, theirs: ChainlitDatabase, *arguments: str) -> object:
    """The exit code of the command, or what it says instead."""
    monkeypatch.setenv("DATABASE_URL", theirs.url)
    monkeypatch.setenv("DATA_DIR", str(theirs.path.parent / "data"))
    with pytest.raises(SystemExit) as ended:
        manage.main(["migrate", *arguments])
    return ended.value.code


def backups(theirs: ChainlitDatabase) -> list[Path]:
    folder = theirs.path.parent
    return sorted([*folder.glob("*.backup"), *(folder / "data").glob("backups/*")])


@pytest.mark.parametrize("kind", KINDS)
def test_the_plan_is_printed_and_then_what_was_done(
    make: MakeDatabase, monkeypatch: pytest.MonkeyPatch, capsys: Capture, kind: str
) -> None:
    theirs = make("B", kind)
    asyncio.run(fill(theirs, "one", "two"))
    rows, counts = theirs.dump(), theirs.counts()
    assert "migrate --adopt" in str(run(monkeypatch, theirs, "--check"))
    assert "migrate --adopt" in str(run(monkeypatch, theirs))
    assert run(monkeypatch, theirs, "--adopt", "--dry-run", "--backup-first") == 0
    plan = capsys.readouterr().out
    assert "the schema that Chainlit documents today: 1 users, 2 threads, 6 steps" in plan
    assert "- 2 x elements: stored links give way" in plan
    assert "Nothing was changed." in plan
    assert theirs.dump() == rows
    assert not backups(theirs)

    assert run(monkeypatch, theirs, "--adopt", "--backup-first") == 0
    said = capsys.readouterr().out
    [backup] = backups(theirs)
    assert said.index("The plan:") < said.index(f"Backup: {backup}") < said.index("Done:")
    assert theirs.counts() == counts
    assert backup.stat().st_mode & 0o077 == 0
    if kind == "sqlite":
        with closing(sqlite3.connect(backup)) as kept:
            found = kept.execute("SELECT * FROM steps").fetchall()
        assert sorted(map(repr, found)) == rows["steps"]
    else:
        assert backup.read_bytes().startswith(b"PGDMP")
    assert run(monkeypatch, theirs, "--check") == 0
    assert run(monkeypatch, theirs, "--sql") == 0
    assert "-- The database's schema is that of this version." in capsys.readouterr().out
    assert run(monkeypatch, theirs, "--adopt") == 0
    assert "There is nothing to adopt" in capsys.readouterr().out


def test_a_dump_is_restored_and_adopted_again(
    make: MakeDatabase, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = make("B", "postgres")
    asyncio.run(fill(theirs, "one", "two"))
    rows, counts = theirs.dump(), theirs.counts()
    assert run(monkeypatch, theirs, "--adopt", "--backup-first") == 0
    [backup] = backups(theirs)
    address, password = libpq_address(theirs.url)
    postgres.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public", database=theirs.name)
    subprocess.run(
        ["pg_restore", "--exit-on-error", f"--dbname={address}", backup],
        env={**os.environ, "PGPASSWORD": password},
        check=True,
    )
    assert theirs.dump() == rows
    assert run(monkeypatch, theirs, "--adopt") == 0
    assert theirs.counts() == counts


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_database_is_behind_and_says_by_what(
    make: MakeDatabase, monkeypatch: pytest.MonkeyPatch, capsys: Capture, kind: str
) -> None:
    theirs = make("B", kind)
    theirs.run("".join(f"DROP TABLE {t};" for t in ("feedbacks", "elements", "steps")))
    theirs.run("DROP TABLE threads; DROP TABLE users")
    assert run(monkeypatch, theirs, "--check") == 1
    assert "older than this version" in capsys.readouterr().out
    assert run(monkeypatch, theirs, "--sql") == 0
    script = capsys.readouterr().out
    assert "CREATE TABLE threads" in script
    theirs.run(script)
    assert run(monkeypatch, theirs, "--check") == 0


@pytest.mark.server
def test_without_pg_dump_there_is_no_backup_and_no_adoption(
    make: MakeDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs = make("B", "postgres")
    asyncio.run(fill(theirs, "one"))
    rows = theirs.dump()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install postgresql-client" in str(
        run(monkeypatch, theirs, "--adopt", "--backup-first")
    )
    assert theirs.dump() == rows
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump: error: no such luck' >&2\nexit 1\n")
    program.chmod(0o700)
    assert "no such luck" in str(run(monkeypatch, theirs, "--adopt", "--backup-first"))
    assert theirs.dump() == rows
    assert not list((tmp_path / "data" / "backups").iterdir())


@pytest.mark.parametrize(
    "arguments",
    [["--dry-run"], ["--assume-timezone", "UTC"], ["--adopt", "--assume-timezone", "X"]],
)
def test_what_cannot_be_asked(
    make: MakeDatabase,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    arguments: list[str],
) -> None:
    assert run(monkeypatch, make("B", "sqlite"), *arguments) == 2
    assert "error: " in capsys.readouterr().err


def test_the_password_is_taken_out_of_the_address() -> None:
    url = "postgresql+asyncpg://me:p%40ss@h:5/db?sslmode=require&pgbouncer=true&lock_timeout=1"
    assert libpq_address(url) == ("postgresql://me@h:5/db?sslmode=require", "p@ss")
