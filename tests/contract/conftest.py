"""Fixtures for the contract of the stores: each test gets an empty, migrated one."""

from collections.abc import AsyncIterator

import pytest

from datalayer.base import Store
from tests.contract.backends import BACKENDS, Backend


@pytest.fixture(params=BACKENDS)
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    """An empty database. A test that is about the schema marks itself `fresh_database`."""
    fresh = request.node.get_closest_marker("fresh_database") is not None
    async with BACKENDS[request.param](request, fresh) as opened:
        yield opened


@pytest.fixture
async def store(backend: Backend) -> AsyncIterator[Store]:
    opened = await backend.open_migrated()
    yield opened
    await backend.assert_idle(opened)
    await opened.close()
