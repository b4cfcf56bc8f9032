"""What the errors of SQLite's driver mean."""

import sqlite3
from contextlib import AbstractContextManager

from datalayer.errors import DataLayerError
from datalayer.stores.sql.errors import (
    COMMON_ERRORS,
    driver_error,
    first_line,
    passes,
    rejected,
    translating,
    unavailable,
)

_ERRORS = (*COMMON_ERRORS, sqlite3.Error)


def translated() -> AbstractContextManager[None]:
    """Turn the driver's errors into ours."""
    return translating(_ERRORS, _meaning)


def _meaning(exc: Exception) -> DataLayerError:
    cause = driver_error(exc)
    is_passing = (
        passes(exc, cause)
        or isinstance(cause, sqlite3.OperationalError)
        or type(cause) is sqlite3.DatabaseError  # no database, or a broken one
    )
    return unavailable(cause) if is_passing else rejected(first_line(cause))
