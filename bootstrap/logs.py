"""What is logged: our own words, and of the libraries only what needs attention."""

import logging
from collections.abc import Iterable

_QUIET = ("alembic", "azure", "botocore", "httpx2", "httpx")


def quiet_libraries() -> None:
    """Keep libraries from logging what they do as a matter of course."""
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_in_detail(names: Iterable[str]) -> None:
    """Log all that these loggers, and those below them, have to say."""
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
