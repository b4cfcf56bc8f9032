"""What is logged: our own words, and of the libraries only what needs attention."""

import logging

_QUIET = ("alembic", "azure", "botocore", "httpx2", "httpx")


def quiet_libraries() -> None:
    """Keep libraries from logging what they do as a matter of course."""
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
