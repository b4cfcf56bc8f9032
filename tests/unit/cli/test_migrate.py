"""What `manage.py migrate` says of a store that lacks what it is asked for."""

from pathlib import Path
from typing import Any

import anyio
import pytest

import manage
from bootstrap import stores
from cli import migrate
from datalayer.stores.capabilities import Migrates
from datalayer.stores.memory import MemoryStore
from settings import Settings


@pytest.fixture(autouse=True)
def _a_store_that_only_stores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def open_store(_settings: Settings, **_options: Any) -> MemoryStore:
        return MemoryStore()

    for module in (migrate, stores):
        monkeypatch.setattr(module, "open_store", open_store)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], migrate.NO_SCHEMA),
        (["--check"], migrate.NO_SCHEMA),
        (["--sql"], f"-- {migrate.NO_SCHEMA}"),
    ],
)
def test_without_a_schema_there_is_nothing_to_migrate(
    capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        manage.main(["migrate", *options])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"{said}\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--adopt"], migrate.NOT_ADOPTED),
        (["--adopt", "--dry-run"], migrate.NOT_ADOPTED),
        (["--adopt", "--backup-first"], migrate.NOT_ADOPTED),
        (["--backup-first"], migrate.NO_BACKUP),
    ],
)
def test_what_a_store_cannot_do_is_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        manage.main(["migrate", *options])
    assert ended.value.code == said
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("by_itself", ["on", "off"])
def test_a_start_migrates_nothing_either(tmp_path: Path, by_itself: str) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path, "database_migrate": by_itself})
    anyio.run(stores.prepare, settings)
    assert list(tmp_path.iterdir()) == []


class _MadeWithoutSql(MemoryStore, Migrates):
    """What no SQL makes."""

    async def migrate(self) -> None: ...

    async def needs_migration(self) -> bool:
        return True


def test_there_is_no_sql_for_what_no_sql_makes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "open_store", lambda _settings, **_options: _MadeWithoutSql())
    with pytest.raises(SystemExit) as ended:
        manage.main(["migrate", "--sql"])
    assert ended.value.code == migrate.NO_SQL
    assert capsys.readouterr().out == ""
