"""The one boundary where a driver's errors become ours.

The cause stays attached, but to a refused value: a server's DETAIL shows the row, texts included.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLCertVerificationError, SSLError

from asyncpg import exceptions as errors
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from datalayer.errors import (
    DataLayerError,
    StoreHeldUp,
    StoreMisconfigured,
    StoreUnavailable,
    WriteRejected,
)

_REFUSED = "The database refuses this user or password. Correct the user and the password."
_POOLER = (
    "PgBouncer, or another pooler, stands before the database and does not take what is asked "
    "of it. Add pgbouncer=true to the options of DATABASE_URL; if it is there, leave out the "
    "option that is named here."
)
_NO_TLS = (
    "The server offers no TLS, which sslmode in DATABASE_URL asks for. Set it up there; where the "
    "network is your own, sslmode=disable goes without."
)
_NOT_TRUSTED = (
    "The server's certificate is not trusted. Name the file of the authority that signed it in "
    "sslrootcert, and the server in DATABASE_URL as its certificate does."
)
_UNUSABLE = (
    "A file that sslrootcert, sslcert, sslkey or sslcrl names holds no certificate or key that can "
    "be used, or a key that is not its certificate's. Name others."
)
_MISCONFIGURED = {
    "26000": _POOLER,  # no such prepared statement, or one that is there already: it is not ours
    "42P05": _POOLER,
    "28000": (
        "The database does not let this user in like this. Correct the user or sslmode in "
        "DATABASE_URL, or the server's pg_hba.conf."
    ),
    "28P01": _REFUSED,
    "3D000": "The database does not exist on this server. Create it, or name another.",
    "42501": "The database user lacks a right. Grant it, or name the owner of the tables.",
}
_OPTION = (
    "The server does not take an option of DATABASE_URL, or its value. Correct it, or leave it out."
)
_MISCONFIGURED_IN_CONNECTING = dict.fromkeys(("22023", "42704", "55P02"), _OPTION)
# Poolers have one state for whatever they refuse, TLS has none; the words tell which.
_SAID = {
    "unsupported startup parameter": _POOLER,
    "password authentication failed": _REFUSED,
    "SASL authentication failed": _REFUSED,
    "no such database": "PgBouncer knows no such database. Add it there, or name another.",
    "rejected SSL upgrade": _NO_TLS,
    "[X509": _UNUSABLE,
    "PEM lib": _UNUSABLE,
    "SSL required": "PgBouncer takes connections with TLS only. Set sslmode in DATABASE_URL.",
}
# A lock that was not to be had in time, a statement that took too long, too little memory.
_HELD_UP = frozenset({"55P03", "57014", "53200"})
# Of a value or of how many there are: cardinality, data, integrity, syntax, limits of the program,
# and what a trigger of somebody's own raises.
# All other states are the server's own: the same call may succeed later.
_CLASSES_OF_A_VALUE = ("21", "22", "23", "42", "54", "P0")
_OF_NO_VALUE = frozenset(
    {
        "23503",  # what a row refers to was deleted at the same time
        "42703",  # a column, function or table is not there: the migration is still to come
        "42883",
        "42P01",
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
_DRIVERS_OWN = (errors.PostgresError, errors.InterfaceError, errors.InternalClientError)
_THEIRS = (SQLAlchemyError, OSError, OverflowError, sqlite3.Error, *_DRIVERS_OWN)
_BROKEN = (
    ConnectionResetError,
    BrokenPipeError,
    SSLError,
    errors.InterfaceError,
    errors.InternalClientError,  # asyncpg has read that the server hangs up, but not yet the end
)


@contextmanager
def translated(advice: str = _ADVICE) -> Iterator[None]:
    """Turn the driver's errors into ours; `advice` says what to do where nothing answers."""
    try:
        yield
    except _THEIRS as exc:
        fault = _fault(exc, advice)
        raise fault from (None if isinstance(fault, WriteRejected) else exc)


