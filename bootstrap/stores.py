"""The store as the settings name it."""

import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import urlsplit

import anyio

from datalayer.errors import SchemaMismatch, StoreMisconfigured, StoreUnavailable
from datalayer.stores.base import Store
from datalayer.stores.sql.store import SqlStore
from settings import Settings

logger = logging.getLogger(__name__)


def open_store(settings: Settings, *, migrates: bool | None = None) -> Store:
    """Return the store that DATABASE_URL names; nothing is opened before its first use.

    With `migrates`, by default as DATABASE_MIGRATE says, a server is migrated before that, and
    adopted where DATABASE_ADOPT says so. Raises `StoreMisconfigured` for a URL that cannot be read.
    """
    adopts = settings.database_adopt == "yes"
    if settings.on_postgres:
        url = postgres_url(settings)
        wanted = settings.database_migrate == "on" if migrates is None else migrates
        return SqlStore.postgres(url, migrates=wanted, adopts=adopts)
    return SqlStore.sqlite(str(settings.sqlite_path), adopts=adopts)


def postgres_url(settings: Settings) -> str:
    """Return DATABASE_URL, with DATABASE_PASSWORD_FROM as the option that the store knows."""
    url = settings.database_url.get_secret_value()
    if not settings.database_password_from:
        return url
    joint = "&" if urlsplit(url).query else "?"
    return f"{url}{joint}password_from={settings.database_password_from}"


def prepare_store(settings: Settings) -> Store:
    """Return the store, migrated unless that is done by hand; for code that is not async.

    A server that is away is no error: the schema is then seen to when it is back. Raises
    `SchemaMismatch`, `StoreMisconfigured`, or `StoreUnavailable` for a file that cannot be used.
    """
    store = open_store(settings)
    try:
        _in_a_loop_of_its_own(prepare, settings)
    except StoreMisconfigured:
        raise
    except StoreUnavailable as exc:
        if not settings.on_postgres:
            raise
        logger.warning("The chat starts without its database and waits for it. %s", exc)
    return store


def _in_a_loop_of_its_own(work: Callable[[Settings], Awaitable[None]], settings: Settings) -> None:
    # A thread of its own, since the program's loop may be running already; the connections belong
    # to the loop that opened them, so they are closed again.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(partial(anyio.run, work, settings)).result()


async def prepare(settings: Settings) -> None:
    """Migrate the database, or find out whether it is as it has to be, as DATABASE_MIGRATE says.

    Raises `SchemaMismatch` or `StoreUnavailable`.
    """
    await (migrate if settings.database_migrate == "on" else look)(settings)


async def migrate(settings: Settings) -> None:
    """Bring the database's schema to this version."""
    store = open_store(settings)
    try:
        await store.migrate()
    finally:
        await store.close()


async def look(settings: Settings) -> None:
    """Find out whether the schema is that of this version. Raises `SchemaMismatch`."""
    store = open_store(settings, migrates=False)
    try:
        if await store.needs_migration():
            message = (
                "The database's schema is not that of this version, and DATABASE_MIGRATE is off: "
                "run 'python manage.py migrate'."
            )
            raise SchemaMismatch(message)
    finally:
        await store.close()
