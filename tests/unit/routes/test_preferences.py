"""What somebody always wants, as they are told of it and change it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
import pytest_asyncio
from chainlit.auth import get_current_user
from chainlit.user import User
from fastapi import FastAPI

from chat.models.base import GenerationSettings
from chat.models.registry import Models
from chat.options import Options
from datalayer.errors import StoreUnavailable
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.memory import MemoryStore
from routes.middleware.reader import Reader
from routes.preferences import preferences_router
from routes.unavailable import unavailable
from storage.local.storage import LocalStorage
from tests.support.builders import ALICE, BOB
from tests.support.models import FakeModel

PATH = "/keepchat/preferences"


class Asker:
    """Somebody who asks for their preferences."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.name = ALICE
        self.told: list[str] = []

    async def kept(self) -> Any:
        """What they are told is kept."""
        return (await self.client.get(PATH)).json()["kept"]

    async def change(self, **changed: object) -> httpx2.Response:
        """How they are answered."""
        return await self.client.put(PATH, json={"changed": changed})


@pytest_asyncio.fixture
async def asker(tmp_path: Path) -> AsyncIterator[Asker]:
    layer = KeepchatDataLayer(MemoryStore(), LocalStorage(tmp_path))
    for name in (ALICE, BOB):
        await layer.create_user(User(identifier=name))
    default = GenerationSettings(system_prompt="Be kind.", temperature=1.0)
    options = Options(layer, Models([FakeModel()]), default)
    app = FastAPI()
    app.include_router(preferences_router(layer, lambda: options, ""))
    app.add_exception_handler(StoreUnavailable, unavailable)
    app.add_middleware(Reader)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        asker = Asker(client)
        app.dependency_overrides[get_current_user] = lambda: User(identifier=asker.name)
        cast(Any, options).tell = asker.told.append
        yield asker
    await layer.close()


async def test_each_has_their_own_and_changes_what_is_named(asker: Asker) -> None:
    assert (await asker.change(about_user="a nurse", temperature="0.3")).status_code == 200
    reply = await asker.change(answer_style="briefly", temperature=None)
    assert reply.json() == {"kept": {"about_user": "a nurse", "answer_style": "briefly"}}
    assert asker.told == [ALICE, ALICE]
    asker.name = BOB
    assert await asker.kept() == {}


async def test_what_there_is_to_choose_is_told(asker: Asker) -> None:
    told = (await asker.client.get(PATH)).json()
    assert told["models"] == [told["default"]["model"]]
    assert told["default"]["system_prompt"] == "Be kind."
    assert {"value": "own", "label": "The model's own"} in told["temperatures"]
    assert told["limits"]["characters"] == 4_000


async def test_what_may_not_be_is_refused_in_words_and_nothing_of_it_is_kept(asker: Asker) -> None:
    asker.client.headers["Accept-Language"] = "zh-CN"
    reply = await asker.change(about_user="a nurse", answer_style="x" * 4_001)
    assert reply.status_code == 422
    assert "4,001" in reply.json()["detail"]
    assert "字符" in reply.json()["detail"]
    assert await asker.kept() == {}
    assert asker.told == []


@pytest.mark.parametrize("body", [None, [], {}, {"changed": []}, {"changed": {"other": 1}}])
async def test_what_is_none_is_refused(asker: Asker, body: object) -> None:
    assert (await asker.client.put(PATH, json=body)).status_code == 422


async def test_who_is_no_more_gets_nothing(asker: Asker) -> None:
    asker.name = "nobody"
    assert (await asker.change(about_user="x")).status_code == 404
