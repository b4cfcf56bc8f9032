"""What is said of any source."""

from collections.abc import Iterator
from contextlib import contextmanager

from datalayer.errors import (
    DataLayerError,
    SourceUnusable,
    StoreMisconfigured,
    StoreUnavailable,
)

AGAIN = "What was imported so far is not doubled when the import runs again."


@contextmanager
def about_source() -> Iterator[None]:
    """Raise `SourceUnusable` in place of what is true of a store, under the source's own name."""
    try:
        yield
    except SourceUnusable:
        raise
    except DataLayerError as exc:
        message = str(exc).replace("DATABASE_URL", "--from")
        may_pass = isinstance(exc, StoreUnavailable) and not isinstance(exc, StoreMisconfigured)
        raise SourceUnusable(f"{message} {AGAIN}" if may_pass else message) from exc
