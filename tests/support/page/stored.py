"""What the program keeps, whatever it keeps it in: each store once, with what leads to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import pytest

from tests.support.builders import new_id
from tests.support.page.database import ServerDatabase
from tests.support.page.table import Table

SQLITE, POSTGRESQL, DYNAMODB = "sqlite", "postgresql", "dynamodb"
STORES = (
    SQLITE,
    pytest.param(POSTGRESQL, marks=pytest.mark.server),
    pytest.param(DYNAMODB, marks=pytest.mark.server),
)


class Stored(Protocol):
    """What is stored, read beside the program."""

    def everything(self) -> list[str]:
        """All that people have said and done: what a login, or time alone, changes is left out."""
        ...


class Server(Stored, Protocol):
    """What is stored on a server."""

    def settings(self) -> Mapping[str, str]:
        """What leads a program to it."""
        ...


@contextmanager
def on_server(kind: str, request: pytest.FixtureRequest) -> Iterator[Server | None]:
    """Give an empty database on the run's server of a kind; None where the program needs none."""
    if kind == POSTGRESQL:
        server = request.getfixturevalue("postgres")
        with server.database(new_id()) as name:
            yield ServerDatabase(server, name)
    elif kind == DYNAMODB:
        server = request.getfixturevalue("dynamodb")
        with server.table() as name:
            yield Table(server, name)
    else:
        yield None
