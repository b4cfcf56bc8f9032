"""What the errors of asyncpg and of a PostgreSQL server mean, by their SQLSTATE."""

from contextlib import AbstractContextManager
from functools import partial
from ssl import SSLCertVerificationError, SSLError

from asyncpg import exceptions as errors

from datalayer.errors import (
    DataLayerError,
    StoreHeldUp,
    StoreMisconfigured,
    StoreUnavailable,
)
from datalayer.stores.sql.errors import (
    ADVICE,
    COMMON_ERRORS,
    driver_error,
    first_line,
    passes,
    rejected,
    translating,
    unavailable,
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
_REMEDIES_BY_WORDS = {
    "unsupported startup parameter": _POOLER,
    "password authentication failed": _REFUSED,
    "SASL authentication failed": _REFUSED,
    "no such database": "PgBouncer knows no such database. Add it there, or name another.",
    "rejected SSL upgrade": _NO_TLS,
    "[X509": _UNUSABLE,
    "PEM lib": _UNUSABLE,
    "SSL required": "PgBouncer takes connections with TLS only. Set sslmode in DATABASE_URL.",
}
_TRIED_AGAIN = "Somebody else holds it, or it is too much at once; it is tried again."
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
_DRIVERS_OWN = (errors.PostgresError, errors.InterfaceError, errors.InternalClientError)
_ERRORS = (*COMMON_ERRORS, *_DRIVERS_OWN)
_BROKEN = (
    ConnectionResetError,
    BrokenPipeError,
    SSLError,
    errors.InterfaceError,
    errors.InternalClientError,  # asyncpg has read that the server hangs up, but not yet the end
)


def translated(advice: str = ADVICE) -> AbstractContextManager[None]:
    """Turn the driver's errors into ours; `advice` says what to do where nothing answers."""
    return translating(_ERRORS, partial(_meaning, advice=advice))


def connecting() -> AbstractContextManager[None]:
    """Turn what goes wrong before a connection is there into `StoreUnavailable`.

    No value has a part in it, whatever the state says.
    """
    return translating(_ERRORS, _meaning_in_connecting)


def is_lost(error: StoreUnavailable) -> bool:
    """Tell whether a connection broke that had been made before; another one may do."""
    if isinstance(error, StoreMisconfigured) or not isinstance(error.__cause__, Exception):
        return False
    cause = _cause(error.__cause__)
    return isinstance(cause, _BROKEN) or _state(cause).startswith(("08", "57P"))


def _meaning(exc: Exception, advice: str) -> DataLayerError:
    cause = _cause(exc)
    if misconfigured := _misconfigured(cause):
        return misconfigured
    if not _passes(exc, cause):
        return rejected(_without_values(cause))
    if _state(cause) in _HELD_UP:
        return unavailable(cause, _TRIED_AGAIN, StoreHeldUp)
    return unavailable(cause, advice)


def _meaning_in_connecting(exc: Exception) -> DataLayerError:
    cause = _cause(exc)
    option = _MISCONFIGURED_IN_CONNECTING.get(_state(cause), "")
    return _misconfigured(cause, option) or unavailable(cause)


def _misconfigured(cause: BaseException, otherwise: str = "") -> StoreMisconfigured | None:
    message = first_line(cause)
    if remedy := _remedy(cause, _state(cause), message) or otherwise:
        return StoreMisconfigured(f"{remedy} It says: {message}.")
    if isinstance(cause, errors.ClientConfigurationError):
        return StoreMisconfigured(f"No connection can be made like this: {message}.")
    return None


def _remedy(cause: BaseException, state: str, message: str) -> str:
    """Return what somebody has to correct; empty when it is nothing of that kind."""
    if isinstance(cause, SSLCertVerificationError):
        return _NOT_TRUSTED
    if state.startswith("08") or isinstance(cause, ConnectionError | SSLError):
        found = (remedy for words, remedy in _REMEDIES_BY_WORDS.items() if words in message)
        return next(found, "")
    return _MISCONFIGURED.get(state, "")


def _passes(exc: Exception, cause: BaseException) -> bool:
    if isinstance(cause, errors.InvalidCachedStatementError):
        return True  # the schema was changed meanwhile; the statement is prepared anew
    if state := _state(cause):
        return not state.startswith(_CLASSES_OF_A_VALUE) or state in _OF_NO_VALUE
    if isinstance(cause, errors.InterfaceError):
        return not _is_of_a_value(cause)
    return passes(exc, cause) or isinstance(cause, errors.InternalClientError)


def _is_of_a_value(cause: errors.InterfaceError) -> bool:
    """Tell what cannot be sent, or is too much of it, from a connection that has ended."""
    return isinstance(cause, ValueError) or "arguments" in first_line(cause)


def _state(cause: BaseException) -> str:
    """Return the SQLSTATE; empty when the error is none of the server's."""
    return str(getattr(cause, "sqlstate", None) or "")


def _cause(exc: Exception) -> BaseException:
    """Return asyncpg's own error, which SQLAlchemy wraps twice."""
    found = driver_error(exc)
    theirs = isinstance(found.__cause__, _DRIVERS_OWN)
    return found.__cause__ if found.__cause__ and theirs else found


def _without_values(cause: BaseException) -> str:
    """Return what a driver says of a value, without the value: such errors quote it."""
    state = _state(cause)
    quotes = state.startswith("22") or isinstance(cause, errors.InterfaceError)
    return f"{type(cause).__name__} {state}".rstrip() if quotes else first_line(cause)