@contextmanager
def connecting() -> Iterator[None]:
    """Turn what goes wrong before a connection is there into `StoreUnavailable`.

    No value has a part in it, whatever the state says.
    """
    try:
        yield
    except _THEIRS as exc:
        cause = _cause(exc)
        option = _MISCONFIGURED_IN_CONNECTING.get(_state(cause), "")
        raise _misconfigured(cause, option) or _unavailable(cause, _ADVICE) from exc


def _fault(exc: Exception, advice: str) -> DataLayerError:
    cause = _cause(exc)
    if misconfigured := _misconfigured(cause):
        return misconfigured
    if not _passes(exc, cause):
        return WriteRejected(f"The database refuses a value: {_without_values(cause)}.")
    kind = StoreHeldUp if _state(cause) in _HELD_UP else StoreUnavailable
    return _unavailable(cause, advice, kind)


def _misconfigured(cause: BaseException, otherwise: str = "") -> StoreMisconfigured | None:
    said = _first_line(cause)
    if remedy := _remedy(cause, _state(cause), said) or otherwise:
        return StoreMisconfigured(f"{remedy} It says: {said}.")
    if isinstance(cause, errors.ClientConfigurationError):
        return StoreMisconfigured(f"No connection can be made like this: {said}.")
    return None


def _unavailable(
    cause: BaseException, advice: str, kind: type[StoreUnavailable] = StoreUnavailable
) -> StoreUnavailable:
    return kind(f"The database cannot be used now: {_first_line(cause)}. {advice}")


def _remedy(cause: BaseException, state: str, said: str) -> str:
    """Return what somebody has to correct; empty when it is nothing of that kind."""
    if isinstance(cause, SSLCertVerificationError):
        return _NOT_TRUSTED
    if state.startswith("08") or isinstance(cause, ConnectionError | SSLError):
        return next((remedy for words, remedy in _SAID.items() if words in said), "")
    return _MISCONFIGURED.get(state, "")


def is_lost(fault: StoreUnavailable) -> bool:
    """Tell whether a connection broke that had been made before; another one may do."""
    if isinstance(fault, StoreMisconfigured) or not isinstance(fault.__cause__, Exception):
        return False
    cause = _cause(fault.__cause__)
    return isinstance(cause, _BROKEN) or _state(cause).startswith(("08", "57P"))


def _passes(exc: Exception, cause: BaseException) -> bool:
    if isinstance(cause, errors.InvalidCachedStatementError):
        return True  # the schema was changed meanwhile; the statement is prepared anew
    if state := _state(cause):
        return not state.startswith(_CLASSES_OF_A_VALUE) or state in _OF_NO_VALUE
    if isinstance(cause, errors.InterfaceError):
        return not _is_of_a_value(cause)
    return (
        isinstance(exc, _UNAVAILABLE)
        or isinstance(cause, _UNAVAILABLE)
        or (isinstance(exc, DBAPIError) and exc.connection_invalidated)
        or type(cause) is sqlite3.DatabaseError  # no database, or a broken one
    )


def _is_of_a_value(cause: errors.InterfaceError) -> bool:
    """Tell what cannot be sent, or is too much of it, from a connection that has ended."""
    return isinstance(cause, ValueError) or "arguments" in _first_line(cause)


def _state(cause: BaseException) -> str:
    """Return the SQLSTATE; empty when the error is none of the server's."""
    return str(getattr(cause, "sqlstate", None) or "")


def _cause(exc: Exception) -> BaseException:
    """Return the driver's own error, which says least of the statement and its values."""
    found: BaseException = getattr(exc, "orig", None) or exc
    theirs = isinstance(found.__cause__, _DRIVERS_OWN)
    return found.__cause__ if found.__cause__ and theirs else found


def _without_values(cause: BaseException) -> str:
    """Return what a driver says of a value, without the value: such errors quote it."""
    state = _state(cause)
    quotes = state.startswith("22") or isinstance(cause, errors.InterfaceError)
    return f"{type(cause).__name__} {state}".rstrip() if quotes else _first_line(cause)


def _first_line(cause: BaseException) -> str:
    if isinstance(cause, TimeoutError) and not str(cause):
        return "there was no answer in time"
    lines = str(cause).splitlines() or [type(cause).__name__]
    return lines[0].rstrip(".")
