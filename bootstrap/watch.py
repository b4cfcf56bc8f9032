"""What the settings name is looked at as the program starts: what is wrong or away is told."""

import asyncio
import logging

import openai

from chat.models.base import Model
from chat.turn.turn import Turns
from chat.wording.sentences import sentence_for
from common.concurrency.retry import RetryPolicy
from common.concurrency.tasks import TaskSet
from datalayer.pipeline.outages import Outages
from routes.health.readiness import NO_FILE
from storage.base import Storage
from storage.errors import ObjectMissing, StorageError, StorageUnavailable

logger = logging.getLogger("keepchat")

RETRY = RetryPolicy(first_pause_s=2.0, longest_pause_s=60.0)
_PART = "start"


class Watch:
    """Looks until each has answered once; from then on whoever uses it notices."""

    def __init__(self) -> None:
        self._tasks = TaskSet()

    def start(self, storage: Storage, outages: Outages, turns: Turns, model: Model) -> None:
        """Begin to look."""
        self._tasks.start(_until_storage_answers(storage, outages))
        self._tasks.start(_until_model_answers(turns, model))

    async def ended(self) -> None:
        """Wait until all have answered."""
        await self._tasks.ended()

    async def close(self) -> None:
        """Look no longer."""
        await self._tasks.cancel()


async def _until_storage_answers(storage: Storage, outages: Outages) -> None:
    number = 0
    while True:
        try:
            async with storage.open(NO_FILE):
                break
        except ObjectMissing:
            break
        except StorageUnavailable as exc:
            outages.storage.note(_PART, exc)
        except StorageError as exc:
            logger.warning("The storage of files refuses: %s", exc)
            break
        number += 1
        await asyncio.sleep(RETRY.pause_s(number))
    outages.storage.over(_PART)


async def _until_model_answers(turns: Turns, model: Model) -> None:
    number = 0
    while True:
        try:
            await model.reach()
            break
        except openai.APIConnectionError as exc:
            turns.outage_of(model).note(_PART, sentence_for(exc, model.variables))
        except openai.AuthenticationError as exc:
            logger.warning(sentence_for(exc, model.variables))
            break
        number += 1
        await asyncio.sleep(RETRY.pause_s(number))
    turns.outage_of(model).over(_PART)
