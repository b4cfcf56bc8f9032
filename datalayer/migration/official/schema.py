"""The tables of Chainlit's official layer, and how they are told from those of others. Pure."""

from collections.abc import Collection, Iterator, Mapping

from datalayer.errors import SourceUnusable
from datalayer.migration.official import phrases

Columns = Mapping[str, Collection[str]]  # of each table

# What each kind of row is called by us and by them, parents first.
TABLES: Mapping[str, str] = {
    "users": "User",
    "threads": "Thread",
    "steps": "Step",
    "elements": "Element",
    "feedbacks": "Feedback",
}
_STAMPS = ("id", "createdAt", "updatedAt")
_NEEDED: Mapping[str, Collection[str]] = {
    "User": (*_STAMPS, "identifier"),
    "Thread": (*_STAMPS, "name", "userId", "deletedAt"),
    "Step": (*_STAMPS, "threadId", "parentId", "type", "output", "startTime"),
    "Element": (*_STAMPS, "threadId", "stepId", "name"),
    "Feedback": (*_STAMPS, "stepId", "value"),
}
_KNOWN: Mapping[str, Collection[str]] = {
    "User": ("metadata",),
    "Thread": ("metadata", "tags"),
    "Step": ("endTime", "input", "isError", "metadata", "name", "showInput"),
    "Element": (
        *("chainlitKey", "display", "language", "metadata", "mime", "objectKey", "page"),
        *("props", "size", "url"),
    ),
    "Feedback": ("name", "comment"),
}
_OURS = "keepchat_version"
_OF_SQLALCHEMY = frozenset({"threads", "steps"})


def refuse_others(columns: Columns) -> None:
    """Raise `SourceUnusable`, which says what to do, for tables that are not theirs."""
    wrong = list(_missing(columns))
    if not wrong:
        return
    if _OURS in columns:
        advice = "It is a database of Keepchat: name it in DATABASE_URL, there is nothing to import"
    elif set(columns) >= _OF_SQLALCHEMY:
        advice = (
            "It looks like a database of Chainlit's SQLAlchemy layer: name it in DATABASE_URL and "
            "run 'python manage.py migrate --adopt --dry-run'"
        )
    else:
        advice = "Name the database that DATABASE_URL named while Chainlit kept it by itself"
    message = f"It has no tables of Chainlit's official layer ({', '.join(wrong)}). {advice}."
    raise SourceUnusable(message)


def _missing(columns: Columns) -> Iterator[str]:
    for table, needed in _NEEDED.items():
        if table not in columns:
            yield f'there is no table "{table}"'
        else:
            yield from (f'"{table}" has no {name}' for name in needed if name not in columns[table])


def remarks(columns: Columns) -> Iterator[str]:
    """Yield what is to be said of columns that others have added."""
    for kind, table in TABLES.items():
        for column in sorted({*columns[table]} - {*_NEEDED[table], *_KNOWN[table]}):
            if kind == "users":
                yield phrases.UNKNOWN_OF_USER.format(column=column)
            else:
                target = "metadata" if kind == "threads" else "extra"
                yield phrases.UNKNOWN.format(table=kind, column=column, target=target)
