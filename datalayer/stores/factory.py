"""Opens the store that DATABASE_URL names."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import cast

from datalayer.errors import StoreMisconfigured
from datalayer.stores.base import Store
from datalayer.stores.options import NO_OPTIONS, StoreOptions

_POSTGRES = "datalayer.stores.sql.postgres.store:PostgresStore"
# Imported when used, so that a driver is needed only where its database is.
STORES = {
    "sqlite": "datalayer.stores.sql.sqlite.store:SqliteStore",
    "postgresql": _POSTGRES,
    "postgres": _POSTGRES,
    "postgresql+asyncpg": _POSTGRES,
    "dynamodb": "datalayer.stores.dynamodb.store:DynamoStore",
}
_FromUrl = Callable[[str, Path, StoreOptions], Store]


def open_store(url: str, base: Path, options: StoreOptions = NO_OPTIONS) -> Store:
    """Open the store of a URL; a relative path in it is relative to `base`.

    Its class makes it (`from_url`, with the same arguments) and opens nothing before the first use.
    Raises `StoreMisconfigured` for a URL that cannot be read, and never shows it: a password may be
    in it.
    """
    scheme = url.partition(":")[0].lower() if ":" in url else ""
    if scheme not in STORES:
        known = ", ".join(f"{name}:" for name in STORES)
        message = f"The address has to begin with one of {known}. See .env.example."
        raise StoreMisconfigured(message)
    module, _, name = STORES[scheme].partition(":")
    from_url = cast(_FromUrl, getattr(importlib.import_module(module), name).from_url)
    return from_url(url, base, options)
