"""The one boundary where a driver's errors become ours.

Whatever leaves a database has passed `translating`. What the errors of a driver mean is said beside
that driver (`sqlite/errors.py`, `postgres/errors.py`), with the words and the distinctions of here.

The cause stays attached, but to a refused value: a server's DETAIL shows the row, texts included.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from datalayer.errors import DataLayerError, StoreUnavailable, WriteRejected

COMMON_ERRORS = (SQLAlchemyError, OSError, OverflowError)  # of what every driver is used through
ADVICE = (
    "Check that DATABASE_URL names a place that exists, answers, is writable and has room; it is "
    "tried again."
)
_PASSING = (OperationalError, PoolTimeoutError, OSError)

Meaning = Callable[[Exception], DataLayerError]


@contextmanager
def translating(errors: tuple[type[Exception], ...], meaning: Meaning) -> Iterator[None]:
    """Raise in place of these errors what they mean."""
    try:
        yield
    except errors as exc:
        error = meaning(exc)
        raise error from (None if isinstance(error, WriteRejected) else exc)


def driver_error(exc: Exception) -> BaseException:
    """Return the driver's own error, which says least of the statement and its values."""
    return getattr(exc, "orig", None) or exc


def passes(exc: Exception, cause: BaseException) -> bool:
    """Tell whether the same call may succeed later, by what all drivers have in common."""
    return (
        isinstance(exc, _PASSING)
        or isinstance(cause, _PASSING)
        or (isinstance(exc, DBAPIError) and exc.connection_invalidated)
    )


def unavailable(
    cause: BaseException, advice: str = ADVICE, kind: type[StoreUnavailable] = StoreUnavailable
) -> StoreUnavailable:
    """Return the error for a database that cannot be used now."""
    return kind(f"The database cannot be used now: {first_line(cause)}. {advice}")


def rejected(message: str) -> WriteRejected:
    """Return the error for a value that the database will never take."""
    return WriteRejected(f"The database refuses a value: {message}.")


def first_line(cause: BaseException) -> str:
    """Return the first line of what an error says, without its full stop."""
    if isinstance(cause, TimeoutError) and not str(cause):
        return "there was no answer in time"
    lines = str(cause).splitlines() or [type(cause).__name__]
    return lines[0].rstrip(".")
