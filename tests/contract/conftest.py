"""Fixtures for the contract of the stores: each test gets an empty, migrated one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from datalayer.base import Store
from tests.contract.backends import BACKENDS, Backend


@pytest.fixture(params=BACKENDS)
async def backend(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Backend]:
    async with BACKENDS[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture
async def store(backend: Backend) -> AsyncIterator[Store]:
    opened = await backend.open_migrated()
    yield opened
    await backend.assert_idle(opened)
    await opened.close()
