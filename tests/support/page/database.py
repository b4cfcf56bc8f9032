"""What is in the database, read beside the program."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from tests.support.servers.postgres import Postgres

TABLES = frozenset(
    {
        "elements",
        "feedbacks",
        "keepchat_version",
        "leftovers",
        "login_accounts",
        "login_sessions",
        "maintenance",
        "removals",
        "running_answers",
        "running_replicas",
        "search_entries",
        "steps",
        "threads",
        "tombstones",
        "user_preferences",
        "users",
    }
)
POSTGRES_TABLES = TABLES | {"search_parts"}
_BELOW_A_THREAD = ("elements", "feedbacks", "search_entries", "steps")
_OF_PEOPLE = ("threads", "steps", "elements", "feedbacks", "tombstones")


@dataclass(frozen=True, slots=True)
class Message:
    """A stored message."""

    kind: str
    text: str
    state: str | None = None
    is_error: bool = False


class Database:
    """The tables of a SQLite file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query returns."""
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """As long as this lasts nothing can be stored."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    def everything(self) -> list[str]:
        """All that people have said and done: what a login, or time alone, changes is left out."""
        tables = {table: self.rows(f"SELECT * FROM {table}") for table in _OF_PEOPLE}  # noqa: S608
        return sorted(f"{table}: {row}" for table, rows in tables.items() for row in rows)

    def tables(self) -> frozenset[str]:
        """The names of all tables."""
        found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        return frozenset(name for (name,) in found)

    def messages(self, thread_id: str) -> list[Message]:
        """The messages of a thread that are shown, the oldest first."""
        found = self.rows(
            'SELECT type, output, metadata, "isError" FROM steps WHERE "threadId" = ? '
            "AND type LIKE '%message' AND hidden IS NOT TRUE ORDER BY \"createdAt\", sequence",
            thread_id,
        )
        return [
            Message(kind, text, json.loads(metadata or "{}").get("state"), bool(is_error))
            for kind, text, metadata, is_error in found
        ]

    def steps(self, thread_id: str) -> list[tuple[str, str]]:
        """Type and name of a thread's steps, the oldest first."""
        found = self.rows(
            "SELECT type, name FROM steps WHERE threadId = ? ORDER BY createdAt, sequence",
            thread_id,
        )
        return [(kind, name) for kind, name in found]

    def metadata(self, thread_id: str) -> list[dict[str, Any]]:
        """The metadata of a thread's answers, the oldest first."""
        found = self.rows(
            "SELECT metadata FROM steps "
            "WHERE threadId = ? AND type = 'assistant_message' ORDER BY createdAt",
            thread_id,
        )
        return [json.loads(metadata) for (metadata,) in found]

    def name(self, thread_id: str) -> str | None:
        """A thread's name."""
        return next(
            (n for (n,) in self.rows("SELECT name FROM threads WHERE id = ?", thread_id)), None
        )

    def threads_named(self, name: str) -> list[str]:
        """The ids of the threads with a name."""
        return [found for (found,) in self.rows("SELECT id FROM threads WHERE name = ?", name)]

    def elements(self, thread_id: str) -> list[tuple[str, str, str]]:
        """Id, name and SHA-256 of a thread's stored files."""
        return [
            (element_id, name, sha256)
            for element_id, name, sha256 in self.rows(
                'SELECT id, name, sha256 FROM elements WHERE "threadId" = ? AND ready', thread_id
            )
        ]

    def traces(self, thread_id: str) -> dict[str, int]:
        """How many rows each table holds of a thread, where it holds any."""
        columns = [("threads", "id"), *((table, "threadId") for table in _BELOW_A_THREAD)]
        counted = {
            table: self.rows(f'SELECT count(*) FROM {table} WHERE "{column}" = ?', thread_id)[0][0]  # noqa: S608
            for table, column in columns
        }
        return {table: count for table, count in counted.items() if count}


class ServerDatabase(Database):
    """The tables of a database on a PostgreSQL server."""

    def __init__(self, server: Postgres, name: str) -> None:
        self._server = server
        self._name = name

    def settings(self) -> dict[str, str]:
        """What leads a program to it."""
        return {"DATABASE_URL": self._server.url(self._name)}

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query returns, ids as text."""
        first, *others = statement.split("?")
        numbered = first + "".join(f"${n}{part}" for n, part in enumerate(others, 1))
        found = self._server.query(numbered, *values, database=self._name)
        return [tuple(str(v) if isinstance(v, UUID) else v for v in row) for row in found]

    def tables(self) -> frozenset[str]:
        """The names of all tables."""
        found = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return frozenset(name for (name,) in found)

    def blocked(self) -> NoReturn:
        """Fail: in these tests a server is stopped instead."""
        message = "a server is stopped, not blocked: see test_postgres.py"
        raise AssertionError(message)
