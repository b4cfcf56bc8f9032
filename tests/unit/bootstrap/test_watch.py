"""What is looked at as the program starts: until it has answered, and told once."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import openai
import pytest

from bootstrap import watch
from bootstrap.watch import Watch
from chat.models.base import Model, Variables
from chat.turn.turn import Turns
from common.concurrency.outages import Outage
from common.concurrency.retry import RetryPolicy
from datalayer.pipeline.outages import Outages
from storage.base import Storage
from storage.errors import ObjectMissing, StorageDenied, StorageUnavailable

REQUEST = httpx2.Request("GET", "http://models")
AWAY = openai.APIConnectionError(request=cast(Any, REQUEST))
REFUSED = openai.AuthenticationError(
    "no", response=cast(Any, httpx2.Response(401, request=REQUEST)), body=None
)


class Place:
    """A storage and a model that fail as they are told, one time after the other."""

    name = "one"
    variables = Variables()

    def __init__(self, *failures: Exception) -> None:
        self._failures = [*failures]
        self.asked = 0

    def _fail(self) -> None:
        self.asked += 1
        if self._failures:
            raise self._failures.pop(0)

    async def reach(self) -> None:
        self._fail()

    @asynccontextmanager
    async def open(self, _key: str) -> AsyncIterator[None]:
        self._fail()
        yield


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "RETRY", RetryPolicy(first_pause_s=0.001, longest_pause_s=0.001))


async def told(caplog: pytest.LogCaptureFixture, storage: Place, model: Place) -> list[str]:
    outage = Outage("The server of the model one")
    turns = cast(Turns, SimpleNamespace(outage_of=lambda _model: outage))
    looking = Watch()
    with caplog.at_level(logging.WARNING):
        looking.start(cast(Storage, storage), Outages(), turns, cast(Model, model))
        await looking.ended()
    await looking.close()
    return [record.getMessage().split(":")[0].split(",")[0] for record in caplog.records]


async def test_what_answers_is_looked_at_once(caplog: pytest.LogCaptureFixture) -> None:
    storage, model = Place(ObjectMissing("none")), Place()
    assert await told(caplog, storage, model) == []
    assert (storage.asked, model.asked) == (1, 1)


async def test_a_storage_is_told_once_and_once_again(caplog: pytest.LogCaptureFixture) -> None:
    storage = Place(*[StorageUnavailable("no host")] * 3, ObjectMissing("none"))
    assert await told(caplog, storage, Place()) == [
        "The storage of files is away",
        "The storage of files is back",
    ]


async def test_a_server_of_models_too(caplog: pytest.LogCaptureFixture) -> None:
    assert await told(caplog, Place(), Place(AWAY, AWAY)) == [
        "The server of the model one is away",
        "The server of the model one is back",
    ]


async def test_what_is_refused_is_told_and_not_asked_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage, model = Place(StorageDenied("no rights")), Place(REFUSED)
    lines = await told(caplog, storage, model)
    assert "The storage of files refuses" in lines
    assert len(lines) == 2
    assert (storage.asked, model.asked) == (1, 1)
