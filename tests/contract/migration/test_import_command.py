"""`manage.py import`: the plan, the import, what cannot be held, and what goes wrong."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import manage
from cli import import_
from datalayer.stores.factory import open_store
from datalayer.stores.sql.postgres.store import PostgresStore
from tests.support.builders import get_thread, new_id
from tests.support.officials import Official, fill
from tests.support.servers.postgres import Postgres
from tests.support.waiting import free_port

Capture = pytest.CaptureFixture[str]
LOST = """
    INSERT INTO "Step" (id, type, output, metadata, "startTime", "endTime")
    VALUES ('lost', 'run', 'Löst', '{}', now(), now())
"""


def run(monkeypatch: pytest.MonkeyPatch, place: Path, source: str, *arguments: str) -> object:
    """The exit code of the command, or what it says instead, with a database in a folder."""
    monkeypatch.setenv("DATA_DIR", str(place))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SystemExit) as ended:
        manage.main(["import", "--from", source, *arguments])
    return ended.value.code


def shell(place: Path, source: str, target: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "import", "--from", source],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "DATABASE_URL": target, "DATA_DIR": str(place / "data")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def steps(place: Path) -> list[Any]:
    with closing(sqlite3.connect(place / "keepchat.db")) as database:
        return database.execute('SELECT output FROM steps ORDER BY "createdAt"').fetchall()


def test_the_plan_changes_nothing_and_the_import_says_what_it_did(
    official: Official, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    asyncio.run(fill(official, "one"))
    official.run(LOST)
    rows, place = official.dump(), tmp_path / "data"
    assert run(monkeypatch, place, official.url, "--dry-run") == 0
    plan = capsys.readouterr().out
    assert "official layer: 1 users, 1 threads, 4 steps, 3 elements, 1 feedbacks." in plan
    assert "To be stored: 1 users, 1 threads, 3 steps, 3 elements, 1 feedbacks." in plan
    assert "- 1 x steps: without a thread; they cannot be held (lost)" in plan
    assert plan.endswith("Nothing was changed.\n")
    assert not place.exists()

    assert run(monkeypatch, place, official.url) == 0
    said = capsys.readouterr().out
    assert "\nStored: 1 users, 1 threads, 3 steps, 3 elements, 1 feedbacks." in said
    assert steps(place) == [("Ask one ü 世",), ("",), ("Answer of one",)]
    [leftovers] = (place / "imports").iterdir()
    assert f"(1 rows) is kept in {leftovers}." in said
    assert leftovers.stat().st_mode & 0o077 == 0
    [line] = leftovers.read_text(encoding="utf-8").splitlines()
    kept = json.loads(line)
    assert (kept["kind"], kept["content"]["output"]) == ("steps", "Löst")

    assert run(monkeypatch, place, official.url, "--assume-timezone", "Europe/Berlin") == 0
    assert "Known: 1 users, 1 threads, 3 steps" in capsys.readouterr().out
    assert len(steps(place)) == 3
    assert official.dump() == rows


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "the same"])
def test_as_it_is_called_in_a_shell(
    official: Official, postgres: Postgres, tmp_path: Path, kind: str
) -> None:
    [talk] = asyncio.run(fill(official, "one"))
    with postgres.database(new_id()) as name:
        urls = {"postgres": postgres.url(name), "the same": official.url}
        target = urls.get(kind, f"sqlite:///{tmp_path / 'mine.db'}")
        done = shell(tmp_path, official.url, target)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Stored: 1 users, 1 threads, 3 steps, 3 elements, 1 feedbacks." in done.stdout
        assert done.stdout.endswith("Done. It can be run again at any time.\n")
        outputs = asyncio.run(outputs_of(target, talk.thread))
        assert outputs == ["Ask one ü 世", "", "Answer of one"]


async def outputs_of(url: str, thread_id: str) -> list[object]:
    store = open_store(url, Path())
    found: list[object] = [
        step.fields["output"] for step in (await get_thread(store, thread_id)).steps
    ]
    await store.close()
    return found


def test_what_goes_wrong_is_one_sentence(
    official: Official, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nowhere = f"postgresql://me:secret@127.0.0.1:{free_port()}/x"
    said = str(run(monkeypatch, tmp_path, nowhere))
    assert said.startswith("--from: The database cannot be used now")
    assert "secret" not in said
    official.run(LOST)
    (tmp_path / "imports").write_text("a file where the folder is to be")
    assert str(run(monkeypatch, tmp_path, official.url)).startswith("DATA_DIR: what cannot be held")
    (tmp_path / "keepchat.db").write_text("no database, but something that is long enough " * 30)
    assert str(run(monkeypatch, tmp_path, official.url)).startswith("DATABASE_URL: ")


def test_a_right_that_is_lacking_ends_it_with_a_sentence(
    official: Official, postgres: Postgres, tmp_path: Path
) -> None:
    asyncio.run(fill(official, "one"))
    with postgres.database(new_id()) as name:
        target = postgres.url(name)
        asyncio.run(migrated(target))
        postgres.run(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE insufficient_privilege USING MESSAGE = 'permission denied'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON steps EXECUTE FUNCTION refuse()",
            database=name,
        )
        done = shell(tmp_path, official.url, target)
    assert done.returncode == 1
    [said] = [line for line in done.stderr.splitlines() if line.startswith("DATABASE_URL: ")]
    assert "The database user lacks a right." in said
    assert "Traceback" not in done.stderr


async def migrated(url: str) -> None:
    store = PostgresStore(url)
    await store.migrate()
    await store.close()


@pytest.mark.parametrize("arguments", [["--assume-timezone", "Nowhere"], ["--unknown"]])
def test_what_cannot_be_asked(
    official: Official, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
) -> None:
    assert run(monkeypatch, tmp_path, official.url, *arguments) == 2
    assert not list(tmp_path.iterdir())


def test_who_watches_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    progress = import_.ProgressPrinter()
    monkeypatch.setattr(import_, "PROGRESS_S", 0)
    progress(1, 2)
    assert capsys.readouterr().err == ""  # no screen
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress(1_000, 20_000)
    assert capsys.readouterr().err == "1,000 of 20,000 rows\n"
