"""The one boundary where a driver's errors become ours.

The cause stays attached, but to a refused value: a server's DETAIL shows the row, texts included.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLCertVerificationError

from asyncpg import exceptions as errors
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from datalayer.errors import DataLayerError, StoreMisconfigured, StoreUnavailable, WriteRejected

_REFUSED = "The database refuses this user or password. Correct the user and the password."
_MISCONFIGURED = {
    "28000": _REFUSED,
    "28P01": _REFUSED,
    "3D000": "The database does not exist on this server. Create it, or name another.",
    "42501": "The database user lacks a right. Grant it, or name the owner of the tables.",
}
# Connection, rollback, resources, operator: the same call may succeed later.
_PASSING_CLASSES = ("08", "40", "53", "57")
_PASSING_STATES = frozenset(
    {
        "23503",  # what a row refers to was deleted at the same time
        "25006",  # the server takes no writes now: a standby that is to take over
        "42703",  # a column, function or table is not there: the migration is still to come
        "42883",
        "42P01",
        "55P03",  # a lock was not to be had in time
    }
)
_ADVICE = (
    "Check that DATABASE_URL names a place that exists, answers, is writable and has room; it is "
    "tried again."
)
_UNAVAILABLE = (
    OperationalError,
    PoolTimeoutError,
    OSError,
    sqlite3.OperationalError,
    errors.InternalClientError,
)


@contextmanager
def translated(advice: str = _ADVICE) -> Iterator[None]:
    """Turn the driver's errors into ours; `advice` says what to do where nothing answers."""
    try:
        yield
    except (
        SQLAlchemyError,
        OSError,
        OverflowError,
        sqlite3.Error,
        errors.PostgresError,
        errors.InterfaceError,
        errors.InternalClientError,
    ) as exc:
        fault = _fault(exc, advice)
        raise fault from (None if isinstance(fault, WriteRejected) else exc)


def _fault(exc: Exception, advice: str) -> DataLayerError:
    cause = _cause(exc)
    state = str(getattr(cause, "sqlstate", None) or "")
    said = _first_line(cause)
    if state in _MISCONFIGURED:
        return StoreMisconfigured(f"{_MISCONFIGURED[state]} It says: {said}.")
    if isinstance(cause, errors.ClientConfigurationError | SSLCertVerificationError):
        return StoreMisconfigured(f"No connection can be made like this: {said}.")
    if _passes(exc, cause, state):
        return StoreUnavailable(f"The database cannot be used now: {said}. {advice}")
    return WriteRejected(f"The database refuses a value: {_without_values(cause, state)}.")


def _passes(exc: Exception, cause: BaseException, state: str) -> bool:
    if isinstance(exc, DBAPIError) and exc.statement is None and state:
        return True  # in connecting: no value has a part in it
    if isinstance(cause, errors.InvalidCachedStatementError):
        return True  # the schema was changed meanwhile; the statement is prepared anew
    if state:
        return state.startswith(_PASSING_CLASSES) or state in _PASSING_STATES
    return (
        isinstance(exc, _UNAVAILABLE)
        or isinstance(cause, _UNAVAILABLE)
        or (isinstance(exc, DBAPIError) and exc.connection_invalidated)
        or type(cause) is sqlite3.DatabaseError  # no database, or a broken one
    )


def _cause(exc: Exception) -> BaseException:
    """Return the driver's own error, which says least of the statement and its values."""
    found: BaseException = getattr(exc, "orig", None) or exc
    theirs = isinstance(found.__cause__, errors.PostgresError | errors.InterfaceError)
    return found.__cause__ if found.__cause__ and theirs else found


def _without_values(cause: BaseException, state: str) -> str:
    """Return what a driver says of a value, without the value: such errors quote it."""
    quotes = state.startswith("22") or isinstance(cause, errors.InterfaceError)
    return f"{type(cause).__name__} {state}".rstrip() if quotes else _first_line(cause)


def _first_line(cause: BaseException) -> str:
    lines = str(cause).splitlines() or [type(cause).__name__]
    return lines[0].rstrip(".")
