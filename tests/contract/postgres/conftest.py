"""The contract's fixtures, on PostgreSQL alone."""

from collections.abc import AsyncIterator

import pytest

from datalayer.stores.sql.store import SqlStore
from tests.support.backends import PostgresBackend, postgres_backend
from tests.support.servers.postgres import Postgres


@pytest.fixture
async def backend(
    request: pytest.FixtureRequest, postgres: Postgres
) -> AsyncIterator[PostgresBackend]:
    async with postgres_backend(request, fresh=False) as opened:
        assert isinstance(opened, PostgresBackend)
        yield opened


@pytest.fixture
async def store(backend: PostgresBackend) -> AsyncIterator[SqlStore]:
    opened = backend.open()
    assert isinstance(opened, SqlStore)
    yield opened
    await backend.assert_idle(opened)
    await opened.close()
