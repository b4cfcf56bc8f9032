"""Fixtures for the contracts: each test gets an empty, migrated store, or an empty storage."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from datalayer.stores.base import Store
from datalayer.stores.sql.store import SqlStore
from storage.azure.options import AzureOptions
from storage.azure.storage import AzureBlobStorage
from storage.base import Storage
from storage.credentials import Credentials
from storage.factory import open_storage
from tests.support.azure_storages import MakeAzure, azure_maker, behind, options_of
from tests.support.backends import BACKENDS, DATABASES, Backend, DatabaseBackend
from tests.support.builders import new_id
from tests.support.chainlits import ChainlitDatabase, MakeDatabase, ddl
from tests.support.dynamodb.chainlits import ChainlitTable
from tests.support.marks import on
from tests.support.officials import DDL, Official
from tests.support.s3_storages import OpenS3
from tests.support.servers.azurite import Azurite
from tests.support.servers.dynamodb import DynamoDB
from tests.support.servers.postgres import Postgres
from tests.support.servers.proxy import Proxy, running_proxy
from tests.support.servers.seaweedfs import BUCKET, CREDENTIALS, SeaweedFS
from tests.support.storages import STORAGES


@pytest.fixture(params=on(*BACKENDS))
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    """Each kind of store, with nothing in it."""
    async with BACKENDS[request.param](request, _is_fresh(request)) as opened:
        yield opened


@pytest.fixture(params=on(*DATABASES))
async def database(request: pytest.FixtureRequest) -> AsyncIterator[DatabaseBackend]:
    """An empty database. A test that is about the schema marks itself `fresh_database`."""
    async with DATABASES[request.param](request, _is_fresh(request)) as opened:
        yield opened


def _is_fresh(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("fresh_database") is not None


@pytest.fixture
async def store(backend: Backend) -> AsyncIterator[Store]:
    opened = await backend.open_migrated()
    yield opened
    await backend.assert_idle(opened)
    await opened.close()


@pytest.fixture
async def sql_store(database: DatabaseBackend) -> AsyncIterator[SqlStore]:
    opened = await database.open_migrated()
    yield opened
    await database.assert_idle(opened)
    await opened.close()


@pytest.fixture(params=on(*STORAGES))
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    async with STORAGES[request.param](request, tmp_path) as opened:
        yield opened


@pytest.fixture
def key() -> str:
    return f"{new_id()}/{new_id()}"


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeDatabase]:
    """Makes a database with one of Chainlit's schemas."""
    with ExitStack() as stack:

        def made(schema: str, kind: str) -> ChainlitDatabase:
            theirs = ChainlitDatabase(kind, tmp_path)
            if kind != "sqlite":
                server: Postgres = request.getfixturevalue("postgres")
                name = stack.enter_context(server.database(new_id()))
                theirs = ChainlitDatabase(kind, tmp_path, server, name)
            theirs.run(ddl(schema, kind))
            return theirs

        yield made


@pytest.fixture
def official(postgres: Postgres, tmp_path: Path) -> Iterator[Official]:
    """A database with the tables of Chainlit's official layer, and nothing in it."""
    with postgres.database(new_id()) as name:
        theirs = Official(postgres, name, tmp_path)
        theirs.run(DDL)
        yield theirs


@pytest.fixture
def chainlit_table(dynamodb: DynamoDB, tmp_path: Path) -> Iterator[ChainlitTable]:
    """A table of Chainlit's DynamoDB layer, and nothing in it."""
    with dynamodb.table() as name:
        yield ChainlitTable(dynamodb, name, tmp_path)


# S3


@pytest.fixture
def prefix(key: str) -> str:
    return key


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the SDK find no credentials but those of the test."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
async def s3(seaweedfs: SeaweedFS, prefix: str, tmp_path: Path) -> AsyncIterator[OpenS3]:
    """Opens storages on the server, with other options or credentials if they are given."""
    opened: list[Storage] = []

    def make(
        credentials: Credentials = CREDENTIALS, *, bucket: str = BUCKET, **options: str
    ) -> Storage:
        url = seaweedfs.url(prefix, bucket=bucket, **options)
        opened.append(open_storage(url, tmp_path, credentials))
        return opened[-1]

    yield make
    for storage in opened:
        await storage.close()
    assert seaweedfs.unfinished(prefix) == []


# Azure


@pytest.fixture
async def azure_options(azurite: Azurite) -> AsyncIterator[AzureOptions]:
    """A prefix in a container of its own, by the account's key."""
    async with azurite.container() as container:
        yield options_of(azurite, container)


@pytest.fixture
async def azure_entra_options(azurite_with_entra_id: Azurite) -> AsyncIterator[AzureOptions]:
    """A container of its own, for whom Entra ID knows."""
    server = azurite_with_entra_id
    async with server.container() as container:
        url = f"azure://{container}?account_url={server.account_url}"
        yield AzureOptions.from_url(url, Credentials())


@pytest.fixture
async def make_azure() -> AsyncIterator[MakeAzure]:
    """Makes storages, and closes them."""
    async with azure_maker() as make:
        yield make


@pytest.fixture
def azure(azure_options: AzureOptions, make_azure: MakeAzure) -> AzureBlobStorage:
    return make_azure(azure_options)


@pytest.fixture
async def azure_proxy(azurite: Azurite) -> AsyncIterator[Proxy]:
    """What stands before Azurite and breaks what it is told to."""
    async with running_proxy(azurite.port) as opened:
        yield opened


@pytest.fixture
def proxied(
    azurite: Azurite, azure_options: AzureOptions, make_azure: MakeAzure, azure_proxy: Proxy
) -> AzureBlobStorage:
    """The storage `azure` by way of `azure_proxy`."""
    return make_azure(behind(azure_options, azurite, azure_proxy.port))
