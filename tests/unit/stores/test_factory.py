"""Which store a URL opens, and what is said of one that opens none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from datalayer.errors import StoreMisconfigured
from datalayer.stores.factory import STORES, open_store
from datalayer.stores.sql.postgres.store import PostgresStore
from datalayer.stores.sql.sqlite.store import SqliteStore
from settings import ROOT

IMPORTS = """
import sys
from bootstrap.stores import open_store
from settings import Settings
open_store(Settings())
print(*sys.modules)
"""
FORM = "sqlite:///data/keepchat.db"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "POSTGRESQL"])
def test_a_server(tmp_path: Path, scheme: str) -> None:
    store = open_store(f"{scheme}://user:geheim@host/db", tmp_path)
    assert isinstance(store, PostgresStore)
    assert store.is_remote
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", ["sqlite", "SQLite"])
async def test_a_file_that_is_relative_to_the_base(tmp_path: Path, scheme: str) -> None:
    store = open_store(f"{scheme}:///data/other.db", tmp_path)
    assert isinstance(store, SqliteStore)
    assert not store.is_remote
    path = tmp_path / "data" / "other.db"
    assert not path.parent.exists()  # nothing is made before its first use
    await store.migrate()
    await store.close()
    assert path.is_file()


async def test_a_file_from_the_root(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    store = open_store(f"sqlite:///{path}", tmp_path / "elsewhere")
    assert isinstance(store, SqliteStore)
    await store.migrate()
    await store.close()
    assert path.is_file()


@pytest.mark.parametrize(
    ("url", "is_server"), [("sqlite:///new.db", False), ("postgresql://host/db", True)]
)
@pytest.mark.slow
def test_a_start_imports_what_its_store_needs(url: str, is_server: bool) -> None:
    environment = {**os.environ, "DATABASE_URL": url}
    command = [sys.executable, "-c", IMPORTS]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    modules = set(done.stdout.decode().split())
    assert ("asyncpg" in modules) is is_server
    assert ("datalayer.stores.sql.sqlite.store" in modules) is not is_server
    assert not modules & {"alembic", "datalayer.migration.sqlalchemy.adopt"}


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        *(
            (url, ", ".join(f"{scheme}:" for scheme in STORES))
            for url in ("mysql://user:geheim@host/db", "geheim", "/geheim/k.db", "sqlite", "")
        ),
        ("postgresql://me:geheim\uff03x@host/db", "percent-encoded"),
        ("sqlite://geheim/k.db", FORM),
        ("sqlite:geheim/k.db", FORM),
        ("sqlite:///geheim/k.db?mode=ro", FORM),
        ("sqlite:///", FORM),
    ],
)
def test_a_url_that_opens_no_store(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreMisconfigured) as caught:
        open_store(url, tmp_path)
    message = str(caught.value)
    assert hint in message
    assert "\n" not in message
    assert "geheim" not in message
    assert caught.value.__cause__ is None
    assert list(tmp_path.iterdir()) == []
