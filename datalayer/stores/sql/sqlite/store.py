"""The store on a SQLite file."""

import asyncio
import os
import re
import sqlite3
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from sqlalchemy import bindparam

from datalayer.errors import StoreMisconfigured
from datalayer.reports import StoreDescription
from datalayer.search.terms import SearchTerms
from datalayer.stores.options import NO_OPTIONS, StoreOptions
from datalayer.stores.sql.queries import Query, Rows
from datalayer.stores.sql.schema import Schema
from datalayer.stores.sql.searches import best_texts, needles
from datalayer.stores.sql.sqlite.backup import copy, put_back
from datalayer.stores.sql.sqlite.database import SqliteDatabase
from datalayer.stores.sql.store import SqlStore
from datalayer.stores.sql.tables import search_entries

_URL = re.compile(r"(?i:sqlite):///([^?]+)")


class SqliteStore(SqlStore):
    """Keeps everything in one file, which is made before its first use, and its folder with it."""

    concurrency = 1
    is_remote = False
    contains = "instr"

    def __init__(self, path: Path, options: StoreOptions = NO_OPTIONS) -> None:
        schema = Schema(options.load_adopter, adopts=options.adopts)
        super().__init__(SqliteDatabase(path), schema)
        self._path = path

    @classmethod
    def from_url(cls, url: str, base: Path, options: StoreOptions = NO_OPTIONS) -> "SqliteStore":
        """Return the store on the file of a URL, as `open_store` does."""
        given = _URL.fullmatch(url)
        if given is None:
            message = (
                "The form is sqlite:///data/keepchat.db, or sqlite:////var/lib/keepchat.db for a "
                "path from the root, with nothing after the file's name. See .env.example."
            )
            raise StoreMisconfigured(message)
        return cls(base / given[1], options)

    async def _fetch_best(self, ids: Sequence[str], terms: SearchTerms) -> Rows:
        best = _best_texts(len(terms.needed))
        return await self.database.fetch(best, ids=ids, **needles(terms))

    async def describe(self) -> StoreDescription:
        name, folder = f"SQLite {sqlite3.sqlite_version}", self._path.parent
        if _is_to_come(folder):
            warning, remedy = f"There is no folder {folder}.", "Start the program: it makes it."
            return StoreDescription(name, warning, remedy, is_there=False)
        return StoreDescription(name)

    async def needs_migration(self) -> bool:
        """Tell so of a file that is still to be made, too, without making it."""
        if await asyncio.to_thread(_can_be_made, self._path):
            return True
        return await super().needs_migration()

    async def backup(self, folder: Path) -> Path:
        return await asyncio.to_thread(copy, self._path, folder)

    async def restore(self, backup: Path) -> None:
        await asyncio.to_thread(put_back, backup, self._path)


def _can_be_made(path: Path) -> bool:
    return not path.exists() and os.access(path.parent, os.W_OK | os.X_OK)


@cache
def _best_texts(needles: int) -> Query:
    is_among = search_entries.c.threadId.in_(bindparam("ids", expanding=True))
    return Query(best_texts(SqliteStore.contains, needles, is_among))


def _is_to_come(folder: Path) -> bool:
    """Tell whether a folder is not there and can be made."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return there != folder and there.is_dir() and os.access(there, os.W_OK)
