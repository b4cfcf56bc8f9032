"""What a search shows of the threads that it found, for all stores. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from datalayer.records import SearchHit, SearchPage, ThreadPage, ThreadRecord
from datalayer.search.excerpts import excerpt
from datalayer.search.folding import fold
from datalayer.search.terms import SearchTerms
from datalayer.values import time_of_revision

NOTHING_FOUND = SearchPage(hits=(), next_cursor=None)


class FoundText(NamedTuple):
    """The text of a thread that has most of what is looked for: a step's output, or its name."""

    text: str
    step_id: str | None = None
    created_at: str | None = None
    sequence: int | None = None


def best_text(texts: Iterable[FoundText], terms: SearchTerms) -> FoundText:
    """Return the first of a thread's texts that have most of what is looked for."""
    return max(texts, key=lambda it: terms.count_in(fold(it.text)))


def search_page(page: ThreadPage, found: Mapping[str, FoundText], terms: SearchTerms) -> SearchPage:
    """Return a page of threads with what was found in each; those without it are gone by now."""
    hits = [_hit(it, found[it.id], terms) for it in page.threads if it.id in found]
    return SearchPage(hits=hits, next_cursor=page.next_cursor, is_shortened=terms.is_shortened)


def _hit(thread: ThreadRecord, found: FoundText, terms: SearchTerms) -> SearchHit:
    at = found.created_at or time_of_revision(found.sequence or 0)
    return SearchHit(
        thread=thread,
        step_id=found.step_id,
        at=at if found.step_id else thread.updated_at,
        excerpt=excerpt(found.text, terms.all),
    )
