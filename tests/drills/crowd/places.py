"""Databases and storages, each behind something that can cut a program off."""

import os
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.builders import new_id
from tests.support.servers.azurite import ACCOUNT, Azurite
from tests.support.servers.dynamodb import ACCESS, DynamoDB
from tests.support.servers.postgres import Postgres, running_postgres
from tests.support.servers.proxy import Proxy, never, running_proxy
from tests.support.servers.seaweedfs import BUCKET, KEY, SECRET, SeaweedFS

LARGE = 50_000  # bytes
FAILS = b"HTTP/1.1 %d Fails\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Away:
    """Something that a program needs, and how it goes away: by what stands before it."""

    proxy: Proxy | None = None

    async def cut(self) -> None:
        """Refuse everybody."""
        if self.proxy:
            await self.proxy.cut()

    def silence(self) -> None:
        """Take what is said, and answer nothing."""
        if self.proxy:
            self.proxy.go_on.clear()
            self.proxy.holds_after = 1

    async def fail(self, status: int) -> None:
        """Answer each new request with a status; for HTTP."""
        if self.proxy:
            self.proxy.answers = [FAILS % status] * 10_000
            await self.proxy.close()

    async def break_connections(self) -> None:
        """Cut those that are there."""
        if self.proxy:
            await self.proxy.close()

    def lose(self, share: float, chance: random.Random) -> None:
        """Cut the connection at a share of what is said."""
        if self.proxy:
            self.proxy.loses = lambda: chance.random() < share

    def cut_uploads(self) -> None:
        """Cut connections in the middle of what is large."""
        if self.proxy:
            self.proxy.cut_after, self.proxy.cuts = LARGE, 10_000

    async def come_back(self) -> None:
        """Be there again."""
        if self.proxy:
            self.proxy.is_cut, self.proxy.holds_after, self.proxy.answers = False, 0, []
            self.proxy.cuts, self.proxy.loses = 0, never
            self.proxy.go_on.set()
            await self.proxy.close()


@dataclass
class Places:
    """Where a program keeps its conversations and files, and how to it and past it."""

    settings: Mapping[str, str]
    url: str
    """The DATABASE_URL that nothing stands before."""
    database: Away = field(default_factory=Away)
    bucket: Away = field(default_factory=Away)
    server: Postgres | None = None
    """The database's server, where it keeps what it has when it is ended."""
    name: str = ""
    """Of the database there."""


Open = Callable[[pytest.FixtureRequest, Path], AbstractAsyncContextManager[Places]]


@asynccontextmanager
async def on_this_computer(_request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Places]:
    """SQLite, and a folder."""
    url = f"sqlite:///{folder / 'crowd.db'}"
    yield Places({"DATABASE_URL": url}, url)


@asynccontextmanager
async def postgres_and_s3(request: pytest.FixtureRequest, _folder: Path) -> AsyncIterator[Places]:
    """PostgreSQL, and a bucket."""
    bucket: SeaweedFS = request.getfixturevalue("seaweedfs")
    # Durable, since it crashes.
    with running_postgres(durable=True) as server, server.database(new_id()) as name:
        async with running_proxy(server.port) as before, running_proxy(bucket.port) as beside:
            settings = {
                "DATABASE_URL": server.url(name, port=before.port),
                "STORAGE_URL": f"s3://{BUCKET}/{new_id()}?endpoint_url={beside.url}",
                "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET,
            }
            yield Places(settings, server.url(name), Away(before), Away(beside), server, name)


@asynccontextmanager
async def dynamodb_and_azure(
    request: pytest.FixtureRequest, _folder: Path
) -> AsyncIterator[Places]:
    """DynamoDB, and a container."""
    server: DynamoDB = request.getfixturevalue("dynamodb")
    azurite: Azurite = request.getfixturevalue("azurite")
    with server.table() as name:
        async with running_proxy(server.port) as before, running_proxy(azurite.port) as beside:
            account = azurite.account_url_at(beside.port)
            connection = (
                f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={azurite.key};"
                f"BlobEndpoint={account};"
            )
            settings = {
                "DATABASE_URL": server.url(name, port=before.port),
                "AWS_ACCESS_KEY_ID": str(ACCESS.access_key_id),
                "AWS_SECRET_ACCESS_KEY": str(ACCESS.secret_access_key),
                "STORAGE_URL": f"azure://crowd-{os.urandom(4).hex()}/prefix?create=true",
                "AZURE_STORAGE_CONNECTION_STRING": connection,
            }
            yield Places(settings, server.url(name), Away(before), Away(beside))


PLACES: Mapping[str, Open] = {
    "postgres and s3": postgres_and_s3,
    "dynamodb and azure": dynamodb_and_azure,
    "sqlite and a folder": on_this_computer,
}
