"""Where what is read of a thread lies: in the store and the storage, or in memory alone."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from datalayer.pipeline.before import BeforeStorage
from datalayer.records import ElementRecord, StepRecord, ThreadRecord
from datalayer.stores.base import Store, ThreadReads
from datalayer.temporary.threads import TemporaryThreads
from datalayer.values import Json
from storage.base import ByteRange, OpenObject, Storage


class Reads(ThreadReads):
    """Reads stored threads and temporary ones alike."""

    def __init__(self, store: Store, temporary: TemporaryThreads) -> None:
        self._store = store
        self._temporary = temporary

    def _of(self, thread_id: str) -> Store:
        found = self._temporary.get(thread_id)
        return found.store if found else self._store

    async def get_thread(self, thread_id: str) -> ThreadRecord | None:
        return await self._of(thread_id).get_thread(thread_id)

    async def get_thread_author(self, thread_id: str) -> str | None:
        return await self._of(thread_id).get_thread_author(thread_id)

    async def get_thread_name(self, thread_id: str) -> str | None:
        return await self._of(thread_id).get_thread_name(thread_id)

    async def get_thread_metadata(self, thread_id: str) -> Mapping[str, Json] | None:
        """See Store. None for a temporary one: nobody else may read it, whatever it says."""
        found = self._temporary.get(thread_id)
        return None if found else await self._store.get_thread_metadata(thread_id)

    async def get_step(self, step_id: str) -> StepRecord | None:
        step = await self._temporary.get_step(step_id)
        return step or await self._store.get_step(step_id)

    async def get_element(self, thread_id: str, element_id: str) -> ElementRecord | None:
        return await self._of(thread_id).get_element(thread_id, element_id)


class ReadStorage(BeforeStorage):
    """Opens the files of stored threads and of temporary ones alike."""

    def __init__(self, storage: Storage, temporary: TemporaryThreads) -> None:
        super().__init__(storage)
        self._temporary = temporary

    async def _open(
        self, stack: AsyncExitStack, key: str, byte_range: ByteRange | None
    ) -> OpenObject:
        if home := self._temporary.get(key.partition("/")[0]):
            return await stack.enter_async_context(home.storage.open(key, byte_range))
        return await super()._open(stack, key, byte_range)

    async def read_url(
        self, key: str, expires: int, *, mime: str | None = None, disposition: str | None = None
    ) -> str | None:
        """See Storage. None also for the file of a temporary thread."""
        if self._temporary.get(key.partition("/")[0]):
            return None
        return await super().read_url(key, expires, mime=mime, disposition=disposition)
