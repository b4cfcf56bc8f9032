"""A user's threads, newest first: a page of one place is two requests, a whole list one more.

The index is behind a thread's last activity by up to half a minute. So a thread is in its place
only once nothing that the index has not shown yet can be newer.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from datalayer.records import ThreadPage
from datalayer.search.folding import fold
from datalayer.search.terms import NO_TERMS, SearchTerms
from datalayer.sections import folder_of_section, in_order, is_pinned, section_of
from datalayer.stores.cursors import encode_cursor, section_page
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import SHOWN_WITHIN, Body, Head, text
from datalayer.stores.dynamodb.format.keys import UNPLACED, Key, Placement
from datalayer.stores.dynamodb.format.records import thread_record
from datalayer.stores.dynamodb.placements import forget, hinted
from datalayer.stores.dynamodb.reads.things import head_in, is_id, life_in, said_in
from datalayer.stores.dynamodb.recent import RecentThreads
from datalayer.stores.dynamodb.requests import get_many, together
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import Item
from datalayer.stores.dynamodb.search.find import TextSearch
from datalayer.stores.dynamodb.table import INDEX
from datalayer.values import revision_of_time, time_of_revision

_MORE = 6  # threads read beyond a page: one tells that there is a next, some wait for their places
_MOST = 100  # threads read at a time
_FIRST_SEARCHED = 25  # a common word is in many of them, and what says something is dear to read

Place = tuple[str, str]
"""Last activity and id of a thread: the order of the list."""


class Listed(NamedTuple):
    """A thread of a list: its head, and what it says of itself."""

    head: Head
    said: Body

    @property
    def place(self) -> Place:
        return self.head.updated_at, self.head.thread_id

    @property
    def placement(self) -> Placement:
        """Where it is in the sidebar, as it says itself: the index may not show that yet."""
        metadata = self.said.get("metadata", {})
        return Placement(section_of(metadata), is_pinned(metadata))


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadQuery:
    """Which of a user's threads are asked for: the newest `first` of those after one, if given."""

    user_id: str
    first: int
    after: Place | None = None
    terms: SearchTerms = NO_TERMS
    feedback: int | None = None
    placement: Placement | None = None
    """Where they are; None for anywhere."""


