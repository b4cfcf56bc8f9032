"""The store as the settings name it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import anyio

from access.login.accounts import users_file
from access.login.accounts.errors import AccountError
from bootstrap.login import mode_of
from common.aws import AwsAccess
from common.recorder import NO_RECORDER, Recorder
from datalayer.errors import DataLayerError, SchemaMismatch, StoreMisconfigured, StoreUnavailable
from datalayer.pipeline.journal.journal import MEBI, Journal
from datalayer.stores.base import Store
from datalayer.stores.capabilities import Migrates
from datalayer.stores.factory import open_store as open_store_url
from datalayer.stores.options import StoreOptions
from settings import ROOT, Settings

if TYPE_CHECKING:
    from datalayer.stores.dynamodb.adoption import TableAdopter
    from datalayer.stores.sql.adoption import Adopter

logger = logging.getLogger(__name__)

LATER_S = 5.0


def open_store(
    settings: Settings, *, migrates: bool | None = None, recorder: Recorder = NO_RECORDER
) -> Store:
    """Return the store that DATABASE_URL names; nothing is opened before its first use.

    With `migrates`, by default as DATABASE_MIGRATE says, a server is migrated before that, and
    adopted where DATABASE_ADOPT says so. Raises `StoreMisconfigured` for a URL that cannot be read.
    """
    options = StoreOptions(
        password_from=settings.database_password_from,
        migrates=settings.database_migrate == "on" if migrates is None else migrates,
        adopts=settings.database_adopt == "yes",
        load_adopter=partial(load_adopter, settings.database),
        names_only=settings.database_search == "names",
        aws=AwsAccess(**settings.aws_access),
        recorder=recorder,
    )
    return open_store_url(settings.database, ROOT, options)


def open_journal(settings: Settings) -> Journal:
    """Return what keeps writes while the database is away; it uses no disk before its first use."""
    return Journal(settings.journal_path, most_bytes=settings.journal_max_mb * MEBI)


def load_adopter(url: str) -> "Adopter | TableAdopter":
    """Return what can adopt what Chainlit's own layer has left in the database of a URL."""
    # Imported when it is used: an adoption happens once in a database's life.
    if url.startswith("dynamodb:"):
        from datalayer.migration.dynamodb import adopt as table_adopter

        return table_adopter
    from datalayer.migration.sqlalchemy import adopt

    return adopt


def prepare_store(settings: Settings, recorder: Recorder = NO_RECORDER) -> Store:
    """Return the store, migrated unless that is done by hand; for code that is not async.

    A server that is away is no error: the schema is then seen to when it is back. Raises
    `SchemaMismatch`, `StoreMisconfigured`, or `StoreUnavailable` for a file that cannot be used.
    """
    store = open_store(settings, recorder=recorder)
    try:
        _in_a_loop_of_its_own(prepare, settings)
    except StoreMisconfigured:
        raise
    except StoreUnavailable:
        if not store.is_remote:
            raise
        logger.info("The chat starts without its database and waits for it.")
    return store


def _in_a_loop_of_its_own(work: Callable[[Settings], Awaitable[None]], settings: Settings) -> None:
    # A thread of its own, since the program's loop may be running already; the connections belong
    # to the loop that opened them, so they are closed again.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(partial(anyio.run, work, settings)).result()


async def prepare(settings: Settings) -> None:
    """Migrate the database, or find out whether it is as it has to be, as DATABASE_MIGRATE says.

    Where accounts count those of an earlier version's users file move into it. Raises
    `SchemaMismatch`, `StoreUnavailable`, or `AccountError` for that file.
    """
    await (migrate if settings.database_migrate == "on" else check_schema)(settings)
    if mode_of(settings).has_accounts:
        await take_over_users(settings)


async def take_over_users(settings: Settings) -> None:
    """Move the accounts of a users file into the database, if there is one."""
    if not users_file.waits(settings.users_path):
        return
    store = open_store(settings)
    try:
        if said := await users_file.take_over(settings.users_path, store.accounts):
            logger.info(said)
    finally:
        await store.close()


async def take_over_users_late(settings: Settings) -> None:
    """Do so as soon as a database is there that was away at the start."""
    while mode_of(settings).has_accounts and users_file.waits(settings.users_path):
        try:
            await take_over_users(settings)
        except StoreUnavailable:
            await asyncio.sleep(LATER_S)
        except (AccountError, DataLayerError) as exc:
            logger.error("USERS_FILE: %s", exc)  # noqa: TRY400 - the sentence says it all
            return


async def migrate(settings: Settings) -> None:
    """Bring the database's schema to this version."""
    store = open_store(settings)
    try:
        if isinstance(store, Migrates):
            await store.migrate()
    finally:
        await store.close()


async def check_schema(settings: Settings) -> None:
    """Find out whether the schema is that of this version. Raises `SchemaMismatch`."""
    store = open_store(settings, migrates=False)
    try:
        if isinstance(store, Migrates) and await store.needs_migration():
            reason = ", and DATABASE_MIGRATE is off" if settings.database_migrate == "off" else ""
            message = (
                f"The database's schema is not that of this version{reason}: "
                "run 'python manage.py migrate'."
            )
            raise SchemaMismatch(message)
    finally:
        await store.close()
