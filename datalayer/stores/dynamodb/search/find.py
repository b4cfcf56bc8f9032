"""Which threads say something: by their chunks, or by what is in them where chunks are stale."""

from collections.abc import Iterable, Iterator, Sequence

from common.blocking import BlockingPool
from datalayer.stores.dynamodb import keys
from datalayer.stores.dynamodb.client import Client
from datalayer.stores.dynamodb.items import Head
from datalayer.stores.dynamodb.reads.things import read_thread
from datalayer.stores.dynamodb.requests import chunks, compute, get_many, size_of, together
from datalayer.stores.dynamodb.search.chunks import contains, is_fresh, say, text_of
from datalayer.stores.dynamodb.search.unbuilt import Unbuilt

_THREADS = 1  # that compute: several would keep the event loop from its turn
_CHUNKS = 500  # in memory at a time, of which each has some 7 KB
_WHOLE = 8  # conversations in memory at a time


class TextSearch:
    """Looks through names and outputs. What it has to read whole is noted, to be built."""

    def __init__(self, client: Client, unbuilt: Unbuilt) -> None:
        self._client = client
        self._unbuilt = unbuilt
        self._pool = BlockingPool(_THREADS)

    async def mentioning(self, heads: Sequence[Head], needle: str) -> set[str]:
        """Return the ids of those threads that say the folded needle."""
        wanted = needle.encode()
        said: dict[str, bool | None] = {}
        for some in _portions(filter(is_fresh, heads)):
            said |= await self._by_chunks(some, wanted)
        others = [head.thread_id for head in heads if said.get(head.thread_id) is None]
        for names in chunks(others, _WHOLE):
            whole = await together(self._says(name, wanted) for name in names)
            said |= dict(zip(names, whole, strict=True))
        return {thread_id for thread_id, says in said.items() if says}

    async def _by_chunks(self, heads: list[Head], needle: bytes) -> dict[str, bool | None]:
        # What a chunk's name stands for never changes: it need not be read as it is now.
        wanted = [keys.chunk(head.thread_id, name) for head in heads for name in head.chunks]
        found = await get_many(self._client, wanted, consistent=False)
        return await self._pool.run(say, heads, found, needle)

    async def _says(self, thread_id: str, needle: bytes) -> bool:
        found = await read_thread(self._client, thread_id)
        if found is None:
            return False
        head, items = found
        self._unbuilt.note(thread_id, head.nonce)
        text = await compute(self._client, size_of(items), text_of, head, items)
        return await self._pool.run(contains, [text], needle)


def _portions(heads: Iterable[Head]) -> Iterator[list[Head]]:
    """Yield threads, as many at a time as their chunks fit into memory."""
    portion: list[Head] = []
    count = 0
    for head in heads:
        if portion and count + len(head.chunks) > _CHUNKS:
            yield portion
            portion, count = [], 0
        portion.append(head)
        count += len(head.chunks)
    if portion:
        yield portion
