"""Stores and storages as the settings name them."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import anyio

from datalayer.base import Store
from datalayer.sql.store import SqlStore
from settings import ROOT, Settings
from storage.base import Storage
from storage.factory import open_storage as open_storage_url


def open_store(settings: Settings) -> Store:
    """Return the store that DATABASE_URL names; nothing is opened before its first use."""
    return SqlStore.sqlite(str(settings.sqlite_path))


def open_storage(settings: Settings) -> Storage:
    """Return the storage that STORAGE_URL names."""
    return open_storage_url(settings.storage, ROOT)


def migrate_now(settings: Settings) -> None:
    """Bring the database's schema to this version, from code that is not async.

    Raises `SchemaMismatch` or `StoreUnavailable`.
    """
    # A thread of its own, since the program's loop may be running already; the connections belong
    # to the loop that opened them, so they are closed again.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(partial(anyio.run, migrate, settings)).result()


async def migrate(settings: Settings) -> None:
    """Bring the database's schema to this version."""
    store = open_store(settings)
    try:
        await store.migrate()
    finally:
        await store.close()
