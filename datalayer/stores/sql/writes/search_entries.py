"""The texts that a search looks through, folded, in a table of their own."""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, tuple_

from datalayer.search.folding import fold
from datalayer.stores.sql.dialect import insert, not_indexed
from datalayer.stores.sql.tables import search_entries


class SearchText(NamedTuple):
    """A text to be found: of a `thread` its name, of a `step` its output."""

    kind: str
    id: str
    thread_id: str
    text: str


def index_texts(connection: Connection, texts: Iterable[SearchText]) -> None:
    """Let the search find these texts, and no longer what stood in their places."""
    texts = list(texts)
    rows = [
        {"kind": kind, "id": row_id, "threadId": thread_id, "text": fold(text)}
        for kind, row_id, thread_id, text in texts
        if text
    ]
    if rows:
        connection.execute(_upsert(connection.dialect.name), rows)
    empty = [(text.kind, text.id) for text in texts if not text.text]
    if empty:
        key = tuple_(search_entries.c.kind, search_entries.c.id)
        connection.execute(delete(search_entries).where(key.in_(empty)))


@cache
def _upsert(dialect: str) -> Any:
    statement = insert(dialect, search_entries)
    changed = {"text": statement.excluded.text, **not_indexed(dialect)}
    differs = search_entries.c.text != statement.excluded.text
    return statement.on_conflict_do_update(
        index_elements=["id", "kind"], set_=changed, where=differs
    )
