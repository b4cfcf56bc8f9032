"""Flags on threads that say what is in them, so that lists are read from an index."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, exists, true, update

from datalayer.stores.sql.tables import feedbacks, steps, threads

STARRED = "starred"
OF_FEEDBACK = {1: "liked", 0: "disliked"}  # by the feedback's value
FLAGS = (*OF_FEEDBACK.values(), STARRED)


def _has(value: int) -> ColumnElement[bool]:
    return exists().where(feedbacks.c.threadId == threads.c.id, feedbacks.c.value == value)


_FLAGGED = update(threads).values(
    {
        **{name: _has(value) for value, name in OF_FEEDBACK.items()},
        STARRED: exists().where(steps.c.threadId == threads.c.id, steps.c.favorite == true()),
    }
)


def flag_threads(connection: Connection, thread_ids: Collection[str]) -> None:
    """Flag threads whose feedback or favourites have changed."""
    if thread_ids:
        connection.execute(_FLAGGED.where(threads.c.id.in_(thread_ids)))


def flag_all_threads(connection: Connection) -> None:
    """Flag all threads of a database whose rows did not come by way of the store."""
    connection.execute(_FLAGGED)
