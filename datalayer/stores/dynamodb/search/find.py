"""Which threads say something: by their chunks, or by what is in them where chunks are stale."""

from collections.abc import Iterable, Iterator, Sequence

from common.concurrency.blocking import BlockingPool
from datalayer.search.terms import SearchTerms
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import Head
from datalayer.stores.dynamodb.reads.things import read_thread
from datalayer.stores.dynamodb.requests import chunks, compute, get_many, size_of, together
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.search.chunks import best_of, contains, is_fresh, say, text_of
from datalayer.stores.dynamodb.search.unbuilt import Unbuilt
from datalayer.stores.hits import FoundText

_THREADS = 1  # that compute: several would keep the event loop from its turn
_CHUNKS = 500  # in memory at a time, of which each has some 7 KB
_WHOLE = 8  # conversations in memory at a time


class TextSearch:
    """Looks through names and outputs. What it has to read whole is noted, to be built."""

    def __init__(self, client: Client, unbuilt: Unbuilt) -> None:
        self._client = client
        self._unbuilt = unbuilt
        self._pool = BlockingPool(_THREADS)

    async def mentioning(self, heads: Sequence[Head], terms: SearchTerms) -> set[str]:
        """Return the ids of those threads that say all terms."""
        said: dict[str, bool | None] = {}
        for some in _portions(filter(is_fresh, heads)):
            said |= await self._by_chunks(some, terms)
        others = [head.thread_id for head in heads if said.get(head.thread_id) is None]
        for names in chunks(others, _WHOLE):
            whole = await together(self._says(name, terms) for name in names)
            said |= dict(zip(names, whole, strict=True))
        return {thread_id for thread_id, says in said.items() if says}

    async def _by_chunks(self, heads: list[Head], terms: SearchTerms) -> dict[str, bool | None]:
        # What a chunk's name stands for never changes: it need not be read as it is now.
        wanted = [keys.chunk(head.thread_id, name) for head in heads for name in head.chunks]
        found = await get_many(self._client, wanted, consistent=False)
        return await self._pool.run(say, heads, found, terms)

    async def _says(self, thread_id: str, terms: SearchTerms) -> bool:
        found = await read_thread(self._client, thread_id)
        if found is None:
            return False
        head, items = found
        self._unbuilt.note(thread_id, head.nonce)
        text = await compute(self._client, size_of(items), text_of, head, items)
        return await self._pool.run(contains, [text], terms)

    async def best_texts(self, thread_ids: list[str], terms: SearchTerms) -> dict[str, FoundText]:
        """Return what shows best that threads say the terms, of those that are there."""
        found: dict[str, FoundText] = {}
        for names in chunks(thread_ids, _WHOLE):
            texts = await together(self._best_text(name, terms) for name in names)
            found |= {name: text for name, text in zip(names, texts, strict=True) if text}
        return found

    async def _best_text(self, thread_id: str, terms: SearchTerms) -> FoundText | None:
        read = await read_thread(self._client, thread_id)
        if read is None:
            return None
        return await self._pool.run(best_of, *read, terms)


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
