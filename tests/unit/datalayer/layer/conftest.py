"""The data layer as Chainlit calls it, over the store in memory and a real folder."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from chainlit.session import WebsocketSession
from chainlit.user import User

from datalayer.layer import KeepchatDataLayer
from datalayer.stores.memory import MemoryTables
from tests.support.builders import ALICE, new_id
from tests.support.layers import GatedStorage, Parts, RecordingStore, ignore


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    store = RecordingStore(MemoryTables())
    storage = GatedStorage(tmp_path / "files")
    lost: list[str] = []

    async def on_lost(name: str) -> None:
        lost.append(name)

    layer = KeepchatDataLayer(store, storage, on_lost=on_lost)
    yield Parts(layer, store, storage, lost)
    store.gate.set()
    storage.gate.set()
    await layer.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
async def layer(parts: Parts) -> KeepchatDataLayer:
    return parts.layer


@pytest.fixture
async def session() -> AsyncIterator[WebsocketSession]:
    """A browser's session before its first message."""
    opened = WebsocketSession(
        id=new_id(),
        socket_id=new_id(),
        emit=cast(Any, ignore),
        emit_call=cast(Any, ignore),
        user_env={},
        client_type="webapp",
        user=User(identifier=ALICE),
    )
    yield opened
    await opened.delete()
