"""The parts as the settings name them, and which databases the program starts with."""

import logging
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from access.login.accounts.errors import AccountError
from bootstrap import stores
from bootstrap.stores import migrate, open_store, prepare_store, take_over_users_late
from datalayer.errors import SchemaMismatch, StoreMisconfigured, StoreUnavailable
from datalayer.pipeline.locks import apply_when_free
from datalayer.stores.base import Store
from datalayer.stores.dynamodb.store import DynamoStore
from settings import Settings
from tests.support.builders import new_id, thread
from tests.support.servers.postgres import Postgres
from tests.support.users_file import write_users_file
from tests.support.waiting import free_port


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    with postgres.database(new_id()) as name:
        yield name


def settings_of(url: str, folder: Path, migrate: str = "on") -> Settings:
    return Settings.model_validate(
        {"database_url": url, "data_dir": folder, "database_migrate": migrate}
    )


def prepare(settings: Settings) -> None:
    store = prepare_store(settings)
    anyio.run(store.close)


def test_a_new_database_is_migrated(postgres: Postgres, database: str, tmp_path: Path) -> None:
    prepare(settings_of(postgres.url(database), tmp_path))
    assert postgres.query("SELECT count(*) FROM threads", database=database) == [(0,)]


def test_a_database_is_not_migrated_when_that_is_done_by_hand(
    postgres: Postgres, database: str, tmp_path: Path
) -> None:
    for url in (postgres.url(database), f"sqlite:///{tmp_path / 'new.db'}"):
        settings = settings_of(url, tmp_path, migrate="off")
        with pytest.raises(SchemaMismatch, match=r"'python manage\.py migrate'"):
            prepare_store(settings)
        anyio.run(migrate, settings)
        prepare(settings)


@pytest.mark.parametrize("migrate", ["on", "off"])
def test_what_waiting_does_not_mend_is_an_error(
    postgres: Postgres, tmp_path: Path, migrate: str
) -> None:
    for url in (
        postgres.url("nothing"),
        postgres.url(password="wrong"),
        "postgresql://user:pass/word@host/db",
    ):
        with pytest.raises(StoreMisconfigured):
            prepare_store(settings_of(url, tmp_path, migrate))


def test_a_schema_that_does_not_fit_is_an_error(
    postgres: Postgres, database: str, tmp_path: Path
) -> None:
    postgres.query("CREATE TABLE threads (id text)", database=database)
    with pytest.raises(SchemaMismatch):
        prepare_store(settings_of(postgres.url(database), tmp_path))


def test_a_file_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        prepare_store(settings_of(f"sqlite:///{tmp_path}", tmp_path))


def test_a_server_that_is_away_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"postgresql://user:geheim@127.0.0.1:{free_port()}/db"
    with caplog.at_level(logging.INFO, "bootstrap.stores"):
        prepare(settings_of(url, tmp_path))
    [said] = [record.getMessage() for record in caplog.records]
    assert "starts without its database" in said
    assert "geheim" not in caplog.text


async def test_the_server_that_comes_back_is_migrated_first(
    postgres: Postgres, database: str, tmp_path: Path
) -> None:
    store = open_store(settings_of(postgres.url(database), tmp_path))
    postgres.query(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false')
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await store.apply([thread()])
        with pytest.raises(StoreUnavailable):
            await store.list_removals(1)
    postgres.query(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true')
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(apply_when_free, store, [thread()])
    assert postgres.query("SELECT count(*) FROM threads", database=database) == [(5,)]
    await store.close()


@pytest.mark.slow
async def test_a_search_of_names_alone_is_what_the_settings_say(tmp_path: Path) -> None:
    for search, names_only in (("all", False), ("names", True)):
        url = "dynamodb://keepchat?region=eu-central-1"
        given = {"database_url": url, "data_dir": tmp_path, "database_search": search}
        store = open_store(Settings.model_validate(given))
        assert isinstance(store, DynamoStore)
        assert store.names_only is names_only
        await store.close()


# The users file of earlier versions


def with_passwords(folder: Path, url: str = "", mode: str = "password") -> Settings:
    given = {"database_url": url, "data_dir": folder, "auth_mode": mode}
    return Settings.model_validate(given)


async def accounts_of(settings: Settings) -> list[str]:
    store = open_store(settings, migrates=True)
    found = [each.identifier for each in await store.accounts.list_accounts()]
    await store.close()
    return found


def test_the_accounts_of_a_users_file_move_into_the_database(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_users_file(tmp_path / "users.json", ["Anna", "bob"], "correct horse")
    settings = with_passwords(tmp_path)
    with caplog.at_level(logging.INFO, logger="bootstrap.stores"):
        prepare(settings)
        prepare(settings)
    assert anyio.run(accounts_of, settings) == ["Anna", "bob"]
    [said] = [each for each in caplog.messages if "users.json" in each]
    assert said.startswith("The 2 accounts of ")


def test_where_accounts_do_not_count_a_users_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text("{")
    prepare(with_passwords(tmp_path, mode="local"))
    with pytest.raises(AccountError, match=r"users\.json cannot be read"):
        prepare_store(with_passwords(tmp_path))


def test_a_users_file_is_taken_over_when_a_database_that_was_away_is_back(
    tmp_path: Path,
    postgres: Postgres,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write_users_file(tmp_path / "users.json", ["anna"], "correct horse")
    away = with_passwords(tmp_path, f"postgresql://me@127.0.0.1:{free_port()}/db")
    back = with_passwords(tmp_path, postgres.url(database))
    prepare(away)
    assert (tmp_path / "users.json").exists()
    tried: list[int] = []

    def opened(_settings: Settings) -> Store:
        tried.append(len(tried))
        return open_store(back if len(tried) > 2 else away)

    monkeypatch.setattr(stores, "open_store", opened)
    monkeypatch.setattr(stores, "LATER_S", 0.0)
    anyio.run(take_over_users_late, away)
    assert len(tried) == 3
    assert anyio.run(accounts_of, back) == ["anna"]
    assert (tmp_path / "users.json.imported").exists()

    (tmp_path / "users.json").write_text("{")
    anyio.run(take_over_users_late, back)
    assert any(each.startswith("USERS_FILE: ") for each in caplog.messages)
