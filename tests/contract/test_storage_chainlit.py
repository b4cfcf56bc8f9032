"""Every storage as the `storage_provider` of Chainlit's own SQLAlchemy layer."""

import uuid
from pathlib import Path
from typing import Any, cast

import pytest
from chainlit.data.sql_alchemy import SQLAlchemyDataLayer
from chainlit.element import File

from storage.base import Storage
from tests.contract.chainlits import MakeTheirs, in_session, undecorated
from tests.contract.storages import get, keys

NAMES = ["my file #1?.txt", "文件 🎉.pdf", "\"a\" 'b' 100%.txt"]


@pytest.mark.parametrize("name", NAMES)
async def test_chainlits_layer_stores_links_and_deletes_an_element(
    storage: Storage, make: MakeTheirs, tmp_path: Path, name: str
) -> None:
    theirs = make("B", "postgres")
    url = theirs.url.replace("postgresql://", "postgresql+asyncpg://")
    layer = SQLAlchemyDataLayer(url, storage_provider=cast(Any, storage))
    thread = str(uuid.uuid4())
    await layer.update_thread(thread, name="a thread")
    file = tmp_path / "upload"
    file.write_bytes(b"some bytes")
    with in_session(thread):
        element = File(name=name, path=str(file), mime="text/plain", for_id=str(uuid.uuid4()))
        await undecorated(layer, "create_element")(element)
        [[key, link]] = theirs.rows('SELECT "objectKey", url FROM elements')
        assert key == f"unknown/{element.id}/{name}"
        assert await get(storage, key) == b"some bytes"
        assert link.partition("?")[0] == (await storage.get_read_url(key)).partition("?")[0]
        await undecorated(layer, "delete_element")(element.id, thread)
    assert await keys(storage) == []
    assert theirs.counts()["elements"] == 0
    await layer.close()  # which closes the storage, too
