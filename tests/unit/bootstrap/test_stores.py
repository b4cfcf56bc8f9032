"""The parts as the settings name them, and which databases the program starts with."""

import logging
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from bootstrap.stores import migrate, open_store, prepare_store
from datalayer.errors import SchemaMismatch, StoreMisconfigured, StoreUnavailable
from datalayer.pipeline.locks import apply_when_free
from datalayer.stores.dynamodb.store import DynamoStore
from settings import Settings
from tests.support.builders import new_id, thread
from tests.support.servers.postgres import Postgres
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
    with caplog.at_level(logging.WARNING):
        prepare(settings_of(url, tmp_path))
    [said] = [record.getMessage() for record in caplog.records]
    assert "starts without its database" in said
    assert "DATABASE_URL" in said
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


async def test_a_search_of_names_alone_is_what_the_settings_say(tmp_path: Path) -> None:
    for search, names_only in (("all", False), ("names", True)):
        url = "dynamodb://keepchat?region=eu-central-1"
        given = {"database_url": url, "data_dir": tmp_path, "database_search": search}
        store = open_store(Settings.model_validate(given))
        assert isinstance(store, DynamoStore)
        assert store.names_only is names_only
        await store.close()