class ThreadList:
    """Lists threads. Without `texts` a search looks at names alone."""

    def __init__(self, client: Client, recent: RecentThreads, texts: TextSearch | None) -> None:
        self._client = client
        self._recent = recent
        self._texts = texts

    async def page(self, query: ThreadQuery) -> ThreadPage:
        """Return a page of a user's threads."""
        found = await self._found(query)
        page = found[: query.first]
        more = len(found) > query.first and page
        return ThreadPage(
            threads=[thread_record(*listed) for listed in await self._named(query, page)],
            next_cursor=encode_cursor(*page[-1].place) if more else None,
        )

    async def section(
        self, user_id: str, section: str, first: int, after: tuple[bool, str, str] | None
    ) -> ThreadPage:
        """Return a page of a section: what is pinned in it, then the others."""
        pinned, place = (after[0], after[1:]) if after else (True, None)
        places = {
            is_pinned: place if is_pinned is pinned else None for is_pinned in (pinned, False)
        }
        found = await together(
            self._found(
                ThreadQuery(
                    user_id=user_id,
                    first=first,
                    after=last,
                    placement=Placement(section, is_pinned),
                )
            )
            for is_pinned, last in places.items()
        )
        listed = [thread_record(*it) for part in found for it in part]
        return section_page(listed, first)

    async def folders(self, user_id: str) -> list[str]:
        """Return the folders that a user has threads in."""
        hints = await hinted(self._client, user_id) if is_id(user_id) else {}
        of_folders = {it: hint for it, hint in hints.items() if folder_of_section(it.section)}
        counts = await together(self._has_any(user_id, it, of_folders[it]) for it in of_folders)
        full = {it.section for it, has_any in zip(of_folders, counts, strict=True) if has_any}
        return in_order([name for it in full if (name := folder_of_section(it))])

    async def _has_any(self, user_id: str, placement: Placement, hint: Item) -> bool:
        found = await self._found(ThreadQuery(user_id=user_id, first=1, placement=placement))
        if not found:
            await forget(self._client, hint)
        return bool(found)

    async def _found(self, query: ThreadQuery) -> list[Listed]:
        """Return the threads of a page, and some more if there are."""
        found: list[Listed] = []
        if is_id(query.user_id):
            async for some in self._newest_first(query):
                found += await self._matching(query, some)
                if len(found) > query.first:
                    break
        return found

    async def _matching(self, query: ThreadQuery, some: list[Listed]) -> list[Listed]:
        if query.feedback is not None:
            some = [it for it in some if it.head.flags.get(query.feedback)]
        if not query.terms.needed:
            return some
        if self._texts is None:
            return [it for it in some if query.terms.are_in([fold(it.said.get("name") or "")])]
        saying = await self._texts.mentioning([it.head for it in some], query.terms)
        return [it for it in some if it.head.thread_id in saying]

    def _reads_names(self, query: ThreadQuery) -> bool:
        """Tell whether names are read with the heads, or only of what is found."""
        return self._texts is None or not query.terms.needed

    async def _named(self, query: ThreadQuery, page: list[Listed]) -> list[Listed]:
        if self._reads_names(query):
            return page
        names = [keys.name(it.head.thread_id) for it in page]
        found = await get_many(self._client, names)
        return [Listed(it.head, said_in(found, it.head)) for it in page]

    async def _newest_first(self, query: ThreadQuery) -> AsyncIterator[list[Listed]]:
        """Iterate over a user's threads in their order, some at a time."""
        noted, seen = self._recent.of(query.user_id), set[str]()
        unshown = {it: at for it, at in noted.items() if not query.after or (at, it) < query.after}
        waiting: list[Listed] = []
        async for shown, since in _indexed(self._client, query):
            due = [name for name, moment in unshown.items() if moment >= since]
            names = [name for name in dict.fromkeys([*shown, *due]) if name not in seen]
            seen.update(names)
            waiting += await self._read(query, names)
            waiting.sort(key=lambda listed: listed.place, reverse=True)
            count = sum(listed.head.updated_at >= _settled(since) for listed in waiting)
            yield waiting[:count]
            waiting = waiting[count:]

    async def _read(self, query: ThreadQuery, names: list[str]) -> list[Listed]:
        """Return those threads that are the user's, in this life, and after the page before."""
        kinds = (keys.head, keys.name) if self._reads_names(query) else (keys.head,)
        wanted = [key(name) for name in names for key in kinds]
        found = await get_many(self._client, [keys.user(query.user_id), *wanted]) if wanted else {}
        life = life_in(found, query.user_id)
        listed = [
            Listed(head, said_in(found, head)) for name in names if (head := head_in(found, name))
        ]
        return [
            it
            for it in listed
            if (it.head.user_id, it.head.life) == (query.user_id, life)
            and (query.after is None or it.place < query.after)
            and (query.placement is None or it.placement == query.placement)
        ]


async def _indexed(client: Client, query: ThreadQuery) -> AsyncIterator[tuple[list[str], str]]:
    """Iterate over what the index shows of a user's threads, newest first, some at a time.

    Beside their ids comes the moment down to which it has shown all, empty at the end.
    """
    placements = [query.placement]
    if query.placement is None:
        placements = [UNPLACED, *await hinted(client, query.user_id)]
    walks = [_Walk(client, query, placement or UNPLACED) for placement in placements]
    while walks:
        reached = max(walk.since for walk in walks)
        names = await together(walk.step() for walk in walks if walk.since == reached)
        walks = [walk for walk in walks if walk.since]
        since = max((walk.since for walk in walks), default="")
        yield [name for some in names for name in some], since


class _Walk:
    """Goes through one place of a user's, from the newest thread to the oldest."""

    def __init__(self, client: Client, query: ThreadQuery, placement: Placement) -> None:
        self.since = "~"
        """The moment down to which it has been: after all others before, empty at the end."""
        self._client = client
        self._limit = _FIRST_SEARCHED if query.terms.needed else query.first + _MORE
        condition = "UserThreadPK = :pk"
        values = {":pk": text(keys.list_of(query.user_id, placement))}
        if query.after:
            condition += " AND UserThreadSK < :place"
            values[":place"] = text(keys.place(*query.after))
        self._parameters: dict[str, Any] = {
            "IndexName": INDEX,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": False,
        }

    async def step(self) -> list[str]:
        """Return the ids of some more."""
        answer = await self._client.call("Query", **self._parameters, Limit=self._limit)
        last = answer.get("LastEvaluatedKey")
        self._parameters["ExclusiveStartKey"] = last
        self._limit = min(2 * self._limit, _MOST)
        self.since = keys.moment_of(last["UserThreadSK"]["S"]) if last else ""
        return [keys.id_of(Key.of(entry)) for entry in answer["Items"]]


def _settled(since: str) -> str:
    """Return since when no thread was active that the index has not shown."""
    return time_of_revision(revision_of_time(since) + SHOWN_WITHIN) if since else ""
