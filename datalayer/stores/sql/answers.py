"""The board of running answers in SQL databases.

Who writes on rows of answers is alone while they do, so that no two wait for each other.
"""

import uuid
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Delete, Update, delete, literal, null, select, union_all, update

from datalayer.stores.answers import AnswerBoard, Board, RunningAnswer
from datalayer.stores.sql.database import Database, UnitOfWork, write_when_free
from datalayer.stores.sql.dialect import insert, lock_names, notify
from datalayer.stores.sql.queries import Query, Row
from datalayer.stores.sql.tables import running_answers, running_replicas

CHANNEL = "keepchat_answers"  # where a server tells those who listen that somebody has written
_BOARD = "board of answers"  # the name that is locked

_answers, _replicas = running_answers.c, running_replicas.c
_POSTED = ("owner", "stepIds", "version", "ended")
_READ = Query(
    union_all(
        select(literal(0).label("until"), *_answers),
        select(
            _replicas.until, null(), null(), _replicas.id, *[null() for _ in list(_answers)[3:]]
        ),
    )
)


class SqlAnswers(AnswerBoard):
    """Keeps the board in two tables."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.name = str(uuid.uuid4())
        """Says in what is told to those who listen who has written."""

    async def announce(self, replica: str, until: int) -> None:
        await self._write(partial(_announce, replica=replica, until=until))

    async def withdraw(self, replica: str) -> None:
        gone = delete(running_replicas).where(_replicas.id == replica)
        await self._write(lambda on: on.execute(gone))

    async def post(self, answers: Sequence[RunningAnswer]) -> None:
        if answers:
            rows = [_row(each) for each in answers]
            await self._write_and_tell(partial(_post, rows=rows))

    async def ask_stop(self, thread_id: str) -> None:
        asked = update(running_answers).values(stopAsked=True)
        await self._change(asked.where(_answers.threadId == thread_id, _answers.ended.is_(None)))

    async def watch(self, thread_ids: Collection[str], until: int) -> None:
        watched = update(running_answers).values(watchedUntil=until)
        these = _answers.threadId.in_(list(thread_ids)) & (_answers.watchedUntil < until)
        await self._change(watched.where(these))

    async def read(self) -> Board:
        rows = await self._database.fetch(_READ)
        return Board(
            replicas={row["replica"]: row["until"] for row in rows if row["turn"] is None},
            answers=[_answer_of(row) for row in rows if row["turn"] is not None],
        )

    async def forget(self, before: int) -> None:
        alive = select(_replicas.id)
        is_left_over = _answers.ended.is_(None) & _answers.replica.not_in(alive)
        gone = delete(running_replicas).where(_replicas.until < before)
        over = delete(running_answers).where((_answers.ended < before) | is_left_over)
        await self._write(partial(_execute, statements=[gone, over]))

    async def _change(self, statement: Update) -> None:
        await self._write_and_tell(partial(_execute, statements=[statement]))

    async def _write_and_tell(self, work: UnitOfWork[None]) -> None:
        def and_tell(connection: Connection) -> None:
            work(connection)
            notify(connection, CHANNEL, self.name)

        await self._write(and_tell)

    async def _write(self, work: UnitOfWork[Any]) -> None:
        await write_when_free(self._database, work)


def _announce(connection: Connection, replica: str, until: int) -> None:
    row = {"id": replica, "until": until}
    statement = insert(connection.dialect.name, running_replicas).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))


def _post(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    lock_names(connection, [_BOARD])
    statement = insert(connection.dialect.name, running_answers).values(rows)
    posted = {name: statement.excluded[name] for name in _POSTED}
    connection.execute(statement.on_conflict_do_update(index_elements=["turn"], set_=posted))


def _execute(connection: Connection, statements: Sequence[Update | Delete]) -> None:
    lock_names(connection, [_BOARD])
    for statement in statements:
        connection.execute(statement)


def _row(answer: RunningAnswer) -> dict[str, Any]:
    return {
        "turn": answer.turn,
        "threadId": answer.thread_id,
        "replica": answer.replica,
        "owner": answer.owner,
        "stepIds": list(answer.step_ids),
        "version": answer.version,
        "ended": answer.ended,
    }


def _answer_of(row: Row) -> RunningAnswer:
    return RunningAnswer(
        turn=row["turn"],
        thread_id=row["threadId"],
        replica=row["replica"],
        owner=row["owner"],
        step_ids=tuple(row["stepIds"]),
        version=row["version"],
        ended=row["ended"],
        stop_asked=row["stopAsked"],
        watched_until=row["watchedUntil"],
    )
